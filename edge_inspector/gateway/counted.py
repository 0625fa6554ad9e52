"""The PLC's own count on its way to the line: told as often as the PLC tells it, and never again later, when more parts have come.

The line holds every count that it is told against its own of that moment. A count that is repeated says that the PLC has seen no trigger
since, and a healthy line would stop for it (count_slip).
"""

from __future__ import annotations

import threading

from edge_inspector.service import Clock

REPEAT_NS = 100_000_000  # a count that has not changed is told that often at most: a PLC may write it every few milliseconds
FRESH_NS = 150_000_000  # so old a count may be in a hello; the line forgives as much in one that is told


class CountWord:
    """The newest count; ``tell`` is the PLC's, on the server's thread, everything else the link's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._count: int | None = None
        self._told_ns = 0
        self._pending = False
        self._handed: tuple[int, int] | None = None  # (count, at ns)

    @property
    def latest(self) -> int | None:
        """The count as it was last told; None where the PLC does not count."""
        return self._count

    def tell(self, count: int | None) -> None:
        """The PLC has counted so many triggers just now; None: it does not count."""
        with self._lock:
            self._count, self._told_ns, self._pending = count, self._clock.monotonic_ns(), count is not None

    def at_least(self, count: int) -> None:
        """The PLC has taken the verdict on this part: a word that has not left yet was told before this part."""
        with self._lock:
            if self._pending and self._count is not None:
                self._count = max(self._count, count)

    def due(self) -> bool:
        """Whether the line is to be told now."""
        with self._lock:
            if not self._pending or self._handed is None:
                return self._pending
            count, at_ns = self._handed
            return count != self._count or self._clock.monotonic_ns() - at_ns >= REPEAT_NS

    def hand(self) -> int | None:
        """Take the count, once each time that it was told; None until it is told again."""
        with self._lock:
            if not self._pending or self._count is None:
                return None
            self._pending, self._handed = False, (self._count, self._clock.monotonic_ns())
            return self._count

    def fresh(self) -> bool:
        """Whether ``latest`` is of this moment: a line that is told an old one in a hello would hold it against its own."""
        with self._lock:
            return self._count is None or self._clock.monotonic_ns() - self._told_ns <= FRESH_NS
