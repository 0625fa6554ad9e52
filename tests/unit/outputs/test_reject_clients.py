"""Who may connect to the reject link, and how gates introduce themselves, are armed, and leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from edge_inspector.errors import WireError
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.outputs.talk import IN_STEP_NS
from edge_inspector.records import State
from edge_inspector.service import SystemClock
from edge_inspector.settings.station import RejectSettings
from edge_inspector.wire import messages as m
from edge_inspector.wire.client import LinkDown, LinkUp, RejectClient
from edge_inspector.wire.keys import ClientKeys, write_keys
from tests.unit.outputs.link import HEARTBEAT_MS, PATIENCE_S, Raw, Recorded, bench


def poll_until(client: RejectClient, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> list[Any]:
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
            assert (beat.state, beat.trigger_count, beat.conditions, beat.heartbeat_ms) == (State.READY, 7, ("camera",), HEARTBEAT_MS)

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
        with bench(tmp_path, heartbeat_ms=500) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            b.link.arm(b.journal.epoch, 3)
            plc.until(lambda: plc.keep_alive() and sum(isinstance(x, m.Arm) for x in plc.got) >= 2)

    def test_the_same_arm_again_is_sent_and_answered_again(self, tmp_path: Path) -> None:
        """A line that stops and starts before any part arms with what it has armed with."""
        with bench(tmp_path, heartbeat_ms=1000) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            arm = m.Arm(epoch=b.journal.epoch, trigger_count=3)
            for times in (1, 2, 3):
                plc.got.clear()
                b.link.arm(arm.epoch, arm.trigger_count)
                plc.until(lambda: arm in plc.got)
                plc.say(arm)
                b.listener.wait("armed", 3, times=times)

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

    def test_a_count_is_told_with_what_was_acknowledged_before_it_in_this_arming(self, tmp_path: Path) -> None:
        """A PLC that has acknowledged a part's verdict and then tells a lower count has not seen that part."""
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello(trigger_count=5)
            b.run_part(5)  # of before the arming: its ack says nothing of the counts after it
            plc.ack(plc.wait_verdicts(1)[0])
            b.link.arm(b.journal.epoch, 5)
            plc.until(lambda: any(isinstance(x, m.Arm) for x in plc.got))
            plc.say(m.Heartbeat(trigger_count=6))
            b.listener.wait("count", 6)
            assert b.listener.acked == 0
            b.run_part(7)
            plc.ack(plc.wait_verdicts(2)[1])
            plc.read_for(2 * IN_STEP_NS / 1e9)
            plc.say(m.Heartbeat(trigger_count=6, encoder=4711))
            b.listener.wait("count", 6, times=2)
            assert b.listener.acked == 7
            b.listener.wait("encoder", 4711)

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
        with bench(tmp_path, heartbeat_ms=HEARTBEAT_MS if leave == "bye" else 100) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            if leave == "bye":
                plc.say(m.Bye(reason="shift is over"))
            b.listener.wait("left", "plc")

    @pytest.mark.parametrize(
        ("name", "role", "joined"), [("other", "gate", [("joined", "other")]), ("plc", "monitor", [])], ids=["another name", "another role"]
    )
    def test_a_gate_that_becomes_another_client_is_told_to_have_left(
        self, tmp_path: Path, name: str, role: Literal["gate", "monitor"], joined: list[tuple[str, str]]
    ) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            plc.say(m.Hello(name=name, role=role))
            b.listener.wait("left", "plc")
            assert b.listener.told == [("joined", "plc"), *joined, ("left", "plc")]

    def test_a_gate_that_takes_the_name_of_a_second_leaves_that_one_alone(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint, "a") as first, Raw(b.link.endpoint, "b") as second:
            first.hello()
            second.hello()
            first.say(m.Hello(name="b"))
            b.listener.wait("left", "a")
            assert b.listener.told == [("joined", "a"), ("joined", "b"), ("joined", "b"), ("left", "a")]

    def test_a_gate_that_beats_stays(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=600) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            for _ in range(36):  # 1.8 s; without a word it would have left after 1.5
                plc.read_for(0.05)
                plc.say(m.Heartbeat(trigger_count=5))
            assert ("left", "plc") not in b.listener.told
            b.listener.wait("count", 5)


class TestClientAcrossARestart:
    def test_it_introduces_itself_again(self, tmp_path: Path) -> None:
        with bench(tmp_path, heartbeat_ms=1000) as b:  # it has left after 2.5 s at most, whether or not its bye arrives
            endpoint = b.link.endpoint
            client = RejectClient(endpoint, "plc", heartbeat_ms=1000, trigger_count=lambda: 3)
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
        with bench(tmp_path, heartbeat_ms=1000, endpoint=endpoint) as b:
            events = poll_until(client, lambda: client.alive)
            assert any(isinstance(event, LinkUp) for event in events)
            b.link.arm(b.journal.epoch, 1)
            poll_until(client, lambda: client.armed is not None and client.armed.epoch == b.journal.epoch)
            assert client.gate_decision(1) == "reject"  # an accept of another epoch opens nothing
            b.run_part(2)
            poll_until(client, lambda: client.gate_decision(2) == "pass")
            assert (client.stats.verdicts, client.stats.duplicates, client.stats.out_of_order) == (2, 0, 0)
            client.close()


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


class TestWhatTheGateTells:
    def test_of_a_part_goes_with_its_verdict_and_onto_record(self, tmp_path: Path) -> None:
        with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
            plc.hello()
            plc.say(m.Part(trigger_count=1, serial="SN-1", lot="L42"))
            plc.say(m.Fired(trigger_count=1))
            b.listener.wait("fired", 1)
            b.run_part(1)
            b.run_part(2)
            first, second = b.listener.wait_outcomes(2)
            assert ((first.serial, first.lot), (second.serial, second.lot)) == (("SN-1", "L42"), ("", ""))
            assert [entry.get("serial") for entry in b.entries("verdict")] == ["SN-1", None]
            assert b.entries("part") == [{"epoch": b.journal.epoch, "trigger_count": 1, "serial": "SN-1", "lot": "L42"}]
            assert [entry["trigger_count"] for entry in b.entries("fired")] == [1]

    def test_counts_from_a_gate_alone(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        expected_warnings.append("reject link: a message was refused")
        with bench(tmp_path) as b, Raw(b.link.endpoint, "screen", "monitor") as monitor:
            monitor.hello()
            monitor.say(m.Part(trigger_count=1, serial="SN-1"))
            monitor.say(m.Fired(trigger_count=1))
            monitor.until(lambda: monitor.errors == ["not_a_gate", "not_a_gate"])
            assert b.entries("part") == b.entries("fired") == []
