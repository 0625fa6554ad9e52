"""No key means two things: within a window, each screen's keys and mnemonics, and the window's own beside them, differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ui.app import Desk
from ui.screens.review import ReviewScreen
from ui.window import Window

OpenDesk = Callable[..., Desk]


def own_keys(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Key and whose it is. A label hands its mnemonic to its buddy; disabled widgets count, as they may be enabled any moment."""
    name = widget.accessibleName() or type(widget).__name__
    if isinstance(widget, QAbstractButton):
        yield widget.shortcut().toString(), f"button {widget.text()}"
    if isinstance(widget, QLabel) and widget.buddy() is not None:
        yield QKeySequence.mnemonic(widget.text()).toString(), f"label {widget.text()}"
    for action in widget.actions():
        yield from ((key.toString(), f"action {action.text()} of {name}") for key in action.shortcuts())
    for shortcut in widget.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly):
        yield shortcut.key().toString() if shortcut.isEnabled() else "", f"shortcut of {name}"


def meanings(window: Window, screen: QWidget) -> dict[str, set[str]]:
    """By key, everything that listens to it while ``screen`` is shown."""
    found = defaultdict(set)
    others = [other for other in window.screens if other is not screen]
    for widget in (window, *window.findChildren(QWidget)):
        if widget.window() is window and not any(other is widget or other.isAncestorOf(widget) for other in others):
            for key, whose in own_keys(widget):
                found[key].add(whose)
    found.pop("", None)
    return found


@pytest.fixture(params=["en", "de"])
def window(request: pytest.FixtureRequest, open_desk: OpenDesk, tmp_path: Path) -> Iterator[Window]:
    desk = open_desk(f"ipc://{tmp_path}/nobody", language=request.param)
    yield desk.window
    desk._speak("en")  # what a test leaves installed would translate the next one


def test_no_key_of_a_screen_means_two_things(window: Window) -> None:
    counts = []
    for screen in window.screens:
        window.go_to(screen)
        keys = meanings(window, screen)
        counts.append(len(keys))
        assert {key: whose for key, whose in keys.items() if len(whose) > 1} == {}, screen.title()
    assert min(counts) > 6


def test_from_review_the_key_of_live_leads_to_live(qtbot: QtBot, open_desk: OpenDesk, tmp_path: Path) -> None:
    window = open_desk(f"ipc://{tmp_path}/nobody").window
    review = next(screen for screen in window.screens if isinstance(screen, ReviewScreen))
    with qtbot.waitActive(window):
        window.activateWindow()
    window.go_to(review)
    review.count.clear()
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert review.count.text() == "Asking the history …"
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F5)
    assert window.stack.currentWidget() is window.screens[0]
