"""The count of triggers as PLC and camera tell it, held against ours, where all see the same triggers.

A part judged as its neighbour is the worst that can happen: every verdict after it belongs to another part. So the counts are compared
whenever they can be: a PLC says how many triggers it has counted, a frame says when its trigger was.

    the PLC had counted n, and our frame n was triggered later             we have lost a trigger: the frame may be of part n+1
    the PLC has acknowledged our verdict on n, and has not counted n yet   we have seen a trigger too many

The first compares two clocks' words, so a difference counts only beyond ``lag_ns``, or, where the PLC tells its count at each trigger, by
which of its words the frame fits (``fit``); the second is the order of one sender's messages, and holds however long they travel. One may
be chance, two parts near each other are a slip. A frame of ours that the PLC does not know half a reject window later (at most 0.5 s) is a
slip by itself; so is a trigger that no frame came for where our newest frame fits it, and not its own number.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from edge_inspector.pipeline.fit import TriggerFit

LONGEST_GAP = 100_000  # parts at once that can be believed to have been lost; a greater leap is a counter gone wrong
LONGEST_LAG_NS = 500_000_000
LAG_NS = 50_000_000
DOUBT_PARTS = 20  # a second doubt that many parts after the first says nothing together with it
WATCHED = 100  # parts over which it is asked whether a slip would have shown
BLIND, SEEING = 10, 15  # of them: with fewer two of 20 would not have, with as many they would again
KEPT = 4096  # samples; more than a PLC sends, and parts come, within the longest grace


@dataclass(frozen=True, slots=True)
class Slip:
    """Our count and another's disagree: a part would be judged as its neighbour."""

    ours: int
    theirs: int
    whose: str = "the PLC"


def patience_ns(window_ns: int, window_counts: int | None) -> int:
    """How long a part may lack a frame after its trigger: half its window, or a set time where the window is in counts of the encoder."""
    return LONGEST_LAG_NS if window_counts is not None else window_ns // 2


