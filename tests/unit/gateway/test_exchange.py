from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_inspector.gateway.exchange import Exchange
from edge_inspector.gateway.link import LineView
from edge_inspector.gateway.registers import IN, IN_SIZE, NONE32, OUT_SIZE, REASONS, Control, ErrorId, Status
from edge_inspector.records import Decision, State
from edge_inspector.wire import messages as m
from edge_inspector.wire.gate import Event, LinkDown, LinkUp
from tests.unit.gateway.plc import Inputs
from tests.unit.gateway.test_handshake import verdict
from tests.unit.outputs.link import Stepped

ARM = m.Arm(epoch=1, trigger_count=10)
RUNNING = (LinkUp(), ARM, m.Heartbeat(state=State.CONTINUOUS_EXECUTION, trigger_count=10))


class Bench:
    def __init__(self, *events: Event, limit: int = 3) -> None:
        self.clock, self.alive, self.line = Stepped(), True, LineView()
        self.exchange = Exchange(self.clock, lambda: self.alive, limit)
        self.write(1, 0)  # the PLC's heartbeat
        for event in events:
            self.tell(event)

    def tell(self, event: Event) -> None:
        self.line = self.line.after(event)
        self.exchange.view(self.line)

    def write(self, at: int, *values: int) -> None:
        if at == 1:
            values = (self.exchange.read()[IN + 1] + 1,)
        self.exchange.write(IN + at, list(values))

    @property
    def seen(self) -> Inputs:
        return Inputs(self.exchange.read()[:OUT_SIZE])


READY: dict[str, tuple[tuple[Event, ...], ErrorId, bool]] = {
    "running": (RUNNING, ErrorId.NONE, True),
    "one part": ((*RUNNING, m.Heartbeat(state=State.SINGLE_EXECUTION)), ErrorId.NONE, True),
    "not armed": ((LinkUp(), m.Heartbeat(state=State.CONTINUOUS_EXECUTION)), ErrorId.NONE, False),
    "stopped": ((*RUNNING, m.Heartbeat(state=State.READY)), ErrorId.NONE, False),
    "in error": ((*RUNNING, m.Heartbeat(state=State.ERROR)), ErrorId.LINE_ERROR, False),
    "halted": ((*RUNNING, m.Heartbeat(state=State.HALTED)), ErrorId.LINE_ERROR, False),
    "refused": ((*RUNNING, m.Error(code="ack_mismatch", message="")), ErrorId.REFUSED, False),
    "restarted": ((*RUNNING, LinkDown("bye"), LinkUp(), RUNNING[2]), ErrorId.NONE, False),
    "unknown to a new line": ((*RUNNING, m.Error(code="hello_first", message="")), ErrorId.NONE, True),
}


@pytest.mark.parametrize(("events", "error", "ready"), READY.values(), ids=READY)
def test_ready_and_error(events: tuple[Event, ...], error: ErrorId, ready: bool) -> None:
    seen = Bench(*events).seen
    assert (seen.error, Status.READY in seen.status, Status.FAULT in seen.status) == (error, ready, error is not ErrorId.NONE)


def test_a_dead_line_is_not_ready_and_rejects_whatever_is_shown() -> None:
    bench = Bench(*RUNNING)
    bench.exchange.offer(verdict(11))
    assert (bench.seen.verdict, bench.seen.acquisition) == (1, 11)
    bench.alive = False  # by the clock alone: no event has come
    seen = bench.seen
    assert (seen.verdict, seen.error) == (0, ErrorId.NO_LINE)
    assert not seen.status & (Status.READY | Status.CONNECTED | Status.MAY_OPEN | Status.BUSY)
    assert Status.VALID in seen.status  # it stays until it is acknowledged


def test_a_silent_plc() -> None:
    bench = Bench(*RUNNING)
    assert bench.exchange.present()
    bench.clock.ahead_ns = 1_100_000_000
    assert not bench.exchange.present()
    assert bench.seen.error is ErrorId.PLC_SILENT
    bench.write(0, Control.ACK)  # a request without a new heartbeat is no sign of a program that runs
    assert not bench.exchange.present()
    bench.write(1)
    assert bench.exchange.present()
    assert Status.READY in bench.seen.status


@pytest.mark.parametrize(
    ("decision", "epoch", "shown"),
    [(Decision.ACCEPT, 1, 1), (Decision.REJECT, 1, 0), (Decision.REVIEW, 1, 2), (Decision.ACCEPT, 2, 0), (Decision.REVIEW, 2, 0)],
)
def test_only_an_accept_of_the_armed_epoch_reads_as_one(decision: Decision, epoch: int, shown: int) -> None:
    bench = Bench(*RUNNING)
    bench.exchange.offer(verdict(11, epoch, decision))
    assert (bench.seen.verdict, Status.MAY_OPEN in bench.seen.status) == (shown, epoch == 1)


