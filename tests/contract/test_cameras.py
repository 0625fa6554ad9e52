"""One suite for every camera: folder and simulated, pacing themselves and driven by a belt's real socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError, CameraExhausted
from edge_inspector.records import Reason
from edge_inspector.settings.station import CameraSettings, FolderCamera, SimulatedCamera
from tests.unit.camera.belts import TestBelt

PARTS = 6
RATE = 250.0


@dataclass
class Bench:
    """A camera under test and what triggers it."""

    settings: CameraSettings
    belt: TestBelt | None

    def camera(self) -> Camera:
        return open_camera(self.settings)

    def ready(self, base: int = 0) -> Camera:
        """Opened and armed, the belt connected."""
        camera = self.camera()
        camera.open()
        if self.belt is not None:
            self.belt.wait_for_camera()
        camera.arm(base)
        return camera

    def bring(self, first: int, count: int) -> None:
        """Let ``count`` parts cross the trigger, from trigger count ``first``; a camera that paces itself brings its own."""
        for n in range(first, first + count):
            if self.belt is not None:
                self.belt.trigger(n, time.monotonic_ns(), part=n - 1)

    def slow(self) -> Bench:
        """The same where no part comes for long."""
        return Bench(self.settings.model_copy(update={"rate": 0.01}), self.belt)


def _folder(root: Path, trigger: str | None) -> FolderCamera:
    rng = np.random.default_rng(1)
    for n in range(PARTS):
        cv2.imwrite(str(root / f"{n}.png"), rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    return FolderCamera(driver="folder", path=root, rate=RATE, trigger=trigger)


def _simulated(root: Path, trigger: str | None) -> SimulatedCamera:
    del root
    return SimulatedCamera(driver="simulated", size=64, rate=RATE, parts=PARTS, trigger=trigger)


MAKERS: dict[str, Callable[[Path, str | None], CameraSettings]] = {"folder": _folder, "simulated": _simulated}
SHAPES = {"folder": (48, 64, 3), "simulated": (64, 64, 3)}


@pytest.fixture(params=[(m, b) for m in MAKERS for b in ("own pace", "belt")], ids=lambda p: f"{p[0]}, {p[1]}")
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    maker, pace = request.param
    with ExitStack() as stack:
        belt = stack.enter_context(TestBelt()) if pace == "belt" else None
        yield Bench(MAKERS[maker](tmp_path, None if belt is None else belt.endpoint), belt)


def take(camera: Camera, count: int) -> list[Grab]:
    grabs = [camera.grab(5.0) for _ in range(count)]
    assert all(g is not None for g in grabs)
    return [g for g in grabs if g is not None]


def test_every_trigger_brings_one_picture_in_order(bench: Bench) -> None:
    camera = bench.ready()
    before = time.monotonic_ns()
    bench.bring(1, PARTS)
    grabs = take(camera, PARTS)
    camera.close()
    after = time.monotonic_ns()
    assert [g.trigger_count for g in grabs] == list(range(1, PARTS + 1))
    for grab in grabs:
        assert grab.image is not None
        assert grab.image.dtype == np.uint8
        assert grab.image.shape == SHAPES[bench.settings.driver]
        assert grab.reason is Reason.NONE
        assert before <= grab.triggered_ns <= grab.received_ns <= after
        assert grab.captured_utc.tzinfo is not None
    assert len({g.image.tobytes() for g in grabs if g.image is not None}) == PARTS


def test_counts_go_on_from_the_base(bench: Bench) -> None:
    camera = bench.ready(base=1000)
    bench.bring(1001, 3)
    grabs = take(camera, 3)
    camera.close()
    assert [g.trigger_count for g in grabs] == [1001, 1002, 1003]


def test_triggers_from_before_the_arming_bring_no_picture(bench: Bench) -> None:
    camera = bench.ready()
    bench.bring(1, 500)
    camera.arm(500)
    bench.bring(501, 2)
    grabs = take(camera, 2)
    camera.close()
    assert [g.trigger_count for g in grabs] == [501, 502]


def test_no_part_in_time_is_none_and_not_an_error(bench: Bench) -> None:
    camera = bench.slow().ready()
    begin = time.monotonic()
    assert camera.grab(0.03) is None
    assert camera.grab(0.0) is None
    assert time.monotonic() - begin < 2.0
    camera.close()


def test_the_end_is_an_end_only_where_the_camera_paces_itself(bench: Bench) -> None:
    camera = bench.ready()
    bench.bring(1, PARTS + 2)
    take(camera, PARTS)
    if camera.free_running:
        with pytest.raises(CameraExhausted, match=f"all {PARTS} pictures"):
            camera.grab(1.0)
    else:
        assert [g.trigger_count for g in take(camera, 2)] == [PARTS + 1, PARTS + 2]
    camera.close()


def test_the_same_camera_again_shows_the_same_pictures(bench: Bench) -> None:
    rounds = []
    for _ in range(2):
        camera = bench.ready()
        bench.bring(1, PARTS)
        rounds.append([g.image.tobytes() for g in take(camera, PARTS) if g.image is not None])
        camera.close()
        if bench.belt is not None:
            bench.belt.wait_for_camera()  # its leaving
    assert rounds[0] == rounds[1]


def test_one_camera_opens_again_after_closing(bench: Bench) -> None:
    camera = bench.ready()
    bench.bring(1, 2)
    first = take(camera, 2)
    camera.close()
    camera.close()
    if bench.belt is not None:
        bench.belt.wait_for_camera()
    camera.open()
    if bench.belt is not None:
        bench.belt.wait_for_camera()
    camera.arm(0)
    bench.bring(1, 2)
    again = take(camera, 2)
    camera.close()
    assert [g.image.tobytes() for g in first if g.image is not None] == [g.image.tobytes() for g in again if g.image is not None]


def test_use_before_opening_or_after_closing_says_so(bench: Bench) -> None:
    camera = bench.camera()
    with pytest.raises(CameraError, match="not open"):
        camera.grab(0.0)
    with pytest.raises(CameraError, match="not open"):
        camera.arm(0)
    camera.close()


def test_a_thread_of_its_own_opens_grabs_and_closes(bench: Bench) -> None:
    armed = threading.Event()

    def work() -> list[int]:
        camera = bench.camera()
        camera.open()
        camera.arm(0)
        armed.set()
        try:
            return [g.trigger_count for g in take(camera, PARTS)]
        finally:
            camera.close()

    with ThreadPoolExecutor(1, thread_name_prefix="camera") as pool:
        counts = pool.submit(work)
        assert armed.wait(10.0)
        if bench.belt is not None:
            bench.belt.wait_for_camera()
        bench.bring(1, PARTS)
        assert counts.result(timeout=30.0) == list(range(1, PARTS + 1))


@pytest.mark.parametrize("maker", MAKERS)
def test_the_belt_says_which_part_lies_there(maker: str, tmp_path: Path) -> None:
    with TestBelt() as belt:
        bench = Bench(MAKERS[maker](tmp_path, belt.endpoint), belt)
        camera = bench.ready()
        for count, part in enumerate((4, 0, 4, 4 + PARTS), start=1):
            belt.trigger(count, time.monotonic_ns(), part=part)
        pictures = [g.image for g in take(camera, 4)]
        camera.close()
    fourth, first, fourth_again, later = (p.tobytes() for p in pictures if p is not None)
    assert fourth == fourth_again != first
    assert (later == fourth) == (maker == "folder")  # a folder begins again; a simulated line goes on
