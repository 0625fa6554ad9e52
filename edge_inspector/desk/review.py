"""The review service: what a person says of a part, beside the machine's verdict."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import Params
from edge_inspector.records import Caller, PersonVerdict
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store.queries import part
from edge_inspector.store.reviews import set_review
from edge_inspector.wire.server import Handler


class Review(Settings):
    """What is said of which part."""

    part_id: Annotated[str, Field(min_length=1)]
    verdict: PersonVerdict
    note: Annotated[str, Field(max_length=2000)] = ""


class ReviewService:
    """Answers ``review.set``, used by one thread."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {"review.set": self.set}

    def set(self, params: Params, caller: Caller) -> Params:
        """The ``part`` with the caller's word on it. Raises SettingsError, StateError (no such part, contradiction), StoreError."""
        said = parse_model(Review, params, "review.set")
        with self._database.writing() as engine:
            set_review(engine, said.part_id, said.verdict, caller.name, said.note)
        with self._database.reading() as engine:
            return {"part": part(engine, said.part_id)}
