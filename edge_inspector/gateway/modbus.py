"""``gateway modbus``: a Modbus TCP server towards the PLC, a gate towards the line."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from edge_inspector.errors import WireError
from edge_inspector.gateway.exchange import Exchange
from edge_inspector.gateway.link import LineLink
from edge_inspector.gateway.registers import IN, IN_SIZE, OUT, OUT_SIZE
from edge_inspector.gateway.serving import ServerThread, installed, local_address
from edge_inspector.service import SystemClock
from edge_inspector.wire.keys import ClientKeys

log = logging.getLogger(__name__)

READS, WRITES = (3, 4, 23), (6, 16, 22, 23)


def run_modbus(
    endpoint: str,
    listen: str,
    stop: threading.Event,
    *,
    unit: int = 1,
    insecure: bool = False,
    keys: ClientKeys | None = None,
    plc_timeout_ms: int = 1000,
    pending: int = 1000,
) -> None:
    """Serve the register map at ``listen`` (HOST:PORT) as Modbus unit ``unit`` until ``stop``; the line is at ``endpoint``.

    Modbus has no keys: beyond loopback it listens only if ``insecure`` says that the network is closed. Raises SettingsError for an address
    that is none, WireError for one that is taken or open to others, and without the extra ``plc``.
    """
    link = LineLink(endpoint, "gateway-modbus", keys=keys)
    exchange = Exchange(SystemClock(), lambda: link.alive, pending, plc_timeout_ms)
    address = local_address(listen, insecure)
    installed("pymodbus")
    with ServerThread("modbus", "pymodbus", lambda ready, end: _serve(exchange, address, unit, ready, end)):
        log.info("Modbus unit %d on %s, line at %s", unit, listen, endpoint)
        link.run(exchange, stop)


async def _serve(exchange: Exchange, address: tuple[str, int], unit: int, ready: Callable[[], None], end: asyncio.Event) -> None:
    from pymodbus.server import ModbusTcpServer

    server = ModbusTcpServer(_device(exchange, unit), address=address)
    try:
        if not await server.listen():
            raise WireError(f"Modbus cannot listen on {address[0]}:{address[1]}: in use, not an address of this host, or not permitted")
        ready()
        await end.wait()
    finally:
        await asyncio.sleep(0.01)  # a connection that was accepted just now is known to the server a moment later
        await server.shutdown()
        await asyncio.sleep(0)


def _device(exchange: Exchange, unit: int) -> list[Any]:
    """The unit, and one for every other number that answers nothing but an exception."""
    from pymodbus.constants import ExcCodes
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def obey(function: int, _start: int, address: int, _count: int, held: list[int], values: list[Any] | None) -> ExcCodes | None:
        if function not in (READS if values is None else WRITES) and not (values is None and function == 22):
            return ExcCodes.ILLEGAL_FUNCTION
        if values is not None:
            exchange.write(address, values)
        words = exchange.read()
        held[: len(words)] = words
        return None

    async def refuse(*_request: object) -> ExcCodes | None:
        return ExcCodes.GATEWAY_PATH_UNAVIABLE

    words = [
        SimData(OUT, count=OUT_SIZE, values=0, datatype=DataType.REGISTERS, readonly=True),
        SimData(OUT + OUT_SIZE, count=IN - OUT - OUT_SIZE, values=0, datatype=DataType.REGISTERS, readonly=True),
        SimData(IN, count=IN_SIZE, values=0, datatype=DataType.REGISTERS),
    ]
    nobody = [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)]
    return [SimDevice(unit, words, action=obey), SimDevice(0, nobody, action=refuse)]
