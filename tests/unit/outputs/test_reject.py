from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.errors import JournalError, WireError
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.ledger import Account
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.records import Decision, Outcome, Reason, State
from edge_inspector.service import SystemClock
from edge_inspector.settings.station import RejectSettings
from edge_inspector.wire import messages as m
from edge_inspector.wire.client import LinkDown, LinkUp, RejectClient
from edge_inspector.wire.keys import ClientKeys, write_keys
from tests.unit.outputs.link import Raw, Recorded, bench

MS = 1_000_000


def poll_until(client: RejectClient, true: Callable[[], bool], patience_s: float = 10.0) -> list[Any]:
    events: list[Any] = []
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, f"it did not come; events {events}"
        events += client.poll(0.02)
    return events


class TestHandshake:
    def test_hello_is_answered_with_a_heartbeat(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello(trigger_count=12)
            b.listener.wait("joined", "plc")
            b.listener.wait("count", 12)
            beat = plc.got[0]
            assert isinstance(beat, m.Heartbeat)
            assert (beat.state, beat.trigger_count, beat.conditions, beat.heartbeat_ms) == (State.READY, 7, ("camera",), 100)

    def test_arm_reaches_gates_that_are_here_and_those_that_come(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint, "first") as first, Raw(b.link.endpoint, "second") as second:
            first.hello()
            b.link.arm(b.journal.epoch, 41)
            first.until(lambda: any(isinstance(x, m.Arm) for x in first.got))
            second.hello()
            second.until(lambda: any(isinstance(x, m.Arm) for x in second.got))
            arm = m.Arm(epoch=b.journal.epoch, trigger_count=41)
            assert arm in first.got
            second.say(arm)
            b.listener.wait("armed", 41)
            assert b.entries("arm") == [{"epoch": b.journal.epoch, "trigger_count": 41}]

    def test_arm_is_repeated_until_it_is_answered(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.link.arm(b.journal.epoch, 3)
            plc.until(lambda: sum(isinstance(x, m.Arm) for x in plc.got) >= 2)

    def test_arm_waits_for_the_verdicts_on_parts_before_it(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=1000) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.expect(1)
            b.link.arm(b.journal.epoch, 1)
            plc.read_for(0.25)
            assert not any(isinstance(x, m.Arm) for x in plc.got)
            b.post(b.judged(1))
            plc.until(lambda: any(isinstance(x, m.Arm) for x in plc.got))
            kinds = [kind for _, kind, _ in b.journal.read() if kind in {"verdict", "arm"}]
            assert kinds == ["verdict", "arm"]

    def test_nobody_speaks_before_hello(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.say(m.Heartbeat(trigger_count=99))
            plc.until(lambda: plc.errors == ["hello_first"])
            assert b.listener.told == []

    def test_a_recipe_is_asked_for_and_answered(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            plc.say(m.RecipeChange(name="ring", version=2))
            b.listener.wait("recipe", ("ring", 2))
            b.link.recipe_ready("ring", 2)
            plc.until(lambda: m.RecipeChange(name="ring", version=2) in plc.got)
            b.link.recipe_refused("ring", "no such version")
            plc.until(lambda: plc.errors == ["recipe_refused"])

    @pytest.mark.parametrize("leave", ["bye", "silence"])
    def test_a_gate_that_leaves_is_told(self, tmp_path: Path, leave: str) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            if leave == "bye":
                plc.say(m.Bye(reason="shift is over"))
            b.listener.wait("left", "plc")

    def test_a_gate_that_beats_stays(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            for _ in range(8):
                plc.read_for(0.05)
                plc.say(m.Heartbeat(trigger_count=5))
            assert ("left", "plc") not in b.listener.told
            b.listener.wait("count", 5)


OUTCOMES = {
    "accept": (dict[str, Any](), Decision.ACCEPT, Outcome.ACCEPTED, Reason.NONE),
    "reject": ({"decision": Decision.REJECT, "reason": Reason.SCORE}, Decision.REJECT, Outcome.REJECTED, Reason.SCORE),
    "review": ({"decision": Decision.REVIEW, "reason": Reason.SCORE}, Decision.REVIEW, Outcome.REJECTED, Reason.SCORE),
    "missed": (
        {"decision": Decision.REJECT, "missed": Reason.GRAB_FAILED},
        Decision.REJECT,
        Outcome.MISSED,
        Reason.GRAB_FAILED,
    ),
    "a missing view that somebody calls good": ({"missed": Reason.FROZEN_FRAME}, Decision.REJECT, Outcome.MISSED, Reason.FROZEN_FRAME),
}


class TestVerdicts:
    @pytest.mark.parametrize(("judged", "verdict", "outcome", "reason"), OUTCOMES.values(), ids=OUTCOMES)
    def test_what_leaves(self, tmp_path: Path, judged: dict[str, Any], verdict: Decision, outcome: Outcome, reason: Reason) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.expect(1)
            b.post(b.judged(1, **judged))
            message = plc.wait_verdicts(1)[0]
            assert (message.verdict, message.outcome, message.reason, message.late) == (verdict, outcome, reason, False)
            assert (message.trigger_count, message.part_id, message.epoch) == (1, b.part_id(1), b.journal.epoch)
            assert (message.recipe, message.model, message.station) == ("ring:1", "demo", "line1")
            assert message.triggered_utc == "2026-01-02T03:04:05.000Z"
            assert message.score == (None if outcome is Outcome.MISSED else 0.25)
            assert 0 <= message.age_ms < 5000
            assert message.age_ms + message.deadline_ms == pytest.approx(5000, abs=500)
            b.listener.wait_outcomes(1)
            account = b.link.account
            assert account.triggers == 1
            assert {"accepted": account.accepted, "rejected": account.rejected, "missed": account.missed}[outcome.value] == 1
            assert account.review == (verdict is Decision.REVIEW)

    def test_it_is_on_record_before_it_is_sent_and_settled_by_an_ack(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(1, Decision.REJECT)
            message = plc.wait_verdicts(1)[0]
            entry = b.entries("verdict")[0]
            assert entry["message"] == message.model_dump(mode="json")
            assert entry["camera"] == "cam0"
            sent = b.listener.wait_outcomes(1)[0]
            assert 0 < sent.overhead_ns <= sent.latency_ns
            assert b.link.unsettled == 1
            plc.ack(message)
            plc.until(lambda: b.link.unsettled == 0)
            key = {"epoch": message.epoch, "seq": message.seq}
            assert b.entries("ack") == [{**key, "trigger_count": 1}]
            assert b.entries("sent") == [{**key, "latency_ns": sent.latency_ns, "overhead_ns": sent.overhead_ns}]

    def test_numbers_rise_and_the_order_is_kept(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            for count in range(1, 101):
                b.run_part(count)
            verdicts = plc.wait_verdicts(100)
            assert [v.trigger_count for v in verdicts] == list(range(1, 101))
            assert [v.seq for v in verdicts] == sorted({v.seq for v in verdicts})

    def test_the_second_judgement_of_a_part_is_ignored(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            b.run_part(1, Decision.REJECT)
            b.post(b.judged(1, Decision.ACCEPT))
            b.run_part(2)
            b.listener.wait_outcomes(2)
            assert b.link.ignored == 1
            assert b.link.account == Account(triggers=2, accepted=1, rejected=1)

    def test_a_part_that_nobody_expected_is_accounted_for(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            b.post(b.judged(5))
            assert b.listener.wait_outcomes(1)[0].message.trigger_count == 5
            assert b.link.account == Account(triggers=1, accepted=1)

    def test_monitors_get_verdicts_and_settle_nothing(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        expected_warnings.append("reject link: a message was refused (not_a_gate)")
        with bench(tmp_path) as b, Raw(b.link.endpoint, "scada", "monitor") as monitor:
            monitor.hello()
            b.run_part(1)
            monitor.ack(monitor.wait_verdicts(1)[0])
            monitor.until(lambda: monitor.errors == ["not_a_gate"])
            assert b.link.unsettled == 1
            assert ("joined", "scada") not in b.listener.told


class TestDeadlines:
    def test_no_judgement_in_time(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.expect(1, window_ns=40 * MS)
            message = plc.wait_verdicts(1)[0]
            assert (message.verdict, message.outcome, message.reason) == (Decision.REJECT, Outcome.MISSED, Reason.LATE)
            assert message.late
            assert message.age_ms == pytest.approx(40, abs=30)
            b.post(b.judged(1))
            b.run_part(2)
            b.listener.wait_outcomes(2)
            assert b.link.ignored == 1
            assert b.link.account == Account(triggers=2, accepted=1, missed=1, late=1)
            assert [part.trigger_count for part in b.listener.lates] == [1]

    def test_a_judgement_after_the_deadline(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            late = b.judged(1, window_ns=-1)
            b.post(late)
            sent = b.listener.wait_outcomes(1)[0]
            assert (sent.message.outcome, sent.message.reason, sent.message.score) == (Outcome.MISSED, Reason.LATE, 0.25)
            assert sent.judgement.inspection.views[0] is late.inspection.views[0]  # the picture is kept

    def test_a_write_that_takes_too_long_is_superseded(self, tmp_path: Path) -> None:
        clock = Stepped()

        class Slow(Journal):
            def append(self, kind: str, payload: dict[str, Any]) -> Position:
                if kind == "verdict" and payload["message"]["outcome"] == "accepted":
                    clock.ahead_ns += 6_000 * MS
                return super().append(kind, payload)

        with bench(tmp_path, clock=clock, journal_type=Slow) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(1)
            b.listener.wait_outcomes(1)
            first, second = b.entries("verdict")
            assert first["message"]["outcome"] == "accepted"
            assert second["supersedes"] == first["message"]["seq"]
            assert b.link.account == Account(triggers=1, missed=1, late=1)
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            assert [v.outcome for v in plc.wait_verdicts(1)] == [Outcome.MISSED]


class Stepped(SystemClock):
    """The system's clock, some way ahead."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


class TestRequiredGate:
    def test_a_verdict_waits_for_a_gate(self, tmp_path: Path) -> None:
        with bench(tmp_path, require_gate=True) as b, Raw(b.link.endpoint, "scada", "monitor") as monitor, Raw(b.link.endpoint) as plc:
            monitor.hello()
            b.run_part(1)
            b.run_part(2)
            monitor.read_for(0.2)
            assert monitor.verdicts == []
            assert b.link.account == Account(triggers=2, open=2)
            plc.hello()
            assert [(v.trigger_count, v.outcome) for v in plc.wait_verdicts(2)] == [(1, Outcome.ACCEPTED), (2, Outcome.ACCEPTED)]
            b.listener.wait_outcomes(2)

    def test_no_gate_before_the_deadline(self, tmp_path: Path) -> None:
        with bench(tmp_path, require_gate=True) as b, Raw(b.link.endpoint) as plc:
            b.expect(1, window_ns=60 * MS)
            b.post(b.judged(1))
            b.listener.wait_outcomes(1)
            assert b.link.account == Account(triggers=1, missed=1, late=1)
            plc.hello()
            assert [(v.outcome, v.late) for v in plc.wait_verdicts(1)] == [(Outcome.MISSED, True)]

    def test_without_the_requirement_nothing_waits(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            b.run_part(1)
            b.listener.wait_outcomes(1)
            assert b.link.account == Account(triggers=1, accepted=1)


class TestResend:
    def test_a_lost_ack_brings_the_same_verdict_again(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(1)
            plc.until(lambda: keep_alive(plc) and len(plc.verdicts) >= 3)
            assert len(set(plc.verdicts)) == 1
            plc.ack(plc.verdicts[0])
            plc.until(lambda: b.link.unsettled == 0)
            before = len(plc.verdicts)
            plc.read_for(0.25)
            assert len(plc.verdicts) <= before + 1

    def test_replay_after_a_hello_goes_before_live_verdicts(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            with Raw(b.link.endpoint) as plc:
                plc.hello()
                for count in range(1, 6):
                    b.run_part(count)
                seen = plc.wait_verdicts(5)
                plc.ack(seen[0])
                plc.until(lambda: b.link.unsettled == 4)
            with Raw(b.link.endpoint) as plc:
                plc.hello(last_seq=seen[2].seq)
                b.run_part(6)
                replayed = plc.wait_verdicts(3)
                assert replayed[:2] == seen[3:]
                assert replayed[2].trigger_count == 6

    def test_what_was_processed_and_not_acknowledged_comes_again_a_heartbeat_later(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            b.run_part(1)
            b.listener.wait_outcomes(1)
            with Raw(b.link.endpoint) as plc:
                plc.hello(last_seq=b.journal.last_seq)
                assert plc.verdicts == []
                plc.ack(plc.wait_verdicts(1)[0])
                plc.until(lambda: b.link.unsettled == 0)

    def test_a_number_that_was_never_given_is_of_another_journal(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            b.run_part(1)
            b.listener.wait_outcomes(1)
            plc.say(m.Hello(name="plc", last_seq=10**9))
            assert plc.wait_verdicts(1)[0].trigger_count == 1

    def test_restart_replays_from_the_journal(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            epoch = b.journal.epoch
            for count in (1, 2, 3):
                b.run_part(count, Decision.REJECT)
            first = [s.message for s in b.listener.wait_outcomes(3)]
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(4)
            verdicts = plc.wait_verdicts(4)
            assert verdicts[:3] == first
            assert [v.epoch for v in verdicts] == [epoch] * 3 + [b.journal.epoch]
            assert verdicts[3].seq > verdicts[2].seq
            plc.ack(verdicts[1])
            plc.until(lambda: b.link.unsettled == 3)
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            assert [v.trigger_count for v in plc.wait_verdicts(3)] == [1, 3, 4]

    def test_a_large_replay_is_whole_and_in_order(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=5000) as b:
            for count in range(1, 2501):
                b.run_part(count)
            b.listener.wait_outcomes(2500)
            with Raw(b.link.endpoint) as plc:
                plc.hello()
                counts = [v.trigger_count for v in plc.wait_verdicts(2500)]
                assert counts[:2500] == list(range(1, 2501))


def keep_alive(plc: Raw) -> bool:
    plc.say(m.Heartbeat())
    return True


GARBAGE: dict[str, tuple[tuple[bytes, ...], str]] = {
    "not UTF-8": ((b"\xff\xfe\x00",), "malformed"),
    "empty": ((b"",), "malformed"),
    "not JSON": ((b"hello",), "malformed"),
    "an array": ((b"[1,2]",), "malformed"),
    "deep": ((b"[" * 50_000,), "malformed"),
    "unknown type": ((b'{"v":1,"type":"fire_everything"}',), "malformed"),
    "another version": ((b'{"v":2,"type":"heartbeat"}',), "malformed"),
    "a field of another type": ((b'{"v":1,"type":"ack","epoch":1,"seq":"x","trigger_count":1}',), "malformed"),
    "a negative number": ((b'{"v":1,"type":"ack","epoch":1,"seq":-1,"trigger_count":1}',), "malformed"),
    "a huge number": ((b'{"v":1,"type":"heartbeat","trigger_count":' + b"9" * 5000 + b"}",), "malformed"),
    "NaN": ((b'{"v":1,"type":"heartbeat","trigger_count":NaN}',), "malformed"),
    "two frames": ((b"", b'{"v":1,"type":"heartbeat"}'), "malformed"),
    "a verdict from a client": (
        (
            b'{"v":1,"type":"verdict","epoch":1,"seq":1,"station":"","part_id":"","trigger_count":1,"verdict":"accept","outcome":"accepted",'
            b'"reason":"none","score":0,"threshold":0,"triggered_utc":"","age_ms":0,"deadline_ms":0,"late":false,"recipe":"","model":""}',
        ),
        "unexpected",
    ),
    "a trigger from a client": ((b'{"v":1,"type":"trigger","trigger_count":1,"triggered_ns":1}',), "unexpected"),
}


class TestGarbage:
    @pytest.mark.parametrize(("frames", "code"), GARBAGE.values(), ids=GARBAGE)
    def test_it_is_refused_and_changes_nothing(
        self, tmp_path: Path, expected_warnings: list[str], frames: tuple[bytes, ...], code: str
    ) -> None:
        expected_warnings.append("reject link: a message was refused")
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            before = b.link.account
            plc.say_bytes(*frames)
            plc.until(lambda: plc.errors == [code])
            assert b.link.refused == 1
            assert b.link.account == before
            b.run_part(1)
            assert plc.wait_verdicts(1)[0].verdict is Decision.ACCEPT

    def test_answers_and_log_are_limited(self, tmp_path: Path, expected_warnings: list[str], caplog: pytest.LogCaptureFixture) -> None:
        expected_warnings.append("reject link: a message was refused")
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            for _ in range(2000):
                plc.say_bytes(b"?")
            plc.until(lambda: b.link.refused == 2000)
            plc.read_for(0.2)
            assert 1 <= len(plc.errors) <= 30
        assert sum("was refused" in r.getMessage() for r in caplog.records) <= 2

    def test_an_oversized_message_costs_its_sender_the_connection_alone(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint, "big") as big, Raw(b.link.endpoint) as plc:
            plc.hello()
            big.say_bytes(b"x" * (m.MAX_BYTES + 1))
            b.run_part(1)
            plc.wait_verdicts(1)
            assert big.got == []

    def test_an_ack_for_another_part_is_a_fault_and_settles_nothing(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        expected_warnings.append("reject link: a message was refused")
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(1)
            verdict = plc.wait_verdicts(1)[0]
            plc.say(m.Ack(epoch=verdict.epoch, seq=verdict.seq, trigger_count=2))
            b.listener.wait("fault", "ack_mismatch")
            assert b.link.unsettled == 1

    def test_an_ack_of_what_was_never_sent_does_nothing(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            plc.say(m.Ack(epoch=1, seq=999, trigger_count=1))
            b.run_part(1)
            plc.wait_verdicts(1)
            assert b.entries("ack") == []

    def test_a_failing_listener_keeps_no_verdict(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        expected_warnings.append("a listener of the reject link failed")
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            b.listener.broken = True
            plc.hello()
            b.run_part(1)
            b.run_part(2)
            plc.wait_verdicts(2)


class TestClientAcrossARestart:
    def test_it_introduces_itself_again(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b:
            endpoint = b.link.endpoint
            client = RejectClient(endpoint, "plc", heartbeat_ms=100, trigger_count=lambda: 3)
            poll_until(client, lambda: client.alive)
            b.link.arm(b.journal.epoch, 0)
            poll_until(client, lambda: client.armed is not None)
            b.run_part(1)
            poll_until(client, lambda: client.stats.verdicts == 1)
            assert client.gate_decision(1) == "pass"
            assert client.gate_decision(2) == "reject"
        events = poll_until(client, lambda: not client.alive)
        assert any(isinstance(event, LinkDown) for event in events)
        assert client.gate_decision(1) == "reject"
        with bench(tmp_path, endpoint=endpoint) as b:
            events = poll_until(client, lambda: client.alive)
            assert any(isinstance(event, LinkUp) for event in events)
            b.link.arm(b.journal.epoch, 1)
            poll_until(client, lambda: client.armed is not None and client.armed.epoch == b.journal.epoch)
            assert client.gate_decision(1) == "reject"  # an accept of another epoch opens nothing
            b.run_part(2)
            poll_until(client, lambda: client.gate_decision(2) == "pass")
            assert (client.stats.verdicts, client.stats.duplicates, client.stats.out_of_order) == (2, 0, 0)
            client.close()


class TestStop:
    def test_open_parts_are_missed_and_it_can_be_repeated(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=1000) as b, Raw(b.link.endpoint) as plc:
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
            assert b.link.account == Account(triggers=1, missed=1)
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


class TestListening:
    def test_a_port_in_use(self, tmp_path: Path) -> None:
        with bench(tmp_path / "a") as b, pytest.raises(WireError, match=f"{b.link.endpoint} is in use"):
            RejectLink(RejectSettings(endpoint=b.link.endpoint), "line1", b.journal, b.clock, b.listener).start()

    def test_beyond_loopback_without_keys(self, tmp_path: Path) -> None:
        link = RejectLink(RejectSettings(endpoint="tcp://0.0.0.0:*"), "line1", Journal(tmp_path), SystemClock(), Recorded())
        with pytest.raises(WireError, match="CURVE"):
            link.start()

    def test_curve_lets_in_the_keys_of_the_folder_alone(self, tmp_path: Path) -> None:
        public, secret = write_keys(tmp_path / "line", "line")
        allowed, friend = write_keys(tmp_path / "friend", "friend")
        _, stranger = write_keys(tmp_path / "stranger", "stranger")
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "friend.key").write_bytes(allowed.read_bytes())
        settings = RejectSettings(endpoint="tcp://127.0.0.1:*", heartbeat_ms=50, curve_secret_key=secret, curve_client_keys=tmp_path / "in")
        journal = Journal(tmp_path / "journal")
        journal.open()
        link = RejectLink(settings, "line1", journal, SystemClock(), Recorded())
        link.start()
        try:
            with RejectClient(link.endpoint, "friend", keys=ClientKeys(friend, public)) as client:
                poll_until(client, lambda: client.alive)
            for keys in (ClientKeys(stranger, public), None):
                with RejectClient(link.endpoint, "stranger", keys=keys) as client:
                    client.poll(0.3)
                    assert not client.alive
        finally:
            link.stop(5.0)
            journal.close()
