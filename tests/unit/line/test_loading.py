"""How many threads the engine gets."""

from __future__ import annotations

import pytest

from edge_inspector.line.loading import engine_threads, threads_of
from edge_inspector.settings.station import EngineSettings


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (8, 7), (15, 14), (16, 14), (32, 28)])
def test_cores_are_left_to_the_line(cores: int, threads: int) -> None:
    assert threads_of(cores) == threads


def test_the_station_may_say_how_many() -> None:
    assert engine_threads(EngineSettings(threads=5)) == 5
