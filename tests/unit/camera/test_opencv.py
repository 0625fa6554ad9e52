"""Live sources through OpenCV against a real MJPEG stream, and video files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError
from edge_inspector.records import Reason
from edge_inspector.settings.cameras import OpencvCamera
from tests.unit.camera.belts import TestBelt
from tests.unit.camera.mjpeg import MjpegServer


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer() as server:
        yield server


@pytest.fixture
def cameras() -> Iterator[list[Camera]]:
    """Cameras to close at the end."""
    made: list[Camera] = []
    yield made
    for camera in made:
        camera.close()


def live(cameras: list[Camera], server: MjpegServer, **more: object) -> Camera:
    given = {"driver": "opencv", "url": server.url, "open_timeout_ms": 20_000, "read_timeout_ms": 2000, **more}
    cameras.append(open_camera(OpencvCamera.model_validate(given)))
    return cameras[-1]


def grab(camera: Camera) -> Grab:
    for _ in range(200):
        found = camera.grab(0.1)
        if found is not None:
            return found
    raise AssertionError("no grab within 20 s")


def test_every_frame_of_a_stream_is_a_part(cameras: list[Camera], server: MjpegServer) -> None:
    camera = live(cameras, server)
    camera.open()
    camera.arm(40)
    grabs = [grab(camera) for _ in range(4)]
    assert [g.trigger_count for g in grabs] == [41, 42, 43, 44]
    image = grabs[0].image
    assert image is not None
    assert image.shape == (48, 64, 3)
    assert image[24, 32, 0] > 200 > image[24, 32, 2], "red first"


def test_frames_that_nobody_fetches_are_skipped_in_the_count(cameras: list[Camera], server: MjpegServer) -> None:
    camera = live(cameras, server, buffers=2)
    camera.open()
    camera.arm(0)
    until = server.sent + 12
    while server.sent < until:
        threading.Event().wait(0.02)
    first = grab(camera)
    assert first.trigger_count > 2, "the pipeline makes the parts before it missed: a counter gap"
    assert grab(camera).trigger_count == first.trigger_count + 1


def test_a_belts_trigger_gets_the_first_frame_after_it(cameras: list[Camera], server: MjpegServer) -> None:
    with TestBelt() as belt:
        camera = live(cameras, server, trigger=belt.endpoint, late_ms=10_000)
        assert not camera.free_running
        camera.open()
        belt.wait_for_camera()
        camera.arm(0)
        for count in (1, 2):
            at = time.monotonic_ns()
            belt.trigger(count, at, encoder=count * 600)
            found = grab(camera)
            assert found.encoder_counts == count * 600
            assert (found.trigger_count, found.triggered_ns, found.reason) == (count, at, Reason.NONE)
            assert found.received_ns >= at
        camera.close()
        belt.wait_for_camera()


def test_a_source_that_ends_is_lost_and_comes_back(cameras: list[Camera], server: MjpegServer) -> None:
    camera = live(cameras, server)
    camera.open()
    camera.arm(0)
    grab(camera)
    server.cut.set()
    with pytest.raises(CameraError, match=f"{server.url}.*: the source sends no more frames"):
        for _ in range(200):
            camera.grab(0.1)
    camera.close()
    camera.open()
    camera.arm(9)
    assert grab(camera).trigger_count == 10


def test_a_source_that_falls_silent_is_lost_in_time(cameras: list[Camera], server: MjpegServer) -> None:
    camera = live(cameras, server, read_timeout_ms=300)
    camera.open()
    camera.arm(0)
    server.pause.set()
    begin = time.monotonic()
    with pytest.raises(CameraError, match=r"no frame for \d+ ms; check the source|no more frames"):
        for _ in range(200):
            camera.grab(0.05)
    assert time.monotonic() - begin < 5.0


def test_a_part_without_a_frame_is_missed_and_then_the_source_is_lost(cameras: list[Camera], server: MjpegServer) -> None:
    with TestBelt() as belt:
        camera = live(cameras, server, trigger=belt.endpoint, read_timeout_ms=200, latency_ms=100)
        camera.open()
        belt.wait_for_camera()
        camera.arm(0)
        server.pause.set()
        belt.trigger(1, time.monotonic_ns())
        found = grab(camera)
        assert (found.trigger_count, found.reason, found.image) == (1, Reason.GRAB_FAILED, None)
        with pytest.raises(CameraError, match=r"no frame for|no more frames"):
            for _ in range(100):
                camera.grab(0.05)
        camera.close()
        belt.wait_for_camera()


def test_a_part_that_has_moved_on_does_not_get_the_frame_that_came_instead(cameras: list[Camera], server: MjpegServer) -> None:
    with TestBelt() as belt:
        camera = live(cameras, server, trigger=belt.endpoint, late_ms=2000)
        camera.open()
        belt.wait_for_camera()
        camera.arm(0)
        until = server.sent + 6
        while server.sent < until:  # frames wait, and all of them show later parts
            threading.Event().wait(0.02)
        now = time.monotonic_ns()
        belt.trigger(1, now - 5_000_000_000)
        belt.trigger(2, now)
        late, found = grab(camera), grab(camera)
        assert (late.trigger_count, late.reason, late.image) == (1, Reason.GRAB_FAILED, None)
        assert late.detail == "no frame came from 0 to 2000 ms after its trigger (latency_ms, late_ms)"
        assert (found.trigger_count, found.reason) == (2, Reason.NONE)
        assert now <= found.received_ns <= now + 2_000_000_000
        camera.close()
        belt.wait_for_camera()


def test_opening_a_source_that_says_nothing_ends_in_time(cameras: list[Camera], server: MjpegServer) -> None:
    server.hang = True
    camera = live(cameras, server, open_timeout_ms=400)
    begin = time.monotonic()
    with pytest.raises(CameraError, match=r"no frame within 0.4 s|cannot be opened"):
        camera.open()
    assert time.monotonic() - begin < 5.0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"url": "http://127.0.0.1:9/none"}, "cannot be opened; check address, cable and permissions"),
        ({"device": 63}, r"camera cam0 \(USB camera 63\): cannot be opened"),
    ],
)
def test_a_source_that_is_not_there_says_so(more: dict[str, object], message: str) -> None:
    camera = open_camera(OpencvCamera.model_validate({"driver": "opencv", "open_timeout_ms": 10_000, **more}))
    with pytest.raises(CameraError, match=message):
        camera.open()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no.avi is not a file; set the camera's path"), (b"no video at all", "no.avi holds no video that OpenCV can read")],
)
def test_a_file_that_is_no_video_says_so(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "no.avi"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CameraError, match=message):
        open_camera(OpencvCamera(driver="opencv", path=path)).open()


def test_the_shown_frames_are_images_of_their_own(cameras: list[Camera], server: MjpegServer) -> None:
    camera = live(cameras, server)
    camera.open()
    camera.arm(0)
    first, second = grab(camera).image, grab(camera).image
    assert first is not None
    assert second is not None
    assert not np.shares_memory(first, second)
