"""A desk over a real socket, its database filled by the store's own recording and its archive by the archive's own encoding."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.images import encode_png
from edge_inspector.outputs.archive import encode_map
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings import Station, parse_model
from edge_inspector.store.database import open_database
from edge_inspector.store.recording import Entry, record
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.server import ControlServer
from tests.unit.store.entries import EPOCH, verdict
from tests.unit.store.test_recording import NOW

Picture = tuple[Image, AnomalyMap | None]


def name(seq: int) -> str:
    return f"line1-{EPOCH}-{seq}"


def station_in(folder: Path) -> Station:
    values = {"station": "line1", "recipe": "recipe.toml", "camera": [{"driver": "simulated"}]}
    return parse_model(Station, values, "test").resolved(folder)


def put(station: Station, *entries: Entry) -> None:
    with closing_engine(station) as engine, engine.begin() as connection:
        record(connection, "line1", entries, NOW)


@contextmanager
def closing_engine(station: Station) -> Iterator[Any]:
    engine = open_database(str(station.database.url))
    try:
        yield engine
    finally:
        engine.dispose()


def add_parts(station: Station, *seqs: int, message: dict[str, Any] | None = None) -> None:
    put(station, *(("verdict", verdict(seq, message=message)) for seq in seqs))


def add_pictures(station: Station, seq: int, *views: Picture) -> list[Path]:
    """A part with archived views; returns its files."""
    add_parts(station, seq)
    assert station.archive.path is not None
    folder = station.archive.path / "2026-01-02" / "rejected"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (image, scores) in enumerate(views):
        stem = name(seq) if number == 0 else f"{name(seq)}.{number}"
        (folder / f"{stem}.png").write_bytes(encode_png(image))
        written.append(folder / f"{stem}.png")
        if scores is not None:
            (folder / f"{stem}.map.png").write_bytes(encode_map(scores))
            written.append(folder / f"{stem}.map.png")
    listed = [str(path.relative_to(station.archive.path)) for path in written]
    put(station, ("archived", {"part_id": name(seq), "paths": listed}))
    return written


@contextmanager
def desk(station: Station) -> Iterator[ControlClient]:
    """A client of a desk that serves."""
    with closing(DeskDatabase(str(station.database.url))) as database:
        server = ControlServer("tcp://127.0.0.1:*", desk_handlers(station, database), "desk")
        server.start()
        try:
            with ControlClient(server.endpoint) as client:
                yield client
        finally:
            assert server.stop()


def as_base64(mask: NDArray[np.uint8]) -> str:
    return base64.b64encode(encode_png(mask[:, :, None])).decode()
