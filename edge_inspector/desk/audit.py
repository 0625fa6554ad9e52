"""The audit service: who did what to what, read only."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import Params
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store.audit import entries
from edge_inspector.wire.server import Handler


class Page(Settings):
    """At most ``limit`` entries, below the id ``before`` where given."""

    limit: Annotated[int, Field(ge=1, le=2000)] = 200
    before: int | None = None


class AuditService:
    """Answers ``audit.query`` from the result log, used by one thread."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {"audit.query": self.query}

    def query(self, params: Params) -> Params:
        """``entries``, the newest first; the next page is ``before`` the last one's id. Raises SettingsError, StoreError."""
        page = parse_model(Page, params, "audit.query")
        with self._database.reading() as engine:
            return {"entries": entries(engine, page.limit, page.before)}
