"""A line process whose camera, engine, clock and disk fail when the plan says so; everything else is ``edge-inspector run``.

    python -m edge_inspector.rehearsal.faulty --config station.toml --faults FILE [--stub]

Faults are put in at the seams that the line has (``line.equipment``) and, for the disk, by the kernel itself: RLIMIT_FSIZE of 0 refuses
every write to a file, and fdatasync is made slow. ``--stub`` runs the stub engine, which says OK to seven parts of eight.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine as Database
from sqlalchemy import event

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.camera.registry import open_camera
from edge_inspector.engine.base import Engine, best_batch
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.stub import StubEngine
from edge_inspector.errors import CameraError, EngineError
from edge_inspector.line.equipment import Equipment
from edge_inspector.line.process import run_line
from edge_inspector.records import Image, Reason, ScoreMap
from edge_inspector.rehearsal.faults import Kind, Schedule, read_faults
from edge_inspector.service import SystemClock, setup_logging
from edge_inspector.settings.cameras import CameraSettings
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest
from edge_inspector.settings.recipe import CameraRules
from edge_inspector.store.database import open_database

STUB_SAYS = (0.0,) * 7 + (1.0,)
STEP = timedelta(hours=1)
SLOW_S = 0.25  # that a slow disk takes for each statement and each fdatasync
CLOCK_AND_DISK = (Kind.SLOW_DISK, Kind.FULL_DISK, Kind.CLOCK_STEP)


class FaultyCamera:
    """``camera`` unplugged, its grabs failed, its frames frozen, its triggers lost."""

    def __init__(self, camera: Camera, schedule: Schedule, reached: Callable[[], None]) -> None:
        self._camera = camera
        self._schedule = schedule
        self._reached = reached
        self._clock = SystemClock()
        self._absent_until = 0
        self._before: Image | None = None

    @property
    def name(self) -> str:
        """The camera's."""
        return self._camera.name

    @property
    def free_running(self) -> bool:
        """As the camera is."""
        return self._camera.free_running

    @property
    def counts_triggers(self) -> bool:
        """As the camera does."""
        return self._camera.counts_triggers

    def adjust(self, rules: CameraRules) -> None:
        """As the camera does."""
        self._camera.adjust(rules)

    def open(self) -> None:
        """Raises CameraError while it is unplugged."""
        if self._clock.monotonic_ns() < self._absent_until:
            raise CameraError(f"camera {self.name} is unplugged (a rehearsed fault)")
        self._camera.open()

    def arm(self, trigger_count: int) -> None:
        """As the camera does."""
        self._camera.arm(trigger_count)

    def grab(self, timeout_s: float) -> Grab | None:
        """The camera's next grab, spoilt where that is due. Raises CameraError where the camera is unplugged now."""
        grab = self._camera.grab(timeout_s)
        if grab is None:
            return None
        self._schedule.reach(grab.trigger_count)
        self._reached()
        unplugged = self._schedule.due(Kind.CAMERA_UNPLUG)
        if unplugged is not None:
            self._absent_until = self._clock.monotonic_ns() + int(unplugged.seconds * 1e9)
            raise CameraError(f"camera {self.name} was unplugged (a rehearsed fault)")
        return self._spoilt(grab)

    def _spoilt(self, grab: Grab) -> Grab | None:
        fault = self._schedule.due(Kind.FAILED_GRAB, Kind.COUNTER_GAP, Kind.FROZEN_FRAME)
        before, self._before = self._before, grab.image
        if fault is None:
            return grab
        if fault.kind is Kind.COUNTER_GAP:
            return None
        if fault.kind is Kind.FROZEN_FRAME and before is not None:
            return replace(grab, image=before)
        return replace(grab, image=None, reason=Reason.GRAB_FAILED, detail="a rehearsed fault")

    def close(self) -> None:
        """As the camera does."""
        self._camera.close()


