"""The camera's clock on the host's: when was this part triggered, by CLOCK_MONOTONIC?"""

from __future__ import annotations

RENEW_NS = 10_000_000_000  # two clocks drift apart by up to 0.1 ms a second
OLDEST_NS = 10_000_000_000  # an exposure that long before its image came is a clock gone wrong


class CameraClock:
    """Maps the camera's ns to the host's by reading both at once now and then (``latched``)."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._latched_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Whether the two clocks should be read again."""
        return self._latched_ns is None or now_ns - self._latched_ns > RENEW_NS

    def latched(self, camera_ns: int | None, before_ns: int, after_ns: int) -> None:
        """The camera's clock stood at ``camera_ns`` at some moment between two of the host's; None: it could not be read."""
        self._offset_ns = None if camera_ns is None else (before_ns + after_ns) // 2 - camera_ns
        self._latched_ns = after_ns

    def triggered_ns(self, stamp_ns: int | None, received_ns: int, latency_us: float) -> int:
        """When the exposure began. Without the camera's clock: ``latency_us`` (delay, exposure, readout) before its image came."""
        if stamp_ns is not None and self._offset_ns is not None:
            then = stamp_ns + self._offset_ns
            if received_ns - OLDEST_NS < then <= received_ns:
                return then
        return received_ns - int(latency_us * 1000.0)
