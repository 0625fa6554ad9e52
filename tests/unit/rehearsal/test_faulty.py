"""The seams through which faults reach a line: a camera and an engine that fail on cue."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge_inspector.camera.base import Grab
from edge_inspector.engine.stub import StubEngine, stub_bundle
from edge_inspector.errors import CameraError, EngineError
from edge_inspector.records import Image, Reason
from edge_inspector.rehearsal.faults import Fault, Kind, Schedule
from edge_inspector.rehearsal.faulty import Disturber, FaultyCamera, FaultyEngine, SteppedClock
from edge_inspector.settings.recipe import CameraRules

IMAGES = np.zeros((1, 64, 64, 3), np.uint8)


class Counting:
    """A camera whose pictures are their numbers."""

    name, free_running, counts_triggers = "cam0", False, False

    def __init__(self) -> None:
        self.count = 0
        self.opened = 0

    def open(self) -> None:
        self.opened += 1

    def adjust(self, rules: CameraRules) -> None:
        pass

    def arm(self, trigger_count: int) -> None:
        self.count = trigger_count

    def grab(self, timeout_s: float) -> Grab | None:
        self.count += 1
        image: Image = np.full((2, 2, 3), self.count, np.uint8)
        return Grab(self.count, 0, datetime.now(timezone.utc), 0, image)

    def close(self) -> None:
        pass


def camera(*faults: Fault) -> FaultyCamera:
    return FaultyCamera(Counting(), Schedule(faults), lambda: None)


def test_each_camera_fault_spoils_the_grab_it_is_due_at() -> None:
    kinds = (Kind.FAILED_GRAB, Kind.COUNTER_GAP, Kind.FROZEN_FRAME)
    faulty = camera(*(Fault(kind, at, 0.0, 0) for at, kind in enumerate(kinds, start=2)))
    grabs = [faulty.grab(0.0) for _ in range(5)]
    assert [grab and grab.trigger_count for grab in grabs] == [1, 2, None, 4, 5]
    assert grabs[1] is not None
    assert (grabs[1].image, grabs[1].reason) == (None, Reason.GRAB_FAILED)
    values = [None if grab is None or grab.image is None else int(grab.image[0, 0, 0]) for grab in grabs]
    assert values == [1, None, None, 3, 5]  # the fourth shows what the camera saw before


def test_an_unplugged_camera_cannot_be_opened_until_it_is_back() -> None:
    faulty = camera(Fault(Kind.CAMERA_UNPLUG, 1, 1.0, 0))
    with pytest.raises(CameraError, match="cam0 was unplugged"):
        faulty.grab(0.0)
    with pytest.raises(CameraError, match="cam0 is unplugged"):
        faulty.open()
    until = time.monotonic() + 30.0
    while True:
        try:
            faulty.open()
        except CameraError:
            assert time.monotonic() < until
        else:
            break
    grab = faulty.grab(0.0)
    assert grab is not None
    assert grab.trigger_count == 2


def test_each_engine_fault_happens_once() -> None:
    kinds = (Kind.ENGINE_EXCEPTION, Kind.ENGINE_STALL, Kind.NAN_SCORE)
    schedule = Schedule([Fault(kind, 1, 0.03, 0) for kind in kinds])
    engine = FaultyEngine(StubEngine(stub_bundle(), script=(0.25,)), schedule)
    assert engine.infer(IMAGES)[0].image_score == 0.25
    schedule.reach(1)
    with pytest.raises(EngineError, match="device is lost"):
        engine.infer(IMAGES)
    before = time.monotonic()
    assert engine.infer(IMAGES)[0].image_score == 0.25
    assert time.monotonic() - before >= 0.03
    spoilt = engine.infer(IMAGES)[0]
    assert math.isnan(spoilt.image_score)
    assert np.isnan(spoilt.anomaly_map).all()
    assert engine.infer(IMAGES)[0].image_score == 0.25


def test_the_disk_is_full_for_as_long_as_was_said(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    schedule = Schedule([Fault(Kind.FULL_DISK, 1, 1.0, 0)])
    disturber = Disturber(schedule, SteppedClock())
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    disturber.start()
    try:
        os.pwrite(file, b"fits", 0)
        schedule.reach(1)
        disturber.reached.set()
        assert eventually(lambda: not writable(file))
        assert eventually(lambda: writable(file))
    finally:
        disturber.stop()
        os.close(file)
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before


def test_the_wall_clock_goes_an_hour_forward_and_back_and_monotonic_time_does_not() -> None:
    schedule = Schedule([Fault(Kind.CLOCK_STEP, 1, 0.0, 0), Fault(Kind.CLOCK_STEP, 2, 0.0, 1)])
    clock = SteppedClock()
    disturber = Disturber(schedule, clock)
    disturber.start()
    try:
        for count, hours in ((1, 1.0), (2, 0.0)):
            schedule.reach(count)
            disturber.reached.set()
            assert eventually(partial(is_ahead, clock, 3600 * hours))
    finally:
        disturber.stop()
    assert abs(clock.monotonic_ns() - time.monotonic_ns()) < 1e9


def is_ahead(clock: SteppedClock, seconds: float) -> bool:
    return abs((clock.utc() - datetime.now(timezone.utc)).total_seconds() - seconds) < 5.0


def writable(file: int) -> bool:
    try:
        os.pwrite(file, b"again", 0)
    except OSError:
        return False
    return True


def eventually(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
    return False
