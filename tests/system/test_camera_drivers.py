"""A line on real drivers: Basler's emulator, and a GenTL producer's virtual camera, with a PLC beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_inspector.errors import SettingsError
from edge_inspector.gateway.sim import run_plc_sim
from edge_inspector.line.plan import make_plan
from tests.system.lines import LineProcess, part_images, write_station

PARTS = 12


def _basler(folder: Path) -> dict[str, Any]:
    pytest.importorskip("pypylon", reason="pypylon is not installed (extra basler)")
    nodes = {"TestImageSelector": "Off", "ImageFilename": str(part_images(folder / "parts", PARTS, 64)), "ImageFileMode": "On"}
    trigger = {"mode": "software", "rate": 10.0, "ready_timeout_ms": 5000}
    camera = {"driver": "basler", "serial": "0815-0000", "pixel_format": "BGR8Packed", "width": 64, "height": 64, "frame_timeout_ms": 5000}
    return {**camera, "trigger": trigger, "nodes": nodes}


def _genicam(folder: Path) -> dict[str, Any]:
    del folder
    package = pytest.importorskip("genicam", reason="harvesters is not installed (extra genicam)")
    producer = Path(package.__file__).with_name("viky.cti")
    if not producer.is_file():
        pytest.skip("no GenTL producer here: this genicam package brings none")
    return {"driver": "genicam", "producer": str(producer), "serial": "0", "trigger": {"mode": "off"}}


@pytest.mark.parametrize("make", [_basler, _genicam])
def test_every_part_of_a_real_driver_has_its_verdict(make: Any, tmp_path: Path) -> None:  # noqa: ANN401
    gate, image = {"reject_window_ms": 20_000.0}, {"saturated_above": 255.0}
    station = write_station(tmp_path, make(tmp_path), gate=gate, image=image)
    with LineProcess(station) as line:
        counts = run_plc_sim(station.endpoint("reject"), PARTS, timeout_s=60)
        assert line.stop() == 0, line.log_tail()
    found = {k: counts[k] for k in ("verdicts", "out_of_order", "missed")}
    assert found == {"verdicts": PARTS, "out_of_order": 0, "missed": 0}


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"driver": "basler", "delivery": "latest", "trigger": {"mode": "off"}}, "camera.cam0.delivery = 'latest': leaves frames out"),
        ({"driver": "genicam", "producer": "no.cti"}, "no.cti': no such file; name the .cti file"),
        ({"driver": "opencv", "path": "no.avi"}, "no.avi': no such file"),
        ({"driver": "opencv", "path": "no.avi", "device": 0}, "give one of device, url and path; given: device, path"),
        ({"driver": "basler", "trigger": {"mode": "hardware", "belt": "ipc://x"}}, "belt is for mode 'software'"),
        ({"driver": "basler", "delivery": "latest"}, "use 'one_by_one'"),
    ],
)
def test_check_config_refuses_what_cannot_run(tmp_path: Path, camera: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        make_plan(write_station(tmp_path, camera).config)
    assert message in str(refused.value)
