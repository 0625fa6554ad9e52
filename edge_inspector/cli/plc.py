"""``plc-sim``, a PLC that takes and acknowledges every verdict, and ``keys new``, which lets one in from another host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def plc_sim(
    connect: Annotated[str, typer.Option(help="the line's reject endpoint, e.g. tcp://127.0.0.1:5570")],
    parts: Annotated[int | None, typer.Option(help="end after so many verdicts; without it, run until stopped")] = None,
    timeout: Annotated[float | None, typer.Option(help="end after so many seconds; exit 1 where --parts has not been reached")] = None,
    key: Annotated[Path | None, typer.Option(help="this client's CURVE secret key file, where the line wants keys")] = None,
    line_key: Annotated[Path | None, typer.Option(help="the line's public key file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Stand in for the PLC: connect as a gate, acknowledge every verdict, and count."""
    from edge_inspector.cli.gateway import keys_of
    from edge_inspector.gateway.sim import run_plc_sim
    from edge_inspector.service import setup_logging, stop_on_signals

    setup_logging()
    counts = run_plc_sim(connect, parts, timeout, stop_on_signals(), keys_of(key, line_key))
    typer.echo(json.dumps(counts) if as_json else "\n".join(f"{name:13} {count}" for name, count in counts.items()))
    if parts is not None and counts["verdicts"] < parts:
        raise typer.Exit(1)


def new(
    path: Annotated[Path, typer.Argument(help="folder and name of the pair, e.g. keys/line")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Make a CURVE key pair: NAME.key is public, NAME.key_secret is for its owner alone. Existing keys are never written over."""
    from edge_inspector.errors import WireError
    from edge_inspector.wire.keys import write_keys

    taken = [file for suffix in (".key", ".key_secret") if (file := path.with_name(path.name + suffix)).exists()]
    if taken:
        raise WireError(f"{taken[0]} exists: who uses it would be locked out; give another name, or remove it")
    public, secret = write_keys(path.parent, path.name)
    typer.echo(json.dumps({"public": str(public), "secret": str(secret)}) if as_json else f"{public}\n{secret}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plc-sim")(plc_sim)
    keys = typer.Typer(no_args_is_help=True, help="CURVE keys of line and clients")
    keys.command("new")(new)
    keys.callback()(lambda: None)
    app.add_typer(keys, name="keys")