class CountWatch:
    """Compares one camera's count with the PLC's; any thread may use it.

    ``grace_ns`` is how long a frame may take to arrive after its trigger, ``lag_ns`` how far apart in time PLC and camera may tell of one
    trigger. Several gates may report the same PLC's count, each a little later than the other.
    """

    def __init__(self, grace_ns: int, lag_ns: int = LAG_NS) -> None:
        self._grace_ns = grace_ns
        self._lag_ns = lag_ns
        self._lock = threading.Lock()
        self._claims: deque[tuple[int, int]] = deque(maxlen=KEPT)  # (claimed at ns, count), both rising
        self._ours: deque[tuple[int, int]] = deque(maxlen=KEPT)  # (at ns, our count when the PLC last told its own)
        self._doubt: int | None = None  # the count at which the two first disagreed
        self._fit = TriggerFit()
        self._of: object = None
        self._newest: tuple[int, int] | None = None  # our newest frame: its count, and when it was triggered
        self._would_show: deque[bool] = deque(maxlen=WATCHED)
        self._blind = False
        self._agreed = 0
        self._words = 0  # since the reset

    def report(self, theirs: int, ours: int, acked: int, now_ns: int, of: object = None) -> Slip | None:
        """The PLC says how many triggers it has counted, after it has acknowledged ``acked``. The slip that this shows.

        ``of`` is what ``ours`` is a count of: without effect where that is not what the latest ``reset`` named.
        """
        with self._lock:
            if of is not self._of:
                return None
            horizon = now_ns - max(self._grace_ns, self._lag_ns)
            _forget(self._claims, horizon)
            _forget(self._ours, horizon)
            before = _newest(self._ours, now_ns - min(self._grace_ns, LONGEST_LAG_NS))
            self._ours.append((now_ns, ours))
            if not self._claims or theirs > self._claims[-1][1]:
                self._claims.append((now_ns, theirs))
                self._words += 1
                slip = self._fit.word(theirs, now_ns)
                if slip is not None:
                    return Slip(*slip)
            if theirs < before:
                return Slip(before, theirs)
            if theirs == ours == _newest(self._ours, now_ns - self._lag_ns) == _newest(self._claims, now_ns - self._lag_ns):
                self._doubt = None  # both have stood there for a while, so they agree
            return Slip(acked, theirs) if theirs < acked and self._doubted(acked) else None

    def ahead_of(self, count: int, triggered_ns: int) -> int | None:
        """The PLC's count where it had counted ``count`` longer than the lag before our frame ``count`` was triggered."""
        with self._lock:
            theirs = _newest(self._claims, triggered_ns - self._lag_ns)
            return theirs if theirs >= count else None

    def doubt(self, count: int) -> bool:
        """The frame with this count is in doubt; whether that is a slip: one near it was too, and the counts have not agreed since."""
        with self._lock:
            return self._doubted(count)

    def sight(self, count: int, triggered_ns: int) -> Slip | int | None:
        """A frame with our count: the slip that it shows; the PLC's count, where it may be of a later part; None where all is well."""
        theirs = self.ahead_of(count, triggered_ns)
        if theirs is not None and self.doubt(count):
            return Slip(count, theirs)
        with self._lock:
            self._watch_rate(count, triggered_ns)
            slip = self._fit.frame(count, triggered_ns)
            if slip is not None:
                return Slip(*slip)
            if theirs is None and self._fit.late(count, triggered_ns):
                theirs = max(count + 1, self._claims[-1][1])
            return theirs

    def slip_at_pause(self, count: int) -> Slip | None:
        """No frame came for the triggers after ``count``: the slip, where our newest frame was triggered at one of them."""
        with self._lock:
            if self._newest is None or self._newest[0] != count:
                return None
            theirs = self._fit.nearest(*self._newest)
            return Slip(count, theirs) if theirs is not None and theirs > count else None

    @property
    def blind(self) -> bool:
        """Whether a trigger that only the PLC has seen would hardly have shown at the latest parts, though it tells its count."""
        return self._blind

    def owed(self, now_ns: int) -> int:
        """The highest count that the PLC claimed longer than the grace ago; 0 for none."""
        with self._lock:
            return _newest(self._claims, now_ns - self._grace_ns)

    def reset(self, grace_ns: int, of: object = None) -> None:
        """Forget everything: the PLC and the line are about to agree on a new base. From now on ``of`` is what is counted."""
        with self._lock:
            self._of = of
            self._fit.forget()
            self._newest = None
            self._words = 0
            self._would_show.clear()
            self._grace_ns = grace_ns
            self._claims.clear()
            self._ours.clear()
            self._doubt = None

    def _watch_rate(self, count: int, triggered_ns: int) -> None:
        """Note whether the part before would have been in doubt, had it come in this one's place."""
        before, self._newest = self._newest, (count, triggered_ns)
        agreed, self._agreed = self._agreed, self._fit.agreed
        if before is None or self._words < 2:
            return
        self._would_show.append(self._fit.agreed > agreed or _newest(self._claims, triggered_ns - self._lag_ns) >= before[0])
        shown = sum(self._would_show)
        if len(self._would_show) == WATCHED and shown < BLIND:
            self._blind = True
        elif shown >= SEEING:
            self._blind = False

    def _doubted(self, count: int) -> bool:
        """Note a doubt; whether it is the second. The same part twice is one doubt."""
        first = self._doubt
        if first is not None and first < count <= first + DOUBT_PARTS:
            return True
        if first is None or count > first:
            self._doubt = count
        return False


def _newest(samples: deque[tuple[int, int]], until_ns: int) -> int:
    """The count of the newest sample that is not younger than ``until_ns``, 0 for none."""
    return next((count for at, count in reversed(samples) if at <= until_ns), 0)


def _forget(samples: deque[tuple[int, int]], until_ns: int) -> None:
    """Drop what is older than the newest sample not younger than ``until_ns``."""
    while len(samples) > 1 and samples[1][0] <= until_ns:
        samples.popleft()
