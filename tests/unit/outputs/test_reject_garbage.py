"""Nothing that a client sends changes an account or stops the link."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_inspector.records import Decision
from edge_inspector.wire import messages as m
from tests.unit.outputs.link import Raw, bench

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
    "a heartbeat a day": ((b'{"v":1,"type":"heartbeat","heartbeat_ms":86400000}',), "malformed"),
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
            (message,) = b.listener.faults
            assert f"verdict {verdict.seq} for trigger 2; it is for 1" in message
            assert "start again" in message
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
