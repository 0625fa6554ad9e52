"""The main loop: whatever happens, the state goes legal ways, no part is left out of the account, and nothing fails in silence."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from edge_inspector.errors import CameraError, CudaError, EngineError, FormMissing, JournalError, StateError
from edge_inspector.line.events import Command, Fault, GateLeft, InTime, Late, PartDone, RecipeRequested, ThreadDied
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
    SlipsHidden,
)
from edge_inspector.records import Outcome, Reason, Severity, State
from tests.unit.line.bench import Bench, bench, judge, recovery
from tests.unit.pipeline.rig import PATIENCE_S

SLIP = CountSlip(Slip(21, 3))


def test_parts_run_once_engine_camera_and_gate_are_there(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.feed(CameraOpen("cam0"))
        assert b.state() is State.PREOPERATIONAL
        b.feed(EngineReady(judge()))
        assert b.state() is State.READY
        b.feed(b.gate(10))
        assert (b.state(), b.link.arms, b.pipeline.armed) == (State.READY, [(b.journal.epoch, 10)], [])
        b.feed(b.answer())
        assert (b.state(), b.pipeline.armed) == (State.CONTINUOUS_EXECUTION, [(b.journal.epoch, 10)])


def test_parts_run_once_every_camera_is_open(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition camera")
    with bench(tmp_path, cameras=("left", "right")) as b:
        b.feed(EngineReady(judge()), CameraLost(RuntimeError("gone"), "right"), CameraOpen("left"))
        assert (b.state(), b.active()) == (State.INITIALIZED, ("camera right",))
        b.feed(CameraOpen("right"))
        assert (b.state(), b.active()) == (State.READY, ())


def test_an_answer_to_another_arm_starts_nothing(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition gate")
    with bench(tmp_path) as b:
        b.feed(EngineReady(judge()), CameraOpen("cam0"), b.gate(10))
        answer = b.answer()
        b.feed(GateLeft("plc"), b.gate(12))
        b.feed(answer)
        assert b.state() is State.READY
        b.feed(b.answer())
        assert b.pipeline.armed == [(b.journal.epoch, 12)]
        assert b.pipeline.lost[-1] == (b.journal.epoch, [11, 12], Reason.STOPPED)


def test_without_a_required_gate_a_camera_that_counts_itself_runs_at_once(tmp_path: Path) -> None:
    with bench(tmp_path, require_gate=False, external=False) as b:
        b.feed(EngineReady(judge()), CameraOpen("cam0"))
        assert (b.state(), b.pipeline.armed) == (State.CONTINUOUS_EXECUTION, [(b.journal.epoch, 0)])
        b.took(7)
        b.ask(b.controller.stop)
        b.took(8)  # one was being grabbed
        b.ask(b.controller.start)
        assert b.pipeline.armed[-1] == (b.journal.epoch, 8)


def test_after_a_restart_what_the_plc_counted_is_missed_once(tmp_path: Path) -> None:
    with bench(tmp_path, recovery(5, ((6, 8), (10, 10)))) as b:
        b.execute(12)
        assert b.pipeline.lost == [(b.journal.epoch, [9, 11, 12], Reason.RESTART)]
        b.took(20)
        b.ask(b.controller.stop)
        b.controller.plc_count(23)
        b.ask(b.controller.start)
        assert b.pipeline.lost[1:] == [(b.journal.epoch, [21, 22, 23], Reason.STOPPED)]


def test_a_gate_that_comes_back_while_parts_run_changes_nothing(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition gate")
    with bench(tmp_path) as b:
        b.execute(10)
        b.took(20)
        b.feed(GateLeft("plc"))
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ("gate",))
        b.feed(b.gate(19))
        assert (b.active(), len(b.pipeline.armed), b.pipeline.lost[1:]) == ((), 1, [])


def test_a_camera_that_lost_its_count_is_armed_anew_with_the_plcs(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition camera")
    with bench(tmp_path) as b:
        b.execute(10)
        b.took(20)
        b.feed(CameraLost(CameraError("unplugged")))
        assert b.state() is State.CONTINUOUS_EXECUTION, "what the PLC counts meanwhile is accounted for"
        b.controller.plc_count(26)
        b.pipeline.executing = False  # as the camera's thread leaves it
        b.feed(CameraOpen())
        assert (b.state(), b.link.arms[-1]) == (State.READY, (b.journal.epoch, 26))
        assert b.pipeline.lost[-1] == (b.journal.epoch, list(range(21, 27)), Reason.STOPPED)
        b.feed(b.answer())
        assert (b.state(), b.pipeline.armed[-1]) == (State.CONTINUOUS_EXECUTION, (b.journal.epoch, 26))


def test_a_plc_that_counts_anew_while_the_line_stands_begins_an_epoch(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute(10)
        first = b.journal.epoch
        b.took(500)
        b.feed(Exhausted("a pause"))
        b.feed(b.gate(3))
        assert b.journal.epoch > first
        b.ask(b.controller.stop)  # the old epoch's count must not come back
        b.ask(b.controller.start)
        b.feed(b.answer())
        assert b.pipeline.armed[-1] == (b.journal.epoch, 3)
        assert b.pipeline.lost[-1] == (b.journal.epoch, [1, 2, 3], Reason.STOPPED)


@pytest.mark.parametrize(
    ("plc", "lost"),
    [(3, [1, 2, 3]), (18, [])],
    ids=["the PLC was reset", "the camera saw a trigger too many"],
)
def test_counts_that_disagree_stop_the_line_and_start_trusts_the_plc(
    tmp_path: Path, plc: int, lost: list[int], expected_warnings: list[str]
) -> None:
    """Otherwise every part up to our old count would be taken for one that has had its verdict."""
    expected_warnings.append("condition count_slip")
    with bench(tmp_path) as b:
        b.execute(10)
        first = b.journal.epoch
        b.took(21)
        b.controller.plc_count(plc)
        b.feed(SLIP)
        assert (b.state(), b.active(), b.pipeline.executing) == (State.ERROR, ("count_slip",), False)
        assert b.pipeline.distrusted  # what waits for the engine may be of other parts
        b.ask(b.controller.start)
        b.feed(b.answer())
        assert b.journal.epoch > first
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())
        assert b.pipeline.armed[-1] == (b.journal.epoch, plc)
        assert [entry for entry in b.pipeline.lost if entry[0] > first] == ([(b.journal.epoch, lost, Reason.STOPPED)] if lost else [])


def test_a_count_that_leaps_is_not_believed_until_somebody_starts_the_line(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition count_slip")
    with bench(tmp_path, recovery(5)) as b:
        b.feed(EngineReady(judge()), CameraOpen("cam0"), b.gate(6 + LONGEST_GAP))
        assert (b.state(), b.pipeline.lost, b.link.arms) == (State.ERROR, [], [])
        b.ask(b.controller.start)
        assert b.link.arms == [(b.journal.epoch, 6 + LONGEST_GAP)]


@pytest.mark.parametrize("began", [state for state in State if state is not State.HALTED])  # that is reached after the loop has ended
@pytest.mark.parametrize(
    "event",
    [
        SLIP, Fault("ack_mismatch", "x"), EngineFailed(EngineError("gone")), EngineTrouble("gone"), EngineTrouble(None),
        EngineFailed(FormMissing("none")), EngineLost(CudaError("gone")),
        CameraLost(RuntimeError("gone"), "cam0"), CameraOpen("cam0"), Exhausted("end"),
        Late("p"), InTime(), PartDone(Outcome.REJECTED), EngineSlow("full"), EngineSlow(None),
        GateLeft("plc"), ThreadDied("engine", "E"), ThreadDied("archive", "E"), object(),
    ],
    ids=lambda event: type(event).__name__,
)  # fmt: skip
def test_no_event_ends_the_main_loop_in_any_state(tmp_path: Path, began: State, event: object, expected_warnings: list[str]) -> None:
    expected_warnings += ["condition", "the main loop"]
    with bench(tmp_path) as b:
        into(b, began)
        b.feed(event)
        b.ask(b.controller.stop)  # answered by the loop alone
        assert b.state() is not State.CONTINUOUS_EXECUTION


def into(b: Bench, state: State) -> None:
    if state in (State.CONTINUOUS_EXECUTION, State.ERROR):
        b.execute()
    elif state is not State.PREOPERATIONAL:
        b.feed(EngineReady(judge()))
    if state is State.ERROR:
        b.feed(SLIP)
    elif state in (State.READY, State.SINGLE_EXECUTION):
        b.feed(CameraOpen("cam0"))
    if state is State.SINGLE_EXECUTION:
        b.states.to(state)
    assert b.state() is state


def test_a_failure_inside_the_main_loop_is_an_error_state_and_not_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings += ["the main loop failed", "condition main_loop"]
    with bench(tmp_path) as b:
        b.execute(10)
        b.took(500)
        b.ask(b.controller.stop)

        def full() -> int:
            raise JournalError("no space")

        with monkeypatch.context() as patch:
            patch.setattr(b.journal, "start_epoch", full)
            b.feed(b.gate(3))
        assert (b.state(), b.active()) == (State.ERROR, ("main_loop",))
        b.ask(b.controller.start)
        assert (b.active(), b.state()) == ((), State.READY)


@pytest.mark.parametrize(
    ("policy", "state", "conditions"),
    [("reject", State.CONTINUOUS_EXECUTION, ()), ("alarm", State.CONTINUOUS_EXECUTION, ("late",)), ("stop", State.ERROR, ("late",))],
)
def test_late_policy(tmp_path: Path, policy: str, state: State, conditions: tuple[str, ...], expected_warnings: list[str]) -> None:
    expected_warnings.append("condition late")
    with bench(tmp_path) as b:
        b.execute()
        b.feed(EngineReady(judge(late_policy=policy)), Late("s-1-11"))
        assert (b.state(), b.active()) == (state, conditions)
        b.feed(InTime())
        assert b.active() == (("late",) if policy == "stop" else ())  # an alarm is over, a stop waits for a person


@pytest.mark.parametrize(("policy", "state"), [("alarm", State.CONTINUOUS_EXECUTION), ("stop", State.ERROR)])
def test_too_many_rejects_are_an_alarm_or_a_stop(tmp_path: Path, policy: str, state: State, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition rejects_in_row")
    rules = {"rejects_in_row": 3, "policy": policy}
    with bench(tmp_path) as b:
        b.execute()
        b.feed(EngineReady(judge(alarms=rules)), *[PartDone(Outcome.REJECTED)] * 2)
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())
        b.feed(PartDone(Outcome.MISSED))
        assert (b.state(), b.active()) == (state, ("rejects_in_row",))
        severity = b.conditions.listed()[0].severity
        assert severity is (Severity.FAILURE if policy == "stop" else Severity.OUT_OF_SPECIFICATION)
        b.feed(PartDone(Outcome.ACCEPTED))
        assert b.active() == (("rejects_in_row",) if policy == "stop" else ())  # a stop waits for a person
        b.ask(b.controller.start)
        assert b.active() == ()
        if policy == "stop":
            b.feed(b.answer())
        b.feed(*[PartDone(Outcome.REJECTED)] * 2)
        assert b.state() is State.CONTINUOUS_EXECUTION  # counted anew


def test_an_engine_that_is_too_slow_is_out_of_specification(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition engine_slow")
    with bench(tmp_path) as b:
        b.execute()
        b.feed(EngineSlow("4 of 8"))
        (listed,) = b.conditions.listed()
        assert (listed.name, listed.severity, b.state()) == ("engine_slow", Severity.OUT_OF_SPECIFICATION, State.CONTINUOUS_EXECUTION)
        b.feed(EngineSlow(None))
        assert b.active() == ()


def test_a_thread_that_died_is_told_and_no_start_pretends_that_parts_are_inspected(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition thread")
    with bench(tmp_path) as b:
        b.execute()
        b.feed(ThreadDied("archive", "OSError: x"))
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ("thread archive",))
        b.feed(ThreadDied("camera-cam0", "ValueError: x"))
        assert b.state() is State.ERROR
        with pytest.raises(StateError, match=r"camera-cam0.*restart"):
            b.ask(b.controller.start)
        assert b.state() is State.ERROR


def test_one_engine_is_loaded_at_a_time(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        with pytest.raises(StateError, match="being loaded"):
            b.ask(lambda: b.controller.change(lambda: judge("r:2")))  # the first is not there yet
        b.execute()
        loaded = b.ask(lambda: b.controller.change(lambda: judge("r:2")))
        assert b.state() is State.READY
        with pytest.raises(StateError, match="being loaded"):
            b.ask(lambda: b.controller.swap(lambda: judge("r:3"), b.controller.judge))
        ready = judge("r:2")
        b.feed(EngineReady(ready))
        assert loaded.result(0) is ready
        b.feed(b.answer())
        assert b.state() is State.CONTINUOUS_EXECUTION


def test_a_threshold_for_rules_that_were_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute()
        before = b.controller.judge
        b.feed(EngineReady(judge("r:2")))
        with pytest.raises(StateError, match="somebody else"):
            b.ask(lambda: b.controller.swap(lambda: judge("r:3"), before))
        assert b.pipeline.loads == []


def test_a_change_that_fails_leaves_the_line_running_as_before(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute()
        loaded = b.ask(lambda: b.controller.change(lambda: judge("r:2")))
        b.feed(EngineFailed(EngineError("no such device")))
        assert isinstance(loaded.exception(0), StateError)
        b.feed(b.answer())
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())


def test_an_engine_that_never_loaded_is_an_error_until_another_recipe_is_there(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition engine")
    with bench(tmp_path) as b:
        b.feed(CameraOpen("cam0"), EngineFailed(EngineError("no such device")))
        assert (b.state(), b.active()) == (State.ERROR, ("engine",))
        with pytest.raises(StateError, match="not loaded"):
            b.ask(b.controller.start)
        b.ask(lambda: b.controller.change(lambda: judge("r:2")))
        b.feed(EngineReady(judge("r:2")), b.gate(4))
        b.ask(b.controller.start)
        b.feed(b.answer())
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())


def test_the_plc_may_ask_for_a_recipe(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.feed(RecipeRequested("ring", 3))
        assert b.requested == [("ring", 3)]


def test_nobody_waits_for_a_line_that_stops(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute()
        loaded = b.ask(lambda: b.controller.swap(lambda: judge("r:2"), b.controller.judge))
        waiting: Future[object] = Future()

        def stop() -> None:
            b.controller.tell(Command(lambda: None, waiting))
            b.stop.set()

        b.ask(stop)
        assert isinstance(loaded.exception(PATIENCE_S), StateError)
        assert isinstance(waiting.exception(PATIENCE_S), StateError)


def test_a_command_that_nobody_waits_for_any_more_is_not_carried_out(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        done: list[int] = []
        busy = threading.Event()
        b.controller.tell(Command(lambda: busy.wait(PATIENCE_S), Future()))
        with pytest.raises(StateError, match="does not answer"):
            b.controller.ask(lambda: done.append(1), timeout_s=0.01)
        busy.set()
        b.feed()
        assert done == []


def test_a_rate_at_which_slips_are_hidden_is_a_condition_and_no_stop(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition slips cam0")
    with bench(tmp_path) as b:
        b.execute(10)
        b.feed(SlipsHidden(hidden=True, camera="cam0"))
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ("slips cam0",))
        b.feed(SlipsHidden(hidden=False, camera="cam0"))
        assert b.active() == ()
