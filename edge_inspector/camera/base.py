"""The camera protocol. A camera is opened, grabbed from and closed by one thread, its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_inspector.records import Image, Reason


@dataclass(frozen=True, slots=True)
class Grab:
    """One trigger as the camera saw it: an image, or the reason why there is none.

    ``trigger_count`` counts from 1 since the source was armed; ``triggered_ns`` and ``received_ns`` are CLOCK_MONOTONIC.
    ``encoder_counts`` is the belt's encoder at the trigger; None where the camera does not know it.
    """

    trigger_count: int
    triggered_ns: int
    captured_utc: datetime
    received_ns: int
    image: Image | None
    reason: Reason = Reason.NONE
    detail: str = ""
    encoder_counts: int | None = None


class Camera(Protocol):
    """A source of triggered images."""

    @property
    def name(self) -> str:
        """The station's name for it."""

    @property
    def free_running(self) -> bool:
        """True where the camera paces itself, so that its count is the only count of parts there is."""

    def open(self) -> None:
        """Connect and get ready to be armed. Raises CameraError naming the device and what to do."""

    def arm(self, trigger_count: int) -> None:
        """Start delivering; the next part is ``trigger_count + 1`` where the camera counts itself."""

    def grab(self, timeout_s: float) -> Grab | None:
        """The next trigger, or None when none came in time.

        Raises CameraError when the camera is lost, CameraExhausted at a replay's end.
        """

    def close(self) -> None:
        """Let go of the device. Idempotent."""
