"""A desk with archived parts to label, behind a line's control socket: both real sockets, a real database, a real archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings import Station
from edge_inspector.wire.server import ControlServer
from tests.unit.desk.stock import add_parts, add_pictures, name, station_in
from ui.bridge import Bridge
from ui.screens.base import Shared

WIDTH, HEIGHT = 320, 240
SPOT = (200, 120, 24)  # x, y, radius of the defect
WAIT_MS = 5000
ANY = "ipc://{folder}/{name}"


def spotted(width: int = WIDTH, height: int = HEIGHT) -> tuple[Image, AnomalyMap]:
    """A grey part with a dark spot, and a map that sees it."""
    x, y, radius = SPOT
    ys, xs = np.mgrid[0:height, 0:width]
    inside = (xs - x) ** 2 + (ys - y) ** 2 <= radius**2
    texture = np.random.default_rng(3).integers(-6, 6, (height, width))
    grey = np.clip(np.where(inside, 60, 170) + texture, 0, 255).astype(np.uint8)
    scores = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / radius**2).astype(np.float32)
    return np.repeat(grey[:, :, None], 3, axis=2), scores


@contextmanager
def line_and_desk(folder: Path) -> Iterator[tuple[Station, str]]:
    """A station whose parts 2, 4 and 6 were rejected and archived (4 with two views) and 8 rejected only; and its line's endpoint."""
    station = station_in(folder)
    image, scores = spotted()
    for seq, views in ((2, 1), (4, 2), (6, 1)):
        add_pictures(station, seq, *[(image, scores)] * views)
    add_parts(station, 7, 8)
    with closing(DeskDatabase(str(station.database.url))) as database:
        desk = ControlServer(ANY.format(folder=folder, name="desk"), desk_handlers(station, database), "desk")
        desk.start()
        hello = {"process": "line", "station": "line1", "endpoints": {"desk": desk.endpoint}}
        line = ControlServer(ANY.format(folder=folder, name="line"), {"ping": lambda _: hello, "status": lambda _: {}}, "line")
        line.start()
        try:
            yield station, line.endpoint
        finally:
            assert line.stop()
            assert desk.stop()


@contextmanager
def shared_on(endpoint: str) -> Iterator[Shared]:
    """What screens share, once the desk answers."""
    bridge = Bridge(endpoint)
    shared = Shared(bridge)
    loop = QEventLoop()
    bridge.desk_changed.connect(lambda up, _why: loop.quit() if up else None)
    QTimer.singleShot(WAIT_MS, loop.quit)
    bridge.start()
    try:
        loop.exec()
        assert "labels" in bridge.services
        yield shared
    finally:
        bridge.stop()


__all__ = ["HEIGHT", "SPOT", "WAIT_MS", "WIDTH", "line_and_desk", "name", "shared_on", "spotted"]
