"""The GenICam driver: the virtual camera of a real GenTL producer, and a node map with every feature that SFNC names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.camera import sfnc
from edge_inspector.camera.base import Camera
from edge_inspector.camera.nodes import Features
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import GenicamCamera

genicam = pytest.importorskip("edge_inspector.camera.genicam", reason="harvesters is not installed (extra genicam)")
genapi = pytest.importorskip("genicam.genapi")

PRODUCER = Path(genapi.__file__).with_name("viky.cti")

INTEGERS = ("TriggerDivider", "EncoderDivider", "Width", "Height", "OffsetX", "OffsetY")
TRANSPORT = ("GevSCPSPacketSize", "GevSCPD", "GevHeartbeatTimeout")
FLOATS = ("ExposureTime", "Gain", "TriggerDelay", "LineDebouncerTime", "SensorReadoutTime")
BOOLEANS = ("LineInverter", "ChunkModeActive", "ChunkEnable")
COMMANDS = ("CounterReset", "UserSetLoad", "TriggerSoftware")
CHOICES = {
    "PixelFormat": ("Mono8", "Mono12"),
    "TriggerSelector": ("AcquisitionStart", "FrameStart"),
    "TriggerMode": ("Off", "On"),
    "TriggerSource": ("Line1", "Line2", "Software", "Encoder0"),
    "TriggerActivation": ("RisingEdge", "FallingEdge"),
    "LineSelector": ("Line1", "Line2", "Line3"),
    "LineMode": ("Input", "Output"),
    "LineSource": ("Off", "ExposureActive"),
    "EncoderSelector": ("Encoder0", "Encoder1"),
    "EncoderSourceA": ("Off", "Line1", "Line3"),
    "EncoderSourceB": ("Off", "Line2"),
    "EncoderMode": ("FourPhase", "HighResolution"),
    "EncoderOutputMode": ("Off", "PositionUp"),
    "CounterSelector": ("Counter0", "Counter1"),
    "CounterEventSource": ("Off", "Line1"),
    "CounterEventActivation": ("RisingEdge", "FallingEdge"),
    "ChunkSelector": ("Timestamp", "CounterValue", "EncoderValue"),
    "ChunkCounterSelector": ("Counter0", "Counter1"),
    "ChunkEncoderSelector": ("Encoder0", "Encoder1"),
    "EventSelector": ("ExposureEnd", "FrameTriggerMissed"),
    "EventNotification": ("Off", "On"),
    "UserSetSelector": ("Default", "UserSet1"),
    "ExposureAuto": ("Off", "Continuous"),
}


def _integer(name: str) -> str:
    return f'<Integer Name="{name}"><Value>0</Value><Max>65535</Max></Integer>'


def _float(name: str) -> str:
    return f'<Float Name="{name}"><Value>0</Value></Float>'


def _boolean(name: str) -> str:
    return f'<Boolean Name="{name}"><pValue>{name}_</pValue></Boolean>{_integer(name + "_")}'


def _command(name: str) -> str:
    """Done at once, because what it writes to cannot be read; ``NAME_done`` shows it."""
    port = f'<Integer Name="{name}_"><ImposedAccessMode>WO</ImposedAccessMode><pValue>{name}_done</pValue></Integer>'
    return f'<Command Name="{name}"><pValue>{name}_</pValue><CommandValue>1</CommandValue></Command>{port}{_integer(name + "_done")}'


def _choice(name: str) -> str:
    listed = "".join(f'<EnumEntry Name="{entry}"><Value>{value}</Value></EnumEntry>' for value, entry in enumerate(CHOICES[name]))
    return f'<Enumeration Name="{name}">{listed}<Value>0</Value></Enumeration>'


KINDS: tuple[tuple[Iterable[str], Callable[[str], str]], ...] = (
    (INTEGERS, _integer),
    (TRANSPORT, _integer),
    (FLOATS, _float),
    (BOOLEANS, _boolean),
    (COMMANDS, _command),
    (CHOICES, _choice),
)


def description(without: tuple[str, ...] = ()) -> str:
    """A camera description in GenApi's own language, whose features keep what is written to them."""
    nodes = "".join(make(name) for names, make in KINDS for name in names if name not in without)
    versions = 'SchemaMajorVersion="1" SchemaMinorVersion="1" SchemaSubMinorVersion="0"'
    versions += ' MajorVersion="1" MinorVersion="0" SubMinorVersion="0"'
    names = 'ModelName="Test" VendorName="Test" StandardNameSpace="None" ToolTip="" ProductGuid="1" VersionGuid="1"'
    space = 'xmlns="http://www.genicam.org/GenApi/Version_1_1"'
    return f'<?xml version="1.0" encoding="utf-8"?><RegisterDescription {names} {versions} {space}>{nodes}</RegisterDescription>'


