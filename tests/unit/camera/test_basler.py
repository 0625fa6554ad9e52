"""The Basler driver against pylon's own camera emulator: settings, faults, loss and return."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from edge_inspector.camera.base import Grab
from edge_inspector.camera.counting import Shot
from edge_inspector.camera.streaming import StreamingCamera
from edge_inspector.errors import CameraError
from edge_inspector.judge import Judge
from edge_inspector.pipeline import Pipeline
from edge_inspector.pipeline.events import CameraOpen, EngineReady
from edge_inspector.records import Reason
from edge_inspector.settings.cameras import BaslerCamera
from edge_inspector.settings.recipe import CameraRules
from tests.unit.pipeline.rig import CLOCK, RECIPE, RULES, GatedEngine, Heard, ScriptedLink, naming

if TYPE_CHECKING:
    from edge_inspector.camera.basler import PylonDevice
basler = pytest.importorskip("edge_inspector.camera.basler", reason="pypylon is not installed (extra basler)")

SOFTWARE = {"mode": "software", "rate": 500.0, "ready_timeout_ms": 5000}
# The emulator has no wires: a signal on a line is a software trigger that the driver knows nothing of
SIGNALS = {"mode": "hardware", "source": "Software"}


class Rig:
    """A camera over the emulator, and the emulator's own features to provoke it with."""

    def __init__(self, settings: dict[str, Any]) -> None:
        given = {"driver": "basler", "serial": "0815-0001", "width": 64, "height": 48, "frame_timeout_ms": 5000, **settings}
        self.settings = BaslerCamera.model_validate(given)
        self.device: PylonDevice = basler.PylonDevice(self.settings)
        self.camera = StreamingCamera(self.settings, self.device)

    def running(self, base: int = 0) -> Rig:
        self.camera.open()
        self.camera.arm(base)
        return self

    def do(self, command: str) -> None:
        self.device.features.execute("test", command)

    def set(self, feature: str, value: int) -> None:
        self.device.features.write("test", value, feature)

    def signal(self) -> None:
        assert self.device.ready(5.0)
        self.do("TriggerSoftware")

    def grab(self) -> Grab:
        for _ in range(100):
            grab = self.camera.grab(0.1)
            if grab is not None:
                return grab
        raise AssertionError("no grab within 10 s")

    def told(self, count: int) -> list[tuple[int, Reason]]:
        return [(grab.trigger_count, grab.reason) for grab in (self.grab() for _ in range(count))]


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    """Rigs to close at the end."""
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.camera.close()


def rig_of(rigs: list[Rig], **settings: object) -> Rig:
    rigs.append(Rig(settings))
    return rigs[-1]


def test_what_station_toml_asks_for_stands_in_the_camera(rigs: list[Rig]) -> None:
    rig = rig_of(
        rigs,
        user_set="Default",
        pixel_format="BayerRG12",
        offset_x=32,
        offset_y=16,
        exposure_us=1500.0,
        gain_db=6.0,
        trigger={"mode": "hardware", "source": "Line2", "activation": "FallingEdge"},
        strobe={"line": "Line3", "source": "ExposureActive", "inverted": True},
        gige={"packet_size": 1400, "packet_delay": 12},
        nodes={"ReverseX": True, "BinningHorizontal": 2},
    ).running()
    features = rig.device.features
    found = {
        name: features.number(name) for name in ("Width", "Height", "OffsetX", "OffsetY", "ExposureTime", "GevSCPSPacketSize", "GevSCPD")
    }
    assert found == {
        "Width": 64, "Height": 48, "OffsetX": 32, "OffsetY": 16, "ExposureTime": 1500, "GevSCPSPacketSize": 1400, "GevSCPD": 12
    }  # fmt: skip
    assert features.number("Gain") == pytest.approx(6.0, abs=0.01)
    assert (features.number("ReverseX"), features.number("BinningHorizontal")) == (True, 2)
    texts = {name: features.text(name) for name in ("PixelFormat", "TriggerSource", "TriggerActivation", "TriggerMode", "TriggerSelector")}
    assert texts == {
        "PixelFormat": "BayerRG12",
        "TriggerSource": "Line2",
        "TriggerActivation": "FallingEdge",
        "TriggerMode": "On",
        "TriggerSelector": "FrameStart",
    }
    assert [features.text(name) for name in ("LineSelector", "LineMode", "LineSource")] == ["Line3", "Output", "ExposureActive"]


