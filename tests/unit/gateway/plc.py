"""A PLC for the Modbus gateway, cycle by cycle as docs/clients/gate.st has it: one read-write request a cycle."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pymodbus.client import ModbusTcpClient

from edge_inspector.errors import EdgeInspectorError
from edge_inspector.gateway.modbus import run_modbus
from edge_inspector.gateway.registers import IN, NONE32, OUT_SIZE, Control, ErrorId, Status

PATIENCE_S = 60.0


def free_port() -> int:
    """A port that nobody has; below those that systems give to whoever asks for any, and drawn, so that nobody takes it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Inputs:
    """The registers that the PLC reads."""

    words: list[int]

    def long(self, at: int) -> int:
        return self.words[at] << 16 | self.words[at + 1]

    @property
    def status(self) -> Status:
        return Status(self.words[1])

    @property
    def error(self) -> ErrorId:
        return ErrorId(self.words[5])

    @property
    def acquisition(self) -> int:
        return self.long(12)

    @property
    def verdict(self) -> int:
        return self.words[14]


@dataclass
class Plc:
    """``results`` are (trigger count, verdict, outcome) as they were taken; ``accepted`` what the gate would let pass."""

    port: int
    count: int = NONE32
    control: int = 0
    beat: int = 0
    takes: bool = True
    inputs: Inputs = field(default_factory=lambda: Inputs([0] * OUT_SIZE))
    results: list[tuple[int, int, int]] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=5)
        assert self.client.connect()

    def __enter__(self) -> Plc:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.close()

    def cycle(self) -> Inputs:
        """Write heartbeat, control and count; read everything; take the result that is shown."""
        self.beat = (self.beat + 1) & 0xFFFF
        words = [self.control, self.beat, self.count >> 16, self.count & 0xFFFF]
        answer = self.client.readwrite_registers(read_address=0, read_count=OUT_SIZE, write_address=IN, values=words)
        assert not answer.isError(), answer
        self.inputs = Inputs(answer.registers)
        if self.takes and Status.VALID in self.inputs.status and not self.control & Control.ACK:
            self._take()
        elif Status.VALID not in self.inputs.status:
            self.control &= ~Control.ACK
        return self.inputs

    def _take(self) -> None:
        seen = self.inputs
        self.results.append((seen.acquisition, seen.verdict, seen.words[15]))
        if Status.MAY_OPEN in seen.status and seen.verdict == 1:
            self.accepted.append(seen.acquisition)
        self.control |= Control.ACK

    def until(self, true: Callable[[Inputs], object], patience_s: float = PATIENCE_S) -> Inputs:
        end = time.monotonic() + patience_s
        while not true(inputs := self.cycle()):
            assert time.monotonic() < end, f"not within {patience_s:g} s; {inputs}"
            time.sleep(0.005)  # a PLC's cycle
        return inputs

    def hold_an_accept(self) -> None:
        """Take results until an accept is shown, and leave that one unacknowledged."""
        self.takes = True
        self.until(lambda seen: Status.VALID in seen.status and seen.verdict == 1 and self.accepted[-1:] == [seen.acquisition], 60)
        self.takes, self.control = False, 0

    def watch(self) -> Inputs:
        """Read only, as a PLC whose program has stopped would be read."""
        answer: Any = self.client.read_input_registers(0, count=OUT_SIZE)
        assert not answer.isError(), answer
        return Inputs(answer.registers)


@contextmanager
def gateway(endpoint: str, plc_timeout_ms: int = 2000, pending: int = 1000) -> Iterator[int]:
    """``gateway modbus`` on a thread, and its port."""
    stop, port = threading.Event(), free_port()
    failed: list[EdgeInspectorError] = []

    def run() -> None:
        try:
            run_modbus(endpoint, f"127.0.0.1:{port}", stop, plc_timeout_ms=plc_timeout_ms, pending=pending)
        except EdgeInspectorError as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="gateway")
    thread.start()
    try:
        _wait_for(port, failed)
        yield port
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def _wait_for(port: int, failed: list[EdgeInspectorError]) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not failed:
        if listens(port):
            return
        time.sleep(0.01)  # a server that starts has no event to wait on
    raise AssertionError(failed or "the gateway does not listen")


@contextmanager
def plc(endpoint: str, count: int = NONE32, plc_timeout_ms: int = 2000, pending: int = 1000) -> Iterator[Plc]:
    """A gateway at ``endpoint``, and a PLC at the gateway."""
    with gateway(endpoint, plc_timeout_ms, pending) as port, Plc(port, count) as connected:
        yield connected
