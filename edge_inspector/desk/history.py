"""The history service: questions about the result log. Read only; the line alone writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.errors import SettingsError
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store.queries import Filter, counts, history, hours, part, timings

LIMIT = 500
LIMIT_MAX = 2000  # rows: some 2 MB of answer
Params = dict[str, Any]


class Span(Settings):
    """So many hours of the clock, back from now; a month at most."""

    hours: Annotated[int, Field(ge=1, le=744)] = 24


class HistoryService:
    """Answers ``history.query``, ``.part``, ``.counts`` and ``.hours`` from the result log, used by one thread."""

    def __init__(self, database: DeskDatabase, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def handlers(self) -> dict[str, Callable[[Params], Params]]:
        """For the control server."""
        return {"history.query": self.query, "history.part": self.part, "history.counts": self.counts, "history.hours": self.hours}

    def query(self, params: Params) -> Params:
        """``rows`` by any key of ``Filter``, at most ``limit``, the newest first unless ``newest_first`` is false.

        ``next`` is what to add to the parameters for the next page, or null at the end. Raises SettingsError naming a wrong
        parameter, and StoreError.
        """
        asked = dict(params)
        limit, newest_first = _limit(asked.pop("limit", LIMIT)), _truth("newest_first", asked.pop("newest_first", True))
        wanted = _filter(asked)
        with self._database.reading() as engine:
            rows = history(engine, wanted, limit, newest_first)
        more = {"before" if newest_first else "after": rows[-1]["id"]} if len(rows) == limit else None
        return {"rows": rows, "next": more}

    def part(self, params: Params) -> Params:
        """``part`` of the given ``part_id``, or null. Raises SettingsError and StoreError."""
        part_id = params.get("part_id")
        if not isinstance(part_id, str):
            raise SettingsError(f"history.part: part_id = {part_id!r}: a text is expected")
        with self._database.reading() as engine:
            return {"part": part(engine, part_id)}

    def counts(self, params: Params) -> Params:
        """``counts`` and ``times`` of what the filter lets through. Raises SettingsError and StoreError."""
        wanted = _filter(params)
        with self._database.reading() as engine:
            return {"counts": counts(engine, wanted), "times": timings(engine, wanted)}

    def hours(self, params: Params) -> Params:
        """``hours`` of the clock with their counts, oldest first, those without parts left out. Raises SettingsError and StoreError."""
        span = parse_model(Span, params, "history.hours")
        with self._database.reading() as engine:
            return {"hours": hours(engine, span.hours, self._clock.utc())}


def _filter(params: Params) -> Filter:
    return parse_model(Filter, params, "history filter")


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LIMIT_MAX:
        raise SettingsError(f"history.query: limit = {value!r}: a whole number from 1 to {LIMIT_MAX} is expected")
    return value


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"history.query: {name} = {value!r}: true or false is expected")
    return value
