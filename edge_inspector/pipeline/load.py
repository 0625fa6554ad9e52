"""Whether the engine keeps up with the line: told before a part is missed, by how full the queue is, how old what waits in it, and how much
of its reject window the newest verdict has taken: an engine that is slower than the window, and quicker than the line, leaves no queue."""

from __future__ import annotations

import threading

FULL_SHARE = 0.5  # of the queue's places, taken when one more part comes
AGE_SHARE = 0.5  # of its reject window, used up by the part that has waited longest
VERDICT_SHARE = 0.75  # of its reject window, used up when the newest verdict was there
CALM_VERDICT = 0.6  # of its reject window, up to which that counts as over
CALM = 0.5  # of those limits, under which it has to stay
CALM_NS = 1_000_000_000  # for so long, before it counts as over


class LoadWatch:
    """Camera and engine thread tell how things stand; ``note`` says what changed."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._limit = max(1, int(capacity * FULL_SHARE))
        self._lock = threading.Lock()
        self._slow = False
        self._verdict = 0.0
        self._calm_since_ns: int | None = None

    def judged(self, used: float) -> None:
        """A verdict is there, with ``used`` (0..1 and beyond) of its part's window gone; it stands until the next."""
        with self._lock:
            self._verdict = used

    def note(self, waiting: int, age: float, now_ns: int) -> str | None:
        """``waiting`` frames are in the queue, the oldest has used ``age`` (0..1 and beyond) of its window.

        A text where the engine is too slow from now on, "" where that is over, None where nothing has changed.
        """
        with self._lock:
            if not self._slow:
                return self._raise(waiting, age)
            if waiting > self._limit * CALM or age > AGE_SHARE * CALM or self._verdict > CALM_VERDICT:
                self._calm_since_ns = None
            elif self._calm_since_ns is None:
                self._calm_since_ns = now_ns
            elif now_ns - self._calm_since_ns >= CALM_NS:
                self._slow = False
                return ""
            return None

    def _raise(self, waiting: int, age: float) -> str | None:
        if waiting < self._limit and age < AGE_SHARE and self._verdict < VERDICT_SHARE:
            return None
        self._slow, self._calm_since_ns = True, None
        return (
            f"the engine is slower than the line: {waiting} of {self._capacity} places in the queue are taken, the oldest part has used "
            f"{age:.0%} of its reject window, and the newest verdict took {self._verdict:.0%} of it; slow the line down, take a quicker "
            "engine or a longer window, or parts will be missed"
        )
