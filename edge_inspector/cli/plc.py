"""``plc-sim``: a PLC that takes and acknowledges every verdict."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def plc_sim(
    connect: Annotated[str, typer.Option(help="the line's reject endpoint, e.g. tcp://127.0.0.1:5570")],
    parts: Annotated[int | None, typer.Option(help="end after so many verdicts; without it, run until stopped")] = None,
    timeout: Annotated[float | None, typer.Option(help="end after so many seconds; exit 1 where --parts has not been reached")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Stand in for the PLC: connect as a gate, acknowledge every verdict, and count."""
    from edge_inspector.gateway.sim import run_plc_sim
    from edge_inspector.service import setup_logging, stop_on_signals

    setup_logging()
    counts = run_plc_sim(connect, parts, timeout, stop_on_signals())
    typer.echo(json.dumps(counts) if as_json else "\n".join(f"{name:13} {count}" for name, count in counts.items()))
    if parts is not None and counts["verdicts"] < parts:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plc-sim")(plc_sim)
