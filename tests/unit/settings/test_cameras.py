"""Settings of cameras: what belongs together, and that the guide knows every key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from edge_inspector.settings.cameras import BaslerCamera, GenicamCamera, OpencvCamera, with_paths_from
from edge_inspector.settings.genicam_cameras import CounterSettings, EncoderSettings, GigeSettings, StrobeSettings, TriggerSettings
from edge_inspector.settings.load import load_toml

GUIDE = Path(__file__).parents[3] / "docs" / "cameras.md"
TEMPLATE = Path(__file__).parents[3] / "edge_inspector" / "cli" / "templates" / "station.toml"

ON_LINES_3_AND_4 = {"source_a": "Line3", "source_b": "Line4"}


@pytest.mark.parametrize(
    "model",
    [BaslerCamera, GenicamCamera, OpencvCamera, TriggerSettings, EncoderSettings, CounterSettings, StrobeSettings, GigeSettings],
    ids=lambda model: model.__name__,
)
def test_the_guide_names_every_key(model: type[BaseModel]) -> None:
    words = set(re.findall(r"\w+", GUIDE.read_text(encoding="utf-8")))
    assert set(model.model_fields) <= words


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"delivery": "latest"}, "use 'one_by_one'"),
        ({"encoder": {}, "trigger": {"mode": "off"}}, "encoder is for trigger.mode 'encoder' or 'hardware'; this one is 'off'"),
        ({"encoder": {}}, "Line1 is both the trigger's line and the encoder's"),
        ({"encoder": ON_LINES_3_AND_4, "chunks": False}, "encoder with trigger.mode 'hardware' needs chunks = true"),
        ({"counter": {}, "trigger": {"mode": "software"}}, "counter is for trigger.mode 'hardware'"),
        ({"counter": {}, "chunks": False}, "counter needs chunks = true"),
        ({"trigger": {"mode": "off", "belt": "ipc://x"}}, "belt is for mode 'software'; this mode is 'off'"),
        ({"exposure_us": 0}, "exposure_us"),
        ({"expozure_us": 5}, "expozure_us"),
    ],
)
def test_what_does_not_belong_together_is_refused(camera: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BaslerCamera.model_validate({"driver": "basler", **camera})


@pytest.mark.parametrize(
    ("trigger", "external"),
    [
        ({"mode": "hardware"}, True),
        ({"mode": "encoder"}, True),
        ({"mode": "software", "belt": "ipc://belt"}, True),
        ({"mode": "software"}, False),
        ({"mode": "off"}, False),
    ],
)
def test_who_counts_the_triggers(trigger: dict[str, Any], external: bool) -> None:
    assert BaslerCamera.model_validate({"driver": "basler", "trigger": trigger}).external_trigger is external


def test_paths_are_taken_from_the_stations_folder(tmp_path: Path) -> None:
    video = with_paths_from(OpencvCamera(driver="opencv", path=Path("a.avi")), tmp_path)
    assert isinstance(video, OpencvCamera)
    assert video.path == tmp_path / "a.avi"
    camera = with_paths_from(GenicamCamera(driver="genicam", producer=Path("/opt/p.cti")), tmp_path)
    assert isinstance(camera, GenicamCamera)
    assert camera.producer == Path("/opt/p.cti")
    assert with_paths_from(OpencvCamera(driver="opencv", device=0), tmp_path) == OpencvCamera(driver="opencv", device=0)


def test_the_example_in_the_template_is_a_camera(tmp_path: Path) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    start = text.index("# [[camera]]                # a Basler camera")
    lines = [line.removeprefix("# ") for line in text[start:].split("\n\n")[0].splitlines()]
    path = tmp_path / "example.toml"
    path.write_text("\n".join(line for line in lines if "=" in line.split("#")[0] or line.startswith("[")), encoding="utf-8")
    camera = BaslerCamera.model_validate(load_toml(path)["camera"][0])
    assert camera.summary == "Basler serial 24012345, hardware trigger on Line1"
