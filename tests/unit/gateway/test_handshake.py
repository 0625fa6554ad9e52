from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_inspector.gateway.handshake import Handshake
from edge_inspector.records import Decision, Outcome, Reason
from edge_inspector.wire.messages import VerdictMessage


def verdict(count: int, epoch: int = 1, decision: Decision = Decision.ACCEPT, late: bool = False) -> VerdictMessage:
    return VerdictMessage(
        epoch=epoch, seq=count, station="line1", part_id=f"line1-{epoch}-{count}", trigger_count=count, verdict=decision,
        outcome=Outcome.ACCEPTED if decision is Decision.ACCEPT else Outcome.REJECTED, reason=Reason.NONE, score=0.25, threshold=0.5,
        triggered_utc="", age_ms=40.0, deadline_ms=200.0, late=late, recipe="ring:1", model="demo",
    )  # fmt: skip


def test_each_result_stays_until_it_is_acknowledged() -> None:
    handshake = Handshake(10)
    for count in (1, 2):
        handshake.put(verdict(count))
    assert (handshake.shown, handshake.waiting, handshake.completed) == (verdict(1), 1, True)
    assert handshake.ack(False) is None
    assert handshake.ack(True) == verdict(1)
    assert handshake.waiting == 1  # until the ack is taken back
    assert handshake.ack(True) is None
    assert handshake.ack(False) is None
    assert handshake.shown == verdict(2)
    assert not handshake.completed


def test_an_ack_that_stands_from_before_takes_nothing() -> None:
    handshake = Handshake(10)
    handshake.ack(True)
    handshake.put(verdict(1))
    assert handshake.waiting == 1
    assert handshake.ack(True) is None
    assert handshake.ack(False) is None
    assert handshake.waiting == 0


def test_too_many_are_refused_and_none_is_overwritten() -> None:
    handshake = Handshake(2)
    for count in range(1, 6):
        handshake.put(verdict(count))
    assert (handshake.shown, handshake.waiting, handshake.overflow) == (verdict(1), 2, True)
    assert handshake.ack(True) == verdict(1)
    handshake.ack(False)
    handshake.put(verdict(6))  # there is room again, but 4 and 5 are missing before it
    assert (handshake.shown, handshake.waiting) == (verdict(2), 1)
    handshake.clear()
    handshake.put(verdict(4))
    assert (handshake.shown, handshake.overflow) == (verdict(4), False)


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes in whatever order: results are taken once each, in the order they came, up to the first that was refused."""

    def __init__(self) -> None:
        super().__init__()
        self.handshake = Handshake(3)
        self.offered: list[int] = []
        self.taken: list[int] = []

    @rule()
    def put(self) -> None:
        count = len(self.offered) + 1
        self.handshake.put(verdict(count))
        if not self.handshake.overflow:
            self.offered.append(count)

    @rule(level=st.booleans())
    def ack(self, level: bool) -> None:
        if (taken := self.handshake.ack(level)) is not None:
            self.taken.append(taken.trigger_count)

    @invariant()
    def nothing_is_lost(self) -> None:
        shown = [self.handshake.shown.trigger_count] if self.handshake.shown else []
        assert self.offered[: len(self.taken) + len(shown)] == self.taken + shown
        assert len(self.offered) == len(self.taken) + len(shown) + self.handshake.waiting


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase
