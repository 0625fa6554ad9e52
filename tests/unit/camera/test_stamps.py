"""The camera's clock on the host's."""

from __future__ import annotations

import pytest

from edge_inspector.camera.stamps import OLDEST_NS, RENEW_NS, CameraClock

MS = 1_000_000


@pytest.mark.parametrize(
    ("latched", "stamp_ns", "triggered_ms"),
    [
        ((500 * MS, 1000 * MS, 1002 * MS), 520 * MS, 1021),  # the camera's 500 ms are our 1001 ms
        (None, 520 * MS, 1093),  # no common clock: delay and exposure of 7 ms before the image came
        ((500 * MS, 1000 * MS, 1002 * MS), None, 1093),
        ((500 * MS, 1000 * MS, 1002 * MS), 700 * MS, 1093),  # after its own image: a clock gone wrong
        ((500 * MS, 1000 * MS, 1002 * MS), 500 * MS - OLDEST_NS, 1093),
    ],
)
def test_when_a_part_was_triggered(latched: tuple[int, int, int] | None, stamp_ns: int | None, triggered_ms: int) -> None:
    clock = CameraClock()
    if latched is not None:
        clock.latched(*latched)
    assert clock.triggered_ns(stamp_ns, 1100 * MS, latency_us=7000.0) == triggered_ms * MS


def test_the_clocks_are_compared_now_and_then_even_where_the_camera_has_none() -> None:
    clock = CameraClock()
    assert clock.due(0)
    clock.latched(None, 0, 10)
    assert not clock.due(RENEW_NS)
    assert clock.due(RENEW_NS + 11)
