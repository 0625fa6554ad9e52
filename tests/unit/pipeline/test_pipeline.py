"""The threads between trigger and link: every interleaving leaves each part with one judgement, by the rules it was taken under."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_inspector.errors import CameraError, CameraExhausted, CudaError, EngineError
from edge_inspector.judge import Judge
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.pipeline.counts import LONGEST_GAP, Slip
from edge_inspector.pipeline.events import (
    CameraLost,
    CameraOpen,
    CountSlip,
    EngineFailed,
    EngineLost,
    EngineReady,
    EngineSlow,
    EngineTrouble,
    Exhausted,
)
from edge_inspector.records import Reason
from edge_inspector.settings.recipe import CameraRules
from tests.unit.pipeline.rig import CLOCK, PATIENCE_S, RECIPE, RULES, GatedEngine, ScriptedCamera, naming, running, shot


def test_parts_are_judged_in_order_and_gaps_are_missed() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 3)
        for count in (4, 6, 6, 7):
            rig.camera.shots.put(shot(count))
        assert rig.link.wait(4) == [(4, "none", "r:1"), (5, "counter_gap", "r:1"), (6, "none", "r:1"), (7, "none", "r:1")]
    assert rig.engine.closed == 1


def test_parts_that_wait_are_judged_by_the_recipe_they_were_taken_under() -> None:
    """A change of recipe must not judge one product by another's model."""
    with running() as rig:
        other = GatedEngine(0.9)
        rig.engine.go.clear()
        rig.pipeline.arm(naming(), RULES, 0)
        for count in (1, 2, 3):
            rig.camera.shots.put(shot(count))
        assert rig.engine.entered.wait(PATIENCE_S)
        rig.link.wait_expected(3)
        rig.pipeline.disarm()
        rig.pipeline.load(lambda: Judge(other, RECIPE, "r:2"))
        rig.engine.go.set()
        rig.wait_event(EngineReady, 2)
        assert [(count, label) for count, _, label in rig.link.wait(3)] == [(1, "r:1"), (2, "r:1"), (3, "r:1")]
        rig.pipeline.arm(naming(), RULES, 3)
        rig.camera.shots.put(shot(4))
        assert rig.link.wait(4)[3] == (4, "score", "r:2")
    assert (rig.engine.closed, other.closed) == (1, 1)


@pytest.mark.parametrize("again", [False, True], ids=["stopped", "stopped and started"])
def test_a_part_that_is_being_grabbed_when_the_line_stops_is_missed_and_its_count_is_not_given_again(again: bool) -> None:
    with running(ScriptedCamera(free_running=True)) as rig:

        def stop_here() -> None:
            rig.camera.in_grab = lambda: None
            rig.pipeline.disarm()
            if again:
                rig.pipeline.arm(naming(), RULES, 0)  # what a controller knows that looked before the grab ended

        rig.camera.in_grab = stop_here
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        assert rig.link.wait(1) == [(1, "stopped", "r:1")]
        assert rig.link.epochs == [1]
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(2))
        assert rig.link.wait(2)[1] == (2, "none", "r:1")
        assert rig.pipeline.taken(1) == 2
        assert set(rig.camera.armed[1:]) <= {1, 2}  # a camera that counts itself goes on behind the part that was lost


def test_a_new_epoch_begins_at_its_own_base() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(1), RULES, 500)
        rig.camera.shots.put(shot(501))
        rig.link.wait(1)
        rig.pipeline.disarm()
        assert (rig.pipeline.taken(1), rig.pipeline.taken(2)) == (501, None)
        rig.pipeline.arm(naming(2), RULES, 3)
        rig.camera.shots.put(shot(4))
        assert rig.link.wait(2)[1][0] == 4
        assert rig.link.epochs == [1, 2]


@pytest.mark.parametrize(
    ("counts", "slip"),
    [
        ((501, 502, 1), Slip(502, 1, "camera cam0")),
        ((501, 502 + LONGEST_GAP), Slip(501, 502 + LONGEST_GAP, "camera cam0")),
    ],
    ids=["back", "leap"],
)
def test_a_camera_whose_count_is_not_ours_stops(counts: tuple[int, ...], slip: Slip) -> None:
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 500)
        for count in counts:
            rig.camera.shots.put(shot(count))
        event = rig.wait_event(CountSlip)
        assert isinstance(event, CountSlip)
        assert event.slip == slip
        assert [count for count, _, _ in rig.link.wait(len(counts) - 1)] == list(counts[:-1])


