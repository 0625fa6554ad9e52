"""``ablate``: what each part of the method is worth, as tables beside the paper's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_inspector.errors import TrainingError

if TYPE_CHECKING:
    from edge_inspector.training.ablate import Ablation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ablate")(ablate)


def ablate(  # noqa: PLR0913, PLR0917 - one parameter an option
    data: Annotated[Path, typer.Option("--data", help="folder of the data set")],
    layout: Annotated[str, typer.Option("--layout", help="mvtec, btad, kolektor, kolektor2, dagm, visa or folder")],
    table: Annotated[str, typer.Option("--table", help="modules, generation, ratio, seen or leave-one-out")],
    out: Annotated[Path | None, typer.Option("--out", help="folder of results; default ablation/<name of the data set>")] = None,
    seen: Annotated[int, typer.Option("--seen", help="seen anomalies; of table seen the most")] = 10,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    steps: Annotated[int | None, typer.Option("--steps", help="length of each row's schedule")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    backbone: Annotated[str, typer.Option("--backbone", help="or a model of timm's: resnet18, wide_resnet50_2 ...")] = "efficientnet_lite0",
    backbone_weights: Annotated[Path | None, typer.Option("--backbone-weights", help="file with that model's weights")] = None,
    textures: Annotated[Path | None, typer.Option("--textures", help="folder of texture images for simulated anomalies")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Train and evaluate each row of a table; rows that are done are kept, so that a second start goes on where the first ended."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in train: torch's threads spin while they wait
    from edge_inspector.cli.progress import Progress

    try:
        from edge_inspector.training.ablate import ablate as run
        from edge_inspector.training.options import TrainSettings
    except ModuleNotFoundError as error:
        raise TrainingError(f'ablation needs {error.name}, which is not installed: pip install "edge-inspector[train]"') from None
    folder = out or Path("ablation") / data.resolve().name
    base = TrainSettings(
        *(data, layout, folder, seen, seed, steps),
        device=device,
        textures=textures,
        backbone=backbone,
        backbone_weights=backbone_weights,
    )
    with Progress() as listener:
        result = run(base, table, folder, listener)
    typer.echo(json.dumps(summary(result)) if as_json else result.markdown.read_text(encoding="utf-8"))


def summary(result: Ablation) -> dict[str, object]:
    """The JSON object of the command."""
    files = {"markdown": str(result.markdown), "csv": str(result.csv)}
    return {"table": result.table, "made": result.made, **files, "rows": list(result.rows)}
