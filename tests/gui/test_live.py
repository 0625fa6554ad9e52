"""The live screen on a real line, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from edge_inspector.rehearsal.processes import LineProcess, TemporaryStation
from edge_inspector.wire.client import ControlClient
from tests.system.lines import simulated, write_station
from ui.app import Desk
from ui.model.live import Kind
from ui.screens.live import LiveScreen
from ui.theme import THEMES, contrast

WAIT_MS = 30_000
OpenDesk = Callable[..., Desk]


def live(desk: Desk) -> LiveScreen:
    screen = desk.window.screens[0]
    assert isinstance(screen, LiveScreen)
    return screen


def test_a_part_comes_with_picture_verdict_figures_and_filmstrip(qtbot: QtBot, open_desk: OpenDesk, line: TemporaryStation) -> None:
    screen = live(open_desk(line.endpoint("control")))
    qtbot.waitUntil(lambda: screen.picture.image_size == (64, 64), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: screen.banner.kind in (Kind.ACCEPT, Kind.REJECT, Kind.REVIEW), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(screen.model.rejects), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: screen.model.counters().good is not None, timeout=WAIT_MS)
    assert screen.model.counters().triggers > 0
    assert "part:1" in screen.model.state["recipe"]
    assert screen.window().windowTitle()


def test_two_windows_see_the_same_parts_and_the_line_does_not_notice(qtbot: QtBot, open_desk: OpenDesk, line: TemporaryStation) -> None:
    one, other = live(open_desk(line.endpoint("control"))), live(open_desk(line.endpoint("control")))
    qtbot.waitUntil(lambda: len(one.model.scores()[0]) > 3 and len(other.model.scores()[0]) > 3, timeout=WAIT_MS)
    numbers = set(one.model.scores()[0]) & set(other.model.scores()[0])
    assert numbers
    for number in numbers:
        mine, theirs = one.model.part(number) or {}, other.model.part(number) or {}  # a message has three keys that a reply has not
        assert {key: mine[key] for key in ("part_id", "verdict", "score")} == {key: theirs[key] for key in ("part_id", "verdict", "score")}
    with ControlClient(line.endpoint("control")) as control:
        assert control.call("status")["counts"]["missed"] == 0


def test_without_a_line_the_window_says_so_and_goes_on(qtbot: QtBot, open_desk: OpenDesk, tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated(rate=5.0), require_gate=False)
    desk = open_desk(station.endpoint("control"))
    screen = live(desk)
    qtbot.waitUntil(lambda: "no answer" in screen.caption.text(), timeout=WAIT_MS)
    assert screen.banner.kind is Kind.OFFLINE
    assert "not connected" in desk.window.state_label.text()
    box = screen.overlay.outlines
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(14, box.height() // 2))
    assert not box.isChecked()
    with LineProcess(station) as process:
        qtbot.waitUntil(lambda: screen.banner.kind in (Kind.ACCEPT, Kind.REJECT), timeout=WAIT_MS)
        process.kill()
        qtbot.waitUntil(lambda: screen.banner.kind is Kind.OFFLINE, timeout=WAIT_MS)
    assert screen.picture.image_size == (0, 0)


def test_conditions_are_acknowledged_and_confirmed_at_the_screen(qtbot: QtBot, open_desk: OpenDesk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    station = write_station(tmp_path, {"driver": "folder", "path": str(tmp_path / "empty"), "rate": 5.0}, require_gate=False)
    with LineProcess(station) as process:
        screen = live(open_desk(station.endpoint("control")))
        qtbot.waitUntil(lambda: bool(screen.model.conditions()), timeout=WAIT_MS)
        name = screen.model.conditions()[0]["name"]
        qtbot.waitUntil(lambda: bool(_buttons(screen, "Acknowledge")), timeout=WAIT_MS)
        qtbot.mouseClick(_buttons(screen, "Acknowledge")[0], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bool(_condition(screen, name)["acknowledged"]), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: bool(_buttons(screen, "Confirm")), timeout=WAIT_MS)
        qtbot.mouseClick(_buttons(screen, "Confirm")[0], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: _condition(screen, name)["confirmed_by"] == "local", timeout=WAIT_MS)
        process.stop()


def _buttons(screen: LiveScreen, text: str) -> list[QPushButton]:
    return [b for b in screen.conditions.findChildren(QPushButton) if b.text() == text and b.isVisible()]


def _condition(screen: LiveScreen, name: str) -> dict[str, object]:
    return next(c for c in screen.model.conditions() if c["name"] == name)


def test_the_language_changes_with_the_window_and_the_parts_stay(qtbot: QtBot, open_desk: OpenDesk, line: TemporaryStation) -> None:
    desk = open_desk(line.endpoint("control"))
    qtbot.waitUntil(lambda: bool(live(desk).model.scores()[0]), timeout=WAIT_MS)
    desk.window.language_wanted.emit("de")
    assert live(desk).banner.word() in ("NICHT VERBUNDEN", "KEINE PRÜFUNG", "WARTET", "GUT", "AUSSCHUSS", "PRÜFEN", "VERPASST")
    assert QCoreApplication.translate("QLineEdit", "&Undo") != "&Undo", "Qt's own texts follow"
    qtbot.waitUntil(lambda: bool(live(desk).model.scores()[0]), timeout=WAIT_MS)
    desk.window.language_wanted.emit("en")
    assert QCoreApplication.translate("QLineEdit", "&Undo") == "&Undo"


def test_a_kiosk_stays_open_and_full_screen(qtbot: QtBot, open_desk: OpenDesk, line: TemporaryStation) -> None:
    desk = open_desk(line.endpoint("control"), kiosk=True)
    desk.window.close()
    assert desk.window.isVisible()
    desk.window.showNormal()
    qtbot.waitUntil(desk.window.isFullScreen, timeout=WAIT_MS)


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
def test_text_can_be_read_on_every_ground(theme: object) -> None:
    found = THEMES[theme.name]  # type: ignore[attr-defined]
    for ground in (found.window, found.panel, found.raised):
        assert contrast(found.text, ground) >= 4.5
        assert contrast(found.dim, ground) >= 4.5
    for ground, ink in found.kinds.values():
        assert contrast(ink, ground) >= 4.5
