"""The PLC's counts on their way to the line: told as often as the PLC tells them, and never again later, when they are old.

The line holds every count of triggers that it is told against its own of that moment. One that is repeated says that the PLC has seen no
trigger since, and a healthy line would stop for it (count_slip). Likewise a repeated count of the encoder says that the belt stands.
"""

from __future__ import annotations

import threading

from edge_inspector.service import Clock

REPEAT_NS = 100_000_000  # what has not changed is told that often at most: a PLC may write it every few milliseconds
FRESH_NS = 150_000_000  # so old a count may be in a hello; the line forgives as much in one that is told


class Word:
    """The newest of what the PLC tells again and again; ``tell`` is called on the server's thread, everything else on the link's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._value: int | None = None
        self._told_ns = 0
        self._pending = False
        self._handed: tuple[int, int] | None = None  # (value, at ns)

    @property
    def latest(self) -> int | None:
        """As it was last told; None where the PLC does not have it."""
        return self._value

    def tell(self, value: int | None) -> None:
        """It is this just now; None: the PLC does not have it."""
        with self._lock:
            self._value, self._told_ns, self._pending = value, self._clock.monotonic_ns(), value is not None

    def due(self) -> bool:
        """Whether the line is to be told now."""
        with self._lock:
            return self._pending and (self._handed is None or self._hurries(*self._handed))

    def _hurries(self, handed: int, handed_ns: int) -> bool:  # noqa: ARG002 - what a new count is told by
        return self._clock.monotonic_ns() - handed_ns >= REPEAT_NS

    def hand(self) -> int | None:
        """Take it, once each time that it was told; None until it is told again."""
        with self._lock:
            if not self._pending or self._value is None:
                return None
            self._pending, self._handed = False, (self._value, self._clock.monotonic_ns())
            return self._value


class CountWord(Word):
    """How many triggers the PLC has counted; a new count is told at once."""

    def _hurries(self, handed: int, handed_ns: int) -> bool:
        return handed != self._value or super()._hurries(handed, handed_ns)

    def at_least(self, count: int) -> None:
        """The PLC has taken the verdict on this part: a word that has not left yet was told before this part."""
        with self._lock:
            if self._pending and self._value is not None:
                self._value = max(self._value, count)

    def fresh(self) -> bool:
        """Whether ``latest`` is of this moment: a line that is told an old one in a hello would hold it against its own."""
        with self._lock:
            return self._value is None or self._clock.monotonic_ns() - self._told_ns <= FRESH_NS
