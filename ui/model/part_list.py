"""A list of parts, newest first, that several questions to the history make together, page by page."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Part = dict[str, Any]
Params = dict[str, Any]


@dataclass(slots=True)
class _Stream:
    """One question. ``more`` is what to add for its next page; None once it has answered all."""

    params: Params
    more: Params | None = field(default_factory=dict)
    rows: deque[Part] = field(default_factory=deque)


class PartList:
    """Merges by row id. A row is shown once no unanswered page can hold a newer one."""

    def __init__(self, questions: Sequence[Params] = ()) -> None:
        self.rows: list[Part] = []
        self._streams = [_Stream(dict(params)) for params in questions]
        self._asked: set[int] = set()

    @property
    def complete(self) -> bool:
        """Nothing is left to ask for."""
        return all(stream.more is None for stream in self._streams)

    @property
    def waiting(self) -> bool:
        """Whether answers are on their way."""
        return bool(self._asked)

    def ask(self) -> list[tuple[int, Params]]:
        """(stream, parameters of ``history.query``) of the pages to ask for now; each is given out once until answered."""
        if self._asked:
            return []
        owed = [(number, stream) for number, stream in enumerate(self._streams) if not stream.rows and stream.more is not None]
        self._asked = {number for number, _ in owed}
        return [(number, {**stream.params, **(stream.more or {})}) for number, stream in owed]

    def take(self, number: int, reply: Params) -> list[Part]:
        """An answer; the rows that follow those there are now. They are not in ``rows`` yet."""
        self._asked.discard(number)
        stream = self._streams[number]
        stream.rows.extend(reply["rows"])
        stream.more = reply.get("next")
        return self._ready()

    def failed(self, number: int) -> None:
        """No answer came: it may be asked for again."""
        self._asked.discard(number)

    def _ready(self) -> list[Part]:
        found = []
        while all(stream.rows or stream.more is None for stream in self._streams):
            filled = [stream for stream in self._streams if stream.rows]
            if not filled:
                break
            found.append(max(filled, key=lambda stream: int(stream.rows[0]["id"])).rows.popleft())
        return found

    def index(self, part_id: str) -> int | None:
        """Where a part stands; None where it is not listed."""
        return next((index for index, row in enumerate(self.rows) if row["part_id"] == part_id), None)

    def beside(self, part: Part, step: int) -> int | None:
        """Where the part next to this one stands (1: the one below, older; -1: above), also of a part that is not listed."""
        here = self.index(part["part_id"])
        if here is None:
            below = next((index for index, row in enumerate(self.rows) if row["id"] < part["id"]), len(self.rows))
            wanted = below if step > 0 else below - 1
        else:
            wanted = here + step
        return wanted if 0 <= wanted < len(self.rows) else None
