"""What a disk that takes no record leaves waiting, bounded however long that lasts. Pure; used by the link's thread alone.

    it has a number and was sent ──► owed: its records, in their order
    it could get no number       ──► unnumbered: the part without its images
    too many wait already        ──► passed over: nothing but its count, in ranges

A part that supersedes a verdict on record is never passed over: there are no more of those than of parts that waited for a gate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from edge_inspector.outputs.draft import Draft
from edge_inspector.outputs.ledger import OpenPart
from edge_inspector.outputs.ranges import Ranges

WAITING_MAX = 20_000  # records of parts with a number (a verdict and its ``sent`` each), and parts without one


@dataclass(frozen=True, slots=True)
class _PassedOver:
    """Parts of one epoch; of their triggers it is only known that they were not before that of ``first``."""

    first: OpenPart
    counts: Ranges


class Backlog:
    """``owed`` goes before ``unnumbered``, that before what was passed over."""

    def __init__(self, limit: int = WAITING_MAX) -> None:
        self._limit = limit
        self.owed: deque[tuple[str, dict[str, Any]]] = deque()
        """Kind and payload of what was sent and is not on record yet."""
        self.unnumbered: deque[tuple[Draft, int | None]] = deque()
        """Decided, without a number yet; with the number of what each supersedes."""
        self._passed_over: dict[str, _PassedOver] = {}  # by what their part ids begin with

    def __bool__(self) -> bool:
        return bool(self.owed or self.unnumbered or self._passed_over)

    @property
    def full(self) -> bool:
        """Whether no further part is kept whole."""
        return len(self.owed) + len(self.unnumbered) >= self._limit

    @property
    def passed_over(self) -> int:
        """Parts of which nothing but the count is kept."""
        return sum(len(group.counts) for group in self._passed_over.values())

    def pass_over(self, part: OpenPart) -> None:
        """Keep of this part that it was."""
        series = part.part_id.rpartition("-")[0]
        self._passed_over.setdefault(series, _PassedOver(part, Ranges())).counts.add(part.trigger_count)

    def oldest_passed_over(self) -> OpenPart | None:
        """The first part that was passed over; it stays until ``take_passed_over``."""
        for series, group in self._passed_over.items():
            first, count = group.first, group.counts.pairs()[0][0]
            part_id = f"{series}-{count}"
            return OpenPart(part_id, count, first.triggered_ns, first.triggered_utc, first.deadline_ns, first.epoch, first.deadline_counts)
        return None

    def take_passed_over(self) -> None:
        """The oldest of them is on record now."""
        series, group = next(iter(self._passed_over.items()))
        count = group.counts.pairs()[0][0]
        rest = group.counts.above(count)
        if len(rest):
            self._passed_over[series] = _PassedOver(group.first, rest)
        else:
            del self._passed_over[series]
