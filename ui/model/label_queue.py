"""Which part to label next: those that were not accepted, are archived, and have no label; and the labels already made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


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
    """Parts newest first, page by page as the history tells them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.more: dict[str, Any] | None = {}
        """What to add to the question for the next page; None at the end."""
        self.labels: list[Label] = []
        """Newest first."""
        self._done: set[str] = set()

    def take_newest(self, reply: Mapping[str, Any]) -> None:
        """The first page of ``history.query``, newest first: asked for the first time, or again."""
        fresh = {row["part_id"]: row for row in reply["rows"]}
        before = {row["part_id"]: row for row in self.rows}
        if fresh.keys() & before.keys():
            self.rows = sorted({**before, **fresh}.values(), key=lambda row: int(row["id"]), reverse=True)
        else:  # so much has come since that there may be a hole between: begin anew
            self.rows, self.more = list(reply["rows"]), reply.get("next")

    def take(self, reply: Mapping[str, Any]) -> None:
        """The next page."""
        known = {row["part_id"] for row in self.rows}
        self.rows += [row for row in reply["rows"] if row["part_id"] not in known]
        self.more = reply.get("next")

    def take_labels(self, labels: Iterable[Mapping[str, Any]]) -> None:
        """The answer of ``labels.list``, newest last."""
        found = [_label(label) for label in labels]
        self.labels = sorted(found, key=lambda label: (label.at_utc, label.part_id, label.view), reverse=True)

    def done(self, part_id: str) -> None:
        """It does not come again: a person has just said that nothing is wrong there, or there is no picture."""
        self._done.add(part_id)

    @property
    def open(self) -> list[Row]:
        """The parts to label, newest first."""
        labelled = {label.part_id for label in self.labels} | self._done
        return [row for row in self.rows if row["part_id"] not in labelled and _wanted(row)]

    def after(self, part_id: str) -> str | None:
        """The next part to label, which is older; the first where ``part_id`` is unknown; None at the end."""
        return _first(self._behind(part_id))

    def before(self, part_id: str) -> str | None:
        """The one before, which is newer; None at the beginning."""
        place = self._place(part_id)
        return None if place is None else _first(list(reversed(self._only_open(self.rows[:place]))))

    def _behind(self, part_id: str) -> list[Row]:
        place = self._place(part_id)
        return self.open if place is None else self._only_open(self.rows[place + 1 :])

    def _place(self, part_id: str) -> int | None:
        return next((at for at, row in enumerate(self.rows) if row["part_id"] == part_id), None)

    def _only_open(self, rows: Sequence[Row]) -> list[Row]:
        names = {row["part_id"] for row in self.open}
        return [row for row in rows if row["part_id"] in names]


def _first(rows: Sequence[Row]) -> str | None:
    return str(rows[0]["part_id"]) if rows else None


def _wanted(row: Row) -> bool:
    """Archived, and nobody has said that it is good."""
    person = row.get("person") or {}
    return bool(row.get("archive")) and person.get("verdict") != "false_reject"


def _label(told: Mapping[str, Any]) -> Label:
    return Label(told["part_id"], int(told["view"]), tuple(told["classes"]), told["author"], told["at_utc"], int(told["area"]))
