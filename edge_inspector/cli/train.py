"""``train``: from a data set to a model bundle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_inspector.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    from edge_inspector.labels.hints import MaskSource
    from edge_inspector.training.geometry import FitChoice
    from edge_inspector.training.normality import FormChoice
    from edge_inspector.training.run import TrainResult
    from edge_inspector.training.supply import SynthesisChoice


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(  # noqa: PLR0913, PLR0917 - one parameter an option
    data: Annotated[Path, typer.Option("--data", help="folder of the data set")],
    layout: Annotated[str, typer.Option("--layout", help="mvtec, btad, kolektor, kolektor2, dagm, visa or folder")],
    out: Annotated[Path, typer.Option("--out", help="folder of the new bundle; must not exist")],
    seen: Annotated[int, typer.Option("--seen", help="defective images with masks to learn from; they are left out of every test")] = 0,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    steps: Annotated[int | None, typer.Option("--steps", help="length of the schedule")] = None,
    max_minutes: Annotated[float | None, typer.Option("--max-minutes", help="end in time, with a whole bundle")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    prototypes: Annotated[
        str | None, typer.Option("--prototypes", help="K, or a share of the normals such as 20%; default 10%, at most 64")
    ] = None,
    prototype_form: Annotated[
        str, typer.Option("--prototype-form", help="whole-map (aligned parts), codebook (texture, loose parts), or auto: by the normals")
    ] = "auto",
    textures: Annotated[Path | None, typer.Option("--textures", help="folder of textures for simulated anomalies")] = None,
    backbone: Annotated[str, typer.Option("--backbone", help="or a model of timm's: resnet18, wide_resnet50_2 ...")] = "efficientnet_lite0",
    backbone_weights: Annotated[Path | None, typer.Option("--backbone-weights", help="file with that model's weights")] = None,
    masks: Annotated[
        str, typer.Option("--masks", help="exact, or box, scribble, click: the seen masks proposed from such hints")
    ] = "exact",
    size: Annotated[str | None, typer.Option("--size", help="HEIGHTxWIDTH of the input, in steps of 128; default by the parts")] = None,
    fit: Annotated[str, typer.Option("--fit", help="stretch over the input, or letterbox: aspect kept; auto: by the parts")] = "auto",
    early_stop: Annotated[
        bool,
        typer.Option(
            "--early-stop/--no-early-stop", help="end the steps where held-out normals and anomalies made on them show no more gain"
        ),
    ] = False,
    synthesis: Annotated[
        str, typer.Option("--synthesis", help="where anomalies are made: host, device, or auto: on the device where that is CUDA")
    ] = "auto",
    tile: Annotated[
        bool, typer.Option("--tile", help="a bundle for large frames: cut into tiles of --size at native resolution, with a codebook")
    ] = False,
    overlap: Annotated[int, typer.Option("--overlap", help="of neighbouring tiles, pixels; with --tile")] = 32,
    scale: Annotated[float, typer.Option("--scale", help="tile pixels a frame pixel, at most 1; with --tile")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Train a PRN and write its bundle. Killed, it goes on from its last checkpoint when started again."""
    # torch's threads spin while they wait; on a machine that does anything else (a line that inspects) a step then takes six times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from edge_inspector.training import options, run
    except ModuleNotFoundError as error:
        raise TrainingError(f'training needs {error.name}, which is not installed: pip install "edge-inspector[train]"') from None
    k, ratio = prototype_number(prototypes)
    settings = options.TrainSettings(
        *(data, layout, out, seen, seed, steps, max_minutes, device),
        k=k,
        ratio=ratio,
        textures=textures,
        backbone=backbone,
        backbone_weights=backbone_weights,
        masks=mask_source(masks),
        size=None if size is None else input_size(size),
        fit=fit_choice(fit),
        early_stop=early_stop,
        prototypes=form_choice(prototype_form),
        synthesis=synthesis_choice(synthesis),
        tile=tile,
        overlap=overlap,
        scale=scale,
    )
    from edge_inspector.cli.progress import Progress

    with Progress() as listener:
        result = run.train(settings, listener)
    typer.echo(json.dumps(summary(result)) if as_json else text(result))