def features(without: tuple[str, ...] = ()) -> Features:
    nodes = genapi.NodeMap()
    nodes.load_xml_from_string(description(without))
    return Features(genicam.GenapiNodes(nodes), "camera cam0 (Test 1)")


def settings(**more: object) -> GenicamCamera:
    return GenicamCamera.model_validate({"driver": "genicam", "producer": "p.cti", **more})


WRITTEN: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "hardware trigger": (
        {"trigger": {"source": "Line2", "activation": "FallingEdge", "delay_us": 20, "debounce_us": 5, "divider": 3}},
        {
            "TriggerSelector": "FrameStart", "TriggerMode": "On", "TriggerSource": "Line2", "TriggerActivation": "FallingEdge",
            "TriggerDelay": 20.0, "LineSelector": "Line2", "LineDebouncerTime": 5.0, "TriggerDivider": 3,
        },
    ),
    "encoder trigger": (
        {
            "trigger": {"mode": "encoder", "divider": 400},
            "encoder": {"source_a": "Line3", "source_b": "Line2", "mode": "HighResolution", "output": "PositionUp"},
        },
        {
            "TriggerSource": "Encoder0", "EncoderSelector": "Encoder0", "EncoderSourceA": "Line3", "EncoderSourceB": "Line2",
            "EncoderMode": "HighResolution", "EncoderOutputMode": "PositionUp", "EncoderDivider": 400, "TriggerDivider": 0,
        },
    ),
    "encoder beside a hardware trigger": (
        {"trigger": {"divider": 3, "debounce_us": 5}, "encoder": {"name": "Encoder1", "source_a": "Line3", "source_b": "Line2"}},
        {
            "TriggerSource": "Line1", "TriggerDivider": 3, "LineSelector": "Line1", "EncoderSelector": "Encoder1",
            "EncoderSourceA": "Line3", "EncoderDivider": 0, "ChunkEncoderSelector": "Encoder1",
        },
    ),
    "no trigger": ({"trigger": {"mode": "off"}}, {"TriggerMode": "Off"}),
    "software trigger": ({"trigger": {"mode": "software"}}, {"TriggerMode": "On", "TriggerSource": "Software"}),
    "trigger counter": (
        {"counter": {"name": "Counter1", "source": "Line1", "activation": "FallingEdge"}},
        {
            "CounterSelector": "Counter1", "CounterEventSource": "Line1", "CounterEventActivation": "FallingEdge",
            "ChunkCounterSelector": "Counter1",
        },
    ),
    "chunks": ({}, {"ChunkModeActive": True, "ChunkEnable": True}),
    "no chunks": ({"chunks": False}, {"ChunkModeActive": False}),
    "strobe": (
        {"strobe": {"line": "Line3", "source": "ExposureActive", "inverted": True}},
        {"LineSelector": "Line3", "LineMode": "Output", "LineSource": "ExposureActive", "LineInverter": True},
    ),
    "transport": ({"gige": {"packet_size": 8192, "packet_delay": 900}}, {"GevSCPSPacketSize": 8192, "GevSCPD": 900}),
    "window": (
        {"width": 640, "height": 480, "offset_x": 16, "offset_y": 8, "pixel_format": "Mono12"},
        {"Width": 640, "Height": 480, "OffsetX": 16, "OffsetY": 8, "PixelFormat": "Mono12"},
    ),
    "further nodes": ({"nodes": {"LineInverter": True, "ExposureTime": 33}}, {"LineInverter": True, "ExposureTime": 33.0}),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_each_key_is_written_to_the_feature_that_sfnc_names(case: str) -> None:
    given, expected = WRITTEN[case]
    camera = features()
    sfnc.configure(camera, settings(**given))
    found = {name: camera.text(name) if isinstance(value, str) else camera.number(name) for name, value in expected.items()}
    assert found == expected


