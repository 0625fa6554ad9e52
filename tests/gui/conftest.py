"""Windows without a screen; a leftover widget or a warning of Qt's fails the test."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PySide6", reason="the GUI's extra is not installed: pip install 'edge-inspector[ui]'")

from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from edge_inspector.rehearsal.processes import LineProcess, TemporaryStation
from tests.system.lines import simulated, write_station
from ui.app import Desk, Options

OFFSCREEN = "This plugin does not support propagateSizeHints()"  # said of every window without a screen


@pytest.fixture(autouse=True, scope="session")
def no_other_collects() -> Iterator[None]:
    """A desk's threads run in this process, beside the windows: ui/garbage.py says what they must not free."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def no_leftovers(qapp: QApplication) -> Iterator[None]:
    """No widget of a test outlives it, and Qt has not complained."""
    said: list[str] = []

    def heard(kind: QtMsgType, _context: object, message: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and message != OFFSCREEN:
            said.append(message)

    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    qInstallMessageHandler(heard)
    try:
        yield
        for _ in range(2):  # pyqtgraph's menus hang in cycles until they are collected
            gc.collect()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QCoreApplication.processEvents()
    finally:
        qInstallMessageHandler(None)
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before]
    if left:
        pytest.fail(f"leftover widgets: {[type(widget).__name__ for widget in left]}")
    if said:
        pytest.fail("Qt complained:\n" + "\n".join(said))


@pytest.fixture
def open_desk(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes the application on an endpoint, shown; closed at the end."""
    opened: list[Desk] = []

    def make(endpoint: str, **options: Any) -> Desk:  # noqa: ANN401 - any of Options
        settings = QSettings(str(tmp_path / f"ui{len(opened)}.ini"), QSettings.Format.IniFormat)
        desk = Desk(qapp, Options(connect=endpoint, **{"language": "en", **options}), settings)
        opened.append(desk)
        desk.start()
        return desk

    yield make
    for desk in opened:
        desk.window.leave()
        desk.stop()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporaryStation]:
    """A real line that paces itself: simulated rings, a small network, no gate needed."""
    station = write_station(tmp_path_factory.mktemp("line"), simulated(rate=8.0, bad_fraction=0.5), require_gate=False)
    with LineProcess(station) as process:
        process.wait_for(("Ready", "ContinuousExecution"))
        yield station
        process.stop()
