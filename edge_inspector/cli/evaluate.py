"""``evaluate``: how good a bundle is on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge_inspector.evaluation.evaluate import Evaluation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    model: Annotated[str, typer.Option(help="The bundle: its folder, or its id.")],
    data: Annotated[Path, typer.Option(help="The data set's folder.")],
    layout: Annotated[str, typer.Option(help="mvtec, btad, kolektor, kolektor2, dagm, visa or folder.")],
    backend: Annotated[str, typer.Option(help="auto, tensorrt, openvino or onnxruntime.")] = "auto",
    precision: Annotated[str, typer.Option(help="f32, fp16, bf16 or int8, proven or not; auto: the fastest that is proven.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a bundle on the test part of a data set; images it was trained on are left out."""
    from json import dumps

    from edge_inspector.cli.models import opened
    from edge_inspector.cli.progress import Progress
    from edge_inspector.evaluation.evaluate import evaluate as run
    from edge_inspector.evaluation.evaluate import unseen_test_samples
    from edge_inspector.evaluation.layouts import load_dataset
    from edge_inspector.evaluation.remarks import unlabelled, unmasked, unread
    from edge_inspector.training.progress import watch

    dataset = load_dataset(data, layout)
    with opened(model, backend, precision=precision) as (_, engine), Progress() as progress:
        for remark in (*unread(dataset), *unlabelled(dataset), *unmasked(unseen_test_samples(dataset, engine.manifest)[0])):
            progress.note(remark)
        result = run(engine, dataset, watch(progress, "evaluating"))
    typer.echo(dumps(result.as_json()) if json else _text(result))


def _text(result: Evaluation) -> str:
    figures = (f"{name:<14}{'no masks' if value is None else value:>10}" for name, value in _rounded(result).items())
    return "\n".join(figures)


def _rounded(result: Evaluation) -> dict[str, float | int | str | None]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in result.as_json().items()}
