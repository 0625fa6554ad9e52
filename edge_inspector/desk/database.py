"""The result log as the desk uses it: opened when first asked, and again after it failed. The line makes and migrates it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from sqlalchemy import Engine

from edge_inspector.errors import StoreError
from edge_inspector.store.database import join_database, read_database

Open = Callable[[str], Engine]


class DeskDatabase:
    """The database at ``url``, used by one thread. Until the line has made it, each use is a StoreError."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: dict[Open, Engine] = {}

    def reading(self) -> contextlib.AbstractContextManager[Engine]:
        """For queries. Raises StoreError."""
        return self._opened(read_database)

    def writing(self) -> contextlib.AbstractContextManager[Engine]:
        """For changes, each a short transaction: the line's recorder writes here too. Raises StoreError."""
        return self._opened(join_database)

    def close(self) -> None:
        """Let go of the database. Idempotent."""
        engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.dispose()

    @contextlib.contextmanager
    def _opened(self, open_it: Open) -> Iterator[Engine]:
        if open_it not in self._engines:
            self._engines[open_it] = open_it(self._url)
        try:
            yield self._engines[open_it]
        except StoreError:
            self.close()
            raise
