from __future__ import annotations

import pytest

from edge_inspector.line.gate_watch import CONDITION, Confirmations, GateWatch
from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.pipeline import Conditions, StateMachine
from edge_inspector.records import Decision, Inspection, Judgement, Missed, Reason, State, Verdict
from edge_inspector.settings.recipe import GateRules
from tests.unit.gateway.test_handshake import verdict
from tests.unit.outputs.link import Stepped

SECOND_NS = 1_000_000_000


class Line:
    def __init__(self, policy: str = "alarm", confirm_within_ms: float | None = 300.0) -> None:
        values = {"reject_window_ms": 200.0, "confirm_within_ms": confirm_within_ms, "unconfirmed_policy": policy}
        self.clock, self.rules = Stepped(), GateRules.model_validate(values)
        self.epoch, self.encoder = 1, Encoder(self.clock)
        self.watch = GateWatch(self.clock, lambda: self.rules, lambda: self.epoch, self.encoder)
        self.conditions, self.states = Conditions(self.clock), StateMachine(lambda _state: None)
        for state in (State.INITIALIZED, State.READY, State.CONTINUOUS_EXECUTION):
            self.states.to(state)
        self.confirmations = Confirmations(self.watch, self.conditions, self.states, lambda: self.states.to(State.READY))

    def sent(self, count: int, decision: Decision = Decision.REJECT, reason: Reason = Reason.SCORE, left_counts: int | None = None) -> None:
        told = {"reason": reason, "deadline_counts": left_counts}
        message = verdict(count, self.epoch, decision).model_copy(update=told)
        lost = Missed(message.part_id, "cam0", count, 0, 0, reason)
        judgement = Judgement(Inspection(message.part_id, count, (lost,)), Verdict(decision, reason, 0.9, 0.5))
        self.watch.sent(Sent(message, judgement, 0, 0))

    def later(self, gates: tuple[str, ...] = ("plc",)) -> tuple[str, ...]:
        """Active conditions after window and confirmation time are over."""
        self.clock.ahead_ns += SECOND_NS
        self.confirmations.tend(gates)
        return self.conditions.active()


NEEDS: dict[str, tuple[Decision, Reason, bool]] = {
    "a reject": (Decision.REJECT, Reason.SCORE, True),
    "a review": (Decision.REVIEW, Reason.SCORE, True),
    "a missed part": (Decision.REJECT, Reason.GRAB_FAILED, True),
    "an accept": (Decision.ACCEPT, Reason.NONE, False),
    "a part of before the start": (Decision.REJECT, Reason.RESTART, False),
    "a part of before the stop": (Decision.REJECT, Reason.STOPPED, False),
}


@pytest.mark.parametrize(("decision", "reason", "alarm"), NEEDS.values(), ids=NEEDS)
def test_what_needs_a_confirmation(expected_warnings: list[str], decision: Decision, reason: Reason, alarm: bool) -> None:
    expected_warnings.append(f"condition {CONDITION}")
    line = Line()
    line.sent(1, decision, reason)
    line.confirmations.tend(("plc",))
    assert line.conditions.active() == ()
    assert line.later() == ((CONDITION,) if alarm else ())
    assert line.states.state is State.CONTINUOUS_EXECUTION


def test_a_confirmed_reject_alarms_nobody_before_or_after_its_verdict() -> None:
    line = Line()
    line.watch.fired(1)
    line.sent(1)
    line.sent(2)
    line.watch.fired(2)
    assert line.later() == ()
    assert line.watch.confirmed == 2


def test_the_alarm_is_over_with_the_next_confirmed_reject(expected_warnings: list[str]) -> None:
    expected_warnings.append(f"condition {CONDITION}")
    line = Line()
    line.sent(1)
    assert line.later() == (CONDITION,)
    line.sent(2)
    line.watch.fired(2)
    assert line.later() == ()


def test_the_recipe_may_stop_the_line(expected_warnings: list[str]) -> None:
    expected_warnings.append(f"condition {CONDITION}")
    line = Line("stop")
    line.sent(1)
    assert line.later() == (CONDITION,)
    assert line.states.state is State.ERROR


def test_without_a_gate_or_without_the_rule_nobody_is_asked() -> None:
    line = Line("stop")
    line.sent(1)
    assert line.later(gates=()) == ()
    line = Line("stop", confirm_within_ms=None)
    line.sent(1)
    assert line.later() == ()


@pytest.mark.parametrize("reason", [Reason.STOPPED, Reason.SCORE], ids=["before its part was settled", "unasked"])
def test_a_word_on_a_part_of_another_epoch_confirms_nothing(expected_warnings: list[str], reason: Reason) -> None:
    expected_warnings.append(f"condition {CONDITION}")
    line = Line()
    line.sent(7, Decision.ACCEPT if reason is Reason.SCORE else Decision.REJECT, reason)
    line.watch.fired(7)
    line.epoch = 2
    line.sent(7)
    assert line.later() == (CONDITION,)
    assert line.watch.confirmed == 0


def test_a_word_before_the_verdict_does_not_hold_for_ever(expected_warnings: list[str]) -> None:
    expected_warnings.append(f"condition {CONDITION}")
    line = Line()
    line.watch.fired(7)
    line.clock.ahead_ns += 61 * SECOND_NS
    line.sent(7)
    assert line.later() == (CONDITION,)


def test_while_the_belt_stands_before_the_gate_nothing_is_missing(expected_warnings: list[str]) -> None:
    line = Line()
    line.encoder.arm(500)
    line.encoder.report(1000)
    line.sent(8, left_counts=300)
    for _ in range(5):
        line.encoder.report(1200)  # it has stopped
        assert line.later() == ()
    line.encoder.report(1301)
    line.confirmations.tend(("plc",))
    assert line.conditions.active() == ()  # now the gate has its time
    expected_warnings.append(f"condition {CONDITION}")
    assert line.later() == (CONDITION,)


def test_a_part_whose_window_is_in_counts_is_confirmed_like_any() -> None:
    line = Line()
    line.encoder.arm(500)
    line.encoder.report(1000)
    line.sent(8, left_counts=300)
    line.encoder.report(1301)
    line.confirmations.tend(("plc",))
    line.watch.fired(8)
    assert line.later() == ()
    assert line.watch.confirmed == 1
