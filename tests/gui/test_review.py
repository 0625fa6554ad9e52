"""The review screen on the desk's real services."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from edge_inspector.wire.client import ControlClient
from tests.gui.station import StationStock, part_entry, serving, spot
from tests.unit.desk.stock import name
from ui.bridge import Bridge
from ui.model.session import Session
from ui.screens.base import Shared
from ui.screens.review import ReviewScreen

MINUTE = timedelta(minutes=1)
REGION = {"view": 0, "x": 60, "y": 40, "w": 20, "h": 16, "area": 250, "peak": 0.93}
SECOND = {"view": 1, "x": 10, "y": 8, "w": 12, "h": 12, "area": 90, "peak": 0.8}
WAIT_MS = 10_000


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[StationStock]:
    """1 accepted, 2 rejected with two cameras archived, 3 accepted near the threshold, 4 missed, 6 rejected a week and more ago."""
    with serving(tmp_path) as station:
        station.add(
            part_entry(6, timedelta(days=30)),
            part_entry(1, 9 * MINUTE / 100),
            part_entry(2, 7 * MINUTE / 100, [REGION, SECOND]),
            part_entry(3, 5 * MINUTE / 100, score=0.47),
            part_entry(4, 3 * MINUTE / 100, [], outcome="missed", reason="late", score=None, threshold=None, late=True),
        )
        station.archive(2, spot(96, 128, 70, 48, 8), spot(96, 128, 16, 14, 6))
        yield station


@pytest.fixture
def shared(stock: StationStock, qapp: QApplication) -> Iterator[Shared]:
    bridge = Bridge(stock.control)
    bridge.start()
    shared = Shared(bridge)
    shared.session = Session("anna", "operator")
    yield shared
    bridge.stop()


@pytest.fixture
def screen(shared: Shared, qtbot: QtBot) -> ReviewScreen:
    screen = ReviewScreen(shared)
    screen._pause.setInterval(0)  # the pause after a verdict is tested by itself
    qtbot.addWidget(screen)
    screen.resize(1280, 800)
    with qtbot.waitActive(screen, timeout=WAIT_MS):  # shortcuts are those of the active window
        screen.show()
        screen.activateWindow()
    qtbot.waitUntil(lambda: bool(shared.bridge.services), timeout=WAIT_MS)
    return screen


@pytest.fixture
def listed(screen: ReviewScreen, qtbot: QtBot) -> ReviewScreen:
    """With its list, the newest part shown."""
    with qtbot.waitSignal(screen.loader.loaded, timeout=WAIT_MS):
        screen.entered()
    return screen


def rows(screen: ReviewScreen) -> list[int]:
    return [row["seq"] for row in screen.table.parts.parts.rows]


def go_to(screen: ReviewScreen, qtbot: QtBot, seq: int) -> None:
    """Show a listed part and wait until it can be judged."""
    screen.table.go(rows(screen).index(seq))
    qtbot.waitUntil(screen.details.judge.buttons["confirm"].isEnabled, timeout=WAIT_MS)


def test_the_list_begins_with_what_is_to_be_looked_at_today(listed: ReviewScreen) -> None:
    assert rows(listed) == [4, 3, 2]
    assert listed.details.part is not None
    assert listed.details.part["seq"] == 4
    texts = [listed.table.parts.index(row, 0).data() for row in range(3)]
    assert texts == ["MISSED", "ACCEPT", "REJECT"]


def test_a_filter_asks_again_and_an_empty_list_says_what_to_do(listed: ReviewScreen, qtbot: QtBot) -> None:
    with qtbot.waitSignal(listed.loader.loaded, timeout=WAIT_MS):
        listed.filters.area_min.setValue(100)
    assert rows(listed) == [2]
    assert listed.filters.more.text() == "More filters (1)"
    with qtbot.waitSignal(listed.loader.loaded, timeout=WAIT_MS):
        listed.filters.area_min.setValue(1000)
    assert listed.notice.isVisible()
    assert "Choose a longer time or fewer filters" in listed.notice.text
    assert listed.details.part is None


def test_pictures_zoom_and_pan_together_and_a_region_is_centred(listed: ReviewScreen, qtbot: QtBot) -> None:
    trio = listed.details.trio
    go_to(listed, qtbot, 2)
    assert [picture.image_size for picture in trio.pictures] == [(128, 96)] * 3
    assert all(picture.fitted for picture in trio.pictures)
    trio.map.zoom_to(20.0)
    trio.map.horizontalScrollBar().setValue(300)  # as dragged
    assert len({picture.place for picture in trio.pictures}) == 1
    assert trio.image.place[:2] == (20.0, 300)
    listed.details.regions.selectRow(0)
    for picture in trio.pictures:
        middle = picture.mapToScene(picture.viewport().rect().center())
        assert (middle.x(), middle.y()) == pytest.approx((70.0, 48.0), abs=1.0)
    trio.overlay.setFocus()
    QTest.keyClick(trio.overlay, Qt.Key.Key_0)
    assert all(picture.fitted for picture in trio.pictures)


def test_a_region_of_another_camera_shows_that_camera(listed: ReviewScreen, qtbot: QtBot) -> None:
    trio = listed.details.trio
    go_to(listed, qtbot, 2)
    assert [button.text() for button in trio.cameras.buttons()] == ["Camera 1", "Camera 2"]
    with qtbot.waitSignal(trio.shown, timeout=WAIT_MS):
        listed.details.regions.selectRow(1)
    assert trio.view == 1
    with qtbot.waitSignal(listed.shared.label_wanted, timeout=WAIT_MS) as wanted:
        QTest.keyClick(listed.table, Qt.Key.Key_P)
    assert wanted.args == [name(2), 1]


def test_a_verdict_stands_beside_the_machines_and_the_next_part_follows(
    listed: ReviewScreen, qtbot: QtBot, stock: StationStock, shared: Shared
) -> None:
    go_to(listed, qtbot, 3)
    judge = listed.details.judge
    assert [verdict for verdict, button in judge.buttons.items() if button.isVisible()] == ["confirm", "escape", "none"]
    judge.note.setText("scratch")
    with qtbot.waitSignal(shared.said, timeout=WAIT_MS):
        QTest.keyClick(listed.table, Qt.Key.Key_E)
    assert listed.details.part is not None
    assert listed.details.part["seq"] == 2
    assert listed.table.parts.index(1, 3).data() == "escape"
    with ControlClient(_desk(shared)) as client:
        part = client.call("history.part", {"part_id": name(3)})["part"]
        assert (part["verdict"], part["outcome"], part["person"]["verdict"], part["person"]["note"]) == (
            "accept",
            "accepted",
            "escape",
            "scratch",
        )
    with qtbot.waitSignal(shared.said, timeout=WAIT_MS):
        listed.undo()
    assert listed.details.part["seq"] == 3
    assert listed.details.part["person"] is None


def _desk(shared: Shared) -> str:
    return str(shared.bridge.hello["endpoints"]["desk"])


def test_a_part_cannot_be_judged_before_it_is_seen_nor_by_a_double_tap(listed: ReviewScreen, qtbot: QtBot, shared: Shared) -> None:
    listed._pause.setInterval(60_000)
    go_to(listed, qtbot, 3)
    judge = listed.details.judge
    with qtbot.waitSignal(shared.said, timeout=WAIT_MS):
        judge.judge("confirm")
    with qtbot.waitSignal(listed.details.trio.shown, timeout=WAIT_MS):
        pass
    assert not judge.buttons["confirm"].isEnabled()
    listed._pause.setInterval(0)
    listed._pause.start()
    qtbot.waitUntil(judge.buttons["confirm"].isEnabled, timeout=WAIT_MS)
    listed._show({**listed.table.parts.parts.rows[0], "part_id": name(99)})  # its pictures have not come
    listed._let_judge()
    assert not judge.buttons["confirm"].isEnabled()


SESSIONS = {
    "nobody": (Session(login_needed=True), "Log in"),
    "no role": (Session("guest"), "role operator"),
}


@pytest.mark.parametrize("case", SESSIONS)
def test_who_may_not_judge_is_told_why(listed: ReviewScreen, qtbot: QtBot, shared: Shared, case: str) -> None:
    go_to(listed, qtbot, 2)
    shared.session, said = SESSIONS[case]
    shared.session_changed.emit()
    judge = listed.details.judge
    assert said in judge.why
    assert not any(button.isEnabled() for button in judge.buttons.values())
    shared.session = Session("anna", "operator")
    shared.session_changed.emit()
    assert (judge.why, judge.buttons["confirm"].isEnabled()) == ("", True)


def test_a_part_without_pictures_says_so_and_can_be_judged(listed: ReviewScreen, qtbot: QtBot) -> None:
    go_to(listed, qtbot, 4)
    assert "not archived" in listed.details.trio.notice.text
    assert not listed.details.paint.isEnabled()


def test_a_file_that_is_no_picture_says_so(listed: ReviewScreen, qtbot: QtBot, stock: StationStock) -> None:
    assert stock.station.archive.path is not None
    (stock.station.archive.path / f"{name(2)}.png").write_bytes(b"torn")
    go_to(listed, qtbot, 2)
    assert "no picture that can be read" in listed.details.trio.notice.text


def test_another_screen_gets_its_part_whatever_the_filter(screen: ReviewScreen, qtbot: QtBot, shared: Shared, stock: StationStock) -> None:
    shared.part_wanted.emit(name(6))
    screen.entered()
    qtbot.waitUntil(lambda: screen.details.part is not None and rows(screen) != [], timeout=WAIT_MS)
    assert screen.details.part is not None
    assert (screen.details.part["seq"], rows(screen)) == (6, [4, 3, 2])
    shared.part_wanted.emit(name(8))  # not on record yet
    qtbot.waitUntil(lambda: screen.details.part is None or screen._awaited == name(8), timeout=WAIT_MS)
    stock.add(part_entry(8, MINUTE / 100))
    qtbot.waitUntil(lambda: (screen.details.part or {}).get("seq") == 8, timeout=WAIT_MS)


def test_new_parts_wait_behind_a_button(listed: ReviewScreen, qtbot: QtBot, stock: StationStock) -> None:
    entry = part_entry(10, timedelta())
    stock.add(entry)
    qtbot.waitUntil(lambda: stock.status.has_subscribers("part"), timeout=WAIT_MS)
    stock.tell(part_entry(9, timedelta()))  # accepted: nothing to look at
    stock.tell(entry)
    qtbot.waitUntil(listed.filters.fresh.isVisible, timeout=WAIT_MS)
    assert (listed.filters.fresh.text(), rows(listed)) == ("1 new", [4, 3, 2])
    with qtbot.waitSignal(listed.loader.loaded, timeout=WAIT_MS):
        QTest.mouseClick(listed.filters.fresh, Qt.MouseButton.LeftButton)
    assert rows(listed) == [10, 4, 3, 2]
    assert listed.details.part is not None
    assert listed.details.part["seq"] == 4  # the part that was looked at stays
    assert not listed.filters.fresh.isVisible()


def test_j_and_k_go_from_part_to_part_and_a_note_keeps_its_letters(listed: ReviewScreen, qtbot: QtBot) -> None:
    QTest.keyClick(listed.table, Qt.Key.Key_J)
    assert listed.details.part is not None
    assert listed.details.part["seq"] == 3
    QTest.keyClick(listed.table, Qt.Key.Key_K)
    assert listed.details.part["seq"] == 4
    go_to(listed, qtbot, 2)
    note = listed.details.judge.note
    note.setFocus()
    QTest.keyClicks(note, "jfc")
    assert (note.text(), listed.details.part["seq"], listed.details.part["person"]) == ("jfc", 2, None)
    assert listed.unsaved()
    listed.details.regions.selectRow(0)
    listed.step(-1)
    assert (note.text(), listed.unsaved()) == ("", f"notes without a verdict, on: {name(2)}")
    listed.step(1)
    assert note.text() == "jfc"
    assert not listed.details.regions.selectionModel().hasSelection()  # the pictures are whole again


def test_a_refused_verdict_says_so(listed: ReviewScreen, qtbot: QtBot, stock: StationStock) -> None:
    go_to(listed, qtbot, 2)
    listed._store("nobody", "confirm", "", lambda _part: None)
    qtbot.waitUntil(lambda: "not stored" in listed.details.judge.why, timeout=WAIT_MS)
    assert "no part 'nobody' is on record" in listed.details.judge.why
    assert listed.details.judge.buttons["confirm"].isEnabled()


def test_older_parts_come_as_one_goes_down_and_the_list_stays_where_it_is(listed: ReviewScreen, qtbot: QtBot, stock: StationStock) -> None:
    stock.add(*(part_entry(seq, MINUTE / 100) for seq in range(100, 350)))
    with qtbot.waitSignal(listed.loader.begun, timeout=WAIT_MS):
        listed.reload()
    assert (len(rows(listed)), listed.count.text()) == (100, "100 parts, older ones as you scroll")
    bar = listed.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 50, timeout=WAIT_MS)  # rows
    with qtbot.waitSignal(listed.loader.loaded, timeout=WAIT_MS):
        bar.setValue(bar.maximum())
    assert bar.value() > 0
    assert rows(listed) == sorted(rows(listed), reverse=True)
    assert (len(rows(listed)), listed.count.text()) == (128, "128 parts")


def test_without_a_desk_the_list_says_so_and_comes_by_itself_later(shared: Shared, qtbot: QtBot, stock: StationStock) -> None:
    bridge = Bridge(stock.control)
    screen = ReviewScreen(Shared(bridge))
    qtbot.addWidget(screen)
    screen.show()
    with qtbot.waitSignal(screen.loader.failed, timeout=WAIT_MS):
        screen.entered()
    assert "not connected" in screen.notice.text
    with qtbot.waitSignal(screen.loader.begun, timeout=WAIT_MS):
        bridge.start()
    assert rows(screen) == [4, 3, 2]
    bridge.stop()


def test_the_line_s_thresholds_are_told_of_its_own_recipes_parts_alone(listed: ReviewScreen, qtbot: QtBot, stock: StationStock) -> None:
    go_to(listed, qtbot, 2)
    qtbot.waitUntil(lambda: "Reject threshold" in _names(listed), timeout=WAIT_MS)
    stock.add(part_entry(12, MINUTE / 100, recipe="ring:2"))
    listed.show_part(name(12))
    qtbot.waitUntil(lambda: (listed.details.part or {}).get("seq") == 12, timeout=WAIT_MS)
    assert "Reject threshold" not in _names(listed)
    assert "Threshold" in _names(listed)


def _names(screen: ReviewScreen) -> set[str]:
    return {name for name, _ in screen.details.figures._lines}
