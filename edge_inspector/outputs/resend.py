"""The resend table: verdicts that no gate has acknowledged yet. Pure: times are given."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from edge_inspector.outputs.recovery import UNSETTLED_MAX, Key

ATTEMPTS = 6  # after the part has passed the gate, each pause twice the one before; then only a hello brings it back


def _never() -> bool:
    return False


@dataclass(slots=True)
class Entry:
    """One verdict: ``data`` is the encoded message. Once ``deadline_ns`` is over, its part has passed the gate (0: long ago).

    ``left`` says that a gate's queue has taken it at least once; ``overdue`` whether it may leave no more, if it has not yet: its part is
    open still, and its window over by the clock, or where that is in counts by the belt, which may stand for however long.
    """

    key: Key
    trigger_count: int
    data: bytes
    deadline_ns: int = 0
    attempts: int = 0
    due_ns: int = 0
    left: bool = False
    overdue: Callable[[], bool] = _never

    @property
    def expired(self) -> bool:
        """Whether it would let a part pass that has passed the gate already, and never left: another verdict has to stand in for it."""
        return not self.left and self.overdue()


class ResendTable:
    """Unacknowledged verdicts in the order of their numbers; beyond the newest ``limit`` the oldest are dropped (``dropped`` counts)."""

    def __init__(self, pause_ns: int, limit: int = UNSETTLED_MAX) -> None:
        self._pause_ns = pause_ns
        self._limit = limit
        self._entries: dict[Key, Entry] = {}
        self._schedule: list[tuple[int, Key]] = []
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Keep a verdict until it is settled."""
        self._entries[entry.key] = entry
        if len(self._entries) > self._limit:
            del self._entries[next(iter(self._entries))]
            self.dropped += 1

    def get(self, key: Key) -> Entry | None:
        """The entry, if it is unsettled."""
        return self._entries.get(key)

    def settle(self, key: Key) -> None:
        """A gate has acknowledged it, or it never left and another stands in for it."""
        self._entries.pop(key, None)

    def sent(self, entry: Entry, now_ns: int) -> None:
        """It was sent just now: plan the next time."""
        entry.left = True
        over = now_ns >= entry.deadline_ns
        if over and entry.attempts >= ATTEMPTS:
            return
        entry.due_ns = now_ns + self._pause_ns * (2**entry.attempts if over else 1)
        entry.attempts += over
        heapq.heappush(self._schedule, (entry.due_ns, entry.key))

    def plan_all(self, now_ns: int, last_seq: int) -> None:
        """A gate has come that processed everything up to ``last_seq``: the rest is due now, what it did not acknowledge a pause later."""
        for entry in self._entries.values():
            entry.attempts = 0
            entry.due_ns = now_ns if entry.key[1] > last_seq else now_ns + self._pause_ns
        self._schedule = [(entry.due_ns, entry.key) for entry in self._entries.values()]
        heapq.heapify(self._schedule)

    def due(self, now_ns: int, most: int) -> list[Entry]:
        """Take up to ``most`` entries off the plan whose time has come, in the order of their numbers; ``sent`` puts them back."""
        found: list[Entry] = []
        while self._schedule and self._schedule[0][0] <= now_ns and len(found) < most:
            due_ns, key = heapq.heappop(self._schedule)
            entry = self._entries.get(key)
            if entry is not None and entry.due_ns == due_ns:
                found.append(entry)
        return sorted(found, key=lambda entry: entry.key)

    def postpone(self, entry: Entry, until_ns: int) -> None:
        """It was not taken; try again then."""
        entry.due_ns = until_ns
        heapq.heappush(self._schedule, (until_ns, entry.key))

    def next_due(self) -> int | None:
        """When ``due`` has something, ns; None for never."""
        while self._schedule and self._schedule[0][1] not in self._entries:
            heapq.heappop(self._schedule)
        return self._schedule[0][0] if self._schedule else None
