"""A desk with archived parts to label, behind a line's control socket: both real sockets, a real database, a real archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings import Station
from edge_inspector.wire.server import ControlServer
from tests.unit.desk.stock import add_parts, add_pictures, station_in
from ui.bridge import Bridge
from ui.screens.base import Shared
from ui.screens.label import LabelScreen

WIDTH, HEIGHT = 320, 240
LEFT = Qt.MouseButton.LeftButton
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


def part_of(screen: LabelScreen) -> str:
    return screen.work.picture.part_id if screen.work.picture else ""


def until_open(screen: LabelScreen, qtbot: QtBot, part_id: str) -> None:
    qtbot.waitUntil(lambda: part_of(screen) == part_id and not screen.work.busy, timeout=WAIT_MS)


def place(screen: LabelScreen, x: float, y: float) -> QPoint:
    return screen.canvas.mapFromScene(QPointF(x, y))


def drag(screen: LabelScreen, *points: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
    view = screen.canvas.viewport()
    QTest.mousePress(view, button, pos=place(screen, *points[0]))
    spots = [place(screen, *point) for point in points[1:]]
    for spot in spots:
        QTest.mouseMove(view, spot)
    QTest.mouseRelease(view, button, pos=spots[-1])


def click(screen: LabelScreen, x: float, y: float) -> None:
    QTest.mouseClick(screen.canvas.viewport(), LEFT, pos=place(screen, x, y))


def key(screen: LabelScreen, code: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(screen.canvas, code, modifier)


def question(qtbot: QtBot) -> QMessageBox:
    def found() -> QMessageBox | None:
        boxes = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMessageBox) and widget.isVisible()]
        return boxes[0] if boxes else None

    qtbot.waitUntil(lambda: found() is not None, timeout=WAIT_MS)
    box = found()
    assert box is not None
    return box


def answer(qtbot: QtBot, text: str) -> None:
    box = question(qtbot)
    button = {button.text(): button for button in box.buttons()}[text]
    QTest.mouseClick(button, LEFT)


def spot_mask() -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.asarray((xs - SPOT[0]) ** 2 + (ys - SPOT[1]) ** 2 <= SPOT[2] ** 2)
