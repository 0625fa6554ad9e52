"""What leaves for a part: on record first, numbered, before its deadline, to a gate where one is required."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.ledger import Account
from edge_inspector.records import Decision, Outcome, Reason
from tests.unit.outputs.link import WINDOW_NS, Raw, Stepped, bench

MS = 1_000_000


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
            assert 0 <= message.age_ms < WINDOW_NS / MS
            assert message.age_ms + message.deadline_ms == pytest.approx(WINDOW_NS / MS, abs=500)
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
            assert 40 <= message.age_ms < 5000
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
                    clock.ahead_ns += WINDOW_NS + MS
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

    def test_without_the_requirement_a_gate_that_comes_after_the_window_is_told_everything(self, tmp_path: Path) -> None:
        clock = Stepped()
        with bench(tmp_path, clock=clock) as b, Raw(b.link.endpoint) as plc:
            b.run_part(1)
            b.run_part(2, Decision.REJECT)
            b.listener.wait_outcomes(2)
            clock.ahead_ns += WINDOW_NS + 1
            plc.hello()
            told = plc.wait_verdicts(2)
            assert [(v.trigger_count, v.outcome) for v in told[:2]] == [(1, Outcome.ACCEPTED), (2, Outcome.REJECTED)]
            for verdict in told[:2]:
                plc.ack(verdict)
            plc.until(lambda: b.link.unsettled == 0)
            assert b.link.account == Account(triggers=2, accepted=1, rejected=1)

    def test_an_accept_that_may_leave_no_more_is_not_planned_again(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            b.run_part(1)
            (sent,) = b.listener.wait_outcomes(1)
            entry = b.link._table.get((sent.message.epoch, sent.message.seq))
            assert entry is not None
            entry.overdue = lambda: True
            plc.hello()
            assert b.link._table.next_due() is None
            assert plc.verdicts == []
