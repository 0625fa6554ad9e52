"""The tune screen on a real line and its desk, over real sockets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from edge_inspector.rehearsal.processes import TemporaryStation
from tests.system.lines import ask
from ui.bridge import Bridge
from ui.model.session import Session
from ui.model.shapes import Sort
from ui.screens.base import Shared
from ui.screens.tune import TuneScreen

WAIT_MS = 30_000


def test_from_scores_to_a_new_version_that_decides(qtbot: QtBot, line: TemporaryStation) -> None:
    shared = Shared(Bridge(line.endpoint("control")))
    shared.session = Session("local", "admin")
    screen = TuneScreen(shared)
    qtbot.addWidget(screen)
    screen.show()
    shared.bridge.start()
    try:
        qtbot.waitUntil(lambda: screen.services <= shared.bridge.services and screen.model.base is not None, timeout=WAIT_MS)
        screen.entered()
        qtbot.waitUntil(lambda: screen.picture.view.image_size == (64, 64), timeout=WAIT_MS)

        def scored() -> bool:
            with qtbot.waitSignal(screen.loaded, timeout=WAIT_MS):
                screen.load()
            return len(screen.panel.scores) > 3

        qtbot.waitUntil(scored, timeout=WAIT_MS)
        before = ask(line, "status")
        assert screen.model.base is not None
        assert screen.model.base.label == before["recipe"] == "part:1"
        screen.picture.sort.setCurrentIndex(1)
        screen.picture.view.add_rectangle(Sort.DONT_CARE)
        screen.panel.thresholds.boxes["accept_threshold"].setValue(0.01)
        screen.areas.boxes["minimum_area_px"].setValue(5.0)
        QTest.mouseClick(screen.apply, Qt.MouseButton.LeftButton)
        assert screen.dialog is not None
        assert len(screen.dialog.listed) == 3
        buttons = screen.dialog.buttons
        accept = next(b for b in buttons.buttons() if buttons.buttonRole(b) is QDialogButtonBox.ButtonRole.AcceptRole)
        QTest.mouseClick(accept, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: screen.status.text() == "Applied: recipe part:2 decides now.", timeout=WAIT_MS)
    finally:
        shared.bridge.stop()
    after = ask(line, "status")
    assert after["recipe"] == "part:2"
    assert after["thresholds"]["accept_threshold"] == pytest.approx(0.01)
    assert after["thresholds"]["dont_care"] == [[[16.0, 16.0], [48.0, 16.0], [48.0, 48.0], [16.0, 48.0]]]
    assert not screen.model.changed
    actions = [entry["action"] for entry in ask(line, "audit.query", "desk")["entries"]]
    assert "recipe.activate" in actions
