"""Several cameras on one part: a part has all of its views, or is missed; nothing waits for ever, and no part is joined from two."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.pipeline.counts import Slip
from edge_inspector.pipeline.events import CountSlip, Exhausted
from edge_inspector.pipeline.join import Join
from edge_inspector.records import Frame, Inspection, Missed, Reason, View
from edge_inspector.service import SystemClock
from tests.unit.pipeline.rig import RULES, ScriptedCamera, naming, running, shot

UTC = datetime(2026, 1, 1, tzinfo=timezone.utc)
WINDOW, LAG = 100, 10


@dataclass
class Desk(SystemClock):
    """A join, a clock that the test moves, and what came of the parts."""

    cameras: tuple[str, ...] = ("a", "b")
    capacity: int = 4
    now: int = 0
    expected: list[str] = field(default_factory=list)
    parts: list[Inspection] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.join = Join(self.cameras, self, self.parts.append, self.slips.append, self, self.capacity, LAG)

    def monotonic_ns(self) -> int:
        return self.now

    def expect(
        self,
        part_id: str,
        trigger_count: int,
        triggered_ns: int,
        triggered_utc: datetime,
        deadline_ns: int,
        deadline_counts: int | None = None,
        epoch: int | None = None,
    ) -> bool:
        if part_id in self.expected:
            return False
        self.expected.append(part_id)
        return True

    def frame(self, camera: str, count: int, triggered_ns: int = 0) -> None:
        image = np.full((4, 4, 1), count % 256, np.uint8)
        self.join.take(Frame(f"p{count}", camera, count, triggered_ns, UTC, image, triggered_ns, triggered_ns + WINDOW), UTC)

    def lost(self, camera: str, count: int, reason: Reason = Reason.GRAB_FAILED) -> None:
        self.join.take(Missed(f"p{count}", camera, count, 0, WINDOW, reason), UTC)

    def outcomes(self) -> list[tuple[int, str]]:
        return [(part.trigger_count, part.missed.reason.value if part.missed else "whole") for part in self.parts]


def views(part: Inspection) -> list[tuple[str, type[View]]]:
    return [(view.camera, type(view)) for view in part.views]


def test_a_part_is_whole_once_every_camera_has_seen_it_and_its_views_stand_in_the_station_s_order() -> None:
    desk = Desk()
    desk.frame("b", 1)
    assert (desk.expected, desk.parts) == (["p1"], [])  # owed a verdict from its first view on
    desk.frame("a", 1)
    assert [views(part) for part in desk.parts] == [[("a", Frame), ("b", Frame)]]


def test_one_view_that_is_missed_makes_the_part_missed_at_once_and_once() -> None:
    desk = Desk()
    desk.frame("a", 1)
    desk.lost("b", 1, Reason.BLACK_FRAME)
    desk.lost("a", 2)
    desk.frame("b", 2)
    assert desk.outcomes() == [(1, "black_frame"), (2, "grab_failed")]
    assert views(desk.parts[0]) == [("a", Frame), ("b", Missed)]  # what was seen is kept


def test_a_view_that_does_not_come_is_awaited_for_half_the_window() -> None:
    desk = Desk()
    desk.frame("a", 1)
    desk.now = WINDOW // 2 - 1
    desk.join.tend()
    assert desk.parts == []
    desk.now += 1
    desk.join.tend()
    assert desk.outcomes() == [(1, "counter_gap")]
    assert desk.parts[0].missed is not None
    assert desk.parts[0].missed.detail == "no view in time from camera b"
    desk.frame("b", 1)  # too late: it changes nothing
    assert len(desk.parts) == 1


def test_parts_that_wait_for_a_camera_that_is_dead_are_bounded() -> None:
    desk = Desk(capacity=3)
    for count in range(1, 9):
        desk.frame("a", count)
    assert desk.outcomes() == [(count, "queue_full") for count in range(1, 6)]
    assert len(desk.join) == 3
    desk.join.flush()
    assert desk.outcomes()[5:] == [(count, "stopped") for count in (6, 7, 8)]


def test_views_that_were_triggered_apart_are_of_different_parts_and_two_in_a_row_are_a_slip() -> None:
    desk = Desk()
    desk.frame("a", 1, 0)
    desk.frame("b", 1, LAG)
    desk.frame("a", 2, 30)
    desk.frame("b", 2, 30 + LAG + 1)
    assert desk.outcomes() == [(1, "whole"), (2, "counter_gap")]
    assert desk.slips == []
    desk.frame("a", 3, 60)
    desk.frame("b", 3, 60 + LAG + 1)
    assert desk.outcomes()[2] == (3, "counter_gap")
    assert desk.slips == [Slip(3, 4, "camera b, by the time of its triggers,")]


def test_a_slip_shows_though_each_part_was_given_up_before_its_late_view() -> None:
    desk = Desk()
    for count in (1, 2):
        desk.frame("a", count, desk.now)
        desk.now += 80
        desk.join.tend()
        desk.frame("b", count, desk.now)  # its camera is one behind: this is the next part's trigger
    assert desk.outcomes() == [(1, "counter_gap"), (2, "counter_gap")]
    assert len(desk.slips) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 30)), max_size=80), st.integers(1, 5))
def test_any_interleaving_gives_every_part_one_end(steps: list[tuple[str, bool, int]], capacity: int) -> None:
    desk = Desk(cameras=("a", "b", "c"), capacity=capacity)
    counts = dict.fromkeys("abc", 0)
    for camera, good, passed in steps:
        desk.now += passed
        counts[camera] += 1
        (desk.frame if good else desk.lost)(camera, counts[camera])
        assert len(desk.join) <= capacity
    desk.join.flush()
    ends = [part.trigger_count for part in desk.parts]
    assert sorted(ends) == list(range(1, max(counts.values()) + 1))
    assert len(desk.join) == 0
    for part in desk.parts:
        if part.missed is None:
            assert [view.camera for view in part.views] == ["a", "b", "c"]


def test_two_cameras_in_their_threads_make_one_part_of_two_views() -> None:
    other = ScriptedCamera("cam1")
    with running(None, other, limit=4) as rig:
        rig.pipeline.arm(naming(), RULES, 0)
        for count in (1, 2, 4):
            rig.camera.shots.put(grab := shot(count))
            other.shots.put(grab)
        assert sorted(rig.link.wait(4)) == [(1, "none", "r:1"), (2, "none", "r:1"), (3, "counter_gap", "r:1"), (4, "none", "r:1")]
        rig.wait_event(Exhausted)
        assert sum(isinstance(event, Exhausted) for event in rig.events.items) == 1
        assert rig.pipeline.taken(1) == 4


def test_a_camera_that_lost_a_trigger_without_knowing_stops_the_line_by_its_neighbour() -> None:
    """No PLC counts here: the cameras have each other."""
    other = ScriptedCamera("cam1")
    with running(None, other, lag_ns=20_000_000) as rig:
        rig.pipeline.arm(naming(), RULES, 0)
        for count in (1, 2, 3, 4):
            rig.camera.shots.put(shot(count, 50_000_000 * count))
            other.shots.put(shot(count, 50_000_000 * (count + (count > 2))))
        event = rig.wait_event(CountSlip)
        assert isinstance(event, CountSlip)
        assert event.slip.whose.startswith("camera")
        found = rig.link.wait(4)
        assert {reason for count, reason, _ in found if count > 2} == {"counter_gap"}


@pytest.mark.parametrize("dead", ["a", "b"])
def test_a_camera_that_is_dead_costs_views_and_no_part_of_the_other_waits_for_ever(dead: str) -> None:
    other = ScriptedCamera("cam1")
    with running(None, other) as rig:
        rig.pipeline.arm(naming(window_ns=60_000_000), RULES, 0)
        (rig.camera if dead == "b" else other).shots.put(shot(1))
        assert rig.link.wait(1)[0][:2] == (1, "counter_gap")
        rig.pipeline.disarm()
        assert rig.pipeline.waiting == 0
