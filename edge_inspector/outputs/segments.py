"""The journal's files: preallocated segments of framed records.

A frame is ``magic (4) | body length (u32) | crc32 (u32) | body``, little endian; the body is the UTF-8 JSON array
``[kind, payload]``. The crc covers segment number, offset, length and body, so a frame is valid in its own place only: what an
older file left on the disk never passes for a record. A segment that is full ends with a record of kind ``end``; until then zeros
follow the last record.
"""

from __future__ import annotations

import json
import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"EIJ\x01"
END = "end"
_HEADER = struct.Struct("<4sII")
_PLACE = struct.Struct("<QQI")
_NAME = re.compile(r"^journal-(\d{8,})\.log$")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``start`` and ``after`` are its offsets in the segment."""

    start: int
    after: int
    kind: str
    payload: dict[str, Any]


def encode_body(kind: str, payload: dict[str, Any]) -> bytes:
    """The record's body. Raises TypeError or ValueError for what JSON cannot hold (NaN included)."""
    return json.dumps([kind, payload], allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def frame(body: bytes, segment: int, offset: int) -> bytes:
    """The bytes of a record that is written at ``offset`` of ``segment``."""
    return _HEADER.pack(MAGIC, len(body), _crc(body, segment, offset)) + body


def framed_size(body: bytes) -> int:
    """Bytes that the body takes in a segment."""
    return _HEADER.size + len(body)


END_SIZE = framed_size(encode_body(END, {}))


def _crc(body: bytes, segment: int, offset: int) -> int:
    return zlib.crc32(body, zlib.crc32(_PLACE.pack(segment, offset, len(body))))


def record_at(data: bytes, segment: int, offset: int, origin: int) -> Record | None:
    """The record at ``offset``, or None; ``data`` begins at ``origin`` of the segment."""
    at = offset - origin
    if data[at : at + len(MAGIC)] != MAGIC or len(data) - at < _HEADER.size:
        return None
    _, length, crc = _HEADER.unpack_from(data, at)
    body = data[at + _HEADER.size : at + _HEADER.size + length]
    if len(body) != length or _crc(body, segment, offset) != crc:
        return None
    kind, payload = json.loads(body)
    return Record(offset, offset + _HEADER.size + length, kind, payload)


def scan(data: bytes, segment: int, origin: int = 0) -> Iterator[Record]:
    """Every valid record of ``data`` in order, the ``end`` record last; damaged stretches between valid records are stepped over."""
    offset = origin
    while True:
        record = record_at(data, segment, offset, origin)
        if record is not None:
            yield record
            if record.kind == END:
                return
            offset = record.after
            continue
        found = data.find(MAGIC, offset - origin + 1)
        if found < 0:
            return
        offset = origin + found


def path_of(folder: Path, segment: int) -> Path:
    """The file of a segment."""
    return folder / f"journal-{segment:08d}.log"


def numbers(folder: Path) -> list[int]:
    """The segments in ``folder``, ascending."""
    matches = (_NAME.match(entry.name) for entry in folder.iterdir())
    return sorted(int(match[1]) for match in matches if match)


def create(folder: Path, segment: int, size: int) -> int:
    """Make a segment of ``size`` zero bytes, its blocks allocated; returns its descriptor. Raises OSError, leaving no file."""
    path = path_of(folder, segment)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.fsync(descriptor)
        sync_folder(folder)
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def sync_folder(folder: Path) -> None:
    """Make the folder's list of files durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def close_torn(folder: Path, segment: int, offset: int) -> None:
    """Write the ``end`` record at ``offset``, over whatever a broken write left there, durably."""
    descriptor = os.open(path_of(folder, segment), os.O_RDWR | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, frame(encode_body(END, {}), segment, offset), offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