class FaultyEngine:
    """``engine`` throwing, hanging, or answering nonsense."""

    def __init__(self, engine: Engine, schedule: Schedule) -> None:
        self._engine = engine
        self._schedule = schedule
        self._never = threading.Event()

    @property
    def backend(self) -> str:
        """The engine's."""
        return self._engine.backend

    @property
    def precision(self) -> str:
        """The engine's."""
        return self._engine.precision

    @property
    def manifest(self) -> Manifest:
        """The engine's."""
        return self._engine.manifest

    @property
    def form_key(self) -> FormKey:
        """The engine's."""
        return self._engine.form_key

    @property
    def form_sha256(self) -> str:
        """The engine's."""
        return self._engine.form_sha256

    @property
    def best_batch(self) -> int:
        """The engine's."""
        return best_batch(self._engine)

    def warm_up(self) -> None:
        """As the engine does."""
        self._engine.warm_up()

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """The engine's maps, spoilt where that is due. Raises EngineError where the engine fails now."""
        fault = self._schedule.due(Kind.ENGINE_EXCEPTION, Kind.ENGINE_STALL, Kind.NAN_SCORE)
        if fault is None:
            return self._engine.infer(images)
        if fault.kind is Kind.ENGINE_EXCEPTION:
            raise EngineError("the device is lost (a rehearsed fault)")
        if fault.kind is Kind.ENGINE_STALL:
            self._never.wait(fault.seconds)
            return self._engine.infer(images)
        return [ScoreMap(np.full_like(found.anomaly_map, math.nan), math.nan) for found in self._engine.infer(images)]

    def close(self) -> None:
        """As the engine does."""
        self._engine.close()


class SteppedClock(SystemClock):
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def utc(self) -> datetime:
        """The machine's, and the steps so far."""
        return super().utc() + self.offset


class Disturber(threading.Thread):
    """Steps the clock, and makes the disk slow or full for a while; one fault at a time."""

    def __init__(self, schedule: Schedule, clock: SteppedClock) -> None:
        super().__init__(name="disturber", daemon=True)
        self.reached = threading.Event()
        self.slow = threading.Event()
        self._schedule = schedule
        self._clock = clock
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End it, and with it the fault that lasts. Idempotent."""
        self._stopping.set()
        self.reached.set()
        self.join()

    def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            self.reached.wait()
            self.reached.clear()
            while (fault := self._schedule.due(*CLOCK_AND_DISK)) is not None:
                {Kind.CLOCK_STEP: self._step, Kind.SLOW_DISK: self._slow, Kind.FULL_DISK: self._full}[fault.kind](
                    fault.seconds, fault.number
                )

    def _step(self, _seconds: float, number: int) -> None:
        """An hour forward, then an hour back, in turn; it stays so."""
        self._clock.offset += STEP if number % 2 == 0 else -STEP

    def _slow(self, seconds: float, _number: int) -> None:
        self.slow.set()
        self._stopping.wait(seconds)
        self.slow.clear()

    def _full(self, seconds: float, _number: int) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            self._stopping.wait(seconds)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def drag(self, *_event: object) -> None:
        """Wait as a slow disk would."""
        if self.slow.is_set():
            self._stopping.wait(SLOW_S)


def faulty_equipment(schedule: Schedule, disturber: Disturber, clock: SteppedClock, stub: bool) -> Equipment:
    """The machine's equipment with the faults of ``schedule`` in between."""
    sync = os.fdatasync

    def slow_sync(descriptor: int) -> None:
        disturber.drag()
        sync(descriptor)

    def camera(settings: CameraSettings) -> Camera:
        return FaultyCamera(open_camera(settings), schedule, disturber.reached.set)

    def engine(bundle: Bundle, backend: str, threads: int, precision: str) -> Engine:
        return FaultyEngine(_stub(bundle) if stub else open_engine(bundle, backend, threads, precision), schedule)

    def database(url: str) -> Database:
        found = open_database(url)
        event.listen(found, "before_cursor_execute", disturber.drag)
        return found

    os.fdatasync = slow_sync  # type: ignore[assignment]  # narrower than the system's own, which takes what has a fileno
    return Equipment(clock, camera, engine, database)


_stub = partial(StubEngine, script=STUB_SAYS)


def main() -> None:
    """Run the line that the command line describes."""
    parser = argparse.ArgumentParser(prog="faulty", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--faults", type=Path, required=True)
    parser.add_argument("--stub", action="store_true")
    asked = parser.parse_args()
    setup_logging()
    schedule, clock = Schedule(read_faults(asked.faults)), SteppedClock()
    disturber = Disturber(schedule, clock)
    disturber.start()
    try:
        run_line(asked.config, equipment=faulty_equipment(schedule, disturber, clock, asked.stub))
    finally:
        disturber.stop()


if __name__ == "__main__":
    main()
