"""What a station's file may say, and what the refusal of the rest names."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from edge_inspector.errors import SettingsError
from edge_inspector.settings import Station, parse_model
from edge_inspector.settings.cameras import CameraSettings
from edge_inspector.settings.station import gives_encoder

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


@pytest.mark.parametrize(
    ("camera", "gives"),
    [
        ({"driver": "simulated"}, False),
        ({"driver": "simulated", "trigger": "ipc://belt"}, True),
        ({"driver": "opencv", "device": 0}, False),
        ({"driver": "opencv", "device": 0, "trigger": "ipc://belt"}, True),
        ({"driver": "basler"}, False),
        ({"driver": "basler", "encoder": {"source_a": "Line3", "source_b": "Line4"}}, True),
        ({"driver": "basler", "trigger": {"mode": "encoder"}}, True),
        ({"driver": "basler", "trigger": {"mode": "encoder"}, "chunks": False}, False),
        ({"driver": "basler", "trigger": {"mode": "software", "belt": "ipc://belt"}}, True),
        ({"driver": "basler", "trigger": {"mode": "software"}}, False),
        ({"driver": "genicam", "producer": "p.cti", "trigger": {"mode": "off"}}, False),
    ],
)
def test_which_cameras_tell_the_belts_encoder(camera: dict[str, Any], gives: bool) -> None:
    settings: CameraSettings = TypeAdapter(CameraSettings).validate_python(camera)
    assert gives_encoder(settings) is gives
