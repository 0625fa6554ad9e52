"""What a GenICam camera makes of moments: parts that have moved on, and events and frames in every order, by a clock set by hand."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest

from edge_inspector.camera.base import Grab
from edge_inspector.camera.counting import FrameNumbers, Shot
from edge_inspector.camera.nodes import Features, Value
from edge_inspector.camera.streaming import StreamingCamera
from edge_inspector.pipeline.acquisition import Acquisition
from edge_inspector.pipeline.counts import Slip
from edge_inspector.prepare import FrameCheck
from edge_inspector.records import Reason
from edge_inspector.service import SystemClock
from edge_inspector.settings.cameras import BaslerCamera
from tests.unit.camera.belts import TestBelt
from tests.unit.pipeline.rig import RULES, naming

MS = 1_000_000
IMAGE = np.zeros((1, 1, 1), np.uint8)


class HandClock(SystemClock):
    """A second ago, and on by hand."""

    def __init__(self) -> None:
        self.begin_ns = self.now_ns = super().monotonic_ns() - 1000 * MS

    def monotonic_ns(self) -> int:
        return self.now_ns

    @property
    def ms(self) -> int:
        return (self.now_ns - self.begin_ns) // MS


class Wires:
    """A camera whose every answer and delay is written down beforehand; both node map and device."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.features = Features(self, "camera cam0 (Wires)")
        self.nodes: dict[str, Value] = {"TriggerMode": "Off", "TriggerSelector": "", "TriggerSource": "", "TriggerSoftware": ""}
        self.nodes |= {"EventSelector": "", "EventNotification": "Off"}
        self.command_ms: deque[int] = deque()
        self.shots: deque[Shot | None] = deque()  # None: nothing comes in time; where none are left each trigger has its frame
        self.events: list[int | None] = []
        self.exposed_ms: list[int] = []

    def has(self, name: str) -> bool:
        return name in self.nodes

    def read(self, name: str) -> Value:
        return self.nodes[name]

    def write(self, name: str, value: Value) -> None:
        self.nodes[name] = value

    def execute(self, name: str) -> None:
        assert name == "TriggerSoftware"
        self.clock.now_ns += (self.command_ms.popleft() if self.command_ms else 0) * MS
        self.exposed_ms.append(self.clock.ms)

    def open(self) -> None: ...

    def watch(self, event: str) -> None: ...

    def start(self) -> FrameNumbers:
        return FrameNumbers(None, wraps=False)

    def stop(self) -> None: ...

    def fetch(self, timeout_s: float) -> Shot | None:
        shot = self.shots.popleft() if self.shots else self._frame()
        if shot is None:
            self.clock.now_ns += int(timeout_s * 1e9)
        return shot

    def _frame(self) -> Shot | None:
        if self.nodes["TriggerSource"] != "Software":
            return None
        self.clock.now_ns += 5 * MS
        return Shot(None, self.clock.now_ns, IMAGE)

    def missed(self) -> list[int | None]:
        events, self.events = self.events, []
        return events

    def underruns(self) -> int:
        return 0

    def ready(self, timeout_s: float) -> bool:
        del timeout_s
        return True

    def latch(self) -> int | None:
        return None

    def close(self) -> None: ...


class Rig:
    """A camera on these wires, open and armed at 0."""

    def __init__(self, **trigger: object) -> None:
        self.clock = HandClock()
        self.wires = Wires(self.clock)
        self.settings = BaslerCamera.model_validate({"driver": "basler", "frame_timeout_ms": 350, "trigger": trigger})
        self.camera = StreamingCamera(self.settings, self.wires, self.clock)
        self.camera.open()

    def grab(self) -> Grab:
        grab = self.camera.grab(5.0)
        assert grab is not None
        return grab


@pytest.fixture
def belt() -> Iterator[TestBelt]:
    with TestBelt() as belt:
        yield belt


def on_belt(belt: TestBelt, *triggered_ms: int, **trigger: object) -> Rig:
    """Parts have crossed the trigger at these moments."""
    rig = Rig(mode="software", belt=belt.endpoint, **trigger)
    belt.wait_for_camera()
    rig.camera.arm(0)
    for count, at in enumerate(triggered_ms, start=1):
        belt.trigger(count, rig.clock.begin_ns + at * MS)
    return rig


def test_parts_that_moved_on_while_a_frame_was_waited_for_have_no_picture(belt: TestBelt) -> None:
    rig = on_belt(belt, 0, 100, 200, 300, 345)
    rig.wires.shots.append(None)
    grabs = [rig.grab() for _ in range(5)]
    rig.camera.close()
    assert [grab.trigger_count for grab in grabs] == [1, 2, 3, 4, 5]
    assert [grab.reason for grab in grabs] == [Reason.GRAB_FAILED] * 4 + [Reason.NONE]
    assert [grab.image is None for grab in grabs] == [True] * 4 + [False]
    assert grabs[1].detail == "exposed too late: 250 ms after its trigger, and late_ms is 20"
    assert rig.wires.exposed_ms == [0, 350], "where the part has gone no picture is taken"


