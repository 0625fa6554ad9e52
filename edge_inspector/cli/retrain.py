"""``retrain``: from a bundle and newly labelled defects to the next bundle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_inspector.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    from edge_inspector.evaluation.by_type import ByType, Figures
    from edge_inspector.training.retrain import PrototypeChoice, RetrainResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("retrain")(retrain)


def retrain(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: Annotated[str, typer.Option("--model", help="the bundle to begin from: its folder, or its id")],
    add: Annotated[Path, typer.Option("--add", help="folder of newly labelled defects, with masks")],
    layout: Annotated[str, typer.Option("--layout", help="of --add: mvtec, btad, kolektor, kolektor2, dagm, visa or folder")],
    out: Annotated[Path, typer.Option("--out", help="folder of the new bundle; must not exist")],
    data: Annotated[Path | None, typer.Option("--data", help="the data set of the bundle; default where it was trained")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="length of the schedule")] = None,
    max_minutes: Annotated[float | None, typer.Option("--max-minutes", help="end in time, with a whole bundle")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    prototypes: Annotated[str, typer.Option("--prototypes", help="keep the bundle's, or refresh: cluster its normals anew")] = "keep",
    textures: Annotated[Path | None, typer.Option("--textures", help="folder of textures for simulated anomalies")] = None,
    backbone_weights: Annotated[
        Path | None, typer.Option("--backbone-weights", help="file with the weights of a backbone of timm's")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Teach a bundle new defects, and say what that did to old and new ones. Killed, it goes on when started again."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in train: torch's threads spin while they wait
    from edge_inspector.cli.models import bundle_folder
    from edge_inspector.cli.progress import Progress

    try:
        from edge_inspector.training import retrain as work
    except ModuleNotFoundError as error:
        raise TrainingError(f'retraining needs {error.name}, which is not installed: pip install "edge-inspector[train]"') from None
    settings = work.RetrainSettings(
        *(bundle_folder(model), add, layout, out, data, steps, max_minutes, device),
        prototypes=prototype_choice(prototypes),
        textures=textures,
        backbone_weights=backbone_weights,
    )
    with Progress() as listener:
        result = work.retrain(settings, listener)
    typer.echo(json.dumps(summary(result)) if as_json else text(result))


def prototype_choice(name: str) -> PrototypeChoice:
    """The option's value. Raises SettingsError."""
    from edge_inspector.training.retrain import PROTOTYPE_CHOICES

    for known in PROTOTYPE_CHOICES:
        if known == name:
            return known
    raise SettingsError(f"--prototypes {name}: one of {', '.join(PROTOTYPE_CHOICES)}")


def summary(result: RetrainResult) -> dict[str, object]:
    """The JSON object of the command."""
    manifest = result.trained.manifest
    return {
        "out": str(result.trained.folder),
        "id": manifest.id,
        "parent": manifest.training.parent,
        "added": result.added,
        "kept_seen": result.kept_seen,
        "normals": result.trained.normals,
        "steps": manifest.training.steps,
        "planned_steps": manifest.training.planned_steps,
        "minutes": manifest.training.minutes,
        "prototypes": manifest.prototypes.k,
        "thresholds": [thresholds.model_dump() for thresholds in manifest.thresholds],
        "before": result.before.as_json() if result.before else None,
        "after": result.after.as_json() if result.after else None,
        "notes": list(result.trained.notes),
    }


def text(result: RetrainResult) -> str:
    """The same for people."""
    manifest = result.trained.manifest
    lines = [
        f"{result.trained.folder}: {manifest.training.steps} steps in {manifest.training.minutes:.1f} min from {manifest.training.parent}",
        f"{result.added} seen anomalies added to {result.kept_seen} kept ones, {result.trained.normals} normals",
    ]
    if result.before is None or result.after is None:
        return "\n".join([*lines, "before and after: nothing is held out to compare on"])
    return "\n".join([*lines, *_table(result.before, result.after)])


def _table(before: ByType, after: ByType) -> list[str]:
    head = f"on held-out images, {before.n_good} of them good; recall at 5 % false rejects"
    columns = f"{'':<16}{'n':>6}{'image AUROC':>22}{'recall':>22}"
    rows = [_row(name, figures, after.types[name]) for name, figures in before.types.items()]
    return [head, columns, *rows, _row("all", before.total, after.total)]


def _row(name: str, before: Figures, after: Figures) -> str:
    changes = ((before.image_auroc, after.image_auroc), (before.recall, after.recall))
    return f"{name:<16}{before.n:>6}" + "".join(f"{f'{old:.3f} -> {new:.3f}':>22}" for old, new in changes)
