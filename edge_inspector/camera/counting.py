"""Which trigger does a buffer belong to, and which triggers brought none? Bookkeeping over what a camera tells, for all GenICam drivers.

Three things tell: the transport's frame number (a gap is a frame lost between camera and host), the camera's event for a trigger that
it could not take, and its own count of trigger signals, where it sends one beside each image (then that count alone decides).

Frames and events come by ways of their own. Where one comes after a count that it would have changed, parts have been taken for their
neighbours: a count that goes back tells the pipeline, which stops the line.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_inspector.records import Image

WRAP_16 = 65_535  # GigE Vision's 16-bit frame number goes from 65,535 to 1


@dataclass(frozen=True, slots=True)
class Shot:
    """One buffer as the driver delivered it: an image, or the ``error`` that made it useless.

    ``frame`` is the transport's number, ``stamp_ns`` the camera's clock at the exposure, ``signals`` the camera's count of triggers,
    ``encoder`` that of its encoder; None where the camera does not tell. ``received_ns`` is CLOCK_MONOTONIC.
    """

    frame: int | None
    received_ns: int
    image: Image | None
    error: str = ""
    stamp_ns: int | None = None
    signals: int | None = None
    encoder: int | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A trigger without a picture, and why."""

    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Contradiction(Lost):
    """Counts given before were wrong, and why: ``count`` goes back, so that the pipeline stops the line."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A buffer with its trigger count."""

    count: int
    shot: Shot


class FrameNumbers:
    """The transport's frame numbers since streaming began as 0, 1, 2 ...: from ``first``, and with ``wraps`` 1 follows 65,535.

    ``first`` None: the first frame that comes is taken for the first one sent.
    """

    def __init__(self, first: int | None, wraps: bool) -> None:
        self._last = None if first is None else first - 1
        self._wraps = wraps
        self._ordinal = -1

    def ordinal(self, frame: int | None) -> int:
        """How many frames the camera sent before this one; a frame without a number is taken for the next."""
        step = 1 if frame is None or self._last is None else frame - self._last
        if self._wraps and step < 0:
            step += WRAP_16
        if frame is not None:
            self._last = frame
        elif self._last is not None:
            self._last += 1
        self._ordinal += step
        return self._ordinal


class TriggerLedger:
    """Gives every buffer its trigger count and names the triggers in between that brought none. A new one begins with streaming."""

    def __init__(self, base: int, numbers: FrameNumbers) -> None:
        self._base = base
        self._numbers = numbers
        self._count = base
        self._frame = -1  # ordinal of the newest frame
        self._missed: list[int | None] = []  # stamps of triggers that the camera could not take
        self._underruns = 0
        self._placed_ns: int | None = None  # the newest stamp of a frame that has its count
        self._lost_ns: int | None = None  # the newest of a trigger that was counted without a frame
        self._by_camera = False  # whether the camera's own count decides

    @property
    def frames(self) -> int:
        """How many frames the camera has sent so far, lost ones among them."""
        return self._frame + 1

    @property
    def pending(self) -> bool:
        """Whether a trigger that the camera could not take waits for the frames that were exposed before it."""
        return bool(self._missed)

    def missed(self, stamp_ns: int | None) -> list[Contradiction]:
        """The camera reports a trigger that it could not take, at ``stamp_ns`` of its clock; what this contradicts."""
        if not self._by_camera and _before(stamp_ns, self._placed_ns):
            return self._gone_back("the camera told of a missed trigger only after the frame of a later one")
        self._missed.append(stamp_ns)
        return []

    def take(self, shot: Shot, underruns: int = 0) -> list[Lost | Placed]:
        """The triggers that this buffer makes known, its own last; ``underruns`` counts frames that found no free buffer."""
        ordinal = self._numbers.ordinal(shot.frame)
        gap, self._frame = ordinal - self._frame - 1, ordinal
        starved, self._underruns = underruns - self._underruns, underruns
        if gap < 0:  # the pipeline finds the contradiction and stops the line
            self._count += gap
        self._by_camera = self._by_camera or shot.signals is not None  # an incomplete buffer may lack it
        if shot.signals is not None:
            lost = self._by_signals(shot.signals, gap, starved)
        else:
            lost = [*self._too_late(shot), *self.overdue(shot.stamp_ns), *self._skip(gap, _transport_loss(starved))]
        self._count += 1
        self._placed_ns = _newest(self._placed_ns, shot.stamp_ns)
        return [*lost, Placed(self._count, shot)]

    def overdue(self, before_ns: int | None = None) -> list[Lost]:
        """Triggers that the camera could not take, up to ``before_ns`` of its clock (None: all): frames exposed earlier come first."""
        due = [stamp for stamp in self._missed if _earlier(stamp, before_ns)]
        self._missed = [stamp for stamp in self._missed if not _earlier(stamp, before_ns)]
        self._lost_ns = _newest(self._lost_ns, *due)
        return self._skip(len(due), "over-trigger: the camera was still busy when this trigger came")

    def _by_signals(self, signals: int, gap: int, starved: int) -> list[Lost]:
        """The camera's own count says it; frame numbers and events only tell why."""
        self._missed.clear()
        skipped = self._base + signals - self._count - 1
        if skipped < 0:  # as above
            self._count += skipped
        lost = self._skip(min(gap, skipped), _transport_loss(starved))
        return lost + self._skip(skipped - len(lost), "over-trigger: the camera counted this trigger and took no picture")

    def _too_late(self, shot: Shot) -> list[Contradiction]:
        late = not self._by_camera and _before(shot.stamp_ns, self._lost_ns)
        return self._gone_back("a frame came only after a later trigger was counted as missed") if late else []

    def _gone_back(self, detail: str) -> list[Contradiction]:
        return [Contradiction(self._count - 1, f"{detail}: parts may have been taken for their neighbours")]

    def _skip(self, triggers: int, detail: str) -> list[Lost]:
        lost = [Lost(self._count + n, detail) for n in range(1, triggers + 1)]
        self._count += len(lost)
        return lost


def _earlier(stamp_ns: int | None, before_ns: int | None) -> bool:
    return stamp_ns is None or before_ns is None or stamp_ns < before_ns


def _before(stamp_ns: int | None, other_ns: int | None) -> bool:
    """Surely before it: both are known."""
    return stamp_ns is not None and other_ns is not None and stamp_ns < other_ns


def _newest(*stamps_ns: int | None) -> int | None:
    return max((stamp for stamp in stamps_ns if stamp is not None), default=None)


def _transport_loss(starved: int) -> str:
    if starved > 0:
        return f"buffer underrun: the driver had no free buffer ({starved} times); raise buffers, or take the line slower"
    return "the frame was lost between camera and host; check cable, packet size and packet delay"