@pytest.mark.parametrize(("late_ms", "reason"), [(20.0, Reason.GRAB_FAILED), (60.0, Reason.NONE)])
def test_a_slow_trigger_command_makes_a_part_late_too(belt: TestBelt, late_ms: float, reason: Reason) -> None:
    rig = on_belt(belt, 0, 50, late_ms=late_ms)
    rig.wires.command_ms.append(45)
    slow, next_one = rig.grab(), rig.grab()
    rig.camera.close()
    assert (slow.reason, slow.image is None) == (reason, reason is Reason.GRAB_FAILED)
    assert next_one.reason is Reason.NONE, "the late frame was the first trigger's, and nothing is begun anew"


def test_a_camera_that_paces_itself_takes_its_time() -> None:
    rig = Rig(mode="software", rate=1000.0)
    rig.camera.arm(0)
    rig.wires.command_ms.append(60_000)
    assert rig.grab().reason is Reason.NONE
    rig.camera.close()


def frame(number: int, stamp_ns: int) -> Shot:
    return Shot(number, 0, IMAGE, stamp_ns=stamp_ns)


def on_signals() -> Rig:
    rig = Rig(mode="hardware", missed_event="FrameTriggerMissed")
    rig.camera.arm(0)
    return rig


def test_an_over_trigger_told_before_the_frame_that_made_the_camera_busy_has_its_outcome_all_the_same() -> None:
    rig = on_signals()
    rig.wires.shots.append(frame(1, stamp_ns=100))
    rig.wires.events.append(150)
    found, quiet = rig.camera.grab(0.1), [rig.camera.grab(0.1) for _ in range(3)]
    rig.camera.close()
    assert found is not None
    assert (found.trigger_count, found.reason) == (1, Reason.NONE)
    assert quiet[:2] == [None, None], "a frame from before it may yet come"
    assert quiet[2] is not None
    assert (quiet[2].trigger_count, quiet[2].reason) == (2, Reason.COUNTER_GAP)
    assert quiet[2].triggered_ns == rig.clock.begin_ns, "when the camera told of it"


def test_an_over_trigger_that_a_frame_has_settled_is_told_once() -> None:
    rig = on_signals()
    rig.wires.shots.extend((frame(1, stamp_ns=100), frame(2, stamp_ns=200)))
    rig.wires.events.append(150)
    found = [rig.camera.grab(0.1) for _ in range(9)]
    rig.camera.close()
    assert [grab.trigger_count for grab in found if grab is not None] == [1, 2, 3]


def test_an_over_trigger_told_after_the_next_frame_is_a_slip(expected_warnings: list[str]) -> None:
    expected_warnings.append("camera cam0: the camera told of a missed trigger only after the frame of a later one")
    rig = on_signals()
    rig.wires.shots.extend((frame(1, stamp_ns=100), frame(2, stamp_ns=300)))
    acquisition = Acquisition(naming(window_ns=1000 * MS), FrameCheck(RULES), 0)
    slips = []
    for _ in range(2):
        grab = rig.grab()
        slips.append(acquisition.slip(grab))
        acquisition.take(grab)
    rig.wires.events.append(200)
    slips.append(acquisition.slip(rig.grab()))
    rig.camera.close()
    assert slips == [None, None, Slip(2, 1, "camera cam0")]


def test_a_belts_encoder_count_comes_with_the_picture(belt: TestBelt) -> None:
    rig = on_belt(belt)
    belt.trigger(1, rig.clock.begin_ns, encoder=600)
    belt.send(json.dumps({"type": "trigger", "trigger_count": 2, "triggered_ns": rig.clock.begin_ns}).encode())
    belt.trigger(3, rig.clock.begin_ns, encoder=1200)
    belt.trigger(4, rig.clock.begin_ns, encoder=1200)
    found = [rig.grab().encoder_counts for _ in range(4)]
    rig.camera.close()
    assert found == [600, None, 1200, None]


def test_an_encoder_that_does_not_go_up_tells_nothing() -> None:
    rig = on_signals()
    counts = (0, 0, 700, None, 650, 651)
    rig.wires.shots.extend(Shot(number, 0, IMAGE, encoder=count) for number, count in enumerate(counts))
    found = [rig.grab().encoder_counts for _ in counts]
    rig.camera.arm(6)
    rig.wires.shots.append(Shot(0, 0, IMAGE, encoder=651))
    armed_again = rig.grab().encoder_counts
    rig.camera.close()
    assert [*found, armed_again] == [0, None, 700, None, None, 651, None]