def test_the_counter_is_set_to_zero_and_the_event_switched_on() -> None:
    camera = features()
    sfnc.reset_counter(camera, settings(counter={}))
    assert camera.number("CounterReset_done") == 1
    assert sfnc.missed_event(camera, settings()) == "FrameTriggerMissed"
    assert (camera.text("EventSelector"), camera.text("EventNotification")) == ("FrameTriggerMissed", "On")
    assert sfnc.missed_event(camera, settings(trigger={"mode": "software"})) is None


@pytest.mark.parametrize(
    ("without", "given", "message"),
    [
        ("TriggerMode", {}, r"camera cam0 \(Test 1\) has no feature TriggerMode: it cannot be triggered; set trigger.mode = 'off'"),
        (
            "EncoderDivider",
            {"trigger": {"mode": "encoder", "divider": 4}, "encoder": {}},
            "has no feature EncoderDivider, which trigger.divider",
        ),
        ("ChunkSelector", {"counter": {}}, "has no chunk CounterValue, which counter asks for"),
        (
            "ChunkSelector",
            {"encoder": {"source_a": "Line3", "source_b": "Line2"}},
            "has no chunk EncoderValue, which encoder asks for; leave encoder out",
        ),
        ("LineSource", {"strobe": {}}, "has no feature LineSource, which strobe.source = 'ExposureActive' asks for"),
    ],
)
def test_what_is_asked_for_and_missing_is_an_error(without: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(CameraError, match=message):
        sfnc.configure(features((without,)), settings(**given))


@pytest.mark.parametrize("without", ["GevSCPSPacketSize", "ChunkModeActive", "ChunkSelector", "EventSelector", "OffsetX"])
def test_what_only_adds_may_be_missing(without: str) -> None:
    camera = features((without,))
    sfnc.configure(camera, settings(gige={"packet_size": 8192}))
    sfnc.missed_event(camera, settings())
    assert camera.text("TriggerMode") == "On"


def test_the_heartbeat_is_set_in_the_features_own_unit() -> None:
    camera = features()
    sfnc.heartbeat(camera, settings(gige={"heartbeat_ms": 2500}))
    assert camera.number("GevHeartbeatTimeout") == 2500


@pytest.fixture
def virtual() -> Iterator[Camera]:
    """The producer's virtual camera."""
    if not PRODUCER.is_file():
        pytest.skip("no GenTL producer here: this genicam package brings none")
    given = {"serial": "2", "producer": PRODUCER, "width": 200, "height": 100, "pixel_format": "Mono8", "trigger": {"mode": "off"}}
    camera = open_camera(settings(**given))
    yield camera
    camera.close()


def test_the_virtual_camera_sends_what_was_set(virtual: Camera) -> None:
    virtual.open()
    virtual.arm(0)
    grabs = [virtual.grab(5.0) for _ in range(3)]
    assert [(g.trigger_count, g.image.shape) for g in grabs if g is not None and g.image is not None] == [
        (n, (100, 200, 1)) for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"serial": "99"}, r"serial 99 is not there; viky.cti sees: Viky \(serial 0\)"),
        ({"model": "Viky"}, "model Viky is not the only one: 3 fit; give serial"),
        ({"serial": "1", "width": 4000}, r"Width cannot be set to 4000 \(width\)"),
        ({"serial": "1", "trigger": {"mode": "software"}}, r"\(Viky 1\) has no feature TriggerMode"),
    ],
)
def test_the_virtual_cameras_errors_name_what_is_wrong(virtual: Camera, given: dict[str, object], message: str) -> None:
    del virtual
    with pytest.raises(CameraError, match=message):
        open_camera(settings(**{"producer": PRODUCER, "trigger": {"mode": "off"}, **given})).open()


def test_a_file_that_is_no_producer_says_so(tmp_path: Path, expected_warnings: list[str]) -> None:
    path = tmp_path / "no.cti"
    path.write_text("not a library")
    expected_warnings.append(str(path))
    with pytest.raises(CameraError, match=r"camera cam0 cannot be opened: .*no.cti"):
        open_camera(settings(producer=path)).open()
