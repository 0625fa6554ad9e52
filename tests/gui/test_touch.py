"""Fingers on a picture, and targets that are large enough for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDateTimeEdit, QDoubleSpinBox, QPushButton, QSpinBox, QStyle, QStyleOptionSpinBox
from pytestqt.qtbot import QtBot

from ui.model.label import Painter
from ui.model.shapes import Sort
from ui.theme import DARK, TOUCH, apply
from ui.widgets.canvas import PaintCanvas
from ui.widgets.label_tools import ToolPanel
from ui.widgets.overlay import OverlayControls
from ui.widgets.picture import STEP, PictureView
from ui.widgets.polygons import PolygonView

DEVICE = QTest.createTouchDevice()
IMAGE = np.full((400, 400, 3), 90, np.uint8)
LEFT = Qt.MouseButton.LeftButton


def fingers(view: PictureView, *steps: tuple[QPoint, ...]) -> None:
    """One or two fingers go down, move, and go up."""
    window, down = view.viewport(), 0
    for places in (*steps, ()):
        touch = QTest.touchEvent(window, DEVICE, False)
        for number, place in enumerate(places):
            (touch.move if number < down else touch.press)(number, place, window)
        for number in range(len(places), down):
            touch.release(number, steps[-1][number], window)
        down = len(places)
        touch.commit()


def shown(view: PictureView, qtbot: QtBot) -> None:
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show_image(IMAGE)
    with qtbot.waitExposed(view):
        view.show()


@pytest.fixture
def canvas(qtbot: QtBot) -> PaintCanvas:
    canvas = PaintCanvas("canvas")
    canvas.show_painter(Painter(400, 400))
    shown(canvas, qtbot)
    return canvas


def test_two_fingers_zoom_where_they_are_and_paint_nothing(canvas: PaintCanvas) -> None:
    canvas.zoom_to(2.0)
    before = canvas.mapToScene(QPoint(150, 150))
    fingers(
        canvas,
        (QPoint(100, 150),),
        (QPoint(100, 150), QPoint(200, 150)),
        (QPoint(50, 150), QPoint(250, 150)),
        (QPoint(80, 170), QPoint(280, 170)),
    )
    assert canvas.transform().m11() == pytest.approx(4.0)
    after = canvas.mapToScene(QPoint(180, 170))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1.0)
    assert not canvas.painter.mask.pixels.any()


def test_one_finger_paints(canvas: PaintCanvas) -> None:
    fingers(canvas, (QPoint(100, 100),), (QPoint(120, 100),), (QPoint(160, 100),))
    y, x = (round(value) for value in (canvas.mapToScene(QPoint(130, 100)).y(), canvas.mapToScene(QPoint(130, 100)).x()))
    assert canvas.painter.mask.pixels[y, x] == 1
    assert not canvas.painter.painting
    canvas.painter.clear()
    fingers(canvas, (QPoint(50, 50),))
    assert canvas.painter.mask.pixels.any()


def test_the_hand_pushes_the_picture_and_paints_nothing(canvas: PaintCanvas) -> None:
    canvas.zoom_to(4.0)
    canvas.use_hand()
    before = canvas.mapToScene(QPoint(0, 0))
    fingers(canvas, (QPoint(200, 200),), (QPoint(180, 192),), (QPoint(160, 180),))
    after = canvas.mapToScene(QPoint(0, 0))
    assert (after.x() - before.x(), after.y() - before.y()) == pytest.approx((10.0, 5.0), abs=0.5)
    assert not canvas.painter.mask.pixels.any()


def test_a_double_tap_closes_a_polygon(qtbot: QtBot) -> None:
    view = PolygonView("view")
    shown(view, qtbot)
    view.begin(Sort.ROI)
    for place in (QPoint(100, 100), QPoint(300, 100), QPoint(200, 300), QPoint(200, 300)):
        fingers(view, (place,))
    assert view.editor.drawing is None
    assert len(view.editor.polygons(Sort.ROI)[0]) == 3


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[None]:
    before = qapp.styleSheet()
    apply(qapp, DARK)
    yield
    qapp.setStyleSheet(before)


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("kind", [QSpinBox, QDoubleSpinBox, QDateTimeEdit])
def test_arrows_of_a_box_can_be_touched(qtbot: QtBot, kind: type[QSpinBox | QDoubleSpinBox | QDateTimeEdit]) -> None:
    box = kind()
    qtbot.addWidget(box)
    box.show()
    option = QStyleOptionSpinBox()
    box.initStyleOption(option)
    for arrow in (QStyle.SubControl.SC_SpinBoxUp, QStyle.SubControl.SC_SpinBoxDown):
        found = box.style().subControlRect(QStyle.ComplexControl.CC_SpinBox, option, arrow, box)
        assert found.width() >= TOUCH
        assert found.height() * 2 >= box.height() - 1
        assert found.intersected(box.lineEdit().geometry()).width() <= 1  # the border between them


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("controls", [OverlayControls, ToolPanel])
def test_plus_and_minus_zoom(qtbot: QtBot, controls: type[OverlayControls | ToolPanel]) -> None:
    panel = controls()
    qtbot.addWidget(panel)
    panel.show()
    told: list[float] = []
    (panel.zoom if isinstance(panel, OverlayControls) else panel.zoom_wanted).connect(told.append)
    buttons = {button.text(): button for button in panel.findChildren(QPushButton)}
    for text in "+−":
        QTest.mouseClick(buttons[text], LEFT)
        assert min(buttons[text].width(), buttons[text].height()) >= TOUCH
        assert buttons[text].accessibleName()
    assert told == pytest.approx([STEP, 1 / STEP])
