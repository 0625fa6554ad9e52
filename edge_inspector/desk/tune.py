"""The tuning service: the stored scores that thresholds are set by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import Params
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store.recipes import RecipeVersion, active
from edge_inspector.store.scores import scores
from edge_inspector.wire.server import Handler


class Wanted(Settings):
    """How many parts, and of which recipe: a name, or ``name:version``; None is the active one in all its versions."""

    last: Annotated[int, Field(ge=1, le=20_000)] = 2000
    recipe: Annotated[str, Field(min_length=1)] | None = None


class TuneService:
    """Answers ``tune.scores`` from the result log, used by one thread."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {"tune.scores": self.scores}

    def scores(self, params: Params) -> Params:
        """``parts`` with a score, oldest first, all scored by ``model``, the newest of ``recipe``. Raises SettingsError, StoreError."""
        wanted = parse_model(Wanted, params, "tune.scores")
        with self._database.reading() as engine:
            recipe = wanted.recipe or _active_name(active(engine))
            model, parts = scores(engine, wanted.last, recipe)
        return {"recipe": recipe or "", "model": model, "parts": parts}


def _active_name(version: RecipeVersion | None) -> str | None:
    return None if version is None else version.name
