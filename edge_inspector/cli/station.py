"""``init``, ``check-config`` and ``run``: a station from its first file to its running line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Configs = Annotated[list[Path], typer.Option("--config", help="station.toml; again for each further station", exists=True, dir_okay=False)]
TEMPLATES = Path(__file__).parent / "templates"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    app.command("check-config")(check_config)
    app.command("run")(run)


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to write station.toml and recipe.toml")]) -> None:
    """Write a commented station.toml and a recipe that run as they are on the simulated camera."""
    from edge_inspector.errors import SettingsError

    files = {name: folder / name for name in ("station.toml", "recipe.toml")}
    for path in files.values():
        if path.exists():
            raise SettingsError(f"{path} is there already; nothing was written. Choose another folder, or move the file away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in files.items():
            path.write_text((TEMPLATES / name).read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written: {error}") from error
    typer.echo(f"wrote {files['station.toml']} and {files['recipe.toml']}; next: edge-inspector run --config {files['station.toml']}")


def check_config(config: Annotated[Path, typer.Argument(help="station.toml")]) -> None:
    """Check a station, print the resolved plan, open its engine and print what will run; errors name file, key and value."""
    from edge_inspector.line.plan import describe, describe_form, make_plan

    plan = make_plan(config)
    rows = describe(plan)
    width = max(len("certificate"), *(len(name) for name in rows))
    _print(rows, width)
    _print(describe_form(plan), width)  # what does not open is told after what was asked for


def _print(rows: dict[str, str], width: int) -> None:
    for name, value in rows.items():
        typer.echo(f"{name:<{width}}  {value}")


def run(
    config: Configs,
    parts: Annotated[int | None, typer.Option(min=1, help="end after so many parts")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="log more")] = False,
) -> None:
    """Run the line until SIGTERM or Ctrl-C: camera, engine, verdicts, records. With --config given again, several lines in one process."""
    from edge_inspector.line.process import run_line
    from edge_inspector.line.stations import run_lines
    from edge_inspector.service import setup_logging

    setup_logging(verbose)
    if len(config) == 1:
        run_line(config[0], parts)
    else:
        run_lines(config, parts)
