"""A stop, a disk that takes nothing, thousands of parts at once: every part keeps its one outcome."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from edge_inspector.errors import JournalError
from edge_inspector.outputs.delivery import TURN_PARTS
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.ledger import Account
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.records import Decision, Outcome, Reason
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.station import RejectSettings
from edge_inspector.wire import messages as m
from tests.unit.outputs.link import Bench, Raw, Recorded, Stepped, bench

MS = 1_000_000


class TestStop:
    def test_open_parts_are_missed_and_it_can_be_repeated(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.expect(1)
            b.expect(2)
            b.post(b.judged(2))
            assert b.link.stop(5.0)
            assert b.link.stop(5.0)
            plc.until(lambda: any(isinstance(x, m.Bye) for x in plc.got))
            assert {(v.trigger_count, v.reason) for v in plc.verdicts} == {(2, Reason.NONE), (1, Reason.STOPPED)}
            assert b.link.account == Account(triggers=2, accepted=1, missed=1)

    def test_a_held_verdict_is_missed(self, tmp_path: Path) -> None:
        with bench(tmp_path, require_gate=True) as b:
            b.run_part(1)
            b.link.stop(5.0)
            assert b.link.account == Account(triggers=1, missed=1)
            assert b.listener.outcomes[0].message.reason is Reason.STOPPED

    def test_a_link_that_never_started(self, tmp_path: Path) -> None:
        link = RejectLink(RejectSettings(), "line1", Journal(tmp_path), SystemClock(), Recorded())
        assert link.stop(1.0)


class Failing(Journal):
    """A journal on a disk that takes no verdict, or nothing, while ``full``."""

    full: tuple[str, ...] = ()

    def append(self, kind: str, payload: dict[str, Any]) -> Position:
        if kind in self.full:
            raise JournalError(f"journal folder {self.folder} does not take a record: {os.strerror(28)}")
        return super().append(kind, payload)

    def next_seq(self) -> int:
        if "seq" in self.full:
            raise JournalError("no number can be reserved")
        return super().next_seq()


class TestDiskTrouble:
    def test_nothing_is_accepted_that_is_not_on_record(self, tmp_path: Path) -> None:
        with bench(tmp_path, journal_type=Failing) as b, Raw(b.link.endpoint) as plc:
            assert isinstance(b.journal, Failing)
            plc.hello()
            b.journal.full = ("verdict", "sent", "ack")
            b.run_part(1, Decision.ACCEPT)
            b.run_part(2, Decision.REJECT)
            b.listener.wait("fault", "journal")
            verdicts = plc.wait_verdicts(2)
            assert [(v.verdict, v.outcome, v.reason) for v in verdicts[:2]] == [
                (Decision.REJECT, Outcome.MISSED, Reason.NOT_JOURNALED),
                (Decision.REJECT, Outcome.REJECTED, Reason.NONE),
            ]
            assert b.entries("verdict") == []
            b.journal.full = ()
            b.listener.wait("well", "journal")
            assert [e["message"]["trigger_count"] for e in b.entries("verdict")] == [1, 2]
            assert len(b.entries("sent")) == 2
            assert b.link.account == Account(triggers=2, rejected=1, missed=1)

    def test_a_part_without_a_number_is_told_later(self, tmp_path: Path) -> None:
        with bench(tmp_path, journal_type=Failing) as b, Raw(b.link.endpoint) as plc:
            assert isinstance(b.journal, Failing)
            plc.hello()
            b.journal.full = ("seq", "verdict", "sent")
            b.run_part(1)
            b.listener.wait("fault", "journal")
            plc.until(lambda: b.link.account == Account(triggers=1, missed=1))  # the fault is told before the part is settled
            b.journal.full = ()
            assert plc.wait_verdicts(1)[0].reason is Reason.NOT_JOURNALED
            assert [e["message"]["trigger_count"] for e in b.entries("verdict")] == [1]

    def test_arm_waits_for_the_disk(self, tmp_path: Path) -> None:
        with bench(tmp_path, journal_type=Failing) as b, Raw(b.link.endpoint) as plc:
            assert isinstance(b.journal, Failing)
            plc.hello()
            b.journal.full = ("arm",)
            b.link.arm(b.journal.epoch, 1)
            b.listener.wait("fault", "journal")
            plc.read_for(0.15)
            assert not any(isinstance(x, m.Arm) for x in plc.got)
            b.journal.full = ()
            plc.until(lambda: any(isinstance(x, m.Arm) for x in plc.got))
            assert len(b.entries("arm")) == 1


class Burst(Journal):
    """A journal that takes no verdict before ``go``, and then a millisecond for each."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        assert isinstance(clock, Stepped)
        self.stepped = clock
        self.go = threading.Event()

    def append(self, kind: str, payload: dict[str, Any]) -> Position:
        if kind == "verdict":
            assert self.go.wait(10)
            self.stepped.ahead_ns += MS
        return super().append(kind, payload)


class TestManyAtOnce:
    PARTS = 1000

    def lose(self, b: Bench) -> Burst:
        """What the line posts after a long absence; nothing leaves yet."""
        for count in range(1, self.PARTS + 1):
            b.expect(count, window_ns=500 * MS)
            b.post(b.judged(count, Decision.REJECT, missed=Reason.RESTART, window_ns=500 * MS))
        assert isinstance(b.journal, Burst)
        return b.journal

    def test_heartbeats_go_on_and_no_part_is_late_because_it_had_to_wait(self, tmp_path: Path) -> None:
        with (
            bench(tmp_path, heartbeat_ms=100, clock=Stepped(), journal_type=Burst) as b,
            Raw(b.link.endpoint, "scada", "monitor") as monitor,
        ):
            monitor.hello()
            monitor.say(m.Heartbeat(heartbeat_ms=60_000))
            journal = self.lose(b)
            journal.go.set()
            b.listener.wait_outcomes(self.PARTS)
            assert [v.trigger_count for v in monitor.wait_verdicts(self.PARTS)] == list(range(1, self.PARTS + 1))
            assert {v.reason for v in monitor.verdicts} == {Reason.RESTART}
            assert b.listener.lates == []
            assert b.link.account == Account(triggers=self.PARTS, missed=self.PARTS)
            told = "".join("v" if isinstance(x, m.VerdictMessage) else " " for x in monitor.got)
            assert max(len(run) for run in told.split()) < 2 * TURN_PARTS

    def test_a_stop_delivers_all_that_was_posted(self, tmp_path: Path) -> None:
        with bench(tmp_path, clock=Stepped(), journal_type=Burst) as b:
            self.lose(b).go.set()
            assert b.link.stop(10.0)
            assert {sent.message.reason for sent in b.listener.outcomes} == {Reason.RESTART}
            assert b.link.account == Account(triggers=self.PARTS, missed=self.PARTS)
