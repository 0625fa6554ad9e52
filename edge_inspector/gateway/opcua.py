"""``gateway opcua``: an OPC UA server in the names of OPC 40100-1; reads along, or is the line's gate."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from edge_inspector.errors import RequestError, SettingsError, WireError
from edge_inspector.gateway.board import Gate, Monitor
from edge_inspector.gateway.link import LineLink
from edge_inspector.gateway.login import LineControl
from edge_inspector.gateway.serving import ServerThread, installed, local_address
from edge_inspector.service import SystemClock
from edge_inspector.wire.keys import ClientKeys

if TYPE_CHECKING:
    from asyncua import Server

    from edge_inspector.gateway.nodes import Nodes

log = logging.getLogger(__name__)

TURN_S = 0.05
CONTROL_S = 2.0  # less than the 4 s that OPC UA clients wait by default


def run_opcua(
    endpoint: str,
    listen: str,
    stop: threading.Event,
    *,
    role: Literal["gate", "monitor"] = "monitor",
    control: LineControl | None = None,
    insecure: bool = False,
    keys: ClientKeys | None = None,
    plc_timeout_ms: int = 1000,
) -> None:
    """Serve OPC UA at ``opc.tcp://HOST:PORT/`` until ``stop``; the line is at ``endpoint``; ``control`` starts and stops it.

    Without certificates: beyond loopback it listens only if ``insecure`` says that the network is closed. Raises SettingsError for an
    address that is none, WireError for one that is taken or open to others, and without the extra ``plc``.
    """
    address = local_address(listen, insecure)
    installed("asyncua")
    logging.getLogger("asyncua").setLevel(logging.WARNING)  # it tells of each request
    link = LineLink(endpoint, f"gateway-opcua-{role}", role, keys)
    clock = SystemClock()
    board = Gate(clock, lambda: link.alive, timeout_ms=plc_timeout_ms) if role == "gate" else Monitor(clock, lambda: link.alive)
    commands = _Commands(control) if control else None
    with ServerThread("opcua", "asyncua", lambda ready, end: _serve(board, address, commands, ready, end)):
        log.info("OPC UA on opc.tcp://%s/ (%s), line at %s", listen, role, endpoint)
        link.run(board, stop)


async def _serve(
    board: Monitor, address: tuple[str, int], commands: _Commands | None, ready: Callable[[], None], end: asyncio.Event
) -> None:
    from asyncua import Server

    server = Server()
    nodes = await _build(server, address, board, commands)
    try:
        await server.start()
    except OSError as error:
        raise WireError(f"OPC UA cannot listen on {address[0]}:{address[1]}: {error}") from error
    try:
        ready()
        while not end.is_set():
            await _show(board, nodes)
            await _pause(end)
    finally:
        await server.stop()


async def _build(server: Server, address: tuple[str, int], board: Monitor, commands: _Commands | None) -> Nodes:
    from asyncua import ua

    from edge_inspector.gateway.nodes import NAMESPACE, Nodes

    await server.init()
    server.set_endpoint(f"opc.tcp://{address[0]}:{address[1]}/")
    server.set_server_name("edge-inspector gateway")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_identity_tokens([ua.AnonymousIdentityToken])
    nodes = Nodes(server, await server.register_namespace(NAMESPACE))
    await nodes.build()
    if commands is not None:
        await commands.add(nodes)
    if isinstance(board, Gate):
        await _add_gate(nodes, board)
    return nodes


async def _show(board: Monitor, nodes: Nodes) -> None:
    shown = board.shown()
    for verdict in board.fresh():
        await nodes.result(verdict, shown)
    await nodes.line(board.shown())


async def _pause(end: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(end.wait(), TURN_S)
    except asyncio.TimeoutError:
        return


async def _add_gate(nodes: Nodes, gate: Gate) -> None:
    """The methods of a client that is the gate."""
    from asyncua import ua, uamethod

    async def heartbeat(_parent: Any, trigger_count: int) -> None:  # noqa: ANN401 - asyncua's
        gate.heartbeat(None if trigger_count < 0 else trigger_count)

    async def encoder(_parent: Any, counts: int) -> Any:  # noqa: ANN401
        return gate.encoder(counts) if counts >= 0 else ua.StatusCode(ua.StatusCodes.BadOutOfRange)

    async def acknowledge(_parent: Any, identity: str) -> Any:  # noqa: ANN401
        return None if gate.acknowledge(identity) else ua.StatusCode(ua.StatusCodes.BadNoData)

    async def fired(_parent: Any, trigger_count: int) -> Any:  # noqa: ANN401
        return gate.fired(trigger_count) if trigger_count >= 0 else ua.StatusCode(ua.StatusCodes.BadOutOfRange)

    async def part(_parent: Any, trigger_count: int, serial: str, lot: str) -> Any:  # noqa: ANN401
        if trigger_count < 0 or len(serial) > 1024 or len(lot) > 1024:
            return ua.StatusCode(ua.StatusCodes.BadOutOfRange)
        return gate.part(trigger_count, serial, lot)

    count, text = ua.VariantType.Int64, ua.VariantType.String
    await nodes.add_method("Gate.Heartbeat", uamethod(heartbeat), {"TriggerCount": count})
    await nodes.add_method("Gate.Encoder", uamethod(encoder), {"Counts": count})
    await nodes.add_method("Gate.Acknowledge", uamethod(acknowledge), {"ResultId": text})
    await nodes.add_method("Gate.Fired", uamethod(fired), {"TriggerCount": count})
    await nodes.add_method("Gate.Part", uamethod(part), {"TriggerCount": count, "Serial": text, "Lot": text})


class _Commands:
    """Start, stop and reset through the line's control socket."""

    def __init__(self, control: LineControl) -> None:
        self._control = control

    async def add(self, nodes: Nodes) -> None:
        """Make the methods."""
        from asyncua import uamethod

        for name, request in (
            ("Reset", "start"),
            ("AutomaticModeStateMachine.StartContinuous", "start"),
            ("AutomaticModeStateMachine.Stop", "stop"),
        ):
            await nodes.add_method(f"VisionStateMachine.{name}", uamethod(self._method(request)), {})

    def _method(self, request: str) -> Callable[..., Any]:
        async def method(_parent: Any) -> Any:  # noqa: ANN401 - asyncua's
            from asyncua import ua

            try:
                await asyncio.to_thread(self._control.call, request, CONTROL_S)
            except RequestError as error:
                log.warning("%s, asked for by an OPC UA client, failed: %s", request, error)
                refused = error.code in ("login_needed", "bad_token", "login_failed", "too_many", "not_allowed")
                return ua.StatusCode(ua.StatusCodes.BadUserAccessDenied if refused else ua.StatusCodes.BadInvalidState)
            except (WireError, SettingsError) as error:
                log.warning("%s, asked for by an OPC UA client, failed: %s", request, error)
                return ua.StatusCode(ua.StatusCodes.BadInvalidState)
            return None

        return method
