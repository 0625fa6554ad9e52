"""``gateway``: the reject link for PLCs that speak Modbus TCP or OPC UA, each in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge_inspector.wire.keys import ClientKeys

group = typer.Typer(no_args_is_help=True, help="the reject link for PLCs that speak Modbus TCP or OPC UA")

Connect = Annotated[str, typer.Option(help="the line's reject endpoint, e.g. tcp://127.0.0.1:5570")]
Key = Annotated[Path | None, typer.Option(help="this gateway's CURVE secret key file, where the line wants keys")]
LineKey = Annotated[Path | None, typer.Option(help="the line's public key file")]
Insecure = Annotated[bool, typer.Option("--insecure", help="listen beyond loopback: the network holds the PLC and nobody else")]


@group.command("modbus")
def modbus(
    connect: Connect = "tcp://127.0.0.1:5570",
    listen: Annotated[str, typer.Option(help="HOST:PORT for the PLC")] = "127.0.0.1:5020",
    unit: Annotated[int, typer.Option(min=1, max=247, help="Modbus unit identifier")] = 1,
    plc_timeout: Annotated[int, typer.Option(min=50, max=60_000, help="ms without a new PLC heartbeat after which it is gone")] = 1000,
    pending: Annotated[int, typer.Option(min=1, max=100_000, help="results that may wait for the PLC")] = 1000,
    insecure: Insecure = False,
    key: Key = None,
    line_key: LineKey = None,
) -> None:
    """Serve the documented register map (docs/gateways.md) and be the line's gate while the PLC is there."""
    from edge_inspector.gateway.modbus import run_modbus
    from edge_inspector.service import setup_logging, stop_on_signals

    setup_logging()
    run_modbus(
        connect,
        listen,
        stop_on_signals(),
        unit=unit,
        insecure=insecure,
        keys=keys_of(key, line_key),
        plc_timeout_ms=plc_timeout,
        pending=pending,
    )


@group.command("opcua")
def opcua(  # noqa: PLR0913, PLR0917 - one parameter an option
    connect: Connect = "tcp://127.0.0.1:5570",
    listen: Annotated[str, typer.Option(help="HOST:PORT for OPC UA clients")] = "127.0.0.1:4840",
    role: Annotated[str, typer.Option(help="monitor reads along; gate: an OPC UA client is the line's gate")] = "monitor",
    control: Annotated[str | None, typer.Option(help="the line's control endpoint: adds StartContinuous, Stop and Reset")] = None,
    user: Annotated[str, typer.Option(help="who --control logs in as at the station's desk, once it has users; operator is enough")] = "",
    password_file: Annotated[Path | None, typer.Option(help="file whose first line is that user's password")] = None,
    plc_timeout: Annotated[int, typer.Option(min=50, max=60_000, help="ms without Gate.Heartbeat after which the gate is gone")] = 1000,
    insecure: Insecure = False,
    key: Key = None,
    line_key: LineKey = None,
) -> None:
    """Serve the line in the names of OPC 40100-1 (docs/gateways.md)."""
    from edge_inspector.errors import SettingsError
    from edge_inspector.gateway.login import LineControl
    from edge_inspector.gateway.opcua import run_opcua
    from edge_inspector.service import setup_logging, stop_on_signals

    if role not in ("gate", "monitor"):
        raise SettingsError(f"--role {role}: gate or monitor")
    if user and control is None:
        raise SettingsError("--user is for --control; name the line's control endpoint, or leave --user out")
    found = keys_of(key, line_key)
    setup_logging()
    run_opcua(
        connect,
        listen,
        stop_on_signals(),
        role="gate" if role == "gate" else "monitor",
        control=LineControl(control, found, user, password_file) if control else None,
        insecure=insecure,
        keys=found,
        plc_timeout_ms=plc_timeout,
    )


def keys_of(key: Path | None, line_key: Path | None) -> ClientKeys | None:
    """The client's keys from two options that belong together. Raises SettingsError where one is missing."""
    from edge_inspector.errors import SettingsError
    from edge_inspector.wire.keys import ClientKeys

    if key is None and line_key is None:
        return None
    if key is None or line_key is None:
        raise SettingsError("--key and --line-key belong together: this client's secret key file, and the line's public one")
    return ClientKeys(key, line_key)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="gateway")