def test_a_counter_that_began_anew_while_the_line_stood_is_noticed() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(window_ns=2), RULES, 500)
        rig.camera.shots.put(shot(7))
        assert rig.wait_event(CountSlip) == CountSlip(Slip(500, 7, "camera cam0"))
        assert rig.link.expected == []


def test_triggers_from_before_the_arming_are_passed_over() -> None:
    with running() as rig:
        for count in (498, 499, 500):
            rig.camera.shots.put(shot(count))
        rig.pipeline.arm(naming(), RULES, 500)
        rig.camera.shots.put(shot(501))
        assert rig.link.wait(1) == [(501, "none", "r:1")]


def test_a_lost_camera_is_opened_again_and_what_it_missed_is_accounted_for(expected_warnings: list[str]) -> None:
    expected_warnings.append("camera cam0 could not be closed")
    with running() as rig:
        rig.pipeline.arm(naming(window_ns=3_000_000_000), RULES, 0)
        rig.camera.shots.put(shot(1))
        rig.link.wait(1)
        rig.camera.close_error = RuntimeError("a driver's")  # which must not end the thread
        rig.camera.shots.put(CameraError("unplugged"))
        rig.pipeline.plc_count(3)
        rig.wait_event(CameraLost)
        rig.wait_event(CameraOpen, 2)
        assert rig.link.wait(3)[1:] == [(2, "counter_gap", "r:1"), (3, "counter_gap", "r:1")]
        rig.camera.shots.put(shot(4))
        assert rig.link.wait(4)[3][:2] == (4, "none")


def test_a_camera_that_counts_signals_itself_waits_for_its_new_base_after_a_loss() -> None:
    with running(ScriptedCamera(counts_triggers=True)) as rig:
        rig.pipeline.arm(naming(), RULES, 0, CameraRules(exposure_us=500.0))
        rig.camera.shots.put(shot(1))
        rig.link.wait(1)
        rig.camera.shots.put(CameraError("unplugged"))
        rig.wait_event(CameraOpen, 2)
        assert not rig.pipeline.inspecting, "signals that came meanwhile were seen by nobody"
        rig.pipeline.arm(naming(), RULES, 7)
        rig.camera.shots.put(shot(8))
        assert rig.link.wait(2)[1][:2] == (8, "none")
        assert rig.camera.armed == [0, 7]
        assert [rules.exposure_us for rules in rig.camera.adjusted] == [500.0, None]


def test_the_end_of_a_replay_and_of_the_parts_asked_for() -> None:
    with running(limit=2) as rig:
        rig.pipeline.arm(naming(), RULES, 0)
        for count in (1, 2, 3):
            rig.camera.shots.put(shot(count))
        rig.wait_event(Exhausted)
        assert [count for count, _, _ in rig.link.wait(2)] == [1, 2]
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(CameraExhausted("the last picture"))
        assert rig.wait_event(Exhausted) == Exhausted("the last picture")


def test_an_engine_that_cannot_be_closed_does_not_end_the_thread(expected_warnings: list[str]) -> None:
    expected_warnings.append("engine gated could not be closed")
    with running() as rig:
        rig.engine.close_error = RuntimeError("a driver's")
        rig.pipeline.load(lambda: Judge(GatedEngine(), RECIPE, "r:2"))
        rig.wait_event(EngineReady, 2)
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        assert rig.link.wait(1) == [(1, "none", "r:2")]


def test_an_engine_that_cannot_be_loaded_is_let_go_and_the_other_goes_on() -> None:
    with running() as rig:
        broken = GatedEngine()
        broken.warm_up = lambda: (_ for _ in ()).throw(EngineError("no device"))  # type: ignore[method-assign]
        rig.pipeline.load(lambda: Judge(broken, RECIPE, "r:2"))
        rig.wait_event(EngineFailed)
        assert broken.closed == 1
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        assert rig.link.wait(1) == [(1, "none", "r:1")]


def test_an_engine_that_is_lost_is_told_as_lost(expected_warnings: list[str]) -> None:
    expected_warnings.append("part line1-1-1: engine failed")
    with running() as rig:
        rig.engine.fault = CudaError("an illegal memory access was encountered", sticky=True)
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        assert rig.wait_event(EngineLost) == EngineLost(rig.engine.fault)
        assert rig.link.wait(1) == [(1, "engine_error", "r:1")]
        rig.pipeline.load(lambda: Judge(rig.engine, RECIPE, "r:2"))  # rules alone, changed at that moment
        assert rig.wait_event(EngineFailed) == EngineFailed(rig.engine.fault)


