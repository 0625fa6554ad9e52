"""What a station's file may say, and what the refusal of the rest names."""

from __future__ import annotations

from typing import Any

import pytest

from edge_inspector.errors import SettingsError
from edge_inspector.settings import Station, parse_model

BELT = "ipc://belt"


def station(*cameras: dict[str, Any], **more: Any) -> Station:  # noqa: ANN401
    tables = [{"driver": "simulated", **camera} for camera in cameras]
    return parse_model(Station, {"station": "s", "recipe": "r.toml", "camera": tables, **more}, "station.toml")


def test_several_cameras_on_one_belt() -> None:
    found = station({"name": "left", "trigger": BELT}, {"name": "right", "trigger": BELT})
    assert [camera.name for camera in found.camera] == ["left", "right"]


@pytest.mark.parametrize(
    ("cameras", "message"),
    [
        ((), "at least 1"),
        (({"trigger": BELT}, {"trigger": BELT}), "two cameras are named 'cam0'"),
        (({"name": "a", "trigger": BELT}, {"name": "b"}), "camera b paces itself.*give every camera a trigger"),
        (tuple({"name": f"c{n}", "trigger": BELT} for n in range(9)), "at most 8"),
    ],
)
def test_cameras_that_cannot_be_joined_are_refused(cameras: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        station(*cameras)
