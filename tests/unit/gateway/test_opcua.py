"""The OPC UA gateway between a real link and a real OPC UA client."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from asyncua import ua
from asyncua.ua.uaerrors import UaStatusCodeError

from edge_inspector.gateway.board import Gate, Monitor
from edge_inspector.gateway.link import LineView
from edge_inspector.gateway.login import LineControl
from edge_inspector.gateway.nodes import line_values, result_values
from edge_inspector.gateway.opcua import run_opcua
from edge_inspector.gateway.registers import ErrorId
from edge_inspector.records import Decision, State
from edge_inspector.wire import messages as m
from edge_inspector.wire.gate import Event, LinkDown, LinkUp
from edge_inspector.wire.server import ControlServer
from tests.system.fuzz import drum
from tests.unit.gateway.plc import free_port, listens
from tests.unit.gateway.test_handshake import verdict
from tests.unit.gateway.ua import UaClient, ua_client
from tests.unit.outputs.link import Stepped, bench

RUNNING = (LinkUp(), m.Arm(epoch=1, trigger_count=10), m.Heartbeat(state=State.CONTINUOUS_EXECUTION, trigger_count=10))


@contextmanager
def serving(endpoint: str, role: Literal["gate", "monitor"] = "monitor", control: LineControl | None = None) -> Iterator[UaClient]:
    stop, port = threading.Event(), free_port()
    settings: dict[str, Any] = {"role": role, "control": control, "plc_timeout_ms": 3000}
    thread = threading.Thread(target=run_opcua, args=(endpoint, f"127.0.0.1:{port}", stop), kwargs=settings, name="gateway")
    thread.start()
    try:
        end = time.monotonic() + 60
        while not listens(port):
            assert time.monotonic() < end
            time.sleep(0.05)  # a server that starts has no event to wait on
        with ua_client(port) as client:
            yield client
    finally:
        stop.set()
        thread.join()


def shown(*events: Event, board: Monitor | None = None, alive: bool = True) -> dict[str, Any]:
    board = board or Monitor(Stepped(), lambda: alive)
    view = LineView()
    for event in events:
        view = view.after(event)
    board.view(view)
    return line_values(board.shown(), verdict(11))


LINES: dict[str, tuple[tuple[Event, ...], bool, dict[str, Any]]] = {
    "no line": (
        (),
        False,
        {"Gate.Connected": False, "Gate.ErrorId": ErrorId.NO_LINE, "Gate.RejectByDefault": True, "Gate.Verdict": "reject"},
    ),
    "running": (RUNNING, True, {"Gate.Ready": True, "Gate.Fault": False, "Gate.RejectByDefault": False, "Gate.Verdict": "accept"}),
    "dead by the clock": (
        RUNNING,
        False,
        {"Gate.Ready": False, "Gate.RejectByDefault": True, "Gate.Verdict": "reject", "Gate.ArmedEpoch": -1},
    ),
    "gone": ((*RUNNING, LinkDown("bye")), False, {"Gate.Ready": False, "Gate.Verdict": "reject"}),
    "armed anew": (
        (*RUNNING, m.Arm(epoch=2, trigger_count=20)),
        True,
        {"Gate.Verdict": "reject", "Gate.ArmedEpoch": 2, "Gate.ArmedAfter": 20},
    ),
    "in error": ((*RUNNING, m.Heartbeat(state=State.ERROR)), True, {"Gate.Ready": False, "Gate.ErrorId": ErrorId.LINE_ERROR}),
}


@pytest.mark.parametrize(("events", "alive", "expected"), LINES.values(), ids=LINES)
def test_what_a_client_sees_of_the_line(events: tuple[Event, ...], alive: bool, expected: dict[str, Any]) -> None:
    values = shown(*events, alive=alive)
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize("state", State)
def test_states_are_those_of_opc_40100(state: State) -> None:
    values = shown(*RUNNING, m.Heartbeat(state=state))
    outer = values["VisionStateMachine.CurrentState"].Text
    inner = values["VisionStateMachine.AutomaticModeStateMachine.CurrentState"].Text
    assert (outer, inner) in {(state.value, ""), ("Operational", state.value)}
    assert (outer == "Operational") is (state not in (State.PREOPERATIONAL, State.HALTED, State.ERROR))


def test_a_result_without_a_score() -> None:
    values = result_values(verdict(1).model_copy(update={"score": None, "threshold": None}), False)
    assert str(values["Score"]) == str(values["Threshold"]) == "nan"
    assert values["ResultId"] == "1/1"


def test_a_gate_is_there_while_it_says_so_and_refuses_more_than_may_wait() -> None:
    clock = Stepped()
    gate = Gate(clock, lambda: True, limit=2)
    assert not gate.present()
    gate.heartbeat(7)
    assert (gate.present(), gate.word.latest) == (True, 7)
    for count in (1, 2, 3):
        gate.offer(verdict(count))
    assert [v.trigger_count for v in gate.fresh()] == [1, 2]
    assert gate.shown().error is ErrorId.OVERFLOW
    assert [gate.acknowledge(identity) for identity in ("1/1", "1/1", "1/3", "1/2")] == [True, False, False, True]
    assert not gate.restarts()  # the acks are still to be told
    assert len(gate.outgoing().taken) == 2
    assert gate.restarts()
    gate.forget()
    assert gate.shown().error is ErrorId.NONE
    clock.ahead_ns = 1_100_000_000
    assert not gate.present()


def test_a_monitor_sees_states_and_results_and_settles_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, serving(b.link.endpoint) as client:
        client.until("Gate.Connected", bool)
        client.subscribe()
        assert client.read("VisionStateMachine.AutomaticModeStateMachine.CurrentState") == "Ready"
        for count, decision in enumerate([Decision.ACCEPT, Decision.REJECT, Decision.REVIEW], start=1):
            b.run_part(count, decision)
        client.until("ResultManagement.Latest.TriggerCount", lambda count: count == 3)
        assert client.read("Gate.Verdict") == "reject"  # a monitor is never armed
        assert [json.loads(text)["trigger_count"] for text in client.read("ResultManagement.Recent")] == [1, 2, 3]
        client.until("Gate.Connected", lambda _: len(client.events) == 3)
        assert [(e.TriggerCount, e.Verdict, e.Outcome) for e in client.events] == [
            (1, "accept", "accepted"), (2, "reject", "rejected"), (3, "review", "rejected"),
        ]  # fmt: skip
        assert b.link.unsettled == 3
        with pytest.raises(UaStatusCodeError):
            client.node("Gate.Ready").write_value(True)  # nothing is the client's to write
        with pytest.raises(UaStatusCodeError):
            client.call("VisionStateMachine.Reset")  # no control, no such method


def test_garbage_changes_nothing_and_does_not_fill_the_log(
    tmp_path: Path, expected_warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    expected_warnings.append("")
    with bench(tmp_path, heartbeat_ms=500) as b, serving(b.link.endpoint) as client:
        client.until("Gate.Connected", bool)
        drum(client.client.aio_obj.server_url.port, 1000, 1)
        b.run_part(1)
        client.until("ResultManagement.Latest.TriggerCount", lambda count: count == 1)
    assert len([record for record in caplog.records if record.name.startswith("asyncua")]) <= 15


def test_a_client_that_is_the_gate(tmp_path: Path) -> None:
    with bench(tmp_path, require_gate=True, heartbeat_ms=500) as b, serving(b.link.endpoint, "gate") as client:
        assert client.read("Gate.ErrorId") == ErrorId.PLC_SILENT

        def beat(count: int) -> None:
            client.call("Gate.Heartbeat", ua.Variant(count, ua.VariantType.Int64))

        beat(0)
        b.listener.wait("count", 0)
        b.link.arm(b.journal.epoch, 0)
        b.listener.wait("armed", 0)
        b.run_part(1)

        def beating(found: bool) -> bool:
            beat(1)  # or the gateway takes this gate for gone, on a slow machine
            return found

        client.until("ResultManagement.Latest.TriggerCount", lambda count: beating(count == 1))
        client.until("Gate.Verdict", lambda verdict: beating(verdict == "accept"))
        assert b.link.unsettled == 1
        client.call("Gate.Acknowledge", client.read("ResultManagement.Latest.ResultId"))
        with pytest.raises(UaStatusCodeError):
            client.call("Gate.Acknowledge", "1/99")
        client.until("Gate.Connected", lambda _: b.link.unsettled == 0)
        b.listener.wait("left", "gateway-opcua-gate")  # no heartbeat any more
        client.until("Gate.RejectByDefault", bool)
        assert client.read("Gate.Verdict") == "reject"


def test_methods_where_control_is_connected(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("start, asked for by an OPC UA client, failed")
    asked: list[str] = []

    def start(_params: dict[str, Any]) -> dict[str, Any]:
        asked.append("start")
        return {}

    def stop(_params: dict[str, Any]) -> dict[str, Any]:
        asked.append("stop")
        return {}

    control = ControlServer(f"ipc://{tmp_path}/control", {"start": start, "stop": stop})
    control.start()
    with bench(tmp_path / "journal", heartbeat_ms=500) as b, serving(b.link.endpoint, control=LineControl(control.endpoint)) as client:
        client.call("VisionStateMachine.AutomaticModeStateMachine.Stop")
        client.call("VisionStateMachine.AutomaticModeStateMachine.StartContinuous")
        client.call("VisionStateMachine.Reset")
        assert asked == ["stop", "start", "start"]
        assert control.stop()
        with pytest.raises(UaStatusCodeError):
            client.call("VisionStateMachine.Reset")