def test_an_engine_that_fails_is_told_and_so_is_its_recovery(expected_warnings: list[str]) -> None:
    expected_warnings.append("part line1-1-1: engine failed")
    with running() as rig:
        rig.engine.fault = EngineError("device lost")
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        assert rig.wait_event(EngineTrouble) == EngineTrouble("device lost")
        rig.engine.fault = None
        rig.camera.shots.put(shot(2))
        assert rig.wait_event(EngineTrouble, 2) == EngineTrouble(None)
        assert [reason for _, reason, _ in rig.link.wait(2)] == ["engine_error", "none"]


def test_an_engine_that_is_too_slow_is_told_before_a_part_is_missed() -> None:
    with running(capacity=4) as rig:
        rig.pipeline.arm(naming(window_ns=20_000_000_000), RULES, 0)
        rig.engine.go.clear()
        rig.camera.shots.put(shot(1))
        assert rig.engine.entered.wait(PATIENCE_S)
        for count in range(2, 6):
            rig.camera.shots.put(shot(count))
        rig.wait_event(EngineSlow)
        rig.engine.go.set()
        assert {reason for _, reason, _ in rig.link.wait(5)} == {"none"}
        rig.events.wait(lambda items: EngineSlow(None) in items, "it keeps up again")


@pytest.mark.parametrize("window_counts", [None, 100], ids=["in time", "in counts"])
def test_an_engine_that_is_slower_than_the_window_is_told_though_no_part_waits(window_counts: int | None) -> None:
    encoder = Encoder(CLOCK)
    with running(belt=encoder) as rig:
        rig.pipeline.arm(replace(naming(window_ns=100_000_000), window_counts=window_counts), RULES, 0)
        encoder.seen(-1000, CLOCK.monotonic_ns() - 1_000_000_000)
        encoder.seen(0, CLOCK.monotonic_ns())  # a count a ms
        rig.camera.shots.put(replace(shot(1, -80_000_000), encoder_counts=0))
        rig.link.wait(1)
        rig.wait_event(EngineSlow)


def test_a_bug_at_the_link_costs_a_part_and_not_the_thread(expected_warnings: list[str]) -> None:
    expected_warnings.append("the engine thread failed")
    with running() as rig:
        post, rig.link.post = rig.link.post, None  # type: ignore[method-assign, assignment]
        rig.pipeline.arm(naming(), RULES, 0)
        rig.camera.shots.put(shot(1))
        rig.wait_event(EngineTrouble)
        rig.link.post = post  # type: ignore[method-assign]
        rig.camera.shots.put(shot(2))
        assert rig.link.wait(1) == [(2, "none", "r:1")]


def test_while_nobody_inspects_the_plc_may_count_as_it_likes() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(window_ns=2), RULES, 500)
        rig.pipeline.plc_count(500)
        rig.pipeline.disarm()
        for count in (500, 700_000, 3):
            rig.pipeline.plc_count(count)
        assert not any(isinstance(event, CountSlip) for event in rig.events.items)
        rig.pipeline.arm(naming(), RULES, 500)
        rig.pipeline.plc_count(700_000)
        assert rig.wait_event(CountSlip) == CountSlip(Slip(500, 700_000))


def test_a_slip_that_the_plc_finds_takes_no_further_part_though_the_main_loop_is_busy() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 500)
        rig.pipeline.plc_count(700_000)
        assert not rig.pipeline.inspecting


def test_a_slip_ends_the_part_in_the_engine_s_hands_as_missed() -> None:
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 500)
        rig.engine.go.clear()
        rig.camera.shots.put(shot(501))
        assert rig.engine.entered.wait(PATIENCE_S)
        rig.pipeline.plc_count(700_000)
        rig.engine.go.set()
        assert rig.link.wait(1) == [(501, "counter_gap", "r:1")]


def test_parts_that_a_hanging_engine_will_never_take_have_their_outcome_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_inspector.pipeline.queue.ITEMS_MAX", 3)
    with running() as rig:
        rig.pipeline.arm(naming(), RULES, 0)
        rig.engine.go.clear()
        rig.camera.shots.put(shot(1))
        assert rig.engine.entered.wait(PATIENCE_S)
        rig.pipeline.lose(naming(), list(range(2, 9)), Reason.STOPPED)
        assert [(count, reason) for count, reason, _ in rig.link.wait(4)] == [(count, "stopped") for count in (5, 6, 7, 8)]
        assert rig.pipeline.waiting == 3
        rig.engine.go.set()
        assert [count for count, _, _ in rig.link.wait(8)] == [5, 6, 7, 8, 1, 2, 3, 4]
