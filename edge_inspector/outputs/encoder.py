"""Where the belt is, in counts of its encoder: deadlines by counts stand still while the belt does."""

from __future__ import annotations

import threading

from edge_inspector.service import Clock

SILENT_NS = 2_500_000_000  # after so long without a word of a PLC that tells its count, nobody knows where the belt is
SPEED_NS = 20_000_000  # two words that far apart tell the belt's speed
STANDS_NS = 50_000_000  # words of one moment come that far apart at most: a trigger's, and the PLC's on it
STANDS_COUNTS = 2.0  # by so many a belt that runs would have moved: one that does not stands
UNKNOWN_NS = 600_000_000_000  # what is left of a window while no speed is known


class Encoder:
    """The belt's position, told by triggers (``seen``) and by the PLC's heartbeats (``report``); any thread may use it.

    A part whose deadline lies further ahead than the window is one from before the counter began anew: nobody knows when it is at the
    gate, so it is late. So is every part while a PLC that has told its count is silent. Between two words a belt that ran runs on.
    """

    def __init__(self, clock: Clock, silent_ns: int = SILENT_NS) -> None:
        self._clock = clock
        self._silent_ns = silent_ns
        self._lock = threading.Lock()
        self._window = 0
        self._position: int | None = None
        self._at_ns = 0
        self._since_ns = 0  # when it was first said to be there
        self._armed_ns = 0
        self._reported_ns: int | None = None
        self._before: tuple[int, int] | None = None  # an earlier word: (at ns, counts)
        self._speed = 0.0  # counts a ns, when the belt last moved

    @property
    def position(self) -> int | None:
        """The newest word of where the belt is; None before the first."""
        return self._position

    def arm(self, window: int | None) -> None:
        """Parts are inspected from now on whose window is so many counts. A PLC that has fallen silent need not come back."""
        with self._lock:
            self._window = window or 0
            self._reported_ns, self._armed_ns = None, self._clock.monotonic_ns()

    def seen(self, counts: int, at_ns: int) -> None:
        """The belt was there when a part was triggered."""
        with self._lock:
            self._take(counts, at_ns)

    def report(self, counts: int) -> None:
        """The PLC says that the belt is there."""
        now = self._clock.monotonic_ns()
        with self._lock:
            self._reported_ns = now
            self._take(counts, now)

    def passed(self, deadline_counts: int) -> bool:
        """Whether the belt is beyond the deadline, or may be."""
        now = self._clock.monotonic_ns()
        with self._lock:
            silent = self._reported_ns is not None and now - self._reported_ns > self._silent_ns
            left = None if self._position is None else deadline_counts - self._position
            return silent or left is None or left < self._moved(now) or left > 2 * self._window

    def _moved(self, now_ns: int) -> float:
        """How far the belt may have run since the last word, counts. Without a PLC's words that has no end: nobody says that it stands."""
        stood_ns = self._at_ns - self._since_ns
        if stood_ns >= STANDS_NS and self._speed * stood_ns >= STANDS_COUNTS:
            return 0.0
        return self._speed * max(0, now_ns - self._at_ns)

    def untold(self) -> bool:
        """Whether windows are in counts, and no PLC has said for so long since the arming where the belt is."""
        with self._lock:
            unheard = self._window > 0 and self._reported_ns is None
            return unheard and self._clock.monotonic_ns() - self._armed_ns > self._silent_ns

    def said_beyond(self, deadline_counts: int) -> bool:
        """Whether it was said that the belt is beyond the deadline, or began to count anew: by the words alone, the last one may be old."""
        with self._lock:
            left = None if self._position is None else deadline_counts - self._position
            return left is not None and (left < 0 or left > 2 * self._window)

    def left(self, deadline_counts: int) -> int:
        """Counts left up to the deadline; negative where it has passed, 0 where nobody knows."""
        position = self._position
        return 0 if position is None else deadline_counts - position

    def left_ns(self, deadline_counts: int) -> int:
        """What that is in time, at the speed at which the belt last moved; at most ``UNKNOWN_NS``."""
        speed, left = self._speed, self.left(deadline_counts)
        return min(UNKNOWN_NS, int(left / speed)) if speed > 0.0 else UNKNOWN_NS if left > 0 else 0

    def _take(self, counts: int, at_ns: int) -> None:
        if at_ns < self._at_ns:
            return  # a trigger that was told of after a later word
        if counts != self._position:
            self._since_ns = at_ns
        self._position, self._at_ns = counts, at_ns
        before_ns, before = self._before or (at_ns, counts)
        if counts > before and at_ns - before_ns >= SPEED_NS:
            self._speed = (counts - before) / (at_ns - before_ns)
        if self._before is None or at_ns - before_ns >= SPEED_NS:
            self._before = (at_ns, counts)
