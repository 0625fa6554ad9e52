"""``recipes list|import|export|activate``: the recipe versions of a result log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_inspector.cli.history import Database, database_url

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edge_inspector.store.recipes import RecipeVersion

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Label = Annotated[str, typer.Argument(metavar="NAME[:VERSION]", help="A recipe; without a version its newest.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Recipes and their versions.")
    group.command("list")(list_)
    group.command("import")(import_)
    group.command("export")(export)
    group.command("activate")(activate)
    app.add_typer(group, name="recipes")


def list_(db: Database, json: Json = False) -> None:
    """Show every version; the active one is marked with a star."""
    from json import dumps

    from edge_inspector.store.database import read_database
    from edge_inspector.store.recipes import list_recipes

    versions = list_recipes(read_database(database_url(db)))
    if json:
        typer.echo(dumps({"recipes": [_row(version) for version in versions]}))
        return
    for version in versions:
        row = _row(version)
        typer.echo(f"{'*' if version.active else ' '} {version.label:<24} {row['created_utc']}  {version.sha256[:12]}")


def import_(
    db: Database,
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The recipe.")],
    models: Annotated[Path | None, typer.Option(help="Folder of bundles, for the thresholds that the recipe leaves to its bundle.")] = None,
    json: Json = False,
) -> None:
    """Store a recipe as a new version, where its content changed. It is not made the active one.

    Thresholds that it leaves out are filled from its bundle's proposals; at a lower precision for which it proposes none they are those of
    the certificate of the form that runs.
    """
    from json import dumps

    from edge_inspector.decision import with_known_proposals
    from edge_inspector.engine.bundle import find_bundle, load_bundle
    from edge_inspector.settings import load_recipe
    from edge_inspector.store.recipes import import_recipe

    recipe = load_recipe(file)
    bundle = load_bundle(find_bundle(recipe.bundle, models))
    recipe = with_known_proposals(recipe, bundle.manifest)
    with _writing(db) as engine:
        version, new = import_recipe(engine, recipe)
    if json:
        typer.echo(dumps({"name": recipe.name, "version": version, "new": new}))
        return
    typer.echo(f"{recipe.name}:{version} {'is new' if new else 'holds the same content already'}")


def export(
    db: Database,
    label: Label,
    out: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Where to write; default standard output.")] = None,
) -> None:
    """Write a version as TOML, the form that ``recipes import`` and ``run`` read."""
    from edge_inspector.errors import StoreError
    from edge_inspector.store.database import read_database
    from edge_inspector.store.recipes import get_recipe

    content = get_recipe(read_database(database_url(db)), *_parse(label)).content
    if out is None:
        typer.echo(content, nl=False)
        return
    try:
        out.write_text(content, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error


def activate(db: Database, label: Label, json: Json = False) -> None:
    """Make a version the active one, in the result log alone: a running line is asked through its control socket."""
    from json import dumps

    from edge_inspector.store import recipes

    with _writing(db) as engine:
        version = recipes.activate(engine, *_parse(label))
    typer.echo(dumps(_row(version)) if json else f"{version.label} is active")


@contextlib.contextmanager
def _writing(db: str) -> Iterator[Engine]:
    from edge_inspector.store.database import open_database

    engine = open_database(database_url(db))
    try:
        yield engine
    finally:
        engine.dispose()


def _parse(label: str) -> tuple[str, int | None]:
    from edge_inspector.errors import SettingsError

    name, colon, version = label.partition(":")
    if colon and not version.isdecimal():
        raise SettingsError(f"recipe '{label}': a version is a whole number, as in {name}:2")
    return name, int(version) if colon else None


def _row(version: RecipeVersion) -> dict[str, Any]:
    from edge_inspector.service import utc_text

    return {
        "name": version.name,
        "version": version.version,
        "created_utc": utc_text(version.created_utc),
        "sha256": version.sha256,
        "active": version.active,
    }
