"""Cameras by name."""

from __future__ import annotations

import pytest

from edge_inspector.camera import registry
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import SimulatedCamera

SETTINGS = SimulatedCamera(driver="simulated", size=64, name="north")


def test_the_camera_bears_the_stations_name() -> None:
    camera = open_camera(SETTINGS)
    assert (camera.name, camera.free_running) == ("north", True)
    belt_driven = open_camera(SETTINGS.model_copy(update={"trigger": "tcp://127.0.0.1:5580"}))
    assert not belt_driven.free_running


def test_an_unknown_driver_is_named_with_the_known_ones() -> None:
    with pytest.raises(CameraError, match="no driver 'kodak'; there are: basler, folder, genicam, opencv, simulated"):
        open_camera(SETTINGS.model_copy(update={"driver": "kodak"}))


def test_a_driver_whose_package_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.DRIVERS, "simulated", ("edge_inspector.camera.no_such_driver", "basler"))
    with pytest.raises(CameraError, match=r'pip install "edge-inspector\[basler\]"'):
        open_camera(SETTINGS)


def test_an_unknown_product_is_an_error_at_opening() -> None:
    camera = open_camera(SETTINGS.model_copy(update={"product": "gear"}))
    with pytest.raises(CameraError, match="north: no simulated product 'gear'"):
        camera.open()
