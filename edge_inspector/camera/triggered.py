"""The camera that folder and simulator share: a trigger source says when, a picture source says what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_inspector.camera.base import Grab
from edge_inspector.camera.trigger import TriggerSource, encoder_of
from edge_inspector.errors import CameraError, CameraExhausted
from edge_inspector.records import Image, Reason
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.recipe import CameraRules


@dataclass(frozen=True, slots=True)
class Picture:
    """uint8 (H, W, 3 or 1), or None and why there is none."""

    image: Image | None
    detail: str = ""


class PictureSource(Protocol):
    """Pictures by number."""

    @property
    def length(self) -> int | None:
        """How many a camera that paces itself delivers before its end; None: no end."""

    def open(self) -> None:
        """Find what there is. Raises CameraError."""

    def picture(self, number: int) -> Picture:
        """Picture ``number`` (from 0, any size). Does not raise for a picture that cannot be read."""

    def close(self) -> None:
        """Let go of what is open. Idempotent."""


class TriggeredCamera:
    """Delivers one picture a trigger.

    The picture that will probably be wanted next is made before the wait, so that it is in memory when its trigger comes.
    A camera that paces itself shows pictures in turn since ``open``; on a belt, the message's ``part`` says which.
    """

    def __init__(self, name: str, trigger: TriggerSource, pictures: PictureSource, clock: Clock | None = None) -> None:
        self._name = name
        self._trigger = trigger
        self._pictures = pictures
        self._clock: Clock = clock or SystemClock()
        self._delivered = 0
        self._next = 0
        self._ready: tuple[int, Picture] | None = None
        self._open = False

    @property
    def name(self) -> str:
        """The station's name for it."""
        return self._name

    @property
    def free_running(self) -> bool:
        """True where no belt triggers it."""
        return self._trigger.free_running

    @property
    def counts_triggers(self) -> bool:
        """Never: the belt's messages bear their number."""
        return False

    def adjust(self, rules: CameraRules) -> None:
        """Pictures have neither exposure nor gain."""

    def open(self) -> None:
        """Find the pictures, connect to the belt, begin with the first picture. Raises CameraError."""
        self._pictures.open()
        self._trigger.open()
        self._delivered = self._next = 0
        self._ready = None
        self._open = True

    def arm(self, trigger_count: int) -> None:
        """Where the camera paces itself, the next part is ``trigger_count + 1``. Raises CameraError if it is not open."""
        self._check_open()
        self._trigger.arm(trigger_count)

    def grab(self, timeout_s: float) -> Grab | None:
        """The next trigger with its picture; None after ``timeout_s`` (which making the next picture may exceed). Raises CameraError if it
        is not open, CameraExhausted at the end of the pictures."""
        self._check_open()
        self._check_end()
        self._picture(self._next)
        trigger = self._trigger.wait(timeout_s)
        if trigger is None:
            return None
        captured = self._clock.utc()
        number = self._delivered if self.free_running else trigger.part
        picture = self._picture(number)
        self._ready = None
        self._delivered += 1
        self._next = number + 1
        reason = Reason.GRAB_FAILED if picture.image is None else Reason.NONE
        received = self._clock.monotonic_ns()
        encoder = encoder_of(trigger)
        return Grab(trigger.trigger_count, trigger.triggered_ns, captured, received, picture.image, reason, picture.detail, encoder)

    def _picture(self, number: int) -> Picture:
        if self._ready is None or self._ready[0] != number:
            self._ready = (number, self._pictures.picture(number))
        return self._ready[1]

    def _check_open(self) -> None:
        if not self._open:
            raise CameraError(f"camera {self._name} is not open; open it first")

    def _check_end(self) -> None:
        length = self._pictures.length
        if self.free_running and length is not None and self._delivered >= length:
            raise CameraExhausted(f"camera {self._name} has delivered all {length} pictures")

    def close(self) -> None:
        """Let go of the belt and the pictures. Idempotent."""
        self._open = False
        self._ready = None
        self._pictures.close()
        self._trigger.close()
