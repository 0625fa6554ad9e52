"""The recorder: copies the journal into the result log, in its own thread, behind the line's back.

It tails the journal from the place that the database itself remembers, and commits rows and place in one transaction: each entry is
recorded exactly once, after kill -9 too. While the database is away, locked or full it tries again and again with growing pauses, says so
through a condition, and the journal keeps everything; the line notices nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from edge_inspector.outputs.base import ConditionSink
from edge_inspector.outputs.journal import Position
from edge_inspector.records import Severity
from edge_inspector.store.database import BUSY_MS, make_durable, store_errors
from edge_inspector.store.recording import load_place, quarantine, record, save_place

log = logging.getLogger(__name__)

BATCH = 400  # entries a transaction: some tens of ms of work, in which the interpreter is shared with the line
CATCH_UP_S = 0.2  # pause between full batches
LOOK_S = 1.0  # entries that nobody told of (notify) are found after this
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)
AWAY = "database"
REFUSED = "database_entries"
# What an entry can be at fault for; everything else is the database's, and is tried again.
ENTRY_FAULTS = (IntegrityError, DataError, ProgrammingError, OverflowError, ValueError)

Tailed = tuple[Position, str, dict[str, Any]]


class JournalTail(Protocol):
    """What the recorder needs of the journal."""

    def end(self) -> Position:
        """The position after the last record."""

    def read(self, position: Position | None = None) -> Iterator[Tailed]:
        """The records after ``position`` (None: from the oldest). Raises JournalError."""

    def discard_before(self, position: Position) -> int:
        """Remove what is recorded up to ``position``. Raises JournalError."""


class Recorder:
    """Copies ``journal`` into ``engine``'s database. ``notify`` wakes it; ``stop`` drains to the journal's end."""

    name = "recorder"

    def __init__(self, engine: Engine, journal: JournalTail, station: str, conditions: ConditionSink, commit_every_ms: int = 200) -> None:
        self._engine = engine
        self._journal = journal
        self._station = station
        self._conditions = conditions
        self._commit_every_s = commit_every_ms / 1000
        self._place: Position | None = None
        self._discarded = 0
        self._failures = 0
        self._recorded = 0
        self._give_up = 0.0  # time.monotonic() until which a stopping recorder may drain
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def recorded(self) -> int:
        """Verdicts recorded since the start."""
        return self._recorded

    @property
    def place(self) -> Position | None:
        """Up to where the journal is recorded; None where nothing of it is."""
        return self._place

    def start(self) -> None:
        """Find the place to go on from, and start. Raises StoreError where the database does not answer."""
        with store_errors(self._engine.url), self._engine.connect() as connection:
            found = load_place(connection, self._station)
        self._place = None if found is None else Position(*found)
        if self._place is not None and self._place > self._journal.end():
            log.warning(
                "the database has recorded a journal up to %s, which is gone; the present one is read from its beginning", self._place
            )
            self._place = None
        self._wake.set()
        self._thread = threading.Thread(target=self._run, name=self.name)
        self._thread.start()

    def notify(self) -> None:
        """Something was appended to the journal. Never blocks."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Record what the journal still holds, and end; what cannot be recorded in time stays in the journal. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._give_up = time.monotonic() + timeout_s - 1.1 * BUSY_MS / 1000  # one more try takes so long at worst
        self._stopping.set()
        self._wake.set()
        thread.join(timeout_s)
        if thread.is_alive():
            log.error("the recorder waits for the database and is left behind; the journal keeps what is not recorded")

    # ---- the recorder's thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(LOOK_S)
            self._gather()
            if not self._stopping.is_set():
                self._copy_all(self._stopping.is_set)
        self._copy_all(lambda: time.monotonic() > self._give_up)
        if self._failures:
            log.error("the database does not answer; the journal keeps what is not recorded, and the next start records it")

    def _gather(self) -> None:
        """Let a group gather; then wait for a part to have just left, as until the next one there is the most time to take."""
        self._stopping.wait(self._commit_every_s)
        self._wake.clear()
        if not self._stopping.is_set():
            self._wake.wait(min(self._commit_every_s, CATCH_UP_S))
            self._wake.clear()

    def _copy_all(self, enough: Callable[[], bool]) -> None:
        """Copy until the journal has no more, or ``enough``; once at least."""
        while True:
            copied = self._attempt()
            if copied is not None and copied < BATCH:
                return
            if enough():
                return
            self._pause(copied is None)

    def _pause(self, failed: bool) -> None:
        if self._stopping.is_set():
            threading.Event().wait(0.05 if failed else 0.0)  # what is left of the time is short
        elif failed:
            self._stopping.wait(BACKOFF_S[min(self._failures, len(BACKOFF_S)) - 1])
        else:
            self._stopping.wait(min(self._commit_every_s, CATCH_UP_S))

    def _attempt(self) -> int | None:
        """Copy one batch; None where it failed, which is told and tried again."""
        try:
            copied = self._copy_batch()
            self._discard()
        except Exception as error:  # noqa: BLE001 - whatever it is, the journal keeps the entries, and the thread has to go on
            self._failed(error)
            return None
        if self._failures:
            self._failures = 0
            log.info("the database answers again; recording goes on")
            self._conditions.clear_condition(AWAY)
        return copied

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        problem = str(getattr(error, "orig", None) or error)
        message = f"results cannot be recorded ({problem}); the journal keeps them, and recording goes on once the database takes them"
        if self._failures == 1:
            log.warning("%s", message)
        self._conditions.raise_condition(AWAY, Severity.FAILURE, message)

    def _copy_batch(self) -> int:
        entries = list(islice(self._journal.read(self._place), BATCH))
        if entries:
            try:
                self._commit(entries)
            except ENTRY_FAULTS:
                self._commit_singly(entries)
        return len(entries)

    def _commit(self, entries: list[Tailed]) -> None:
        place = entries[-1][0]
        with self._engine.begin() as connection:
            new, refused = record(connection, self._station, ((kind, payload) for _, kind, payload in entries), _now())
            save_place(connection, self._station, place.segment, place.offset)
        self._place = place
        self._recorded += new
        if refused:
            self._tell_refused(refused)

    def _commit_singly(self, entries: list[Tailed]) -> None:
        """The tables refuse one of the entries: record each alone, and put the refused one into the audit log."""
        for entry in entries:
            try:
                self._commit([entry])
            except ENTRY_FAULTS as error:
                self._put_aside(entry, error)

    def _put_aside(self, entry: Tailed, error: Exception) -> None:
        place, kind, payload = entry
        with self._engine.begin() as connection:
            quarantine(connection, self._station, (kind, payload), str(error), _now())
            save_place(connection, self._station, place.segment, place.offset)
        self._place = place
        self._tell_refused(1)

    def _tell_refused(self, count: int) -> None:
        message = f"{count} journal entries could not be recorded as results; they stand whole in the audit log (actor recorder)"
        log.error("%s", message)
        self._conditions.raise_condition(REFUSED, Severity.MAINTENANCE_REQUIRED, message)

    def _discard(self) -> None:
        """Let the journal remove old segments, once what was recorded of them survives a power cut."""
        if self._place is not None and self._place.segment > self._discarded and make_durable(self._engine):
            self._journal.discard_before(self._place)
            self._discarded = self._place.segment


def _now() -> datetime:
    return datetime.now(timezone.utc)