def mask_source(name: str) -> MaskSource:
    """The option's value. Raises SettingsError."""
    from edge_inspector.labels.hints import MASK_SOURCES

    for known in MASK_SOURCES:
        if known == name:
            return known
    raise SettingsError(f"--masks {name}: one of {', '.join(MASK_SOURCES)}")


def input_size(text: str) -> tuple[int, int]:
    """(height, width). Raises SettingsError."""
    height, _, width = text.lower().partition("x")
    if not (height.isascii() and height.isdecimal() and width.isascii() and width.isdecimal()):
        raise SettingsError(f"--size {text}: HEIGHTxWIDTH is expected, such as 128x640")
    return int(height), int(width)


def prototype_number(text: str | None) -> tuple[int | None, float | None]:
    """K or a ratio in 0..1, the other being None, as both are where nothing is asked. Raises SettingsError."""
    if text is None:
        return None, None
    number = text.removesuffix("%")
    try:
        if number == text:
            return int(text), None
        if 0.0 < float(number) <= 100.0:
            return None, float(number) / 100.0
    except ValueError:
        pass
    raise SettingsError(f"--prototypes {text}: a number of whole maps, such as 20, or a share of the normals, above 0 and at most 100%")


def form_choice(name: str) -> FormChoice:
    """The option's value. Raises SettingsError."""
    known: tuple[FormChoice, ...] = ("auto", "whole-map", "codebook")
    for form in known:
        if form == name:
            return form
    raise SettingsError(f"--prototype-form {name}: one of {', '.join(known)}")


def fit_choice(name: str) -> FitChoice:
    """The option's value. Raises SettingsError."""
    from edge_inspector.training.geometry import FIT_CHOICES

    for known in FIT_CHOICES:
        if known == name:
            return known
    raise SettingsError(f"--fit {name}: one of {', '.join(FIT_CHOICES)}")


def synthesis_choice(name: str) -> SynthesisChoice:
    """The option's value. Raises SettingsError."""
    from edge_inspector.training.supply import SYNTHESIS_CHOICES

    for known in SYNTHESIS_CHOICES:
        if known == name:
            return known
    raise SettingsError(f"--synthesis {name}: one of {', '.join(SYNTHESIS_CHOICES)}")


def summary(result: TrainResult) -> dict[str, object]:
    """The JSON object of the command."""
    manifest = result.manifest
    return {
        "id": manifest.id,
        "out": str(result.folder),
        "steps": manifest.training.steps,
        "planned_steps": manifest.training.planned_steps,
        "minutes": manifest.training.minutes,
        "seen": result.seen,
        "masks": manifest.training.masks,
        "images": result.normals,
        "input": manifest.input.model_dump(),
        "tiling": manifest.tiling.model_dump() if manifest.tiling else None,
        "prototypes": manifest.prototypes.k,
        "prototype_form": manifest.prototypes.form,
        "parameters": result.parameters,
        "thresholds": [thresholds.model_dump() for thresholds in manifest.thresholds],
        "metrics": manifest.metrics,
        "notes": list(result.notes),
    }


def text(result: TrainResult) -> str:
    """The same for people."""
    manifest = result.manifest
    proposal = manifest.thresholds[0]
    return (
        f"{result.folder}: {manifest.training.steps} steps in {manifest.training.minutes:.1f} min on {result.normals} normals and "
        f"{result.seen} seen anomalies; {manifest.prototypes.k} prototypes, {manifest.prototypes.form} ({manifest.prototypes.why})\n"
        f"input {manifest.input.height} x {manifest.input.width}, {manifest.input.fit}: {manifest.input.why}\n"
        f"accept below {proposal.accept_threshold}, reject from {proposal.reject_threshold}: {proposal.evidence}"
    )
