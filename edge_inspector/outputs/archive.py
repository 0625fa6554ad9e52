"""The archive: images and maps of the parts that people will want to see again, written in a thread of its own.

Kept are every part that was not accepted, and the first of each ``accepts_every`` accepted ones. The files of a part are

    DATE/accepted|rejected|missed/PART_ID.png        the image as captured, losslessly (with .1, .2 ... before .png for further views)
    DATE/accepted|rejected|missed/PART_ID.map.png    its anomaly map: 16-bit grey PNG of the map's own size, 0..65535 for 0..1

where DATE is the day (UTC) of the trigger. A map value that is no number is written as 65535: doubt rejects. The line never waits for it
and is never disturbed: a part that finds the queue full, and a disk that fails, are counted and shown as conditions.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge_inspector.errors import EdgeInspectorError, ImageError, StoreError
from edge_inspector.images import encode_png
from edge_inspector.outputs.base import ConditionSink, Sent
from edge_inspector.outputs.retention import PARTIAL, Kept, Retention
from edge_inspector.records import AnomalyMap, Frame, Outcome, Severity
from edge_inspector.settings.station import ArchiveSettings

log = logging.getLogger(__name__)

QUEUE = 32  # parts; at 5 megapixels some 500 MB
DISK = "archive"
FULL = "archive_queue"
FULL_SCALE = 65535
_UNSAFE = re.compile(r"[^A-Za-z0-9_\-]")

Archived = Callable[[str, list[str]], object]
"""Told (part_id, paths relative to the archive folder) once the files are there, and (part_id, []) once they are removed again."""


class Archive:
    """Writes what is to be kept to ``settings.path`` (policy of its queue: DROP_NEW) and tells ``archived``."""

    name = "archive"

    def __init__(self, settings: ArchiveSettings, conditions: ConditionSink, archived: Archived, queue: int = QUEUE) -> None:
        if settings.path is None:
            raise StoreError("the archive has no folder; resolve the station's settings, or give archive.path")
        self._root = settings.path
        self._settings = settings
        self._conditions = conditions
        self._archived = archived
        self._limit = queue
        self._retention = Retention(self._root, int(settings.max_gb * 1e9))
        self._waiting: deque[Sent] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._give_up = 0.0
        self._accepted = 0
        self._untold: deque[tuple[str, list[str]]] = deque()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Parts that were to be kept and were not: the queue was full, or the disk failed."""
        self.written = 0
        """Parts kept."""

    def start(self) -> None:
        """Raises StoreError where the folder cannot be made."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"archive folder {self._root} cannot be made ({error.strerror}); make it, or change archive.path") from error
        self._thread = threading.Thread(target=self._run, name=self.name)
        self._thread.start()

    def put(self, sent: Sent) -> None:
        """Keep this part if it is one to keep; never waits."""
        if not self._wanted(sent):
            return
        with self._changed:
            full = len(self._waiting) >= self._limit
            if not full:
                self._waiting.append(sent)
                self._changed.notify()
        if full:
            self._drop(
                FULL, f"part {sent.message.part_id} is not archived: the archive's disk is too slow, {self._limit} parts wait already"
            )

    def stop(self, timeout_s: float) -> None:
        """Write what waits, as far as the time allows, and end. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._stopping = True
            self._give_up = time.monotonic() + timeout_s
            self._changed.notify()
        thread.join(timeout_s)
        if thread.is_alive():
            log.error("the archive's disk does not answer; its thread is left behind with %d parts", len(self._waiting))

    def _wanted(self, sent: Sent) -> bool:
        if not any(isinstance(view, Frame) for view in sent.judgement.inspection.views):
            return False
        if sent.message.outcome is not Outcome.ACCEPTED:
            return self._settings.rejects
        self._accepted += 1
        every = self._settings.accepts_every
        return every > 0 and (self._accepted - 1) % every == 0

    def _drop(self, condition: str, message: str) -> None:
        self.dropped += 1
        self._conditions.raise_condition(condition, Severity.MAINTENANCE_REQUIRED, f"{message} ({self.dropped} so far)")

    # ---- the archive's thread

    def _run(self) -> None:
        try:
            for _ in self._retention.scan():
                self._write_waiting()
        except OSError as error:
            self._drop(DISK, f"archive folder {self._root} cannot be read: {error}")
        while self._wait():
            self._write_waiting()
        self._write_waiting()
        if self._waiting:
            log.error("stopped with %d parts not archived", len(self._waiting))

    def _wait(self) -> bool:
        """Wait for a part; False once stopping."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._stopping)
            return not self._stopping

    def _write_waiting(self) -> None:
        while self._waiting and not (self._stopping and time.monotonic() > self._give_up):
            with self._changed:
                sent = self._waiting.popleft()
            self._keep(sent)
        if not self._waiting:
            self._conditions.clear_condition(FULL)

    def _keep(self, sent: Sent) -> None:
        part_id = sent.message.part_id
        try:
            kept = self._write(sent)
            self._retention.add(kept)
            self._untold.append((part_id, [f"{kept.folder.parent.name}/{kept.folder.name}/{name}" for name in kept.names]))
            self._untold.extend((gone, []) for gone in self._retention.evict())
            self._tell()
        except Exception as error:  # noqa: BLE001 - whatever fails here, the line has to go on, and the next part may be written
            log.warning("part %s: archive: %s", part_id, error)
            self._drop(DISK, f"part {part_id} could not be archived in {self._root}: {error}")
        else:
            self.written += 1
            self._conditions.clear_condition(DISK)

    def _tell(self) -> None:
        """Tell what has not been told yet; what fails is told with the next part."""
        while self._untold:
            try:
                self._archived(*self._untold[0])
            except EdgeInspectorError as error:
                raise StoreError(f"its files are written but not on record: {error}") from error
            self._untold.popleft()

    def _write(self, sent: Sent) -> Kept:
        message = sent.message
        folder = self._root / message.triggered_utc[:10] / message.outcome.value
        folder.mkdir(parents=True, exist_ok=True)
        stem = _UNSAFE.sub("_", message.part_id)
        files = _files(stem, sent)
        written: list[str] = []
        try:
            for name, encode in files:
                _write_whole(folder / name, encode())
                written.append(name)
        except (OSError, ImageError):
            for name in written:
                (folder / name).unlink(missing_ok=True)
            raise
        size = sum((folder / name).stat().st_size for name in written)
        return Kept((folder.parent.name, time.time_ns()), stem, folder, tuple(name.removeprefix(stem) for name in written), size)


def _files(stem: str, sent: Sent) -> list[tuple[str, Callable[[], bytes]]]:
    """The names of a part's files and what makes their content."""
    files: list[tuple[str, Callable[[], bytes]]] = []
    for number, view in enumerate(sent.judgement.inspection.views):
        name = stem if number == 0 else f"{stem}.{number}"
        if isinstance(view, Frame):
            files.append((f"{name}.png", partial(encode_png, view.image)))
    for number, anomaly_map in enumerate(sent.judgement.maps):
        name = stem if number == 0 else f"{stem}.{number}"
        files.append((f"{name}.map.png", partial(encode_map, anomaly_map)))
    return files


def _write_whole(path: Path, data: bytes) -> None:
    """The whole file or none; what a crash leaves (``*.part``) the next start removes."""
    unfinished = path.with_name(f".{path.name}{PARTIAL}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def encode_map(anomaly_map: AnomalyMap) -> bytes:
    """16-bit grey PNG of a map (h, w) in 0..1; values outside are clipped, what is no number becomes 1. Raises ImageError."""
    finite = np.nan_to_num(anomaly_map, nan=1.0, posinf=1.0, neginf=0.0)
    stored = np.rint(np.clip(finite, 0.0, 1.0) * FULL_SCALE).astype(np.uint16)
    done, data = cv2.imencode(".png", stored)
    if not done:
        raise ImageError(f"a map of shape {anomaly_map.shape} cannot be encoded as PNG")
    return data.tobytes()


def decode_map(data: bytes) -> AnomalyMap:
    """The map of ``encode_map``: float32 (h, w), 0..1, to within 1/131070. Raises ImageError."""
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
        raise ImageError("not an archived map: a 16-bit grey PNG is expected")
    return np.asarray(stored / FULL_SCALE, np.float32)
