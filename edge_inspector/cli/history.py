"""``history query|export`` and ``desk``: the result log for people and scripts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge_inspector.store.queries import Filter

Database = Annotated[str, typer.Option("--db", metavar="URL", help="The result log: sqlite:////path/results.db, or the file's path.")]
Since = Annotated[datetime | None, typer.Option(help="Parts triggered from this time on (UTC).")]
Until = Annotated[datetime | None, typer.Option(help="Parts triggered before this time (UTC).")]
Verdict = Annotated[str | None, typer.Option(help="accept, reject or review.")]
Outcome = Annotated[str | None, typer.Option(help="accepted, rejected or missed.")]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="A recipe's name, or name:version.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The result log: query and export.")
    group.command("query")(query)
    group.command("export")(export)
    app.add_typer(group, name="history")
    app.command("desk")(desk)


def desk(
    config: Annotated[Path, typer.Option("--config", help="station.toml")],
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when standard input ends.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False,
) -> None:
    """Serve history to the operator's screens, beside the line, until SIGTERM or Ctrl-C."""
    from edge_inspector.desk.process import run_desk
    from edge_inspector.service import setup_logging

    setup_logging(verbose)
    run_desk(config, with_parent)


def query(
    db: Database,
    since: Since = None,
    until: Until = None,
    verdict: Verdict = None,
    outcome: Outcome = None,
    recipe: RecipeName = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows: the newest.")] = 1000,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object: rows, counts (of all that match), times.")] = False,
) -> None:
    """Show inspected parts, oldest first."""
    from json import dumps

    from edge_inspector.store.database import read_database
    from edge_inspector.store.queries import counts, history, timings

    wanted = _filter(since=since, until=until, verdict=verdict, outcome=outcome, recipe=recipe)
    engine = read_database(database_url(db))
    rows = history(engine, wanted, limit)[::-1]
    total = counts(engine, wanted)
    if json:
        typer.echo(dumps({"rows": rows, "counts": total, "times": timings(engine, wanted)}))
        return
    for row in rows:
        typer.echo(_line(row))
    typer.echo(", ".join(f"{name} {value}" for name, value in total.items()))


def export(
    db: Database,
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Where to write; replaced only when complete.")],
    since: Since = None,
    until: Until = None,
    verdict: Verdict = None,
    outcome: Outcome = None,
    recipe: RecipeName = None,
) -> None:
    """Write inspected parts to a CSV file, oldest first."""
    from rich.console import Console
    from rich.progress import Progress

    from edge_inspector.store.database import read_database
    from edge_inspector.store.export import export_csv
    from edge_inspector.store.queries import counts

    wanted = _filter(since=since, until=until, verdict=verdict, outcome=outcome, recipe=recipe)
    engine = read_database(database_url(db))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("exporting", total=counts(engine, wanted)["parts"])
        written = export_csv(engine, out, wanted, lambda rows: progress.advance(task, rows))
    typer.echo(f"{written} parts written to {out}", err=True)


def database_url(text: str) -> str:
    """A URL as it is; the path of an SQLite file as its URL."""
    from sqlalchemy import URL

    return text if "://" in text else URL.create("sqlite", database=text).render_as_string()


def _filter(**values: object) -> Filter:
    from edge_inspector.settings import parse_model
    from edge_inspector.store.queries import Filter

    return parse_model(Filter, {name: value for name, value in values.items() if value is not None}, "history")


def _line(row: dict[str, Any]) -> str:
    score = "     -" if row["score"] is None else f"{row['score']:6.3f}"
    late = " late" if row["late"] else ""
    return (
        f"{row['triggered_utc']}  {row['part_id']}  {row['outcome']:<8} {row['verdict']:<6} {score}  {row['reason']}{late}  {row['recipe']}"
    )
