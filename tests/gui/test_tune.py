"""The tune screen on the desk's own services and a database with parts; no change reaches the line before it is confirmed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.tuning import HEIGHT, PICTURED, WIDTH, Bench, bench, stock
from tests.unit.desk.stock import name
from ui.bridge import Bridge
from ui.model.picture import Pixels, decode_image
from ui.model.regions import Fate
from ui.model.session import Session
from ui.model.shapes import Sort
from ui.screens import tune_pictures
from ui.screens.base import Shared
from ui.screens.tune import TuneScreen
from ui.theme import LIGHT, TOUCH, apply
from ui.widgets.tune_picture import CHOSEN

LONG_MS = 20_000
ENGINEER, OPERATOR = Session("anna", "engineer"), Session("otto", "operator")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stocked")
    stock(folder, parts=300, judged=40)
    return folder


@pytest.fixture
def station(stocked: Path, tmp_path: Path) -> Iterator[Bench]:
    shutil.copytree(stocked, tmp_path, dirs_exist_ok=True)
    with bench(tmp_path) as found:
        yield found


@pytest.fixture
def screen(station: Bench, qtbot: QtBot) -> Iterator[TuneScreen]:
    yield from opened(station, qtbot)


def opened(station: Bench, qtbot: QtBot) -> Iterator[TuneScreen]:
    bridge = Bridge(station.line)
    shared = Shared(bridge)
    shared.session = ENGINEER
    screen = TuneScreen(shared)
    qtbot.addWidget(screen)
    screen.resize(1264, 724)
    screen.show()
    bridge.start()
    try:
        qtbot.waitUntil(lambda: bool(bridge.services) and screen.model.base is not None, timeout=LONG_MS)
        with qtbot.waitSignal(screen.loaded, timeout=LONG_MS):
            screen.entered()
        yield screen
    finally:
        bridge.stop()


def answer(screen: TuneScreen, qtbot: QtBot, role: QDialogButtonBox.ButtonRole) -> list[str]:
    """Press Apply, read what it lists, and press the button of that role."""
    QTest.mouseClick(screen.apply, Qt.MouseButton.LeftButton)
    dialog = screen.dialog
    assert dialog is not None
    box = dialog.buttons
    button = next(button for button in box.buttons() if box.buttonRole(button) is role)
    listed = dialog.listed
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    return listed


def drag(widget: QWidget, start: QPoint, end: QPoint) -> None:
    """With the left button held: qtbot moves the pointer without it."""
    left, none, kinds = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, QEvent.Type
    steps = [(kinds.MouseMove, start, none, none), (kinds.MouseButtonPress, start, left, left)]
    steps += [(kinds.MouseMove, start + (end - start) * share, none, left) for share in (0.25, 0.5, 0.75, 1.0)]
    steps += [(kinds.MouseButtonRelease, end, left, none)]
    for kind, place, button, held in steps:
        where = QPointF(place)
        event = QMouseEvent(kind, where, QPointF(widget.mapToGlobal(place)), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)


def test_figures_follow_a_threshold_that_is_dragged(screen: TuneScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", -1)  # moves that come within 10 ms are one to it otherwise
    table, lines = screen.panel.table, screen.panel.histogram.lines
    assert len(screen.panel.scores) == 301
    assert table.text("accepted", 3) == "the same"
    assert " of 36 = " in table.text("false_rejects", 2)
    view = screen.panel.histogram.plot
    at, to = (view.mapFromScene(view.getViewBox().mapViewToScene(QPointF(x, 3.0))) for x in (0.4, 0.2))
    drag(view.viewport(), at, to)
    qtbot.waitUntil(lambda: abs(float(lines["accept_threshold"].value()) - 0.2) < 0.01)
    assert screen.model.draft is not None
    assert screen.panel.thresholds.boxes["accept_threshold"].value() == pytest.approx(screen.model.draft.accept_threshold, abs=1e-4)
    assert table.text("accepted", 3).endswith("fewer")
    assert table.text("false_rejects", 3).endswith("more")
    assert [change.key for change in screen.model.changed] == ["accept_threshold"]
    assert "accept threshold" in screen.unsaved()
    QTest.mouseClick(screen.undo, Qt.MouseButton.LeftButton)
    assert not screen.model.changed


def test_keys_alone_tune_and_apply(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    box = screen.panel.thresholds.boxes["accept_threshold"]
    for _ in range(4):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert station.in_force().accept_threshold == 0.4
    assert answer(screen, qtbot, QDialogButtonBox.ButtonRole.RejectRole) == ["accept threshold 0.4000 0.3800"]
    assert (len(screen.model.changed), station.in_force().accept_threshold) == (1, 0.4)
    answer(screen, qtbot, QDialogButtonBox.ButtonRole.AcceptRole)
    qtbot.waitUntil(lambda: not screen.model.changed, timeout=LONG_MS)
    assert station.in_force().accept_threshold == pytest.approx(0.38)
    assert screen.status.text() == "Applied: recipe ring:2 decides now."
    assert screen.unsaved() == ""


def test_after_another_roi_the_old_scores_are_left_out(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    told = [{"part_id": f"p{n}", "score": 0.1 * n, "truth": "", "outcome": "accepted", "recipe": f"ring:{1 + n // 3}"} for n in range(4)]
    screen._loaded(screen._asked, {"recipe": "ring", "parts": told})
    assert len(screen.panel.scores) == 3
    assert "1 parts of other versions" in screen.panel.notes.text()
    assert station.elsewhere(accept_threshold=0.3) == "ring:2"
    qtbot.waitUntil(lambda: len(screen.panel.scores) == 4, timeout=LONG_MS)
    assert station.elsewhere(minimum_area_px=30) == "ring:3"
    qtbot.waitUntil(lambda: len(screen.panel.scores) == 0, timeout=LONG_MS)
    assert "4 parts of other versions" in screen.panel.notes.text()
    assert screen.panel.message.text().startswith("No scores of recipe ring:3 on record.")


def test_what_the_line_would_refuse_cannot_be_applied(screen: TuneScreen) -> None:
    screen.panel.thresholds.boxes["reject_threshold"].setValue(0.3)
    assert not screen.apply.isEnabled()
    assert screen.status.text().startswith("The reject threshold is below the accept threshold")
    screen.discard.click()
    assert (screen.model.changed, screen.panel.thresholds.boxes["reject_threshold"].value()) == ((), 0.6)


def test_what_the_line_refuses_is_said_and_nothing_is_lost(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    screen.picture.drawn.emit((((0.0, 0.0), (90_000.0, 0.0), (90_000.0, 900.0)),), ())
    answer(screen, qtbot, QDialogButtonBox.ButtonRole.AcceptRole)
    qtbot.waitUntil(lambda: screen.status.text().startswith("Not applied:"), timeout=LONG_MS)
    assert "roi" in screen.status.text()
    assert [change.key for change in screen.model.changed] == ["roi"]
    assert station.in_force().roi == ()


def test_an_operator_is_told_before_trying(screen: TuneScreen) -> None:
    screen.shared.session = OPERATOR
    screen.shared.session_changed.emit()
    assert "role engineer" in screen.status.text()
    screen.panel.thresholds.boxes["accept_threshold"].setValue(0.3)
    assert len(screen.model.changed) == 1
    assert not screen.apply.isEnabled()
    assert "role engineer" in screen.apply.toolTip()


@pytest.mark.parametrize("keep", [True, False])
def test_a_change_elsewhere_is_offered_as_the_base(screen: TuneScreen, station: Bench, qtbot: QtBot, keep: bool) -> None:
    screen.panel.thresholds.boxes["accept_threshold"].setValue(0.3)
    assert station.elsewhere(reject_threshold=0.7) == "ring:2"
    qtbot.waitUntil(screen.torn.isVisible, timeout=LONG_MS)
    assert "ring:2" in screen.torn_message.text()
    assert not screen.apply.isEnabled()
    QTest.mouseClick(screen.keep_mine if keep else screen.take_newer, Qt.MouseButton.LeftButton)
    assert not screen.torn.isVisible()
    assert screen.panel.thresholds.boxes["reject_threshold"].value() == 0.7
    assert [change.key for change in screen.model.changed] == (["accept_threshold"] if keep else [])
    assert screen.apply.isEnabled() is keep


def test_without_changes_the_screen_follows(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    station.elsewhere(minimum_area_px=30)
    qtbot.waitUntil(lambda: screen.areas.boxes["minimum_area_px"].value() == 30.0, timeout=LONG_MS)
    assert not screen.torn.isVisible()


def archived(screen: TuneScreen, qtbot: QtBot) -> None:
    """The picture of one part."""
    screen.picture.source.setCurrentIndex(screen.picture.source.findData(CHOSEN))
    screen.picture.part.setText(name(PICTURED))
    QTest.keyClick(screen.picture.part, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: screen.picture.view.image_size == (WIDTH, HEIGHT), timeout=LONG_MS)


def test_large_pictures_are_decoded_beside_qt_s_thread(screen: TuneScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noted(data: bytes) -> Pixels | None:
        seen.append(threading.current_thread())
        return decode_image(data)

    monkeypatch.setattr(tune_pictures, "decode_image", noted)
    archived(screen, qtbot)
    assert seen
    assert threading.main_thread() not in seen


def test_areas_show_which_regions_they_let_through(screen: TuneScreen, qtbot: QtBot) -> None:
    archived(screen, qtbot)
    counts = screen.picture.legend.labels
    assert [counts[fate].text()[-1] for fate in (Fate.REJECTS, Fate.COUNTS, Fate.IGNORED)] == ["0", "3", "0"]
    screen.areas.boxes["minimum_area_px"].setValue(60.0)
    screen.areas.limited.setChecked(True)
    screen.areas.boxes["reject_area_px"].setValue(150.0)
    assert [counts[fate].text()[-1] for fate in (Fate.REJECTS, Fate.COUNTS, Fate.IGNORED)] == ["1", "1", "1"]
    assert "minimum area" in screen.panel.notes.text()
    assert screen.model.draft is not None
    assert screen.model.draft.reject_area_px == 150.0


def test_a_region_rejects_whatever_the_score(screen: TuneScreen) -> None:
    screen.areas.limited.setChecked(True)
    screen.areas.boxes["reject_area_px"].setValue(100.0)
    for key in ("reject_threshold", "accept_threshold"):
        screen.panel.thresholds.boxes[key].setValue(1.0)
    assert screen.panel.table.text("rejected", 2) == "30"
    assert "Rejected by a region's area whatever the score: 0 in force, 30 proposed." in screen.panel.notes.text()


def test_a_polygon_is_drawn_moved_and_deleted(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    archived(screen, qtbot)
    view = screen.picture.view
    screen.picture.sort.setCurrentIndex(1)
    QTest.mouseClick(screen.picture.draw_button, Qt.MouseButton.LeftButton)
    for x, y in ((100, 60), (200, 60), (200, 180)):
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.mapFromScene(QPointF(x, y)))
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert screen.model.draft is not None
    (polygon,) = screen.model.draft.dont_care
    assert np.allclose(polygon, ((100, 60), (200, 60), (200, 180)), atol=1.0)
    drag(view.viewport(), view.mapFromScene(QPointF(200, 180)), view.mapFromScene(QPointF(240, 200)))
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    moved = screen.model.draft.dont_care[0][2]
    assert np.allclose(moved, (250.0, 200.0), atol=1.5)
    listed = answer(screen, qtbot, QDialogButtonBox.ButtonRole.AcceptRole)
    assert listed == ["don't-care areas none polygons: 1, points: 3"]
    qtbot.waitUntil(lambda: len(station.in_force().dont_care) == 1, timeout=LONG_MS)
    qtbot.waitUntil(lambda: not screen.model.changed, timeout=LONG_MS)
    view.setFocus()
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert screen.model.draft.dont_care == ()


def test_a_roi_by_keys_alone_and_nothing_left_to_inspect(screen: TuneScreen, qtbot: QtBot) -> None:
    archived(screen, qtbot)
    screen.picture.rectangle_button.setFocus()
    QTest.keyClick(screen.picture.rectangle_button, Qt.Key.Key_Space)
    view = screen.picture.view
    assert screen.model.draft is not None
    assert screen.model.draft.roi == (((80.0, 60.0), (240.0, 60.0), (240.0, 180.0), (80.0, 180.0)),)
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert screen.model.draft.roi[0][0] == (80.0, 59.0)
    assert screen.apply.isEnabled()
    screen.picture.drawn.emit(screen.model.draft.roi, (((0.0, 0.0), (320.0, 0.0), (320.0, 240.0), (0.0, 240.0)),))
    assert screen.status.text().startswith("ROI and don't-care areas leave nothing to inspect")
    assert not screen.apply.isEnabled()


def test_the_newest_picture_waits_while_somebody_draws(screen: TuneScreen, station: Bench, qtbot: QtBot) -> None:
    def shown() -> bool:
        station.show_part()
        return screen.picture.view.image_size == (WIDTH, HEIGHT)

    qtbot.waitUntil(shown, timeout=LONG_MS)
    seen = [screen.picture.following]
    screen.picture.view.begin(Sort.ROI)
    seen.append(screen.picture.following)
    QTest.keyClick(screen.picture.view, Qt.Key.Key_Escape)
    seen.append(screen.picture.following)
    screen.picture.held.click()
    assert [*seen, screen.picture.following] == [True, False, True, False]


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[None]:
    apply(qapp, LIGHT)
    yield
    qapp.setStyleSheet("")


@pytest.mark.usefixtures("dressed")
def test_everything_can_be_touched_and_has_a_name(screen: TuneScreen, qtbot: QtBot) -> None:
    screen.set_theme(LIGHT)
    qtbot.waitUntil(lambda: screen.apply.height() >= TOUCH)
    buttons = [widget for widget in screen.findChildren(QAbstractButton) if widget.isVisible()]
    fields = [widget for kind in (QComboBox, QAbstractSpinBox) for widget in screen.findChildren(kind) if widget.isVisible()]
    small = {widget.accessibleName() or type(widget).__name__ for widget in (*buttons, *fields) if widget.height() < TOUCH - 1}
    assert small == set()
    assert len(buttons) > 10
    assert all(button.width() >= button.sizeHint().width() for button in buttons)
    assert all(widget.accessibleName() for widget in (*fields, screen.picture.view))


def test_a_line_without_parts_says_what_to_do(tmp_path: Path, qtbot: QtBot) -> None:
    stock(tmp_path, parts=0, judged=0)
    with bench(tmp_path) as empty:
        for screen in opened(empty, qtbot):
            assert screen.panel.message.text().startswith("No scores of recipe ring on record.")
            assert screen.panel.table.text("escapes", 2) == "no part judged bad"
