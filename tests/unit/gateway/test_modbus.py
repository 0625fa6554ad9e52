"""The Modbus gateway between a real link and a real Modbus client."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from edge_inspector.errors import SettingsError, WireError
from edge_inspector.gateway.modbus import run_modbus
from edge_inspector.gateway.registers import Control, ErrorId, Status
from edge_inspector.records import Decision, Reason
from tests.system.fuzz import drum
from tests.unit.gateway.plc import gateway, plc
from tests.unit.outputs.link import bench


def test_every_result_is_taken_once_in_order_and_acknowledged_by_the_plc(tmp_path: Path) -> None:
    with bench(tmp_path, require_gate=True, heartbeat_ms=500) as b, plc(b.link.endpoint, count=0) as p:
        p.until(lambda seen: Status.CONNECTED in seen.status)
        b.link.arm(b.journal.epoch, 0)
        p.until(lambda seen: seen.long(8) == 0)
        b.listener.wait("armed", 0)
        p.takes = False
        for count, decision in enumerate([Decision.ACCEPT, Decision.REJECT, Decision.REVIEW] * 2, start=1):
            b.run_part(count, decision)
        b.expect(7)
        b.post(b.judged(7, missed=Reason.GRAB_FAILED))
        p.until(lambda seen: seen.words[6] == 6)
        assert b.link.unsettled == 7  # the gateway has them all; the PLC has taken none
        p.takes = True
        p.until(lambda _: len(p.results) == 7 and b.link.unsettled == 0)
        assert p.results == [(1, 1, 1), (2, 0, 2), (3, 2, 2), (4, 1, 1), (5, 0, 2), (6, 2, 2), (7, 0, 3)]
        assert p.accepted == [1, 4]


def test_the_gateway_is_a_gate_only_while_a_plc_is_there(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, plc(b.link.endpoint, plc_timeout_ms=1000) as p:
        assert p.watch().error is ErrorId.PLC_SILENT
        assert ("joined", "gateway-modbus") not in b.listener.told
        p.cycle()
        b.listener.wait("joined", "gateway-modbus")
        b.listener.wait("left", "gateway-modbus")  # the PLC's program has stopped
        assert p.watch().error is ErrorId.PLC_SILENT
        b.run_part(1)
        p.until(lambda _: p.results == [(1, 0, 1)])  # of no armed epoch: for the account only
        b.listener.wait("joined", "gateway-modbus", 2)


def test_after_an_overflow_everything_comes_once_more(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, plc(b.link.endpoint, pending=2) as p:
        p.until(lambda seen: Status.CONNECTED in seen.status)
        p.takes = False
        for count in range(1, 7):
            b.run_part(count)
        p.until(lambda seen: seen.error is ErrorId.OVERFLOW)
        p.takes = True
        p.until(lambda seen: not seen.words[6] and Status.VALID not in seen.status)
        assert [count for count, _, _ in p.results] == [1, 2, 3]
        while b.link.unsettled:  # each reset brings as many as may wait
            p.control |= Control.RESET
            p.until(lambda seen: seen.error is ErrorId.NONE or not b.link.unsettled)
            p.control &= ~Control.RESET
            p.until(lambda seen: seen.error is ErrorId.OVERFLOW or not b.link.unsettled)
        assert [count for count, _, _ in p.results] == [1, 2, 3, 4, 5, 6]


def test_what_the_plc_says_reaches_the_line(tmp_path: Path) -> None:
    with bench(tmp_path, heartbeat_ms=500) as b, plc(b.link.endpoint, count=41) as p:
        p.until(lambda seen: Status.CONNECTED in seen.status)
        b.listener.wait("count", 41)
        p.count = 42
        p.cycle()
        b.listener.wait("count", 42)


WRONG: dict[str, tuple[str, tuple[int, ...]]] = {
    "a register of the line's": ("write_register", (1, 1)),
    "beyond the map": ("read_holding_registers", (400,)),
    "coils": ("read_coils", (0,)),
}


def test_wrong_requests_are_answered_by_exceptions_and_change_nothing(tmp_path: Path) -> None:
    with bench(tmp_path) as b, gateway(b.link.endpoint) as port, ModbusTcpClient("127.0.0.1", port=port) as client:
        before = client.read_input_registers(0, count=32).registers
        for method, arguments in WRONG.values():
            assert getattr(client, method)(*arguments).isError(), method
        assert client.read_input_registers(0, count=32, device_id=9).isError()
        assert client.read_input_registers(0, count=32).registers == before


def test_garbage_changes_nothing_and_does_not_fill_the_log(
    tmp_path: Path, expected_warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    expected_warnings.append("")
    with bench(tmp_path, heartbeat_ms=500) as b, plc(b.link.endpoint) as p:
        p.until(lambda seen: Status.CONNECTED in seen.status)
        drum(p.port, 3000, 1)
        b.run_part(1)
        p.until(lambda _: p.results == [(1, 0, 1)])
    assert len([record for record in caplog.records if record.name.startswith("pymodbus")]) <= 15


@pytest.mark.parametrize(
    ("listen", "error", "message"),
    [
        ("127.0.0.1", SettingsError, "HOST:PORT"),
        ("127.0.0.1:x", SettingsError, "HOST:PORT"),
        ("0.0.0.0:5020", WireError, "--insecure"),
        ("192.168.1.4:5020", WireError, "--insecure"),
    ],
)
def test_addresses(listen: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run_modbus("tcp://127.0.0.1:9", listen, threading.Event())


def test_a_port_in_use_and_an_endpoint_that_is_none(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("Failed to start server")
    stop = threading.Event()
    with bench(tmp_path) as b, gateway(b.link.endpoint) as port, pytest.raises(WireError, match="cannot listen"):
        run_modbus(b.link.endpoint, f"127.0.0.1:{port}", stop)
    with pytest.raises(WireError, match="not an endpoint"):
        run_modbus("nowhere", f"127.0.0.1:{port}", stop)
