from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_inspector.settings import Station
from edge_inspector.wire.client import ControlClient
from tests.unit.desk.stock import desk, station_in


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return station_in(tmp_path)


@pytest.fixture
def client(station: Station) -> Iterator[ControlClient]:
    with desk(station) as client:
        yield client
