"""Windows without a screen; a leftover widget or a warning of Qt's fails the test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PySide6", reason="the GUI's extra is not installed: pip install 'edge-inspector[ui]'")

from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def no_leftovers(qapp: QApplication) -> Iterator[None]:
    """No widget of a test outlives it, and Qt has not complained."""
    said: list[str] = []

    def heard(kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and kind is not QtMsgType.QtInfoMsg:
            said.append(message)

    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    qInstallMessageHandler(heard)
    try:
        yield
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
    finally:
        qInstallMessageHandler(None)
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before]
    if left:
        pytest.fail(f"leftover widgets: {[type(widget).__name__ for widget in left]}")
    if said:
        pytest.fail("Qt complained:\n" + "\n".join(said))
