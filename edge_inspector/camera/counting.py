"""Which trigger does a buffer belong to, and which triggers brought none? Bookkeeping over what a camera tells, for all GenICam drivers.

Three things tell: the transport's frame number (a gap is a frame lost between camera and host), the camera's event for a trigger that
it could not take, and its own count of trigger signals, where it sends one beside each image (then that count alone decides).
"""

from __future__ import annotations

from collections import deque
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
        self._missed: deque[int | None] = deque()  # stamps of triggers that the camera could not take, oldest first
        self._underruns = 0

    @property
    def frames(self) -> int:
        """How many frames the camera has sent so far, lost ones among them."""
        return self._frame + 1

    def missed(self, stamp_ns: int | None) -> None:
        """The camera reports a trigger that it could not take, at ``stamp_ns`` of its clock."""
        self._missed.append(stamp_ns)

    def take(self, shot: Shot, underruns: int = 0) -> list[Lost | Placed]:
        """The triggers that this buffer makes known, its own last; ``underruns`` counts frames that found no free buffer."""
        ordinal = self._numbers.ordinal(shot.frame)
        gap, self._frame = ordinal - self._frame - 1, ordinal
        starved, self._underruns = underruns - self._underruns, underruns
        if gap < 0:  # the pipeline finds the contradiction and stops the line
            self._count += gap
        if shot.signals is not None:
            lost = self._by_signals(shot.signals, gap, starved)
        else:
            lost = [*self.overdue(shot.stamp_ns), *self._skip(gap, _transport_loss(starved))]
        self._count += 1
        return [*lost, Placed(self._count, shot)]

    def overdue(self, before_ns: int | None = None) -> list[Lost]:
        """Triggers that the camera could not take, up to ``before_ns`` of its clock (None: all): frames exposed earlier come first."""
        found = 0
        while self._missed and _earlier(self._missed[0], before_ns):
            self._missed.popleft()
            found += 1
        return self._skip(found, "over-trigger: the camera was still busy when this trigger came")

    def _by_signals(self, signals: int, gap: int, starved: int) -> list[Lost]:
        """The camera's own count says it; frame numbers and events only tell why."""
        self._missed.clear()
        skipped = self._base + signals - self._count - 1
        if skipped < 0:  # as above
            self._count += skipped
        lost = self._skip(min(gap, skipped), _transport_loss(starved))
        return lost + self._skip(skipped - len(lost), "over-trigger: the camera counted this trigger and took no picture")

    def _skip(self, triggers: int, detail: str) -> list[Lost]:
        lost = [Lost(self._count + n, detail) for n in range(1, triggers + 1)]
        self._count += len(lost)
        return lost


def _earlier(stamp_ns: int | None, before_ns: int | None) -> bool:
    return stamp_ns is None or before_ns is None or stamp_ns < before_ns


def _transport_loss(starved: int) -> str:
    if starved > 0:
        return f"buffer underrun: the driver had no free buffer ({starved} times); raise buffers, or take the line slower"
    return "the frame was lost between camera and host; check cable, packet size and packet delay"
