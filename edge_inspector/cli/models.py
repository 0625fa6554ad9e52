"""``models list|show``: the bundles at hand, and the certificates of their forms; further commands of the group in ``models_*.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge_inspector.engine.base import Engine
    from edge_inspector.engine.bundle import Bundle
    from edge_inspector.settings.manifest import Manifest

Model = Annotated[str, typer.Argument(help="The bundle: its folder, or its id.")]
Models = Annotated[Path | None, typer.Option(help="Folder of bundles; without it the program's own.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    from edge_inspector.cli.models_build import build
    from edge_inspector.cli.models_verify import verify

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
def opened(model: str, backend: str, models: Path | None = None, precision: str = "auto") -> Iterator[tuple[Bundle, Engine]]:
    """The bundle that a command line names, verified, and an engine that runs it, closed at the end. Raises BundleError, EngineError."""
    from contextlib import closing

    from edge_inspector.engine.bundle import load_bundle
    from edge_inspector.engine.registry import open_engine

    bundle = load_bundle(bundle_folder(model, models))
    with closing(open_engine(bundle, backend, precision=precision)) as engine:
        yield bundle, engine


def list_models(models: Models = None, json: Json = False) -> None:
    """List the bundles at hand; one that cannot be read is listed with what is wrong."""
    from json import dumps

    from edge_inspector.engine.bundle import list_bundles

    rows = [_row(folder) for folder in list_bundles(models)]
    typer.echo(dumps({"models": rows}) if json else "\n".join(line for row in rows for line in _lines(row)) or "no bundles")


def _lines(row: dict[str, Any]) -> list[str]:
    first = f"{row['id']:<24}{row.get('product') or '-':<16}{row.get('created_utc', row.get('error'))}  {row['path']}"
    return [first, *(f"    {certificate_line(found)}" for found in row.get("certificates", ()))]


def certificates(folder: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """The certificates of a bundle's forms, summed up; of a damaged one what is wrong with it, under the key ``error``."""
    from edge_inspector.engine.bundle import MODEL, Bundle
    from edge_inspector.engine.forms import list_certificates
    from edge_inspector.settings.certificate import Certificate

    listed = list_certificates(Bundle(folder, manifest, folder / MODEL))
    return [found.summary() if isinstance(found, Certificate) else {"error": str(found)} for found in listed]


def certificate_line(found: dict[str, Any]) -> str:
    """Backend, precision, whether it passed or what failed, and when."""
    if "error" in found:
        return f"certificate damaged: {found['error']}"
    what = "passed" if found["auto"] else f"passed, but not for auto: {'; '.join(found['reservations'])}"
    if not found["passed"]:
        what = f"FAILED: {'; '.join(found['failures'])}"
    return f"{found['backend']} {found['version']} on {found['device']}, {found['precision']}: {what} ({found['created_utc']})"


def _row(folder: Path) -> dict[str, Any]:
    from edge_inspector.engine.bundle import bundle_hash, read_manifest
    from edge_inspector.errors import BundleError

    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return {"id": folder.name, "path": str(folder), "error": str(error)}
    named = manifest.model_dump(include={"id", "product", "created_utc", "backbone", "metrics"})
    return {**named, "path": str(folder), "hash": bundle_hash(manifest), "certificates": certificates(folder, manifest)}


def show(model: Model, models: Models = None, json: Json = False) -> None:
    """Print a bundle's manifest (hashes of training images counted, with --json in full), and the certificates of its forms."""
    from json import dumps

    import tomli_w

    from edge_inspector.engine.bundle import bundle_hash, read_manifest

    folder = bundle_folder(model, models)
    manifest = read_manifest(folder)
    found = certificates(folder, manifest)
    if json:
        typer.echo(dumps({**manifest.model_dump(mode="json"), "certificates": found}))
        return
    values = manifest.model_dump(mode="json")
    for key in ("images", "seen", "held"):
        values["training"][key] = f"{len(values['training'][key])} images"
    for added in values["training"]["added"]:
        added["images"] = f"{len(added['images'])} images"
    typer.echo("\n".join([f"# hash {bundle_hash(manifest)}", *(f"# {certificate_line(each)}" for each in found), tomli_w.dumps(values)]))
