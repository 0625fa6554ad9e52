"""Which of the PLC's triggers a frame belongs to, by time, where the PLC tells its count at each of them.

    PLC:    n-1        n        n+1       n+2
    frame:   n-1        n         n+1              each as long after the word on its number as all before it: the counts agree
    frame:   n-1                  n         n+1    two frames that fit a later word: a trigger was lost

A frame fits a word within a quarter of the shortest time between the latest words, so no jitter below three quarters of that time makes a
healthy line look like one that has slipped. What is usual is the latest of several medians: a word may be held up for a while and then come
in time again, which must not look like frames that come later.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from statistics import median

BLOCK = 31  # frames whose median is one opinion on what is usual
BLOCKS = 8
LEAST = 5  # frames before there is an opinion
GAPS = 16  # times between words that are looked back upon
WORDS = 64
NEAR = 20  # parts: a second suspicion later than that says nothing together with the first
PENDING = 8  # frames whose word may still come
FIT_SHARE = 0.25  # of the shortest time between words
EARLY_SHARE = 0.5  # of it: what comes later after its trigger is no word on that trigger


class TriggerFit:
    """Pure, and for one thread at a time. Times are CLOCK_MONOTONIC ns."""

    def __init__(self) -> None:
        self._words: OrderedDict[int, int] = OrderedDict()  # count -> when the PLC first told it
        self._gaps: deque[int] = deque(maxlen=GAPS)
        self._pending: deque[tuple[int, int]] = deque(maxlen=PENDING)  # (count, triggered at) of frames that fit no word yet
        self._medians: deque[float] = deque(maxlen=BLOCKS)
        self._block: list[int] = []  # how long after their words the latest frames were triggered
        self._suspect: tuple[int, int] | None = None  # the latest frame that fitted a later word: its count, and by how many
        self.agreed = 0
        """Frames, ever, that were seen to fit the word on their own number."""

    def forget(self) -> None:
        """The counts begin anew; how long frames take after their words stays known."""
        self._words.clear()
        self._gaps.clear()
        self._pending.clear()
        self._suspect = None

    def word(self, count: int, at_ns: int) -> tuple[int, int] | None:
        """The PLC tells a higher count than before. (our count, the PLC's) where that completes a slip."""
        before = self._words.get(count - 1)
        if before is not None:
            self._gaps.append(at_ns - before)
        self._words[count] = at_ns
        if len(self._words) > WORDS:
            self._words.popitem(last=False)
        return self._settle()

    def frame(self, count: int, triggered_ns: int) -> tuple[int, int] | None:
        """A frame with our count. (our count, the PLC's) where that completes a slip."""
        self._pending.append((count, triggered_ns))
        return self._settle()

    def late(self, count: int, triggered_ns: int) -> bool:
        """Whether this frame was triggered so long after the word on its number that it may be the next part's."""
        at, usual, room = self._words.get(count), self._usual(), self._room()
        return at is not None and usual is not None and room > 0 and triggered_ns - at - usual > 2 * room

    def nearest(self, count: int, triggered_ns: int) -> int | None:
        """Which of the PLC's counts from ``count`` on is told nearest to this trigger; None where it has not told the two around it."""
        usual = self._usual() or 0.0
        known = [n for n in self._words if n >= count]
        if count not in self._words or count + 1 not in self._words:
            return None
        return min(known, key=lambda n: (abs(triggered_ns - self._words[n] - usual), n))

    def _settle(self) -> tuple[int, int] | None:
        """Decide on the frames in their order, up to one whose word may still come."""
        while self._pending:
            count, triggered_ns = self._pending[0]
            fits = self._fits(count, triggered_ns)
            if fits is None and not self._passed(count, triggered_ns):
                return None
            self._pending.popleft()
            self._learn(count, triggered_ns)
            if self._is_slip(count, fits):
                return count, count + (fits or 0)
        return None

    def _fits(self, count: int, triggered_ns: int) -> int | None:
        """By how many the word that this frame fits is higher than its own number; None where it fits none."""
        usual, room = self._usual(), self._room()
        if usual is None or room <= 0:
            return None
        return next((n - count for n, at in self._words.items() if n >= count and abs(triggered_ns - at - usual) <= room), None)

    def _passed(self, count: int, triggered_ns: int) -> bool:
        """Whether no word that is still to come can be this frame's."""
        newest = next(reversed(self._words), None)
        usual = self._usual() or 0.0
        return newest is not None and newest >= count and self._words[newest] + usual > triggered_ns + self._room()

    def _is_slip(self, count: int, fits: int | None) -> bool:
        """One that fits no word says nothing; one that fits its own ends a suspicion."""
        self.agreed += fits == 0
        if fits is None:
            return False
        before, self._suspect = self._suspect, (count, fits) if fits else None
        return before is not None and before[0] < count <= before[0] + NEAR and before[1] == fits

    def _learn(self, count: int, triggered_ns: int) -> None:
        at = self._words.get(count)
        if at is None:
            return
        self._block.append(triggered_ns - at)
        if len(self._block) >= BLOCK:
            self._medians.append(median(self._block))
            self._block.clear()

    def _usual(self) -> float | None:
        """How long after its word a frame is triggered, ns, which is negative where words travel longer than frames."""
        now = [median(self._block)] if len(self._block) >= LEAST else []
        return max([*self._medians, *now], default=None)

    def _room(self) -> float:
        """How far from what is usual a frame still fits, ns; 0 where words come in bursts, or at other times than triggers.

        Heartbeats as often as parts drift past the triggers: from a word long after its trigger to one right after the next.
        """
        gap, usual = min(self._gaps, default=0), self._usual()
        return 0.0 if usual is None or usual < -EARLY_SHARE * gap else FIT_SHARE * gap
