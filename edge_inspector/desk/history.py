"""The history service: questions about the result log. Read only; the line alone writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine

from edge_inspector.errors import SettingsError, StoreError
from edge_inspector.settings import parse_model
from edge_inspector.store.database import read_database
from edge_inspector.store.queries import Filter, counts, history, part, timings

LIMIT = 500
LIMIT_MAX = 2000  # rows: some 2 MB of answer
Params = dict[str, Any]


class HistoryService:
    """Answers ``history.query``, ``history.part`` and ``history.counts`` from the database at ``url``, used by one thread.

    The database is opened when first asked, and again after it failed: until the line has made it, each answer is a StoreError.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None

    def handlers(self) -> dict[str, Callable[[Params], Params]]:
        """For the control server."""
        return {"history.query": self.query, "history.part": self.part, "history.counts": self.counts}

    def query(self, params: Params) -> Params:
        """``rows`` by any key of ``Filter``, at most ``limit``, the newest first unless ``newest_first`` is false.

        ``next`` is what to add to the parameters for the next page, or null at the end. Raises SettingsError naming a wrong
        parameter, and StoreError.
        """
        asked = dict(params)
        limit, newest_first = _limit(asked.pop("limit", LIMIT)), _truth("newest_first", asked.pop("newest_first", True))
        wanted = _filter(asked)
        with self._database() as engine:
            rows = history(engine, wanted, limit, newest_first)
        more = {"before" if newest_first else "after": rows[-1]["id"]} if len(rows) == limit else None
        return {"rows": rows, "next": more}

    def part(self, params: Params) -> Params:
        """``part`` of the given ``part_id``, or null. Raises SettingsError and StoreError."""
        part_id = params.get("part_id")
        if not isinstance(part_id, str):
            raise SettingsError(f"history.part: part_id = {part_id!r}: a text is expected")
        with self._database() as engine:
            return {"part": part(engine, part_id)}

    def counts(self, params: Params) -> Params:
        """``counts`` and ``times`` of what the filter lets through. Raises SettingsError and StoreError."""
        wanted = _filter(params)
        with self._database() as engine:
            return {"counts": counts(engine, wanted), "times": timings(engine, wanted)}

    def close(self) -> None:
        """Let go of the database. Idempotent."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    @contextlib.contextmanager
    def _database(self) -> Iterator[Engine]:
        if self._engine is None:
            self._engine = read_database(self._url)
        try:
            yield self._engine
        except StoreError:
            self.close()
            raise


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
