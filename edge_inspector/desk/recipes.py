"""The recipe service: the versions on record, and the one that decides. Changing it is the line's business."""

from __future__ import annotations

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import Params
from edge_inspector.errors import StateError
from edge_inspector.service import utc_text
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store.recipes import RecipeVersion, active, list_recipes
from edge_inspector.wire.server import Handler


class Nothing(Settings):
    """No parameter."""


class RecipeService:
    """Answers ``recipe.active`` and ``recipe.list`` from the result log, used by one thread."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {"recipe.active": self.active, "recipe.list": self.list}

    def active(self, params: Params) -> Params:
        """``name``, ``version`` and ``recipe`` itself. Raises SettingsError, StateError where none was ever activated, StoreError."""
        parse_model(Nothing, params, "recipe.active")
        with self._database.reading() as engine:
            found = active(engine)
        if found is None:
            raise StateError("no recipe is active yet; start the line once, or: edge-inspector recipes activate")
        return {"name": found.name, "version": found.version, "recipe": found.recipe().model_dump(mode="json")}

    def list(self, params: Params) -> Params:
        """``recipes``: every version, by name and version. Raises SettingsError, StoreError."""
        parse_model(Nothing, params, "recipe.list")
        with self._database.reading() as engine:
            return {"recipes": [_listed(version) for version in list_recipes(engine)]}


def _listed(version: RecipeVersion) -> Params:
    created = utc_text(version.created_utc)
    return {"name": version.name, "version": version.version, "created_utc": created, "active": version.active}
