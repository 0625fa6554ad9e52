"""Who sits at the screen: a login of a real desk, another password, and the end of a session that nobody uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from edge_inspector.desk.users import UserService
from edge_inspector.records import LOCAL, Role
from edge_inspector.store.passwords import hashed
from edge_inspector.store.users import add_user
from tests.gui.station import StationStock, serving
from tests.unit.desk.stock import closing_engine, station_in
from ui.app import Desk, parse
from ui.screens.login import LoginDialog
from ui.screens.password import PasswordDialog

NAME, OLD, NEW = "ann", "a first password", "another password"
WAIT_MS = 15_000


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[StationStock]:
    with closing_engine(station_in(tmp_path)) as engine:
        add_user(engine, NAME, Role.ADMIN, hashed(OLD), LOCAL.name)
    with serving(tmp_path) as stock:
        yield stock


def log_in(desk: Desk, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: desk.shared.session.login_needed, timeout=WAIT_MS)
    desk.window.who.log_in()
    dialog = desk.window.findChild(LoginDialog)
    assert dialog is not None
    qtbot.keyClicks(dialog.user, NAME)
    qtbot.keyClicks(dialog.password, OLD)
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.shared.session.user == NAME and bool(desk.shared.session.token), timeout=WAIT_MS)


def change(desk: Desk, qtbot: QtBot, old: str) -> PasswordDialog:
    desk.window.who.change_password()
    dialog = desk.window.findChild(PasswordDialog)
    assert dialog is not None
    for field, text in ((dialog.old, old), (dialog.new, NEW), (dialog.again, NEW)):
        qtbot.keyClicks(field, text)
    return dialog


def test_another_password(stock: StationStock, open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk(stock.control)
    log_in(desk, qtbot)
    dialog = change(desk, qtbot, "not the old one")
    qtbot.keyClick(dialog.again, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "old password is wrong" in dialog.error.text(), timeout=WAIT_MS)
    qtbot.keyClicks(dialog.old, OLD)
    qtbot.keyClick(dialog.old, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "password is changed" in desk.window.said_label.text(), timeout=WAIT_MS)
    users = UserService(str(stock.station.database.url), "line1", stock.station.state)
    assert users.login({"user": NAME, "password": NEW})["role"] == "admin"


def test_new_passwords_that_differ_are_not_sent(stock: StationStock, open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk(stock.control)
    log_in(desk, qtbot)
    dialog = change(desk, qtbot, OLD)
    enter = dialog.buttons.buttons()[0]
    assert enter.isEnabled()
    qtbot.keyClicks(dialog.again, "!")
    assert not enter.isEnabled()
    assert "differ" in dialog.error.text()
    dialog.reject()


def test_a_session_that_nobody_uses_ends(stock: StationStock, open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk(stock.control, idle_minutes=1 / 60)
    log_in(desk, qtbot)
    qtbot.waitUntil(lambda: desk.shared.session.login_needed, timeout=WAIT_MS)
    assert not desk.shared.session.token
    assert "nobody has touched this screen" in desk.window.said_label.text()


def test_a_key_puts_the_end_off(stock: StationStock, open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk(stock.control, idle_minutes=10.0)
    log_in(desk, qtbot)
    timer = desk.window.who.idle
    qtbot.waitUntil(lambda: timer.remainingTime() < timer.interval() - 2000, timeout=WAIT_MS)
    before = timer.remainingTime()
    qtbot.keyClick(QApplication.focusWidget() or desk.window, Qt.Key.Key_Shift)
    assert timer.remainingTime() > before


@pytest.mark.parametrize("text", ["-1", "soon", "nan", "1e9"])
def test_minutes_that_cannot_be_meant(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([f"--idle-minutes={text}"])
    assert "--idle-minutes" in capsys.readouterr().err
