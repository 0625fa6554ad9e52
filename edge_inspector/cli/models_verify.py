"""``models verify``: whether a bundle is whole, and decides on this machine, in a form of it, as torch does; its certificate says how."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_inspector.cli.models import Json, Model, Models, opened
from edge_inspector.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    from edge_inspector.engine.base import Engine
    from edge_inspector.engine.bundle import Bundle
    from edge_inspector.evaluation.certify import Verified
    from edge_inspector.evaluation.layouts import Dataset
    from edge_inspector.evaluation.pairs import Pair
    from edge_inspector.settings.certificate import Certificate


def verify(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: Model,
    models: Models = None,
    backend: Annotated[str, typer.Option(help="auto, openvino, onnxruntime, tensorrt.")] = "auto",
    precision: Annotated[str, typer.Option(help="f32, fp16, bf16 or int8.")] = "f32",
    recipe: Annotated[Path | None, typer.Option(help="Recipe file whose rules decide; without it the bundle's proposals.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of labelled images, to run besides the bundle's few.")] = None,
    layout: Annotated[str | None, typer.Option(help="Of --data: mvtec, btad, kolektor, kolektor2, dagm, visa or folder.")] = None,
    against: Annotated[str, typer.Option(help="stored: torch's answers in the bundle; torch: torch itself, run here.")] = "stored",
    json: Json = False,
) -> None:
    """Verify every file's hash, run the reference images (and --data), hold them against torch, and write the form's certificate."""
    from json import dumps

    from edge_inspector.cli.progress import Progress
    from edge_inspector.engine.forms import store_certificate
    from edge_inspector.evaluation.certify import Basis, certify
    from edge_inspector.settings import load_recipe
    from edge_inspector.training.progress import watch

    if against not in ("stored", "torch"):
        raise SettingsError(f"--against {against}: expected stored or torch")
    dataset = _dataset(data, layout)
    rules = load_recipe(recipe) if recipe is not None else None
    with opened(model, backend, models, precision) as (bundle, engine), Progress() as progress:
        torch = _torch(bundle) if against == "torch" else None
        verified = certify(bundle, engine, Basis(torch, rules, dataset), watch(progress, "verifying"))
        kept = _better_founded(bundle, verified.certificate, by_recipe=rules is not None)
        path = store_certificate(bundle, kept or verified.certificate)
    report = _report(bundle, verified, path) | {"kept": kept.created_utc if kept is not None else None}
    typer.echo(dumps(report) if json else _text(report))
    if not report["ok"]:
        raise typer.Exit(1)


def _better_founded(bundle: Bundle, certificate: Certificate, *, by_recipe: bool) -> Certificate | None:
    """The certificate that the form has already, where a new one, which passed on less, must not take its place: without it ``auto`` would
    be float32 again. One by a recipe's rules takes the place of one by others: it was asked for."""
    from edge_inspector.engine.forms import read_certificate
    from edge_inspector.errors import FormError

    try:
        kept = read_certificate(bundle, certificate.key)
    except FormError:  # damaged: it is worth nothing
        return None
    if kept is None or (by_recipe and kept.rules != certificate.rules):
        return None
    return kept if certificate.outweighed_by(kept) else None


def _dataset(data: Path | None, layout: str | None) -> Dataset | None:
    from edge_inspector.evaluation.layouts import load_dataset

    if (data is None) != (layout is None):
        raise SettingsError("--data and --layout go together: a folder, and how its images are laid out")
    return load_dataset(data, layout) if data is not None and layout is not None else None


def _torch(bundle: Bundle) -> Engine:
    try:
        from edge_inspector.training.reference import TorchEngine
    except ModuleNotFoundError as error:
        raise TrainingError(
            f'--against torch needs {error.name}, which is not installed: pip install "edge-inspector[train]"; '
            "or hold it against the answers stored in the bundle: --against stored"
        ) from None
    return TorchEngine(bundle)


def _report(bundle: Bundle, verified: Verified, path: Path) -> dict[str, Any]:
    certificate = verified.certificate
    rows = [_row(pair, certificate.key.precision) for pair in verified.references]
    return {
        "id": bundle.manifest.id,
        "files": len(bundle.manifest.files),
        **certificate.summary(),
        "ok": certificate.passed,
        "flips": sum(row["flips"] for row in rows),
        "references": rows,
        "prototype_places": certificate.prototype_places,
        "limits": certificate.limits,
        "thresholds": certificate.thresholds.model_dump() if certificate.thresholds is not None else None,
        "certificate": str(path),
    }


def _row(pair: Pair, precision: str) -> dict[str, Any]:
    """``equal``: within float32's tolerance, at float32; at a lower precision, whether the verdict is torch's."""
    from dataclasses import asdict

    from edge_inspector.settings.certificate import finite

    differences = {name: finite(value) if isinstance(value, float) else value for name, value in asdict(pair.comparison).items()}
    verdicts = {"verdict": pair.found.decision.value, "verdict_torch": pair.wanted.decision.value}
    return {**differences, **verdicts, "equal": pair.comparison.equal if precision == "f32" else not pair.flipped}


def _text(report: dict[str, Any]) -> str:
    lines = [
        f"{report['id']}: {report['files']} files have their hashes; backend {report['backend']} {report['version']}, "
        f"{report['precision']} on {report['device']}"
    ]
    lines += [
        f"  {r['name']:<8} map {_number(r['map_difference'])}  score {_number(r['score_difference'])}  flips {r['flips']}  "
        f"{r['verdict']:<6} {'equal' if r['equal'] else 'DIFFERENT'}"
        for r in report["references"]
    ]
    last = f"certificate: {report['certificate']}"
    if report["kept"] is not None:
        last += f"\nkept as it is: that of {report['kept']} rests on more than this run, which passed too"
    return "\n".join([*lines, *_figures(report), _verdict(report), last])


def _figures(report: dict[str, Any]) -> list[str]:
    lines = [
        f"on {report['images']} images ({report['good']} labelled good, {report['bad']} bad) against {report['against']}:",
        f"  map difference {_number(report['map_difference'])}, mean {_number(report['map_difference_mean'])}; "
        f"score difference {_number(report['score_difference'])}",
        f"  {report['prototype_flips']} of {report['prototype_places']} prototypes and {report['verdict_flips']} of {report['images']} "
        f"verdicts flip (accept below {report['accept_threshold']:.4f}, reject from {report['reject_threshold']:.4f})",
    ]
    if report["image_auroc"] is not None:
        lines.append(f"  image AUROC {report['image_auroc']:.4f}, torch {report['image_auroc_torch']:.4f}")
    return lines + [f"  FAILED: {failure}" for failure in report["failures"]] + [f"  not for auto: {r}" for r in report["reservations"]]


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2e}"


def _verdict(report: dict[str, Any]) -> str:
    if report["ok"]:
        return "ok"
    tolerance = f" (tolerance {report['limits']['tolerance']:g})" if "tolerance" in report["limits"] else ""
    return f"NOT what torch computed{tolerance}"
