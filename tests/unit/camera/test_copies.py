"""How often a frame is copied between driver and engine, counted in bytes: the table of docs/cameras.md, at 20 megapixels."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_inspector.camera.base import Grab
from edge_inspector.camera.registry import open_camera
from edge_inspector.geometry import on_canvas
from edge_inspector.prepare import FrameCheck
from edge_inspector.records import Image
from edge_inspector.settings.cameras import BaslerCamera, CameraSettings, FolderCamera, GenicamCamera, OpencvCamera
from edge_inspector.settings.manifest import InputForm
from edge_inspector.settings.recipe import ImageRules

WIDTH, HEIGHT = 5472, 3648
SLACK = 0.02  # of the image: what Python and the drivers allocate beside pixels


def peak_bytes(work: Callable[[], Any]) -> tuple[Any, int]:
    """The result, and the most memory that was in use at once beyond what was before: numpy and OpenCV's arrays report theirs."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = work()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def first_grab(settings: CameraSettings) -> tuple[Image, float]:
    """A grabbed image and how many times its bytes the grab took."""
    with closing(open_camera(settings)) as camera:
        camera.open()
        camera.arm(0)
        assert grab_of(camera.grab).image is not None  # tables and buffers are made
        grab, peak = peak_bytes(lambda: grab_of(camera.grab))
    assert grab.image is not None, grab.detail
    return grab.image, peak / grab.image.nbytes


def grab_of(grab: Callable[[float], Grab | None]) -> Grab:
    found = next((g for g in (grab(1.0) for _ in range(30)) if g is not None), None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pixel_format", "channels", "copies"),
    [("Mono8", 1, 1.0), ("Mono12", 1, 1.0), ("BGR8Packed", 3, 1.0), ("BayerRG8", 3, 1.0), ("BayerRG12", 3, 1.0 + 1 / 3)],
)
def test_basler(pixel_format: str, channels: int, copies: float) -> None:
    pytest.importorskip("pypylon", reason="pypylon is not installed (extra basler)")
    window: dict[str, bool | int | float | str] = {"WidthMax": WIDTH, "HeightMax": HEIGHT, "Width": WIDTH, "Height": HEIGHT}
    given = {
        "driver": "basler",
        "serial": "0815-0000",
        "pixel_format": pixel_format,
        "buffers": 3,
        "trigger": {"mode": "off"},
        "nodes": window,
    }
    image, found = first_grab(BaslerCamera.model_validate(given))
    assert image.shape == (HEIGHT, WIDTH, channels)
    assert copies <= found < copies + SLACK


@pytest.mark.parametrize(("pixel_format", "channels"), [("Mono8", 1), ("RGBa8", 3)])
def test_genicam(pixel_format: str, channels: int) -> None:
    package = pytest.importorskip("genicam", reason="harvesters is not installed (extra genicam)")
    producer = Path(package.__file__).with_name("viky.cti")
    if not producer.is_file():
        pytest.skip("no GenTL producer here: this genicam package brings none")
    given = {
        "driver": "genicam",
        "producer": producer,
        "serial": "0",
        "pixel_format": pixel_format,
        "width": 800,
        "trigger": {"mode": "off"},
    }
    image, found = first_grab(GenicamCamera.model_validate(given))
    assert image.shape == (400, 800, channels), "the virtual camera has no more pixels"
    assert 1.0 <= found < 1.0 + SLACK


def test_video(tmp_path: Path) -> None:
    path = tmp_path / "large.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (WIDTH, HEIGHT))
    for grey in (60, 90):
        writer.write(np.full((HEIGHT, WIDTH, 3), grey, np.uint8))
    writer.release()
    image, found = first_grab(OpencvCamera(driver="opencv", path=path, repeat=True))
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert 2.0 <= found < 2.0 + SLACK


@pytest.mark.parametrize(("channels", "copies"), [(1, 1.0), (3, 2.0)])
def test_folder(tmp_path: Path, channels: int, copies: float) -> None:
    cv2.imwrite(str(tmp_path / "large.png"), np.full((HEIGHT, WIDTH, channels), 80, np.uint8))
    size = (tmp_path / "large.png").stat().st_size
    image, found = first_grab(FolderCamera(driver="folder", path=tmp_path, repeat=True))
    assert image.shape == (HEIGHT, WIDTH, channels)
    assert copies <= found < copies + size / image.nbytes + SLACK


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
def test_after_the_driver_nothing_of_the_frames_size_is_made(channels: int, fit: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, channels), dtype=np.uint8)
    form = InputForm.model_validate({"height": 256, "width": 256, "fit": fit})
    refused, peak = peak_bytes(lambda: FrameCheck(ImageRules()).refuse(image))
    assert refused is None
    assert peak < SLACK * image.nbytes
    canvas, peak = peak_bytes(lambda: on_canvas(image, form))
    assert canvas.shape == (256, 256, 3)
    assert peak < max(SLACK * image.nbytes, 3 * canvas.nbytes)
    assert not np.shares_memory(canvas, image)
