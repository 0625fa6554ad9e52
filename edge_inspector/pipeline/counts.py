"""The PLC's count of triggers held against ours, where both see the same triggers."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slip:
    """Our count ran ahead of the PLC's: a part would be judged as its neighbour."""

    ours: int
    theirs: int


class CountWatch:
    """Compares counts; any thread may use it.

    PLC ahead: ``owed`` says up to which count parts are due, once the PLC's claim is older than the grace a frame may take to arrive.
    Ours ahead: a count that we had seen when one heartbeat came must stand in the next one; ``report`` returns the slip if it does not.
    """

    def __init__(self, grace_ns: int) -> None:
        self._grace_ns = grace_ns
        self._lock = threading.Lock()
        self._claims: list[tuple[int, int]] = []  # (claimed at ns, count), both rising
        self._ours_before: int | None = None

    def report(self, theirs: int, ours: int, now_ns: int) -> Slip | None:
        """A heartbeat brought the PLC's count."""
        with self._lock:
            before, self._ours_before = self._ours_before, ours
            if not self._claims or theirs > self._claims[-1][1]:
                self._claims.append((now_ns, theirs))
                del self._claims[:-64]
            return Slip(before, theirs) if before is not None and theirs < before else None

    def owed(self, now_ns: int) -> int:
        """The highest count that the PLC claimed longer than the grace ago; 0 for none."""
        with self._lock:
            return max((count for at, count in self._claims if now_ns - at >= self._grace_ns), default=0)

    def reset(self) -> None:
        """Forget everything: the PLC and the line are about to agree on a new base."""
        with self._lock:
            self._claims.clear()
            self._ours_before = None
