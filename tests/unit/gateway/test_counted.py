"""A count that the PLC told is told to the line once, at once, and never again when it is old."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from edge_inspector.gateway.board import Gate
from edge_inspector.gateway.counted import CountWord, Word
from edge_inspector.gateway.link import LineLink, LineView
from edge_inspector.pipeline.counts import CountWatch
from edge_inspector.service import SystemClock
from edge_inspector.wire import messages as m
from tests.unit.gateway.test_handshake import verdict
from tests.unit.outputs.link import Stepped, bench
from tests.unit.outputs.test_delivery import HandClock

MS = 1_000_000


def test_a_count_is_handed_out_once_each_time_it_is_told() -> None:
    clock = HandClock()
    word = CountWord(clock)
    assert (word.due(), word.hand(), word.fresh()) == (False, None, True)
    word.tell(7)
    assert (word.due(), word.hand(), word.due(), word.hand(), word.latest) == (True, 7, False, None, 7)
    word.tell(7)  # written again, a cycle later: nothing new
    assert not word.due()
    word.tell(8)
    assert (word.due(), word.hand()) == (True, 8)
    clock.now += 200 * MS
    assert not word.fresh()
    word.tell(8)
    assert (word.due(), word.hand(), word.fresh()) == (True, 8, True)
    word.tell(None)
    assert (word.due(), word.hand(), word.fresh()) == (False, None, True)


def test_a_belt_s_count_is_told_ten_times_a_second_at_most_and_never_when_it_is_old() -> None:
    clock = HandClock()
    belt, told = Word(clock), []
    for _ in range(200):  # written every 5 ms
        clock.now += 5 * MS
        belt.tell(clock.now // MS)
        if belt.due():
            told.append(belt.hand())
    assert told == list(range(5, 1001, 100))
    clock.now += 5_000 * MS
    assert belt.hand() == 1000  # told, and not handed out yet
    assert (belt.due(), belt.hand()) == (False, None)


@pytest.mark.parametrize(("epoch", "count"), [(1, 8), (2, 7)], ids=["of the armed epoch", "of another"])
def test_an_acknowledged_part_has_been_counted(epoch: int, count: int) -> None:
    gate = Gate(Stepped(), lambda: True)
    gate.view(LineView().after(m.Arm(epoch=1, trigger_count=0)))
    gate.offer(verdict(8, epoch))
    gate.heartbeat(7)
    assert gate.acknowledge(f"{epoch}/8")
    assert gate.word.hand() == count
    assert gate.word.hand() is None


@pytest.mark.parametrize(("period_ms", "call_ms"), [(200, 900), (100, 500), (100, 900), (40, 300)])
def test_a_healthy_line_does_not_slip_whatever_the_pace_of_the_client(period_ms: int, call_ms: int) -> None:
    clock = HandClock()
    watch, gate = CountWatch(250 * MS), Gate(clock, lambda: True, timeout_ms=1000)
    gate.view(LineView().after(m.Arm(epoch=1, trigger_count=0)))
    for at in range(1, 20_000, 5):
        clock.now = at * MS
        ours, taken = max(0, (at - 15) // period_ms), max(0, (at - 65) // period_ms)
        if at % call_ms == 1:
            gate.heartbeat(at // period_ms)
        if gate.word.due() or at % 500 == 1:  # the link's turn, and its own heartbeats
            count = gate.word.hand()
            slip = None if count is None else watch.report(count, ours, taken, clock.now)
            assert slip is None, f"after {at} ms"


def test_the_line_is_told_at_the_trigger_and_not_with_every_heartbeat(tmp_path: Path) -> None:
    stop = Event()
    with bench(tmp_path, heartbeat_ms=100) as b:
        link = LineLink(b.link.endpoint, "gateway")
        gate = Gate(SystemClock(), lambda: link.alive, timeout_ms=10_000)
        gate.heartbeat(1)
        thread = Thread(target=link.run, args=(gate, stop), name="gateway")
        thread.start()
        b.listener.wait("count", 1)
        for count in range(2, 12):
            gate.heartbeat(count)
            b.listener.wait("count", count)  # each at once: none is taken together with the next
        told = [value for what, value in b.listener.told if what == "count"]
        assert told[-10:] == list(range(2, 12))
        gate.encoder(4711)
        b.listener.wait("encoder", 4711)
        gate.heartbeat(12)
        b.listener.wait("count", 12)
        assert b.listener.told.count(("encoder", 4711)) == 1
        b.run_part(1)
        stop.set()
        thread.join()
