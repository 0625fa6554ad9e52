"""The account of one run: every part that was triggered has exactly one outcome. Pure: no clock, no I/O, no thread.

triggers = accepted + rejected + missed + open, after every call.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from datetime import datetime

from edge_inspector.outputs.ranges import Ranges
from edge_inspector.records import Outcome


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part that is owed a verdict: ``triggered_ns`` and ``deadline_ns`` are CLOCK_MONOTONIC ns, ``epoch`` that of its trigger.

    ``deadline_counts`` is its deadline in counts of the belt's encoder, where the recipe's window is in counts.
    """

    part_id: str
    trigger_count: int
    triggered_ns: int
    triggered_utc: datetime
    deadline_ns: int
    epoch: int = 0
    deadline_counts: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The counts. ``review`` is a part of rejected, ``late`` a part of missed."""

    triggers: int = 0
    accepted: int = 0
    rejected: int = 0
    missed: int = 0
    review: int = 0
    late: int = 0
    open: int = 0


class Ledger:
    """The table of open parts, and the counts of settled ones."""

    def __init__(self) -> None:
        self._open: dict[str, OpenPart] = {}
        self._counted: dict[str, OpenPart] = {}  # those of them whose deadline is in encoder counts
        self._deadlines: list[tuple[int, str]] = []  # a heap; holds settled parts until they come to its top
        # Trigger counts with an outcome, by what their part ids begin with: a judgement that comes very late must not open its part again.
        self._settled: dict[str, Ranges] = {}
        self._account = Account()

    @property
    def account(self) -> Account:
        """The counts now."""
        return replace(self._account, open=len(self._open))

    def open(self, part: OpenPart) -> bool:
        """A part was triggered. False, and nothing changes, where it is known already."""
        if part.part_id in self._open or part.trigger_count in self._settled.get(_series(part), ()):
            return False
        self._open[part.part_id] = part
        if part.deadline_counts is None:
            heapq.heappush(self._deadlines, (part.deadline_ns, part.part_id))
        else:
            self._counted[part.part_id] = part
        self._account = replace(self._account, triggers=self._account.triggers + 1)
        return True

    def get(self, part_id: str) -> OpenPart | None:
        """The part, if it is open."""
        return self._open.get(part_id)

    def settle(self, part_id: str, outcome: Outcome, *, review: bool = False, late: bool = False) -> bool:
        """Give an open part its outcome. The first wins: False, and nothing changes, where the part is not open."""
        part = self._open.pop(part_id, None)
        if part is None:
            return False
        self._counted.pop(part_id, None)
        self._settled.setdefault(_series(part), Ranges()).add(part.trigger_count)
        self._account = replace(
            self._account,
            accepted=self._account.accepted + (outcome is Outcome.ACCEPTED),
            rejected=self._account.rejected + (outcome is Outcome.REJECTED),
            missed=self._account.missed + (outcome is Outcome.MISSED),
            review=self._account.review + (review and outcome is Outcome.REJECTED),
            late=self._account.late + (late and outcome is Outcome.MISSED),
        )
        return True

    def parts(self) -> list[OpenPart]:
        """The open parts, in the order of their triggers."""
        return list(self._open.values())

    def counted(self) -> list[OpenPart]:
        """The open parts whose deadline is in encoder counts."""
        return list(self._counted.values())

    def overdue(self, now_ns: int, most: int) -> list[OpenPart]:
        """Up to ``most`` open parts whose deadline has passed, the earliest first."""
        found: list[tuple[int, str]] = []
        while len(found) < most and (due := self.next_deadline()) is not None and due <= now_ns:
            found.append(heapq.heappop(self._deadlines))
        for entry in found:  # they stay open until they are settled
            heapq.heappush(self._deadlines, entry)
        return [self._open[part_id] for _, part_id in found]

    def next_deadline(self) -> int | None:
        """The earliest deadline of an open part, ns; None where no part is open."""
        while self._deadlines and self._deadlines[0][1] not in self._open:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None


def _series(part: OpenPart) -> str:
    """Station and epoch, as the part's id names them: those of its trigger, whatever the present epoch is."""
    return part.part_id.rpartition("-")[0]
