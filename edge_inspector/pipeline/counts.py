"""The count of triggers as PLC and camera tell it, held against ours, where all see the same triggers."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

LONGEST_GAP = 100_000  # parts at once that can be believed to have been lost; a greater leap is a counter gone wrong
LONGEST_LAG_NS = 500_000_000


@dataclass(frozen=True, slots=True)
class Slip:
    """Our count and another's disagree: a part would be judged as its neighbour."""

    ours: int
    theirs: int
    whose: str = "the PLC"


class CountWatch:
    """Compares counts; any thread may use it. ``grace_ns`` is how long a frame may take to arrive after its trigger.

    PLC ahead: ``owed`` says up to which count parts are due, once the PLC's claim is older than the grace.
    Ours ahead: what we had counted a grace (at most ``LONGEST_LAG_NS``) ago must stand in every heartbeat since; ``report`` returns the
    slip if it does not. Several gates may report the same PLC's count, each a little later than the other.
    """

    def __init__(self, grace_ns: int) -> None:
        self._grace_ns = grace_ns
        self._lock = threading.Lock()
        self._claims: deque[tuple[int, int]] = deque()  # (claimed at ns, count), both rising
        self._ours: deque[tuple[int, int]] = deque()  # (at ns, our count then)

    def report(self, theirs: int, ours: int, now_ns: int) -> Slip | None:
        """A heartbeat brought the PLC's count."""
        with self._lock:
            before = _newest(self._ours, now_ns - min(self._grace_ns, LONGEST_LAG_NS))
            self._ours.append((now_ns, ours))
            _newest(self._claims, now_ns - self._grace_ns)
            if not self._claims or theirs > self._claims[-1][1]:
                self._claims.append((now_ns, theirs))
            return Slip(before, theirs) if theirs < before else None

    def owed(self, now_ns: int) -> int:
        """The highest count that the PLC claimed longer than the grace ago; 0 for none."""
        with self._lock:
            return _newest(self._claims, now_ns - self._grace_ns)

    def reset(self, grace_ns: int) -> None:
        """Forget everything: the PLC and the line are about to agree on a new base."""
        with self._lock:
            self._grace_ns = grace_ns
            self._claims.clear()
            self._ours.clear()


def _newest(samples: deque[tuple[int, int]], until_ns: int) -> int:
    """The count of the newest sample that is not younger than ``until_ns``, 0 for none; older samples are dropped."""
    while len(samples) > 1 and samples[1][0] <= until_ns:
        samples.popleft()
    return samples[0][1] if samples and samples[0][0] <= until_ns else 0
