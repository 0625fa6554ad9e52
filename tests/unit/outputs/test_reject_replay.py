"""Verdicts that no gate has acknowledged are sent again: after a while, after a hello, after a restart."""

from __future__ import annotations

from pathlib import Path

from edge_inspector.records import Decision
from edge_inspector.wire import messages as m
from tests.unit.outputs.link import Raw, bench


class TestResend:
    def test_a_lost_ack_brings_the_same_verdict_again(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=400) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.run_part(1)
            plc.until(lambda: plc.keep_alive() and len(plc.verdicts) >= 3)
            assert len(set(plc.verdicts)) == 1
            plc.ack(plc.verdicts[0])
            plc.until(lambda: b.link.unsettled == 0)
            before = len(plc.verdicts)
            plc.read_for(1.0)
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
        with bench(tmp_path, heartbeat_ms=600) as b:
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
        with bench(tmp_path) as b:
            for count in range(1, 2501):
                b.run_part(count)
            b.listener.wait_outcomes(2500)
            with Raw(b.link.endpoint) as plc:
                plc.hello()
                counts = [v.trigger_count for v in plc.wait_verdicts(2500)]
                assert counts[:2500] == list(range(1, 2501))
