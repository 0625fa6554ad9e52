"""A station to open screens on: the desk's own services over a real socket, its database filled by the store's recording, its archive by
the archive's encoding; the line's control and status sockets tell what a test lets them tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.desk.access import METHODS
from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.images import encode_png
from edge_inspector.outputs.archive import encode_map
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings import Station
from edge_inspector.store.users import StoredAccounts
from edge_inspector.wire.access import Access
from edge_inspector.wire.server import ControlServer, StatusPublisher
from tests.unit.desk.stock import name, put, station_in
from tests.unit.store.entries import verdict

Picture = tuple[Image, AnomalyMap]
LOOPBACK = "tcp://127.0.0.1:*"
THRESHOLDS = {"accept_threshold": 0.5, "reject_threshold": 0.7, "region_threshold": 0.6}
STATE = {"station": "line1", "state": "ContinuousExecution", "recipe": "ring:1", "thresholds": THRESHOLDS}


def part_entry(seq: int, ago: timedelta, regions: Sequence[dict[str, Any]] | None = None, **message: object) -> dict[str, Any]:
    """A verdict of so long ago: odd numbers are accepted, even ones rejected with one region, unless the fields say otherwise."""
    when = (datetime.now(timezone.utc) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = verdict(seq, message={"triggered_utc": when, **message})
    return entry if regions is None else {**entry, "regions": list(regions)}


def spot(height: int, width: int, x: int, y: int, radius: int) -> Picture:
    """A grey part with a dark spot at (x, y), and a map, a quarter as large, that sees it."""
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 150, np.uint8) + (((rows // 8 + columns // 8) % 2) * 12).astype(np.uint8)[:, :, None]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    image[inside] = 40
    rows, columns = np.mgrid[: height // 4, : width // 4] * 4
    scores = 0.05 + 0.9 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2.0 * radius**2))
    return image, scores.astype(np.float32)


@dataclass(frozen=True, slots=True)
class StationStock:
    """What a test fills and lets tell."""

    station: Station
    control: str
    status: StatusPublisher

    def add(self, *entries: dict[str, Any]) -> None:
        """Parts on record."""
        put(self.station, *(("verdict", entry) for entry in entries))

    def archive(self, seq: int, *views: Picture) -> None:
        """Pictures of a part on record."""
        assert self.station.archive.path is not None
        self.station.archive.path.mkdir(parents=True, exist_ok=True)
        listed = []
        for number, (image, scores) in enumerate(views):
            stem = name(seq) if number == 0 else f"{name(seq)}.{number}"
            for path, data in ((f"{stem}.png", encode_png(image)), (f"{stem}.map.png", encode_map(scores))):
                (self.station.archive.path / path).write_bytes(data)
                listed.append(path)
        put(self.station, ("archived", {"part_id": name(seq), "paths": listed}))

    def tell(self, entry: dict[str, Any]) -> None:
        """A part as the status socket tells it."""
        self.status.put("part", {**entry["message"], "regions": entry["regions"]})


@contextmanager
def serving(folder: Path, state: Mapping[str, Any] = STATE) -> Iterator[StationStock]:
    """Line and desk answer within; ``state`` is what the line says of itself. Where the station has users, the desk wants a login."""
    station = station_in(folder)
    url = str(station.database.url)
    with closing(DeskDatabase(url)) as database, closing(StoredAccounts(url)) as accounts:
        access = Access(station.station, station.state, accounts, METHODS)
        desk = ControlServer(LOOPBACK, desk_handlers(station, database), "desk", gatekeeper=access)
        status = StatusPublisher(LOOPBACK)
        desk.start()
        status.start()
        hello = {"process": "line", "station": "line1", "endpoints": {"status": status.endpoint, "desk": desk.endpoint}}
        told: dict[str, Any] = {"run": status.run, "parts": [], "oldest": 0, "newest": 0}
        line = ControlServer(LOOPBACK, {"ping": lambda _: hello, "status": lambda _: dict(state), "parts": lambda _: told}, "line")
        line.start()
        try:
            yield StationStock(station, line.endpoint, status)
        finally:
            assert all([line.stop(), status.stop(), desk.stop()])
