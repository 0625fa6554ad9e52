"""The verdict journal: what the line has said, on disk before it is said. Append-only, preallocated, survives kill -9.

``append`` is one ``pwrite`` into blocks that are already allocated, and no fsync; a thread of its own makes the file durable
every 50 ms, prepares the next segment and reserves sequence numbers ahead, so that an append waits for none of these. A power
cut can lose the last 50 ms; a killed process loses nothing that was appended.

Kinds of records, each with a JSON object; a reader passes over kinds that it does not know:
``epoch {epoch}``, ``reserve {to}``, ``arm {epoch, trigger_count}``, ``verdict {message, supersedes?, ...}`` (``supersedes``: the seq of
an earlier verdict on the same part, which never left), ``sent {epoch, seq, latency_ns, overhead_ns}``, ``ack {epoch, seq,
trigger_count}``, ``archived {...}``, ``checkpoint {...}`` (first in each segment), ``end`` (last in each segment, never delivered).

When the disk is full, what is allocated goes on being used (the present segment and the prepared one: minutes of parts) while
``fault`` already says so; after that ``append`` raises JournalError until there is space again, and then goes on.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from edge_inspector.errors import JournalError, RecordError
from edge_inspector.outputs import segments
from edge_inspector.outputs.recovery import JournalState, Recovery, scan_folder
from edge_inspector.service import Clock, SystemClock

log = logging.getLogger(__name__)

SEGMENT_BYTES = 4 * 1024 * 1024
PINNED_MAX = 64  # segments kept for unsettled verdicts alone; older ones go once they are recorded
RESERVE = 1000  # sequence numbers in a durable block
SYNC_S = 0.05
RETRY_S = 1.0


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the journal: just after a record. Positions grow, across restarts and even when the folder was deleted in between."""

    segment: int
    offset: int


def _ignore(_fault: str | None) -> None:
    return