def test_the_result_registers() -> None:
    bench = Bench(*RUNNING)
    bench.exchange.offer(verdict(11))
    words = bench.seen.words
    assert words[8:14] == [0, 10, 0, 10, 0, 11]  # armed after, the line's count, acquisition
    assert words[14:25] == [1, 1, 0, 2500, 5000, 0, 11, 0, 1, 0, 40]
    assert words[25:] == [0, 1] + [0] * 5


def test_busy_is_a_part_without_a_result() -> None:
    bench = Bench(*RUNNING)
    for count, results, busy in ((10, (), False), (11, (), True), (11, (11,), False), (13, (12,), True), (13, (13,), False)):
        bench.write(2, 0, count)
        for result in results:
            bench.exchange.offer(verdict(result))
        assert (Status.BUSY in bench.seen.status) is busy, (count, results)


def test_overflow_stands_until_reset_and_begins_anew() -> None:
    bench = Bench(*RUNNING, limit=1)
    for count in (11, 12, 13):
        bench.exchange.offer(verdict(count))
    assert (bench.seen.error, bench.seen.acquisition) == (ErrorId.OVERFLOW, 11)
    assert not bench.exchange.restarts()
    bench.write(0, Control.RESET)
    assert bench.exchange.restarts()
    assert not bench.exchange.restarts()
    bench.exchange.forget()
    assert bench.seen.error is ErrorId.NONE


def test_a_refusal_stands_until_reset() -> None:
    bench = Bench(*RUNNING, m.Error(code="ack_mismatch", message=""))
    seen = [bench.seen.error]
    bench.write(0, Control.RESET)
    seen.append(bench.seen.error)
    for event in (RUNNING[2], m.Error(code="malformed", message="")):
        bench.tell(event)
        seen.append(bench.seen.error)
    assert seen == [ErrorId.REFUSED, ErrorId.NONE, ErrorId.NONE, ErrorId.REFUSED]
    assert not bench.exchange.restarts()


def _acks(bench: Bench) -> None:
    bench.exchange.offer(verdict(11))
    bench.write(0, Control.ACK)


def _knows_a_part(bench: Bench) -> None:
    text = [0x534E, 0x2D31] + [0] * 14  # SN-1
    bench.write(6, 7, 0, 0, 11, *text, *[0x4C34, 0x3200] + [0] * 14)  # L42
    bench.write(1)  # the same strobe: not told again


def _fires(bench: Bench) -> None:
    for count in (11, 11, 12):
        bench.write(4, 0, count)


OUTGOING: dict[str, tuple[Callable[[Bench], None], str, object]] = {
    "an ack": (_acks, "taken", (verdict(11),)),
    "a part": (_knows_a_part, "parts", (m.Part(trigger_count=11, serial="SN-1", lot="L42"),)),
    "a gate that moved": (_fires, "fired", (11, 12)),
}


@pytest.mark.parametrize(("act", "what", "told"), OUTGOING.values(), ids=OUTGOING)
def test_what_the_plc_has_for_the_line_is_told_once(act: Callable[[Bench], None], what: str, told: object) -> None:
    bench = Bench(*RUNNING)
    act(bench)
    assert getattr(bench.exchange.outgoing(), what) == told
    assert getattr(bench.exchange.outgoing(), what) == ()


def test_the_plcs_count() -> None:
    bench = Bench(*RUNNING)
    before = bench.exchange.word.latest
    assert before is None
    bench.write(2, 1, 2)
    assert bench.exchange.word.latest == 65_538
    bench.write(2, NONE32 >> 16, NONE32 & 0xFFFF)
    assert bench.exchange.word.latest is None


def test_the_map_is_whole() -> None:
    assert len(Bench().exchange.read()) == IN + IN_SIZE
    assert sorted(REASONS.values()) == list(range(len(REASONS)))


def test_the_belt_s_encoder_is_told_where_the_plc_has_one() -> None:
    bench = Bench(*RUNNING)
    assert bench.exchange.belt.hand() is None
    bench.write(44, 1, 2)
    assert (bench.exchange.belt.hand(), bench.exchange.belt.hand()) == (65_538, None)
    bench.write(0, Control.ACK)  # a request that says nothing of the belt
    assert bench.exchange.belt.hand() is None
    bench.write(1)  # the same, by a program that runs: the belt stands
    assert bench.exchange.belt.hand() == 65_538
    bench.write(44, 0xFFFF, 0xFFFF)
    assert bench.exchange.belt.hand() is None
