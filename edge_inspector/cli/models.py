"""``models list|show|verify``: the bundles at hand, and whether they are whole and say on this machine what they said where they were
made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge_inspector.engine.base import Engine
    from edge_inspector.engine.bundle import Bundle

Model = Annotated[str, typer.Argument(help="The bundle: its folder, or its id.")]
Models = Annotated[Path | None, typer.Option(help="Folder of bundles; without it the program's own.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    from edge_inspector.cli.models_build import build

    group = typer.Typer(no_args_is_help=True, help="Model bundles: list, show, verify, build.")
    group.command("list")(list_models)
    group.command("show")(show)
    group.command("verify")(verify)
    group.command("build")(build)
    app.add_typer(group, name="models")


def bundle_folder(model: str, models: Path | None = None) -> Path:
    """The folder of the bundle that a command line names: a folder as it is seen from here, else an id. Raises BundleError."""
    from edge_inspector.engine.bundle import MANIFEST, find_bundle

    here = Path(model)
    return here if (here / MANIFEST).is_file() else find_bundle(model, models)


@contextmanager
def opened(model: str, backend: str, models: Path | None = None) -> Iterator[tuple[Bundle, Engine]]:
    """The bundle that a command line names, verified, and an engine that runs it, closed at the end. Raises BundleError, EngineError."""
    from contextlib import closing

    from edge_inspector.engine.bundle import load_bundle
    from edge_inspector.engine.registry import open_engine

    bundle = load_bundle(bundle_folder(model, models))
    with closing(open_engine(bundle, backend)) as engine:
        yield bundle, engine


def list_models(models: Models = None, json: Json = False) -> None:
    """List the bundles at hand; one that cannot be read is listed with what is wrong."""
    from json import dumps

    from edge_inspector.engine.bundle import list_bundles

    rows = [_row(folder) for folder in list_bundles(models)]
    lines = [f"{row['id']:<24}{row.get('product') or '-':<16}{row.get('created_utc', row.get('error'))}  {row['path']}" for row in rows]
    typer.echo(dumps({"models": rows}) if json else "\n".join(lines) or "no bundles")


def _row(folder: Path) -> dict[str, Any]:
    from edge_inspector.engine.bundle import bundle_hash, read_manifest
    from edge_inspector.errors import BundleError

    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return {"id": folder.name, "path": str(folder), "error": str(error)}
    named = manifest.model_dump(include={"id", "product", "created_utc", "backbone", "metrics"})
    return {**named, "path": str(folder), "hash": bundle_hash(manifest)}


def show(model: Model, models: Models = None, json: Json = False) -> None:
    """Print a bundle's manifest (hashes of training images counted, with --json in full)."""
    import tomli_w

    from edge_inspector.engine.bundle import bundle_hash, read_manifest

    manifest = read_manifest(bundle_folder(model, models))
    if json:
        typer.echo(manifest.model_dump_json())
        return
    values = manifest.model_dump(mode="json")
    for key in ("images", "seen", "held"):
        values["training"][key] = f"{len(values['training'][key])} images"
    for added in values["training"]["added"]:
        added["images"] = f"{len(added['images'])} images"
    typer.echo(f"# hash {bundle_hash(manifest)}\n{tomli_w.dumps(values)}")


def verify(
    model: Model,
    models: Models = None,
    backend: Annotated[str, typer.Option(help="auto, openvino or onnxruntime.")] = "auto",
    json: Json = False,
) -> None:
    """Verify every file's hash, then run the reference images and hold them against torch's stored answers."""
    from dataclasses import asdict
    from json import dumps

    from edge_inspector.errors import BundleError
    from edge_inspector.evaluation.equivalence import compare, load_references

    with opened(model, backend, models) as (bundle, engine):
        rows = compare(engine, load_references(bundle))
        used = engine.backend
    if not rows:
        raise BundleError(f"{bundle.folder / 'reference'}: holds no reference images; nothing to hold the backend against")
    ok = all(row.equal for row in rows)
    report: dict[str, Any] = {"id": bundle.manifest.id, "files": len(bundle.manifest.files), "backend": used, "ok": ok}
    report["flips"] = sum(row.flips for row in rows)
    report["references"] = [{**asdict(row), "equal": row.equal} for row in rows]
    typer.echo(dumps(report) if json else _report(report))
    if not ok:
        raise typer.Exit(1)


def _report(report: dict[str, Any]) -> str:
    lines = [f"{report['id']}: {report['files']} files have their hashes; backend {report['backend']}"]
    lines += [
        f"  {r['name']:<8} map {r['map_difference']:.2e}  score {r['score_difference']:.2e}  flips {r['flips']}  "
        f"{'equal' if r['equal'] else 'DIFFERENT'}"
        for r in report["references"]
    ]
    return "\n".join([*lines, "ok" if report["ok"] else "NOT what torch computed (tolerance 1e-3)"])
