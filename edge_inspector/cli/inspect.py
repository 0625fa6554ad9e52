"""``inspect``: verdicts on image files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge_inspector.judge import Judge
    from edge_inspector.records import Image, Judgement


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(inspect)


def inspect(
    model: Annotated[str, typer.Option(help="The bundle: its folder, or its id.")],
    paths: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files: PNG, JPEG, BMP, TIFF.")],
    overlay: Annotated[Path | None, typer.Option(help="Folder for pictures of the parts with their maps.")] = None,
    backend: Annotated[str, typer.Option(help="auto, tensorrt, openvino or onnxruntime.")] = "auto",
    precision: Annotated[str, typer.Option(help="f32, fp16, bf16 or int8, proven or not; auto: the fastest that is proven.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge image files by the thresholds that the bundle proposes; a file that cannot be read rejects, and the exit code is 1."""
    from json import dumps

    from edge_inspector.cli.models import opened
    from edge_inspector.evaluation.evaluate import proposed_judge

    with opened(model, backend, precision=precision) as (_, engine):
        judge = proposed_judge(engine)
        rows = [_inspect(judge, number, path, overlay) for number, path in enumerate(paths, 1)]
    typer.echo(dumps({"images": rows}) if json else "\n".join(_line(row) for row in rows))
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _inspect(judge: Judge, number: int, path: Path, folder: Path | None) -> dict[str, Any]:
    from edge_inspector import images
    from edge_inspector.errors import ImageError
    from edge_inspector.evaluation.evaluate import judge_image

    try:
        image = images.decode(path)
    except ImageError as error:
        return {"path": str(path), "verdict": "reject", "score": None, "regions": [], "error": str(error)}
    judgement = judge_image(judge, image, str(path))
    row = _row(path, judgement)
    if folder is not None:
        # The number keeps files of one name from different folders apart.
        row["overlay"] = str(_draw(folder, f"{number:03d}_{path.stem}.png", image, judgement, judge))
    return row


def _row(path: Path, judgement: Judgement) -> dict[str, Any]:
    from dataclasses import asdict
    from math import isfinite

    verdict = judgement.verdict
    score = verdict.score if isfinite(verdict.score) else None
    regions = [asdict(region) for region in verdict.regions]
    return {"path": str(path), "verdict": verdict.decision.value, "score": score, "regions": regions, "reason": verdict.reason.value}


def _draw(folder: Path, name: str, image: Image, judgement: Judgement, judge: Judge) -> Path:
    from edge_inspector import images
    from edge_inspector.errors import ImageError

    threshold = judge.recipe.decision.region_threshold
    picture = images.overlay(image, judgement.maps[0], judgement.verdict.regions, 0.5 if threshold is None else threshold)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        images.write_png(folder / name, picture)
    except OSError as error:
        raise ImageError(f"{folder / name}: cannot be written: {error.strerror}") from error
    return folder / name


def _line(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"{row['verdict']:<8}       {row['error']}"
    score = "  none" if row["score"] is None else f"{row['score']:.4f}"
    return f"{row['verdict']:<8}{score}  {len(row['regions'])} regions  {row['path']}"
