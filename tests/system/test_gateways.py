"""The gateways as processes of their own beside a line process, a PLC's own client at the other end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_inspector.gateway.link import GatewayClient
from edge_inspector.gateway.registers import ErrorId, Status
from tests.system.lines import LineProcess, ask, simulated, wait_until, write_station
from tests.unit.gateway.plc import Plc, free_port, listens
from tests.unit.gateway.ua import ua_client

HEARTBEAT_MS = 500  # as long as a line has it by default


@contextmanager
def gateway_process(kind: str, reject: str, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``edge-inspector gateway KIND`` until the end of the block, then SIGTERM; it must end by itself."""
    command = [sys.executable, "-m", "edge_inspector", "gateway", kind, "--connect", reject, "--listen", f"127.0.0.1:{port}", *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, f"gateway {kind} listens")
        assert process.poll() is None
        yield process
        process.terminate()
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_every_part_and_a_line_that_is_killed(tmp_path: Path) -> None:
    accepting = {"accept_threshold": 1.0, "reject_threshold": 1.0}  # so that an accept stands when the line dies
    station = write_station(tmp_path, simulated(rate=20.0), heartbeat_ms=HEARTBEAT_MS, decision=accepting)
    port, ua_port, reject = free_port(), free_port(), station.endpoint("reject")
    with (
        gateway_process("modbus", reject, port) as process,
        gateway_process("opcua", reject, ua_port),
        ua_client(ua_port) as monitor,
        LineProcess(station) as line,
        Plc(port) as plc,
    ):
        plc.until(lambda seen: Status.READY in seen.status and len(plc.accepted) >= 10, 60)
        counts = [count for count, _, _ in plc.results]
        assert counts == list(range(counts[0], counts[0] + len(counts)))
        plc.until(lambda _: monitor.read("Gate.Ready") is False and monitor.read("Gate.Connected") is True)  # a monitor is not armed
        plc.until(lambda _: monitor.read("VisionStateMachine.AutomaticModeStateMachine.CurrentState") == "ContinuousExecution")
        plc.hold_an_accept()

        line.kill()
        died = time.monotonic()
        plc.until(lambda seen: not seen.status & (Status.READY | Status.CONNECTED | Status.MAY_OPEN) and seen.verdict == 0, 10)
        modbus_s = time.monotonic() - died
        plc.until(lambda _: monitor.read("Gate.Connected") is False and monitor.read("Gate.Verdict") == "reject", 10)
        took = {"modbus": modbus_s, "opcua": time.monotonic() - died}
        print(took)  # noqa: T201 - the figure: two heartbeats on a machine that does nothing else
        assert GatewayClient.silence < 2.0
        assert plc.inputs.error is ErrorId.NO_LINE
        assert not monitor.read("VisionStateMachine.CurrentState")

        plc.takes = True
        with LineProcess(station) as again:  # the gateway comes back by itself, and what was not taken comes once more
            before = len(plc.results)
            plc.until(lambda seen: Status.READY in seen.status and len(plc.results) > before + 20, 60)
            assert again.stop() == 0
        assert process.poll() is None


def test_a_plc_that_stops_leaves_the_line_without_a_gate(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated(rate=20.0))
    port = free_port()
    reject = station.endpoint("reject")
    with LineProcess(station) as line, gateway_process("modbus", reject, port, "--plc-timeout", "1500"), Plc(port) as plc:
        plc.until(lambda seen: Status.READY in seen.status and len(plc.results) > 5, 60)
        plc.until(lambda _: ask(station, "status")["gates"] == ["gateway-modbus"])
        wait_until(lambda: "gate" in [c["name"] for c in ask(station, "status")["conditions"] if c["active"]], "the line has no gate")
        assert line.stop() == 0, line.log_tail()
