"""The label screen on a real desk: painted with the mouse and with keys alone, proposed, stored, opened again; nothing is lost unasked."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QMessageBox,
)
from pytestqt.qtbot import QtBot

from edge_inspector.desk.label_folder import LabelRecord
from edge_inspector.images import decode_mask
from edge_inspector.settings import Station
from tests.gui.label_stock import (
    LEFT,
    SPOT,
    WAIT_MS,
    answer,
    click,
    drag,
    key,
    line_and_desk,
    part_of,
    question,
    shared_on,
    spot_mask,
    until_open,
)
from tests.unit.desk.stock import name
from ui.model.label import Tool
from ui.model.picture import Pixels, decode_image
from ui.model.session import Session
from ui.screens import label_work
from ui.screens.base import Shared
from ui.screens.label import LabelScreen
from ui.screens.label_work import PAGES

FIRST, SECOND, LAST, UNARCHIVED = name(6), name(4), name(2), name(8)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Station, str]]:
    with line_and_desk(tmp_path_factory.mktemp("label")) as found:
        yield found


@pytest.fixture(scope="module")
def shared(served: tuple[Station, str], qapp: QApplication) -> Iterator[Shared]:
    with shared_on(served[1]) as shared:
        yield shared


@pytest.fixture
def screen(served: tuple[Station, str], shared: Shared, qtbot: QtBot) -> LabelScreen:
    shutil.rmtree(served[0].state / "labels", ignore_errors=True)
    shared.session = Session("ann", "engineer")
    screen = LabelScreen(shared)
    qtbot.addWidget(screen)
    screen.resize(1264, 700)
    with qtbot.waitExposed(screen):
        screen.show()
    screen.entered()
    qtbot.waitUntil(lambda: screen.work.picture is not None, timeout=WAIT_MS)
    return screen


def test_painted_saved_listed_and_the_queue_goes_on(screen: LabelScreen, served: tuple[Station, str], qtbot: QtBot) -> None:
    assert part_of(screen) == FIRST
    drag(screen, (60, 60), (90, 60), (120, 60))
    painted = screen.work.painter.mask.pixels.copy()
    assert painted[60, 60:121].all()
    assert FIRST in screen.unsaved()
    key(screen, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: [label.part_id for label in screen.work.queue.labels] == [FIRST], timeout=WAIT_MS)
    assert screen.unsaved() == ""
    stored = served[0].state / "labels" / "ground_truth" / "defect" / f"{FIRST}_mask.png"
    np.testing.assert_array_equal(decode_mask(stored), painted > 0)
    assert [entry.part_id for entry in screen.waiting.model.entries] == [SECOND, LAST]
    key(screen, Qt.Key.Key_J)
    until_open(screen, qtbot, SECOND)
    screen.made.chosen.emit(FIRST, 0)
    until_open(screen, qtbot, FIRST)
    np.testing.assert_array_equal(screen.work.painter.mask.pixels, painted)
    assert not screen.undo.isEnabled()


def test_a_box_and_a_click_propose_and_nothing_is_marked_before_it_is_taken(screen: LabelScreen, qtbot: QtBot) -> None:
    x, y, radius = SPOT
    key(screen, Qt.Key.Key_X)
    drag(screen, (x - radius - 4, y - radius - 4), (x, y), (x + radius + 4, y + radius + 4))
    qtbot.waitUntil(lambda: screen.work.painter.proposal is not None, timeout=WAIT_MS)
    assert not screen.work.painter.mask.pixels.any()
    assert screen.strip.take.isVisible()
    key(screen, Qt.Key.Key_Escape)
    assert screen.work.painter.proposal is None
    key(screen, Qt.Key.Key_C)
    click(screen, x, y)
    qtbot.waitUntil(lambda: screen.work.painter.proposal is not None, timeout=WAIT_MS)
    key(screen, Qt.Key.Key_Return)
    found, exact = screen.work.painter.mask.pixels > 0, spot_mask()
    assert (found & exact).sum() / (found | exact).sum() >= 0.7
    key(screen, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not screen.work.painter.mask.pixels.any()
    key(screen, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_array_equal(screen.work.painter.mask.pixels > 0, found)


def test_a_proposal_that_is_dropped_while_it_is_made_does_not_come(screen: LabelScreen, qtbot: QtBot) -> None:
    key(screen, Qt.Key.Key_C)
    click(screen, *SPOT[:2])
    assert screen.work.busy == "proposing"
    assert screen.strip.wheel.isVisible()
    QTest.mouseClick(screen.strip.drop, LEFT)
    assert screen.work.busy == ""
    with qtbot.waitSignal(screen.work.lists_changed, timeout=WAIT_MS):
        screen.work.refresh()  # its answers come after that of the proposal
    assert screen.work.painter.proposal is None


def test_leaving_a_part_asks_and_stay_keeps_what_is_painted(screen: LabelScreen, qtbot: QtBot) -> None:
    drag(screen, (60, 60), (90, 60))
    QTest.mouseClick(screen.next, LEFT)
    answer(qtbot, "Stay")
    assert part_of(screen) == FIRST
    assert screen.unsaved()
    QTest.mouseClick(screen.next, LEFT)
    answer(qtbot, "Discard")
    until_open(screen, qtbot, SECOND)
    assert screen.unsaved() == ""
    drag(screen, (60, 60), (90, 60))
    QTest.mouseClick(screen.next, LEFT)
    answer(qtbot, "Save")
    qtbot.waitUntil(lambda: screen.work.picture is not None and (part_of(screen), screen.work.picture.view) == (SECOND, 1), timeout=WAIT_MS)
    QTest.mouseClick(screen.next, LEFT)
    until_open(screen, qtbot, LAST)
    qtbot.waitUntil(lambda: [label.part_id for label in screen.work.queue.labels] == [SECOND], timeout=WAIT_MS)


def test_what_is_painted_while_the_next_part_is_on_its_way_stays(screen: LabelScreen, qtbot: QtBot) -> None:
    QTest.mouseClick(screen.next, LEFT)
    drag(screen, (60, 60), (90, 60))
    assert screen.work.busy == "opening"
    qtbot.waitUntil(lambda: not screen.work.busy, timeout=WAIT_MS)
    assert part_of(screen) == FIRST
    assert screen.work.painter.mask.pixels[60, 75] == 1


def test_leaving_while_all_is_being_saved_asks_nothing_and_it_is_saved(screen: LabelScreen, qtbot: QtBot) -> None:
    drag(screen, (60, 60), (90, 60))
    QTest.mouseClick(screen.save, LEFT)
    screen.left()
    assert not [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox) and box.isVisible()]
    qtbot.waitUntil(lambda: [label.part_id for label in screen.work.queue.labels] == [FIRST], timeout=WAIT_MS)


def test_where_nothing_waits_older_parts_are_looked_at_some_pages_at_a_time(
    screen: LabelScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = []

    def asked(_method: str, params: dict[str, Any], done: Callable[[dict[str, Any]], None]) -> None:
        pages.append(params)
        rows = [{"id": 1000 - len(pages), "part_id": f"old{len(pages)}", "archive": [], "person": None}]
        QTimer.singleShot(0, screen, lambda: done({"rows": rows, "next": {"before": rows[0]["id"]}}))

    monkeypatch.setattr(screen.work, "_ask_freely", asked)
    for part_id in (FIRST, SECOND, LAST):
        screen.work.queue.done(part_id)
    screen.work.queue.more = {"before": 1000}
    screen.work.look_further()
    qtbot.waitUntil(screen.waiting.further.isVisible, timeout=WAIT_MS)
    assert len(pages) == PAGES
    assert screen.waiting.nothing.text().startswith(f"None of the newest {screen.work.queue.seen} parts")
    QTest.mouseClick(screen.waiting.further, LEFT)
    qtbot.waitUntil(lambda: len(pages) == 2 * PAGES and screen.waiting.further.isVisible(), timeout=WAIT_MS)


def test_leaving_the_screen_asks_and_stay_comes_back(screen: LabelScreen, shared: Shared, qtbot: QtBot) -> None:
    screen.left()
    assert not [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox) and box.isVisible()]
    drag(screen, (60, 60), (90, 60))
    screen.left()
    with qtbot.waitSignal(shared.label_wanted, timeout=WAIT_MS) as wanted:
        answer(qtbot, "Stay")
    assert wanted.args == [FIRST, 0]
    assert screen.unsaved()
    screen.left()
    answer(qtbot, "Discard")
    assert screen.unsaved() == ""
    screen.entered()
    until_open(screen, qtbot, FIRST)


def test_nothing_wrong_is_an_empty_mask_after_a_question(screen: LabelScreen, served: tuple[Station, str], qtbot: QtBot) -> None:
    drag(screen, (60, 60), (90, 60))
    QTest.mouseClick(screen.save, LEFT)
    qtbot.waitUntil(lambda: bool(screen.work.queue.labels), timeout=WAIT_MS)
    QTest.mouseClick(screen.good, LEFT)
    answer(qtbot, "Cancel")
    assert screen.work.painter.mask.pixels.any()
    QTest.mouseClick(screen.good, LEFT)
    answer(qtbot, "Save")
    qtbot.waitUntil(lambda: not any(label.classes for label in screen.work.queue.labels) and not screen.work.busy, timeout=WAIT_MS)
    assert not list((served[0].state / "labels").rglob("*.png"))
    assert [entry.part_id for entry in screen.waiting.model.entries] == [SECOND, LAST]


def test_a_part_stored_without_a_defect_stays_away_after_a_restart(
    screen: LabelScreen, served: tuple[Station, str], shared: Shared, qtbot: QtBot
) -> None:
    record = LabelRecord(part_id=FIRST, view=0, classes=(), areas=(), author="ann", at_utc="2026-01-01T00:00:00.000Z", sha256="0" * 64)
    folder = served[0].state / "labels" / "records"
    folder.mkdir(parents=True)
    (folder / f"{FIRST}.json").write_text(record.model_dump_json(), encoding="utf-8")
    again = LabelScreen(shared)
    qtbot.addWidget(again)
    again.entered()
    until_open(again, qtbot, SECOND)
    assert [entry.part_id for entry in again.waiting.model.entries] == [SECOND, LAST]
    assert [entry.text.partition("\n")[2] for entry in again.made.model.entries] == ["no defect"]


def test_pictures_are_decoded_beside_qt_s_thread(screen: LabelScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(data: bytes) -> Pixels | None:
        seen.append(threading.current_thread())
        return decode_image(data)

    monkeypatch.setattr(label_work, "decode_image", noted)
    QTest.mouseClick(screen.next, LEFT)
    until_open(screen, qtbot, SECOND)
    assert seen
    assert threading.main_thread() not in seen


def test_another_screen_asks_for_a_part_and_a_view(screen: LabelScreen, shared: Shared, qtbot: QtBot) -> None:
    shared.label_wanted.emit(SECOND, 1)
    until_open(screen, qtbot, SECOND)
    assert screen.work.picture is not None
    assert (screen.work.picture.view, screen.work.picture.views) == (1, (0, 1))
    assert screen.views.isVisible()
    screen.views.activated.emit(0)
    qtbot.waitUntil(lambda: screen.work.picture is not None and screen.work.picture.view == 0, timeout=WAIT_MS)


def test_a_part_without_a_picture_says_so(screen: LabelScreen, shared: Shared, qtbot: QtBot) -> None:
    shared.label_wanted.emit(UNARCHIVED, 0)
    qtbot.waitUntil(lambda: "not archived" in screen.strip.said(), timeout=WAIT_MS)
    assert not screen.save.isEnabled()
    QTest.mouseClick(screen.next, LEFT)
    until_open(screen, qtbot, FIRST)


def test_what_the_desk_refuses_is_shown_and_can_be_asked_again(screen: LabelScreen, shared: Shared, qtbot: QtBot) -> None:
    shared.label_wanted.emit("nobody", 0)
    qtbot.waitUntil(lambda: "nobody" in screen.strip.said(), timeout=WAIT_MS)
    assert part_of(screen) == FIRST
    assert screen.strip.retry.isVisible()
    QTest.mouseClick(screen.strip.retry, LEFT)
    qtbot.waitUntil(lambda: not screen.work.busy and "nobody" in screen.strip.said(), timeout=WAIT_MS)


@pytest.mark.parametrize(
    ("session", "says"),
    [
        pytest.param(Session("bob", "operator"), "Saving needs the role engineer. You are operator.", id="role too low"),
        pytest.param(Session(login_needed=True), "Log in as engineer to save labels.", id="nobody"),
        pytest.param(Session("ann", "engineer"), "", id="engineer"),
    ],
)
def test_who_may_not_save_is_told_before_they_try(screen: LabelScreen, shared: Shared, qtbot: QtBot, session: Session, says: str) -> None:
    drag(screen, (60, 60), (90, 60))
    shared.session = session
    shared.session_changed.emit()
    assert screen.notice.text() == says
    assert screen.notice.isVisible() is bool(says)
    assert screen.save.isEnabled() is (not says)
    QTest.mouseClick(screen.next, LEFT)
    assert [button.text() for button in question(qtbot).buttons()].count("Save") == int(not says)
    answer(qtbot, "Stay")


def test_space_and_the_middle_button_pan_and_paint_nothing(screen: LabelScreen) -> None:
    screen.canvas.zoom_to(8.0)
    for button, held in ((LEFT, True), (Qt.MouseButton.MiddleButton, False)):
        before = screen.canvas.mapToScene(QPoint(0, 0))
        if held:
            QTest.keyPress(screen.canvas, Qt.Key.Key_Space)
        drag(screen, (160, 120), (170, 125), button=button)
        if held:
            QTest.keyRelease(screen.canvas, Qt.Key.Key_Space)
        after = screen.canvas.mapToScene(QPoint(0, 0))
        assert after.x() == pytest.approx(before.x() - 10, abs=0.5)
        assert after.y() == pytest.approx(before.y() - 5, abs=0.5)
    assert not screen.work.painter.mask.pixels.any()


def test_a_polygon_and_a_stroke_by_keys_alone(screen: LabelScreen) -> None:
    key(screen, Qt.Key.Key_P)
    for arrow, steps in ((Qt.Key.Key_Right, 3), (Qt.Key.Key_Down, 3), (Qt.Key.Key_Left, 3)):
        key(screen, Qt.Key.Key_Insert)
        for _ in range(steps):
            key(screen, arrow, Qt.KeyboardModifier.ShiftModifier)
    key(screen, Qt.Key.Key_Insert)
    assert "4" in screen.strip.said()
    key(screen, Qt.Key.Key_Return)
    assert int(np.count_nonzero(screen.work.painter.mask.pixels)) == 31 * 31
    key(screen, Qt.Key.Key_E)
    for _ in range(40):
        key(screen, Qt.Key.Key_BracketLeft)
    assert screen.work.painter.size == screen.tools.size_box.value() == 1
    key(screen, Qt.Key.Key_I)
    for _ in range(5):
        key(screen, Qt.Key.Key_Up)
    key(screen, Qt.Key.Key_I)
    assert int(np.count_nonzero(screen.work.painter.mask.pixels)) == 31 * 31 - 6


def test_a_new_class_by_typing(screen: LabelScreen) -> None:
    box = screen.classes
    QTest.keyClicks(box.name, "Riß")
    QTest.keyClick(box.name, Qt.Key.Key_Return)
    assert box.problem.isVisible()
    box.name.clear()
    QTest.keyClicks(box.name, "deep scratch")
    QTest.keyClick(box.name, Qt.Key.Key_Return)
    assert not box.problem.isVisible()
    assert screen.work.classes.names == ["defect", "deep_scratch"]
    click(screen, 50, 50)
    assert screen.work.painter.mask.pixels[50, 50] == 2
    key(screen, Qt.Key.Key_Q)
    click(screen, 50, 50)
    assert screen.work.painter.mask.pixels[50, 50] == 1


def test_only_the_changed_rectangle_is_painted_again(screen: LabelScreen, qtbot: QtBot) -> None:
    seen: list[tuple[float, float]] = []
    item = screen.canvas._marks
    paint = item.paint

    def noted(painter: object, option: object, widget: object = None) -> None:
        box = option.exposedRect  # type: ignore[attr-defined]
        seen.append((box.width(), box.height()))
        paint(painter, option, widget)  # type: ignore[arg-type]

    item.paint = noted  # type: ignore[method-assign]
    screen.canvas.viewport().repaint()
    seen.clear()
    screen.canvas.take(screen.work.painter.press((100, 100)))
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    screen.canvas.take(screen.work.painter.release())
    assert max(max(size) for size in seen) < 60


def test_the_map_and_the_tools_that_are_used_stay_with_the_next_part(screen: LabelScreen, qtbot: QtBot) -> None:
    key(screen, Qt.Key.Key_M)
    assert screen.tools.map.isChecked()
    key(screen, Qt.Key.Key_P)
    key(screen, Qt.Key.Key_J)
    until_open(screen, qtbot, SECOND)
    assert screen.work.painter.tool is Tool.POLYGON
    assert not screen.canvas.map_item.boundingRect().isEmpty()
    key(screen, Qt.Key.Key_K)
    until_open(screen, qtbot, FIRST)
