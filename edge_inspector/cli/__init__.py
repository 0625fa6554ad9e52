"""The command ``edge-inspector``: parses and delegates, one file a command group. Exit 0 ok, 1 the work failed, 2 wrong use."""

from __future__ import annotations

import sys

import typer

from edge_inspector.errors import EdgeInspectorError, SettingsError

GROUPS = (
    "train",
    "retrain",
    "evaluate",
    "benchmark",
    "ablate",
    "inspect",
    "models",
    "station",
    "history",
    "recipes",
    "rehearse",
    "simulate",
    "plc",
    "gateway",
    "labels",
    "users",
)


def build() -> typer.Typer:
    """The whole command line, each group from its own file: a module with ``register(app)``."""
    from importlib import import_module

    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Inspect every part on the line.",
    )
    for group in GROUPS:
        import_module(f"edge_inspector.cli.{group}").register(app)
    return app


def main() -> None:
    """Run the command line; an error of ours becomes one message on stderr and exit 1, wrong settings exit 2."""
    try:
        build()()
    except SettingsError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except EdgeInspectorError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
