"""The law over cameras, counts, join and queue: whatever is dropped, late, doubled, stopped or begun anew, every trigger becomes one part,
and no part shows another's image.

Camera threads and engine thread are not started: the machine takes their turns, in any order.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_inspector.camera.base import Grab
from edge_inspector.pipeline import Pipeline
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.events import CountSlip, PipelineEvent
from edge_inspector.records import Frame, Inspection, Reason
from tests.unit.pipeline.rig import RULES, UTC, ScriptedCamera, ScriptedLink

MS = 1_000_000
WINDOW_NS = 400 * MS  # of a clock that this machine moves
NAMES = ("cam0", "cam1")


class Time:
    """A clock that the machine moves."""

    def __init__(self) -> None:
        self.now = 10**12

    def monotonic_ns(self) -> int:
        return self.now

    def utc(self) -> datetime:
        return UTC


class World(RuleBasedStateMachine):
    """A belt, two cameras, a PLC that tells its count at each trigger or later, and an operator who stops and starts."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.link = Time(), ScriptedLink()
        self.epoch = 0
        self.put: dict[tuple[int, int], Inspection] = {}
        self.twice: list[tuple[int, int]] = []
        self.slips: list[PipelineEvent] = []
        self.frames: dict[str, deque[Grab]] = {}
        self.restart()

    def tell(self, event: PipelineEvent) -> None:
        if isinstance(event, CountSlip):
            self.slips.append(event)

    @rule()
    def restart(self) -> None:
        """The process begins anew: another epoch, and the PLC's count goes on."""
        if self.epoch:
            self.settle()
        self.epoch += 1
        self.count = 0
        self.base = 0
        self.frames = {name: deque() for name in NAMES}
        cameras = [ScriptedCamera(name) for name in NAMES]
        self.pipeline = Pipeline(cameras, self.link, self.tell, self.clock, capacity=4)
        self.arm()

    def arm(self) -> None:
        self.pipeline.arm(Naming("line1", self.epoch, "cam0", WINDOW_NS), RULES, self.count)

    @rule(seen=st.sets(st.sampled_from(NAMES)), after_ms=st.integers(20, 300), told=st.booleans())
    def trigger(self, seen: set[str], after_ms: int, told: bool) -> None:
        """A part crosses the trigger; some cameras see it; the PLC tells its count at once, or not."""
        self.clock.now += after_ms * MS
        self.count += 1
        for name in seen:
            image = np.full((8, 8, 1), 30 + self.count % 200, np.uint8)
            self.frames[name].append(Grab(self.count, self.clock.now, UTC, self.clock.now, image))
        if told:
            self.plc_tells()

    @rule()
    def plc_tells(self) -> None:
        self.pipeline.plc_count(self.count)

    @rule(name=st.sampled_from(NAMES))
    def deliver(self, name: str) -> None:
        """The oldest picture of a camera arrives."""
        loop = next(loop for loop in self.pipeline._camera_loops if loop.name == name)
        armed = loop._armed
        if armed is not None and self.frames[name]:
            loop._take(self.frames[name].popleft(), armed)

    @rule(name=st.sampled_from(NAMES))
    def lose_pictures(self, name: str) -> None:
        """The camera's buffers are gone with its cable."""
        self.frames[name].clear()

    @rule(ms=st.integers(1, 400))
    def wait(self, ms: int) -> None:
        """Nothing happens; the cameras' threads come round."""
        self.clock.now += ms * MS
        self.turn()

    def turn(self) -> None:
        for loop in self.pipeline._camera_loops:
            if loop._acquisition is not None and loop._armed is not None:
                loop._account(loop._acquisition)

    @rule()
    def stop_and_start(self) -> None:
        """Parts that pass meanwhile are missed, as the controller accounts for them."""
        self.pipeline.disarm()
        self.account_for_absence()
        self.arm()

    def account_for_absence(self) -> None:
        taken = self.pipeline.taken(self.epoch) or 0
        self.pipeline.lose(Naming("line1", self.epoch, "cam0", WINDOW_NS), list(range(taken + 1, self.count + 1)), Reason.STOPPED)

    @rule(count=st.integers(1, 4))
    def engine_takes(self, count: int) -> None:
        for _ in range(count):
            self.take()

    def take(self) -> bool:
        inspection = self.pipeline._queue.get(0.0)
        if inspection is None:
            return False
        key = (int(inspection.part_id.split("-")[1]), inspection.trigger_count)
        if key in self.put:
            self.twice.append(key)
        self.put[key] = inspection
        return True

    @precondition(lambda self: bool(self.slips))
    @rule()
    def operator_clears_the_slip(self) -> None:
        """A slip stops the line; a person looks, and starts it."""
        self.slips.clear()
        self.stop_and_start()

    def settle(self) -> None:
        """The PLC tells its count, and everybody has had the time that they may take."""
        if self.slips:
            self.operator_clears_the_slip()
        self.pipeline.plc_count(self.count)
        for _ in range(3):
            self.clock.now += WINDOW_NS
            self.turn()
        self.pipeline.disarm()
        self.account_for_absence()
        while self.take():
            continue
        missing = [count for count in range(1, self.count + 1) if (self.epoch, count) not in self.put]
        assert not missing, f"triggers without an outcome: {missing}"

    @invariant()
    def no_part_twice(self) -> None:
        assert not self.twice

    @invariant()
    def no_part_that_never_was(self) -> None:
        expected = (part_id.split("-")[1:] for part_id in self.link.expected)
        assert all(int(count) <= self.count for epoch, count in expected if int(epoch) == self.epoch)

    @invariant()
    def no_part_shows_another(self) -> None:
        for (_, count), inspection in self.put.items():
            for view in inspection.views:
                if isinstance(view, Frame):
                    assert view.trigger_count == count
                    assert int(view.image[0, 0, 0]) == 30 + count % 200

    @invariant()
    def a_part_is_inspected_whole_or_missed(self) -> None:
        for inspection in self.put.values():
            assert inspection.missed is not None or {view.camera for view in inspection.views} == set(NAMES)

    def teardown(self) -> None:
        self.settle()


World.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestWorld = World.TestCase
