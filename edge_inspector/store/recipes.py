"""Recipes by version: a new version only where the content changed, which one is active, and since when."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import tomli_w
from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from edge_inspector.errors import StoreError
from edge_inspector.settings import Recipe, parse_model
from edge_inspector.store.database import changing
from edge_inspector.store.schema import ActivationRow, AuditRow, RecipeRow

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecipeVersion:
    """One stored version. ``content`` is its TOML, ``active`` whether it decides now."""

    name: str
    version: int
    created_utc: datetime
    sha256: str
    content: str
    active: bool

    @property
    def label(self) -> str:
        """As verdicts, screens and logs name it: ``name:version``."""
        return f"{self.name}:{self.version}"

    def recipe(self) -> Recipe:
        """The recipe itself. Raises SettingsError where this program does not know a key of it."""
        return parse_model(Recipe, tomllib.loads(self.content), f"recipe {self.label}")


def recipe_toml(recipe: Recipe) -> str:
    """The recipe as TOML, its import and export form; what is unset is left out."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def import_recipe(engine: Engine, recipe: Recipe, actor: str = "local") -> tuple[int, bool]:
    """Store ``recipe`` as the next version of its name unless the newest one has the same content.

    Returns (version, is it new). Does not activate it. Raises StoreError.
    """
    digest = _digest(recipe)
    with changing(engine, "recipes") as session:
        newest = session.scalar(_newest(recipe.name))
        if newest is not None and newest.sha256 == digest:
            return newest.version, False
        version = 1 if newest is None else newest.version + 1
        row = RecipeRow(name=recipe.name, version=version, created_utc=_now(), content=recipe_toml(recipe), sha256=digest)
        session.add_all([row, _audit(actor, "recipe.import", f"{recipe.name}:{version}", {"sha256": digest})])
        return version, True


def activate(engine: Engine, name: str, version: int | None = None, actor: str = "local") -> RecipeVersion:
    """Make a version (None: the newest) of ``name`` the active recipe. Raises StoreError where there is none such."""
    with changing(engine, "recipes") as session:
        row = _find(session, name, version)
        before = session.scalar(_active())
        if before is None or before.id != row.id:
            detail = {"before": None if before is None else f"{before.name}:{before.version}"}
            session.add(ActivationRow(recipe_id=row.id, activated_utc=_now(), actor=actor))
            session.add(_audit(actor, "recipe.activate", f"{row.name}:{row.version}", detail))
        return _version(row, row.id)


@contextmanager
def activating(engine: Engine, name: str, version: int | None = None, actor: str = "local") -> Iterator[RecipeVersion]:
    """As `activate`, for a body that puts the version into force: on record first, and taken back where the body fails.

    Raises StoreError before the body. What cannot be taken back is logged, and the body's own error goes on.
    """
    before = active(engine)
    found = activate(engine, name, version, actor)
    try:
        yield found
    except BaseException as error:
        if before is None or before.label != found.label:
            _take_back(engine, found, actor, str(error))
        raise


def _take_back(engine: Engine, version: RecipeVersion, actor: str, why: str) -> None:
    try:
        with changing(engine, "recipes") as session:
            newest = session.scalar(select(ActivationRow).order_by(ActivationRow.id.desc()).limit(1))
            row = _find(session, version.name, version.version)
            if newest is not None and newest.recipe_id == row.id:
                session.delete(newest)
                session.add(_audit(actor, "recipe.withdraw", version.label, {"why": why}))
    except StoreError as error:
        log.warning("recipe %s is on record as the active one, and does not run: %s", version.label, error)


def active(engine: Engine) -> RecipeVersion | None:
    """The recipe version that decides, or None where none was ever activated. Raises StoreError."""
    with changing(engine, "recipes") as session:
        row = session.scalar(_active())
        return None if row is None else _version(row, row.id)


def get_recipe(engine: Engine, name: str, version: int | None = None) -> RecipeVersion:
    """A stored version (None: the newest) of ``name``. Raises StoreError where there is none such."""
    with changing(engine, "recipes") as session:
        row = _find(session, name, version)
        return _version(row, _active_id(session))


def list_recipes(engine: Engine) -> list[RecipeVersion]:
    """Every stored version, by name and version. Raises StoreError."""
    with changing(engine, "recipes") as session:
        now = _active_id(session)
        return [_version(row, now) for row in session.scalars(select(RecipeRow).order_by(RecipeRow.name, RecipeRow.version))]


def _find(session: Session, name: str, version: int | None) -> RecipeRow:
    wanted = _newest(name) if version is None else _newest(name).where(RecipeRow.version == version)
    row = session.scalar(wanted)
    if row is None:
        known = [f"{n}:{v}" for n, v in session.execute(select(RecipeRow.name, RecipeRow.version).order_by(RecipeRow.id))]
        asked = name if version is None else f"{name}:{version}"
        raise StoreError(f"no recipe {asked}; there is {', '.join(known) or 'none yet: recipes import FILE'}")
    return row


def _newest(name: str) -> Select[RecipeRow]:
    return select(RecipeRow).where(RecipeRow.name == name).order_by(RecipeRow.version.desc()).limit(1)


def _active() -> Select[RecipeRow]:
    return select(RecipeRow).join(ActivationRow, ActivationRow.recipe_id == RecipeRow.id).order_by(ActivationRow.id.desc()).limit(1)


def _active_id(session: Session) -> int | None:
    row = session.scalar(_active())
    return None if row is None else row.id


def _version(row: RecipeRow, active_id: int | None) -> RecipeVersion:
    return RecipeVersion(row.name, row.version, row.created_utc, row.sha256, row.content, row.id == active_id)


def _digest(recipe: Recipe) -> str:
    canonical = json.dumps(recipe.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _audit(actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditRow:
    return AuditRow(at_utc=_now(), actor=actor, action=action, subject=subject, detail=detail)


def _now() -> datetime:
    return datetime.now(timezone.utc)