class Journal:
    """One station's journal in ``folder``; used by one process at a time.

    ``on_fault`` is called (on the journal's thread) with a message when the disk fails or is full, and with None when it is well again.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock | None = None,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        reserve: int = RESERVE,
        on_fault: Callable[[str | None], None] = _ignore,
    ) -> None:
        self.folder = folder
        self._clock = clock or SystemClock()
        self._segment_bytes = segment_bytes
        self._block = reserve
        self._on_fault = on_fault
        self._fault: str | None = None
        self._state = JournalState()
        self._lock = threading.Lock()  # guards everything below; held for microseconds, but where a rotation finds no prepared segment
        self._preparing = threading.Lock()  # guards the change of segment; taken inside the other, never the other way round
        self._flushing = threading.Lock()
        self._segments: list[int] = []
        self._descriptor = -1
        self._offset = 0
        self._next: tuple[int, int] | None = None  # (segment, descriptor), prepared
        self._retired: list[int] = []
        self._seq = 1
        self._usable = 0  # the highest seq whose reservation is durable
        self._guard = -1
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def epoch(self) -> int:
        """The present epoch; 0 before the first ``start_epoch``."""
        return self._state.epoch

    @property
    def last_seq(self) -> int:
        """The last number that ``next_seq`` gave (or, at first, the last that an earlier process may have given)."""
        return self._seq - 1

    @property
    def fault(self) -> str | None:
        """What is wrong with the disk now, or None."""
        return self._fault

    def open(self) -> Recovery:
        """Recover what earlier processes wrote and begin a new segment. Raises JournalError naming the folder and what to do."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._guard = self._take_guard()
            found = scan_folder(self.folder)
            self._adopt(found.segments, found.empty, found.open_ends)
            self._state, self._seq, self._usable = found.state, found.recovery.next_seq, found.recovery.next_seq - 1
            self._enter(*self._create_next())
            self.flush()
        except (OSError, JournalError) as error:
            self._release()
            if isinstance(error, JournalError):
                raise
            raise self._trouble("cannot be used", error) from error
        if found.recovery.damaged_bytes:
            log.warning("journal %s: %d bytes between records are damaged and passed over", self.folder, found.recovery.damaged_bytes)
        self._thread = threading.Thread(target=self._keep, name="journal")
        self._thread.start()
        return found.recovery

    def _take_guard(self) -> int:
        descriptor = os.open(self.folder / "journal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise JournalError(
                f"journal folder {self.folder} is in use by another process; stop that line, or give this station a state folder of its own"
            ) from None
        return descriptor

    def _adopt(self, used: list[int], empty: list[int], open_ends: list[tuple[int, int]]) -> None:
        for segment in empty:
            segments.path_of(self.folder, segment).unlink()
        for segment, offset in open_ends:
            segments.close_torn(self.folder, segment, offset)
        self._segments = used

    def _trouble(self, what: str, error: Exception) -> JournalError:
        return JournalError(f"journal folder {self.folder} {what}: {error}; make it writable or free space on its disk")

    # ---- appending

    def append(self, kind: str, payload: dict[str, Any]) -> Position:
        """Write one record and return the position after it; one ``pwrite``, from any thread.

        Raises JournalError where the disk does not take it, RecordError where none ever could: ``payload`` is not JSON, or is too long.
        Nothing is written then.
        """
        try:
            body = segments.encode_body(kind, payload)
        except (TypeError, ValueError) as error:
            raise RecordError(f"journal record {kind} cannot be written as JSON: {error}") from error
        if segments.framed_size(body) > self._segment_bytes // 4:
            raise RecordError(f"journal record {kind} of {len(body)} bytes is longer than {self._segment_bytes // 4}")
        with self._lock:
            if self._descriptor < 0:
                raise JournalError(f"journal {self.folder} is not open")
            try:
                self._write(body)
            except OSError as error:
                self._dirty.set()
                raise self._trouble("does not take a record", error) from error
            self._state.apply(self._segments[-1], kind, payload)
            position = Position(self._segments[-1], self._offset)
        self._dirty.set()
        return position

    def _write(self, body: bytes) -> None:
        if self._offset + segments.framed_size(body) + segments.END_SIZE > self._segment_bytes:
            self._rotate()
        if self._offset == 0:
            self._put(segments.encode_body("checkpoint", self._state.checkpoint()))
        self._put(body)

    def _put(self, body: bytes) -> None:
        data = segments.frame(body, self._segments[-1], self._offset)
        if (written := os.pwrite(self._descriptor, data, self._offset)) != len(data):
            raise OSError(f"{written} of {len(data)} bytes written")
        self._offset += len(data)

    def _rotate(self) -> None:
        with self._preparing:
            if self._next is None:  # the thread has not come to it; without a successor this segment stays the last one
                self._next = self._create_next()
            self._put(segments.encode_body(segments.END, {}))
            self._retired.append(self._descriptor)
            following, self._next = self._next, None
            self._enter(*following)

    def _create_next(self) -> tuple[int, int]:
        # Seconds since 1970 as the first number: a reader's position outlives a folder that somebody deleted.
        number = self._segments[-1] + 1 if self._segments else int(self._clock.utc().timestamp())
        return number, segments.create(self.folder, number, self._segment_bytes)

    def _enter(self, segment: int, descriptor: int) -> None:
        self._segments.append(segment)
        self._descriptor, self._offset = descriptor, 0

    # ---- numbers

    def start_epoch(self) -> int:
        """A new epoch, greater than every earlier one, and durable before it is returned. Raises JournalError.

        It is at least the present Unix time in seconds, so that it does not repeat after the state folder was deleted.
        """
        epoch = max(self._state.epoch + 1, int(self._clock.utc().timestamp()))
        self.append("epoch", {"epoch": epoch})
        self._flush_or_raise()
        return epoch

    def next_seq(self) -> int:
        """The next sequence number, never given twice, whatever happens to process or power.

        Raises JournalError where no further block can be reserved.
        """
        with self._lock:
            exhausted = self._seq > self._usable
        if exhausted:  # the thread is more than half a block behind: the disk hangs
            self._reserve()
        with self._lock:
            number, self._seq = self._seq, self._seq + 1
            low = self._usable - self._seq < self._block // 2
        if low:
            self._dirty.set()
        return number

    def _reserve(self) -> None:
        to = max(self._usable, self._seq - 1) + self._block
        self.append("reserve", {"to": to})
        self._flush_or_raise()
        with self._lock:
            self._usable = max(self._usable, to)

    # ---- durability

    def flush(self) -> None:
        """Make everything appended so far durable. Raises OSError."""
        with self._flushing:
            with self._lock:
                retired, self._retired = self._retired, []
                descriptor = self._descriptor
            try:
                for old in retired:
                    os.fdatasync(old)
                os.fdatasync(descriptor)
            finally:
                for old in retired:
                    os.close(old)

    def _flush_or_raise(self) -> None:
        try:
            self.flush()
        except OSError as error:
            raise self._trouble("cannot be made durable", error) from error

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait(RETRY_S if self._fault else None)
            self._closing.wait(SYNC_S)
            self._dirty.clear()
            self._report(self._tend())

    def _tend(self) -> str | None:
        try:
            self.flush()
            self._prepare()
            if self._usable - self._seq < self._block // 2:
                self._reserve()
        except OSError as error:
            return str(self._trouble("fails", error))
        except JournalError as error:
            return str(error)
        return None

    def _prepare(self) -> None:
        with self._preparing:
            if self._next is None:
                self._next = self._create_next()

    def _report(self, fault: str | None) -> None:
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            log.error("%s", fault)
        self._on_fault(fault)

    # ---- reading

    def end(self) -> Position:
        """The position after the last record."""
        with self._lock:
            return Position(self._segments[-1], self._offset)

    def read(self, position: Position | None = None) -> Iterator[tuple[Position, str, dict[str, Any]]]:
        """The records after ``position`` (None: from the oldest kept) up to the present end, each with the position after it.

        From any thread, while others append. Raises JournalError where a segment cannot be read.
        """
        end = self.end()
        with self._lock:
            wanted = [s for s in self._segments if s <= end.segment and (position is None or s >= position.segment)]
        for segment in wanted:
            start = position.offset if position is not None and position.segment == segment else 0
            data = self._load(segment, start, end.offset if segment == end.segment else self._segment_bytes)
            for record in segments.scan(data, segment, start):
                if record.kind != segments.END:
                    yield Position(segment, record.after), record.kind, record.payload

    def _load(self, segment: int, start: int, stop: int) -> bytes:
        try:
            with segments.path_of(self.folder, segment).open("rb") as file:
                file.seek(start)
                return file.read(max(0, stop - start))
        except OSError as error:
            raise self._trouble(f"segment {segment} cannot be read", error) from error

    def discard_before(self, position: Position) -> int:
        """Remove whole segments before ``position``, oldest first, up to the first that holds an unsettled verdict; returns how many.

        Beyond ``PINNED_MAX`` segments the oldest go in spite of unsettled verdicts: those are recorded, and no gate has asked for
        them for a long time.
        Raises JournalError where a file cannot be removed.
        """
        removed = 0
        while (segment := self._removable(position)) is not None:
            try:
                segments.path_of(self.folder, segment).unlink(missing_ok=True)
            except OSError as error:
                raise self._trouble(f"segment {segment} cannot be removed", error) from error
            with self._lock:
                self._segments.remove(segment)
                for key in [k for k, _ in takewhile(lambda item: item[1] <= segment, self._state.unsettled.items())]:
                    del self._state.unsettled[key]
            removed += 1
        return removed

    def _removable(self, position: Position) -> int | None:
        with self._lock:
            oldest = self._segments[0]
            if oldest >= position.segment or len(self._segments) == 1:
                return None
            pinned = next(iter(self._state.unsettled.values()), None)
            free = pinned is None or pinned > oldest or len(self._segments) > PINNED_MAX
            return oldest if free else None

    # ---- closing

    def close(self) -> None:
        """Make everything durable and let go of the folder. Idempotent. Raises JournalError where the disk refuses the last records."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            self._dirty.set()
            thread.join()
        try:
            if self._descriptor >= 0:
                self._flush_or_raise()
        finally:
            self._release()

    def _release(self) -> None:
        held = [self._descriptor, self._guard, *self._retired, *([self._next[1]] if self._next else [])]
        self._descriptor, self._guard, self._retired, self._next = -1, -1, [], None
        for descriptor in held:
            if descriptor >= 0:
                os.close(descriptor)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
