"""``benchmark``: how fast a bundle runs on this machine, beside its backbone alone and other ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from edge_inspector.evaluation.benchmark import Row


_WIDTH = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("benchmark")(benchmark)


def benchmark(
    model: Annotated[str, typer.Option(help="The bundle: its folder, or its id.")],
    backend: Annotated[list[str] | None, typer.Option(help="A backend; may be repeated. Without it all that are installed.")] = None,
    compare: Annotated[list[Path] | None, typer.Option(help="Another ONNX graph of one image input; may be repeated.")] = None,
    batch: Annotated[list[int] | None, typer.Option(min=1, max=256, help="Images at a time; may be repeated. Without it 1.")] = None,
    threads: Annotated[int, typer.Option(min=0, max=256, help="Of every row. 0: as many as the line gives its engine.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each row is timed.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a bundle, its backbone alone and other graphs by turns, in every precision that backend and processor offer."""
    from dataclasses import asdict
    from json import dumps
    from tempfile import TemporaryDirectory

    from edge_inspector.cli.models import bundle_folder
    from edge_inspector.cli.progress import Progress
    from edge_inspector.engine.bundle import load_bundle
    from edge_inspector.engine.registry import available
    from edge_inspector.evaluation.benchmark import host, measure
    from edge_inspector.evaluation.benchmark_rows import Asked, Graphs, subjects
    from edge_inspector.line.loading import engine_threads
    from edge_inspector.settings.station import EngineSettings

    bundle = load_bundle(bundle_folder(model))
    used = engine_threads(EngineSettings(threads=threads))
    backends = tuple(backend or [name for name in available() if name != "stub"])
    asked = Asked(backends, tuple(compare or ()), tuple(batch or (1,)), used)
    with TemporaryDirectory(prefix="edge-inspector-") as folder, Progress() as progress:
        graphs = Graphs(bundle, Path(folder), progress, progress.note)
        listed = subjects(bundle, asked, graphs)
        stages: list[str] = []

        def watch(what: str, done: int, total: int) -> None:
            if what not in stages:
                stages.append(what)
                progress.stage(what, total)
            progress.advance(done, total, "")

        rows = measure(listed, rounds, watch, progress.note)
    if json:
        typer.echo(dumps({"rows": [asdict(row) for row in rows], "host": host(used)}))
    else:
        _print(rows)
    unmet = sorted({subject.name for subject in listed} - {row.name for row in rows})
    if unmet:  # what was measured stands above, what was asked for and is not there is no success
        typer.echo(f"error: not measured at all: {', '.join(unmet)}; the notes say why", err=True)
        raise typer.Exit(1)


def _print(rows: tuple[Row, ...]) -> None:
    from rich.console import Console

    console = Console()
    # Into a file or a pipe a table goes whole, not cut to a terminal's 80 columns.
    (console if console.is_terminal else Console(width=_WIDTH)).print(_table(rows))


def _table(rows: tuple[Row, ...]) -> Table:
    from rich.table import Table

    table = Table("name", "backend", "precision", "batch", title="milliseconds a batch, by turns")
    for title in ("p50", "p95", "p99", "images/s", "cold ms", "memory MB", "to its backbone"):
        table.add_column(title, justify="right")
    for row in rows:
        figures = (row.p50_ms, row.p95_ms, row.p99_ms)
        told = [f"{row.per_second:.1f}", f"{row.cold_ms:.0f}", f"{row.rss_mb:.0f}", _ratio(row, rows)]
        table.add_row(row.name, row.backend, row.precision, str(row.batch), *(f"{ms:.2f}" for ms in figures), *told)
    return table


def _ratio(row: Row, rows: tuple[Row, ...]) -> str:
    """A row's median over that of the backbone on the same backend, in the same precision and batch."""
    same = (r for r in rows if r.name == "backbone" and (r.backend, r.precision, r.batch) == (row.backend, row.precision, row.batch))
    base = next(same, None)
    return f"{row.p50_ms / base.p50_ms:.2f}" if base is not None and base is not row else ""
