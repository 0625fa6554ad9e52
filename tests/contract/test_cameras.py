"""One suite for every camera, pacing itself and driven by a belt's real socket: folder, simulated, video file, Basler's emulator, and
the virtual camera behind the GenTL producer that comes with the genicam package.
"""

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
from numpy.typing import NDArray

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError, CameraExhausted
from edge_inspector.records import Reason
from edge_inspector.settings.cameras import BaslerCamera, CameraSettings, FolderCamera, GenicamCamera, OpencvCamera, SimulatedCamera
from edge_inspector.settings.genicam_cameras import TriggerSettings
from tests.unit.camera.belts import TestBelt

PARTS = 6
RATE = 250.0


@dataclass(frozen=True)
class Kind:
    """How one driver's camera is made for the suite, and what can be asked of it."""

    make: Callable[[Path, str | None], CameraSettings]
    shape: tuple[int, int, int]
    paces: tuple[str, ...] = ("own pace", "belt")
    numbered: bool = True  # shows picture n to the belt's part n, and comes to an end where it paces itself
    replays: bool = True  # shows the same pictures again after a new beginning


@dataclass
class Bench:
    """A camera under test and what triggers it."""

    kind: Kind
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
        if isinstance(self.settings, GenicamCamera):
            pytest.skip("the virtual camera behind the producer has no rate below one frame a second, and sends the first at once")
        if isinstance(self.settings, BaslerCamera):
            trigger = self.settings.trigger.model_copy(update={"rate": 0.01})
            return Bench(self.kind, self.settings.model_copy(update={"trigger": trigger}), self.belt)
        return Bench(self.kind, self.settings.model_copy(update={"rate": 0.01}), self.belt)


def _pictures() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(PARTS)]


def _folder(root: Path, trigger: str | None) -> FolderCamera:
    for n, picture in enumerate(_pictures()):
        cv2.imwrite(str(root / f"{n}.png"), picture)
    return FolderCamera(driver="folder", path=root, rate=RATE, trigger=trigger)


def _simulated(root: Path, trigger: str | None) -> SimulatedCamera:
    del root
    return SimulatedCamera(driver="simulated", size=64, rate=RATE, parts=PARTS, trigger=trigger)


def _video(root: Path, trigger: str | None) -> OpencvCamera:
    path = root / "parts.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for picture in _pictures():
        writer.write(picture)
    writer.release()
    return OpencvCamera(driver="opencv", path=path, rate=RATE, trigger=trigger)


def _basler(root: Path, trigger: str | None) -> BaslerCamera:
    pytest.importorskip("pypylon", reason="pypylon is not installed (extra basler)")
    _folder(root, None)
    nodes: dict[str, bool | int | float | str] = {"TestImageSelector": "Off", "ImageFilename": str(root), "ImageFileMode": "On"}
    pace = TriggerSettings(mode="software", rate=RATE, belt=trigger, ready_timeout_ms=5000, late_ms=60_000.0)
    return BaslerCamera(
        driver="basler",
        serial="0815-0000",
        trigger=pace,
        pixel_format="BGR8Packed",
        width=64,
        height=48,
        nodes=nodes,
        frame_timeout_ms=5000,
    )


def _genicam(root: Path, trigger: str | None) -> GenicamCamera:
    del root, trigger
    package = pytest.importorskip("genicam", reason="harvesters is not installed (extra genicam)")
    producer = Path(package.__file__).with_name("viky.cti")
    if not producer.is_file():
        pytest.skip("no GenTL producer here: this genicam package brings none")
    return GenicamCamera(driver="genicam", producer=producer, serial="1", trigger=TriggerSettings(mode="off"), width=320)


KINDS = {
    "folder": Kind(_folder, (48, 64, 3)),
    "simulated": Kind(_simulated, (64, 64, 3)),
    "opencv": Kind(_video, (48, 64, 3)),
    "basler": Kind(_basler, (48, 64, 3), numbered=False),
    "genicam": Kind(_genicam, (400, 320, 3), paces=("own pace",), numbered=False, replays=False),
}


@pytest.fixture(params=[(name, pace) for name, kind in KINDS.items() for pace in kind.paces], ids=lambda p: f"{p[0]}, {p[1]}")
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    name, pace = request.param
    with ExitStack() as stack:
        belt = stack.enter_context(TestBelt()) if pace == "belt" else None
        yield Bench(KINDS[name], KINDS[name].make(tmp_path, None if belt is None else belt.endpoint), belt)


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
        assert grab.image.shape == bench.kind.shape
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
    assert time.monotonic() - begin < 10.0
    camera.close()


def test_the_end_is_an_end_only_where_a_replay_paces_itself(bench: Bench) -> None:
    camera = bench.ready()
    bench.bring(1, PARTS + 2)
    take(camera, PARTS)
    if camera.free_running and bench.kind.numbered:
        with pytest.raises(CameraExhausted, match=f"all {PARTS} pictures"):
            camera.grab(1.0)
    else:
        assert [g.trigger_count for g in take(camera, 2)] == [PARTS + 1, PARTS + 2]
    camera.close()


def test_the_same_camera_again_shows_the_same_pictures(bench: Bench) -> None:
    if not bench.kind.replays:
        pytest.skip("a live picture never comes again")
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
    assert [g.trigger_count for g in first] == [g.trigger_count for g in again] == [1, 2]
    if bench.kind.replays:
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


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.numbered])
def test_the_belt_says_which_part_lies_there(name: str, tmp_path: Path) -> None:
    with TestBelt() as belt:
        bench = Bench(KINDS[name], KINDS[name].make(tmp_path, belt.endpoint), belt)
        camera = bench.ready()
        for count, part in enumerate((4, 0, 4, 4 + PARTS), start=1):
            belt.trigger(count, time.monotonic_ns(), part=part)
        pictures = [g.image for g in take(camera, 4)]
        camera.close()
    fourth, first, fourth_again, later = (p.tobytes() for p in pictures if p is not None)
    assert fourth == fourth_again != first
    assert (later == fourth) == (name != "simulated")  # a folder or video begins again; a simulated line goes on
