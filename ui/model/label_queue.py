"""Which part to label next: those that were not accepted, are archived, and have no label; and the labels already made."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
IMAGE = re.compile(r"(?:.*/)?[^./]+(?:\.(?P<view>\d+))?\.png")


@dataclass(frozen=True, slots=True)
class Label:
    """One label that is stored; without ``classes`` it says that nothing is wrong there."""

    part_id: str
    view: int
    classes: tuple[str, ...]
    author: str
    at_utc: str
    area: int


class LabelQueue:
    """Parts newest first, page by page as the history tells them. A part waits until each of its pictures has a label."""

    def __init__(self) -> None:
        self.seen = 0
        """Parts that the pages held, those that do not wait among them."""
        self.more: dict[str, Any] | None = {}
        """What to add to the question for the next page; None at the end."""
        self.labels: list[Label] = []
        """Newest first."""
        self.open: list[Row] = []
        """The parts to label, newest first."""
        self._places: list[int] = []  # minus the id of each row of ``open``
        self._ids: dict[str, int] = {}
        self._rows: dict[str, Row] = {}  # of parts that could wait
        self._labelled: dict[str, set[int]] = {}
        self._done: set[str] = set()
        self._found_good: dict[str, set[int]] = {}

    def take_newest(self, reply: Mapping[str, Any]) -> None:
        """The first page of ``history.query``, newest first: asked for the first time, or again."""
        if not any(row["part_id"] in self._ids for row in reply["rows"]):  # so much has come since that there may be a hole between
            self._forget()
            self.more = reply.get("next")
        self._learn(reply["rows"])

    def take(self, reply: Mapping[str, Any]) -> None:
        """The next page."""
        self._learn(reply["rows"])
        self.more = reply.get("next")

    def _forget(self) -> None:
        self.open, self._places, self.seen = [], [], 0
        self._ids, self._rows = {}, {}

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            part_id = row["part_id"]
            self.seen += part_id not in self._ids
            self._ids[part_id] = int(row["id"])
            if _wanted(row):
                self._rows[part_id] = row
            else:
                self._rows.pop(part_id, None)
            self._decide(part_id)

    def take_labels(self, labels: Iterable[Mapping[str, Any]]) -> None:
        """The answer of ``labels.list``, newest last."""
        found = [_label(label) for label in labels]
        self.labels = sorted(found, key=lambda label: (label.at_utc, label.part_id, label.view), reverse=True)
        before, self._labelled = self._labelled, {}
        for label in found:
            self._labelled.setdefault(label.part_id, set()).add(label.view)
        for part_id in before.keys() | self._labelled.keys():
            if before.get(part_id) != self._labelled.get(part_id):
                self._decide(part_id)

    def done(self, part_id: str) -> None:
        """It does not come again: there is no picture."""
        self._done.add(part_id)
        self._decide(part_id)

    def good(self, part_id: str, view: int) -> None:
        """A person has just said that nothing is wrong on this picture."""
        self._found_good.setdefault(part_id, set()).add(view)
        self._decide(part_id)

    def next_view(self, part_id: str) -> int:
        """The first picture of a part that has no label; 0 where all have, or the part is unknown."""
        row = self._rows.get(part_id)
        return min(self._left(row), default=0) if row else 0

    def further_view(self, part_id: str, view: int) -> int | None:
        """The next picture of the same part that has no label; None where there is none behind ``view``."""
        row = self._rows.get(part_id)
        return min((left for left in self._left(row) if left > view), default=None) if row else None

    def _left(self, row: Row) -> set[int]:
        part_id = row["part_id"]
        return views_of(row["archive"]) - self._labelled.get(part_id, set()) - self._found_good.get(part_id, set())

    def _decide(self, part_id: str) -> None:
        """Put a part in its place among those that wait, or take it out."""
        if part_id not in self._ids:
            return
        place = -self._ids[part_id]
        at = bisect_left(self._places, place)
        there = at < len(self._places) and self._places[at] == place
        row = self._rows.get(part_id)
        waits = row is not None and part_id not in self._done and bool(self._left(row))
        if there:
            del self._places[at], self.open[at]
        if waits and row is not None:
            self._places.insert(at, place)
            self.open.insert(at, row)

    def after(self, part_id: str) -> str | None:
        """The next part to label, which is older; the first where ``part_id`` is unknown; None at the end."""
        known = part_id in self._ids
        return _at(self.open, bisect_right(self._places, -self._ids[part_id]) if known else 0)

    def before(self, part_id: str) -> str | None:
        """The one before, which is newer; None at the beginning."""
        return _at(self.open, bisect_left(self._places, -self._ids[part_id]) - 1) if part_id in self._ids else None


def views_of(archive: Sequence[str]) -> set[int]:
    """The views whose images are among a part's archived files."""
    found = (IMAGE.fullmatch(path) for path in archive)
    return {int(name["view"] or 0) for name in found if name}


def _at(rows: Sequence[Row], place: int) -> str | None:
    return str(rows[place]["part_id"]) if 0 <= place < len(rows) else None


def _wanted(row: Row) -> bool:
    """Archived, and nobody has said that it is good."""
    person = row.get("person") or {}
    return bool(row.get("archive")) and person.get("verdict") != "false_reject"


def _label(told: Mapping[str, Any]) -> Label:
    return Label(told["part_id"], int(told["view"]), tuple(told["classes"]), told["author"], told["at_utc"], int(told["area"]))