def test_the_recipes_exposure_and_gain_come_before_the_stations(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, exposure_us=1500.0, gain_db=1.0, trigger=SOFTWARE).running()
    rig.camera.adjust(CameraRules(exposure_us=700.0))
    rig.camera.arm(0)
    assert rig.device.features.number("ExposureTime") == 700
    assert rig.device.features.number("Gain") == pytest.approx(1.0, abs=0.01)


def test_nothing_of_one_recipe_is_left_in_the_camera_under_the_next(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, user_set="Default", trigger=SOFTWARE, nodes={"ExposureAuto": "Continuous"}).running()
    features = rig.device.features
    own = [features.number("ExposureTime"), features.number("Gain"), features.text("ExposureAuto")]
    rig.camera.adjust(CameraRules(exposure_us=700.0, gain_db=6.0))
    rig.camera.arm(0)
    assert [features.number("ExposureTime"), features.text("ExposureAuto")] == [700, "Off"]
    rig.camera.adjust(CameraRules())
    rig.camera.arm(0)
    assert [features.number("ExposureTime"), features.number("Gain"), features.text("ExposureAuto")] == own


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"serial": "1"}, r"Basler camera serial 1 is not there; pylon sees: Emulation \(serial 0815-0000\)"),
        ({"serial": None, "model": "Emulation"}, "model Emulation is not the only one: 2 fit; give serial"),
        ({"trigger": {"divider": 4}}, r"\(Emulation 0815-0001\) has no feature TriggerDivider, which trigger.divider = 4 asks for"),
        ({"trigger": {"debounce_us": 5}}, "has no feature LineDebouncerTime or LineDebouncerTimeAbs, which trigger.debounce_us"),
        ({"trigger": {"source": "Line9"}}, r"TriggerSource cannot be set to 'Line9' \(trigger.source\)"),
        ({"trigger": {"mode": "encoder"}, "encoder": {}}, "has no feature EncoderSelector, which encoder.name = 'Encoder0' asks for"),
        ({"trigger": {"missed_event": "Nope"}}, r"has no event Nope in EventSelector \(trigger.missed_event\)"),
        ({"counter": {}}, "has no feature CounterSelector, which counter.name"),
        ({"width": 99_999 // 2}, r"Width cannot be set to 49999 \(width\)"),
        ({"pixel_format": "Mono7"}, r"PixelFormat cannot be set to 'Mono7' \(pixel_format\)"),
        ({"nodes": {"NoSuchNode": 1}}, "has no feature NoSuchNode, which nodes.NoSuchNode = 1 asks for"),
    ],
)
def test_what_the_camera_lacks_is_named_with_the_camera_and_the_key(rigs: list[Rig], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(CameraError, match=message):
        rig_of(rigs, **settings).camera.open()


def test_an_incomplete_frame_is_a_missed_part(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger=SIGNALS).running(base=7)
    rig.signal()
    assert rig.told(1) == [(8, Reason.NONE)]
    rig.set("ForceFailedBufferCount", 1)
    rig.do("ForceFailedBuffer")
    rig.signal()
    grab = rig.grab()
    assert (grab.trigger_count, grab.reason, grab.image) == (9, Reason.GRAB_FAILED, None)
    assert grab.detail.startswith("incomplete frame: ")
    rig.signal()
    assert rig.told(1) == [(10, Reason.NONE)]


def test_a_trigger_that_the_camera_reports_as_missed_is_a_missed_part(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger={**SIGNALS, "missed_event": "Test"}).running()
    rig.signal()
    assert rig.told(1) == [(1, Reason.NONE)]
    rig.do("TestEventGenerate")
    rig.signal()
    lost, found = rig.grab(), rig.grab()
    assert (lost.trigger_count, lost.reason) == (2, Reason.COUNTER_GAP)
    assert lost.detail.startswith("over-trigger: ")
    assert (found.trigger_count, found.reason) == (3, Reason.NONE)


def test_a_missed_trigger_that_no_part_follows_is_told_all_the_same(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger={**SIGNALS, "missed_event": "Test"}).running()
    rig.do("TestEventGenerate")
    assert rig.told(1) == [(1, Reason.COUNTER_GAP)]


def test_a_frame_that_comes_too_late_is_never_the_next_parts(rigs: list[Rig], tmp_path: Path) -> None:
    """The first trigger's frame comes a while after its time is over; the second trigger must not get it."""
    cv2.imwrite(str(tmp_path / "part.png"), np.full((48, 64), 40, np.uint8))
    nodes = {"TestImageSelector": "Off", "ImageFilename": str(tmp_path), "ImageFileMode": "On"}
    rig = rig_of(rigs, trigger=SOFTWARE, nodes=nodes, pixel_format="Mono8").running()
    fetch = rig.device.fetch
    impatient = iter([True])

    def fetch_late(timeout_s: float) -> Shot | None:
        if timeout_s and next(impatient, False):
            assert rig.device.ready(5.0)  # the frame has been taken, and waits
            cv2.imwrite(str(tmp_path / "part.png"), np.full((48, 64), 200, np.uint8))
            return None
        return fetch(timeout_s)

    rig.device.fetch = fetch_late  # type: ignore[method-assign]
    assert rig.told(1) == [(1, Reason.GRAB_FAILED)]
    found = rig.grab()
    assert (found.trigger_count, found.reason) == (2, Reason.NONE)
    assert found.image is not None
    assert int(found.image[0, 0, 0]) == 200


def test_a_picture_of_another_size_than_set_is_none(rigs: list[Rig], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((24, 32), 99, np.uint8))
    nodes = {"TestImageSelector": "Off", "ImageFilename": str(tmp_path), "ImageFileMode": "On"}
    grab = rig_of(rigs, trigger=SOFTWARE, nodes=nodes, pixel_format="Mono8").running().grab()
    assert (grab.reason, grab.detail) == (Reason.GRAB_FAILED, "the camera sent 32 x 24 pixels where 64 x 48 are set")


def test_at_its_own_rate_every_frame_is_a_part_or_only_the_latest(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger={"mode": "off"}).running(base=5)
    assert rig.camera.free_running
    assert not rig.camera.counts_triggers
    assert rig.told(3) == [(6, Reason.NONE), (7, Reason.NONE), (8, Reason.NONE)]
    rig.camera.close()
    rig = rig_of(rigs, trigger={"mode": "off"}, delivery="latest").running()
    assert rig.told(2) == [(1, Reason.NONE), (2, Reason.NONE)]


def test_an_unplugged_camera_is_lost_and_comes_back(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger=SIGNALS).running()
    rig.set("FirePnPCallbackValue", 1)
    with pytest.raises(CameraError, match=r"camera cam0 was lost: the camera was unplugged or lost its power"):
        for _ in range(100):
            rig.camera.grab(0.05)
    rig.camera.close()
    rig.running(base=30)
    rig.signal()
    assert rig.told(1) == [(31, Reason.NONE)]


def test_a_part_whose_camera_was_unplugged_before_its_trigger_is_missed_first(rigs: list[Rig]) -> None:
    rig = rig_of(rigs, trigger=SOFTWARE).running()
    assert rig.told(1) == [(1, Reason.NONE)]
    rig.set("FirePnPCallbackValue", 1)
    grab = rig.grab()
    assert (grab.trigger_count, grab.reason) == (2, Reason.GRAB_FAILED)
    with pytest.raises(CameraError, match="unplugged"):
        rig.camera.grab(0.0)


def test_the_pipeline_opens_an_unplugged_camera_again_and_counts_on(rigs: list[Rig]) -> None:
    rig, link, events = rig_of(rigs, trigger=SOFTWARE | {"rate": 20.0}), ScriptedLink(), Heard()
    pipeline = Pipeline((rig.camera,), link, events.add, CLOCK, 8)
    pipeline.start(lambda: Judge(GatedEngine(), RECIPE, "r:1"))
    try:
        events.wait(lambda items: any(isinstance(i, EngineReady) for i in items), "the engine")
        events.wait(lambda items: any(isinstance(i, CameraOpen) for i in items), "the camera")
        pipeline.arm(naming(window_ns=20_000_000_000), RULES, 0)
        link.wait(2)
        rig.set("FirePnPCallbackValue", 1)
        events.wait(lambda items: sum(isinstance(i, CameraOpen) for i in items) == 2, "the camera again")
        before = pipeline.last_count or 0
        link.wait(before + 2)
    finally:
        assert pipeline.stop(10.0) == []
    found = link.wait(before + 2)
    assert [count for count, _, _ in found] == list(range(1, len(found) + 1))
    assert {reason for _, reason, _ in found[before : before + 2]} == {"none"}
