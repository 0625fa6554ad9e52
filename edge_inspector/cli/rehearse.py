"""``demo`` and ``soak``: the whole product on one machine, without hardware."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo")(demo)
    app.command("soak")(soak)


def demo(
    parts: Annotated[
        int | None, typer.Option(min=1, help="how many parts the belt carries: 100, or with --gui until the window is closed")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=200.0, help="parts a second")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="which parts: the same seed brings the same parts")] = 1,
    product: Annotated[str, typer.Option(help="ring or texture; needs a bundle trained on it")] = "ring",
    bundle: Annotated[str, typer.Option(help="a bundle's id or folder")] = "demo",
    gui: Annotated[bool, typer.Option("--gui", help="open the operator GUI on the simulated line")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Run a simulated line: camera, network, verdicts, reject gate, database. Belt, PLC and gate are a process of their own."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from edge_inspector.rehearsal.demo import UNTIL_CLOSED, DemoPlan, run_demo

    if "/" in bundle:
        bundle = str(Path(bundle).resolve())
    parts = parts or (UNTIL_CLOSED if gui else 100)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_stderr()) as bar:
        task = bar.add_task("starting the line ...", total=None if parts == UNTIL_CLOSED else parts)
        result = run_demo(
            DemoPlan(parts, rate, seed, product, bundle, gui),
            lambda triggers: bar.update(task, completed=triggers, description="parts on the belt"),
        )
        bar.update(task, completed=result["parts"])
    typer.echo(json.dumps(result) if as_json else _table(result))
    if any(result[broken] for broken in ("unaccounted", "duplicated", "passed_uninspected")):
        typer.echo("error: the account does not add up: a part was lost, told twice, or passed uninspected", err=True)
        raise typer.Exit(1)


def soak(
    parts: Annotated[int, typer.Option(min=1, help="how many parts the belt carries")] = 20_000,
    rate: Annotated[float, typer.Option(min=0.1, max=200.0, help="parts a second")] = 50.0,
    faults: Annotated[Path | None, typer.Option(help="plan of faults (TOML); without it nothing is made to fail")] = None,
    engine: Annotated[str, typer.Option(help="stub: fast, says OK to seven parts of eight; bundle: the network")] = "stub",
    bundle: Annotated[str, typer.Option(help="a bundle's id or folder")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="which parts the belt carries")] = 1,
    keep: Annotated[Path | None, typer.Option(help="new folder for the line's log, journal and database; else they are removed")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Run the line for long, let it suffer every kind of fault, and account for every part from outside."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from edge_inspector.errors import SettingsError
    from edge_inspector.rehearsal.soak import SoakPlan, engine_choice, run_soak

    if keep is not None and keep.exists():
        raise SettingsError(f"--keep {keep}: already exists; name a new folder")
    bundle = str(Path(bundle).resolve()) if "/" in bundle else bundle
    plan = SoakPlan(parts, rate, faults, engine_choice(engine), bundle, seed)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=_stderr()) as bar:
        task = bar.add_task("starting the line ...", total=parts)
        result = run_soak(plan, lambda triggers: bar.update(task, completed=triggers, description="parts on the belt"), keep)
    typer.echo(json.dumps(result) if as_json else _soaked(result))
    broken = [name for name in ("unaccounted", "duplicated", "passed_uninspected", "unrecovered") if result[name]]
    if broken:
        typer.echo(f"error: {', '.join(f'{name} {result[name]}' for name in broken)}: the promise is broken", err=True)
        raise typer.Exit(1)


def _soaked(result: dict[str, Any]) -> str:
    overhead = "  ".join(f"{name} {value:.2f}" for name, value in result["overhead_ms"].items())
    lines = [
        f"{result['triggers']} triggers = {result['accepted']} accepted + {result['rejected']} rejected + {result['missed']} missed "
        f"({result['late']} late)",
        f"unaccounted {result['unaccounted']}, duplicated {result['duplicated']}, passed uninspected {result['passed_uninspected']}",
        f"overhead ms: {overhead}; memory {100 * result['rss_growth']:+.1f} %",
    ]
    if result["faults"]:
        lines += ["", f"{'fault':<20}{'times':>6}{'worst recovery, s':>20}"]
        lines += [f"{name:<20}{times:>6}{result['recovered'].get(name, float('nan')):>20.2f}" for name, times in result["faults"].items()]
    return "\n".join(lines)


def _stderr() -> Any:  # noqa: ANN401 - rich is imported late
    from rich.console import Console

    return Console(stderr=True)


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['parts']} parts = {result['accepted']} accepted + {result['rejected']} rejected ({result['review']} for review) "
        f"+ {result['missed']} missed ({result['late']} late); unaccounted {result['unaccounted']}",
        f"{result['bad']} were bad: {result['escapes']} escaped; {result['false_rejects']} good parts were rejected",
        f"engine {result['backend']}",
        "",
        f"{'milliseconds':<12}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}",
    ]
    lines += [
        f"{name.removesuffix('_ms'):<12}" + "".join(f"{result[name][p]:>9.2f}" for p in ("p50", "p95", "p99", "max"))
        for name in ("latency_ms", "engine_ms", "overhead_ms")
    ]
    return "\n".join(lines)
