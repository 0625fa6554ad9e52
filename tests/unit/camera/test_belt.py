"""The belt's arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.camera.simulator.belt import Belt, belt_at_rate


@given(st.floats(0.5, 200.0), st.integers(0, 10_000))
def test_the_counter_stands_where_the_part_is(rate: float, number: int) -> None:
    belt = belt_at_rate(rate)
    assert belt.rate == pytest.approx(rate)
    assert abs(belt.encoder(belt.trigger_time(number)) - belt.trigger_encoder(number)) <= 1
    assert abs(belt.encoder(belt.gate_time(number)) - belt.gate_encoder(number)) <= 1
    assert belt.gate_encoder(number) - belt.trigger_encoder(number) == belt.gate_counts


@given(st.floats(-10.0, 1000.0), st.floats(0.0, 100.0))
def test_the_counter_never_goes_back(seconds: float, more: float) -> None:
    belt = Belt()
    assert 0 <= belt.encoder(seconds) <= belt.encoder(seconds + more)


def test_known_belt() -> None:
    belt = Belt(speed_mm_s=500.0, counts_per_mm=4.0, spacing_mm=50.0, gate_mm=200.0)
    assert (belt.rate, belt.gate_counts, belt.gate_s, belt.trigger_encoder(0), belt.trigger_time(9)) == (10.0, 800, 0.4, 200, 1.0)


@pytest.mark.parametrize("name", ["speed_mm_s", "counts_per_mm", "spacing_mm", "gate_mm"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_belt_that_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Belt(**{name: value})
