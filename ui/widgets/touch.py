"""Fingers on a picture: one is the mouse, two zoom and pan."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QLineF, QPointF, Qt
from PySide6.QtGui import QEventPoint, QMouseEvent, QTouchEvent
from PySide6.QtWidgets import QApplication, QWidget

SLACK = 6.0  # px: so far a finger moves before it is more than a tap, and may still become one of two
TOUCHES = (QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd, QEvent.Type.TouchCancel)
Pinched = Callable[[float, QPointF, QPointF], None]


class Fingers:
    """Turns the touch events of ``widget`` into mouse events and pinches. A pinch never begins with a press: nothing is painted by it."""

    def __init__(self, widget: QWidget, pinched: Pinched) -> None:
        """``pinched`` is told the factor of the distance, and the middle of both fingers before and now, in pixels of the widget."""
        widget.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self._widget = widget
        self._pinched = pinched
        self._begun: QPointF | None = None
        self._last = QPointF()
        self._pressed = False
        self._pinching = False
        self._pair: QLineF | None = None
        self._tapped = (float("-inf"), QPointF())

    def take(self, event: QTouchEvent) -> None:
        """Takes care of the event."""
        event.accept()
        down = [point.position() for point in event.points() if point.state() is not QEventPoint.State.Released]
        if event.type() == QEvent.Type.TouchCancel:
            self._let_go()
            self._begun, self._pinching = None, False
        elif len(down) > 1:
            self._two(QLineF(down[0], down[1]))
        elif down and not self._pinching:
            self._one(down[0])
        elif not down:
            self._lifted()
        if len(down) < 2:
            self._pair = None

    def _two(self, pair: QLineF) -> None:
        self._let_go()
        self._begun, self._pinching = None, True
        if self._pair is not None and self._pair.length() >= 1.0:
            self._pinched(pair.length() / self._pair.length(), self._pair.center(), pair.center())
        self._pair = pair

    def _one(self, place: QPointF) -> None:
        self._last = place
        if self._begun is None:
            self._begun = place
        elif not self._pressed and (place - self._begun).manhattanLength() >= SLACK:
            self._pressed = True
            self._send(QEvent.Type.MouseButtonPress, self._begun)
        if self._pressed:
            self._send(QEvent.Type.MouseMove, place)

    def _lifted(self) -> None:
        if self._begun is not None and not self._pressed:
            self._tap(self._begun)
        self._let_go()
        self._begun, self._pinching = None, False

    def _tap(self, place: QPointF) -> None:
        now = time.monotonic()
        when, where = self._tapped
        again = now - when < QApplication.doubleClickInterval() / 1000.0 and (place - where).manhattanLength() < 4 * SLACK
        self._tapped = (float("-inf") if again else now, place)
        self._pressed = True
        self._send(QEvent.Type.MouseButtonDblClick if again else QEvent.Type.MouseButtonPress, place)

    def _let_go(self) -> None:
        if self._pressed:
            self._pressed = False
            self._send(QEvent.Type.MouseButtonRelease, self._last)

    def _send(self, kind: QEvent.Type, place: QPointF) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        everywhere = self._widget.mapToGlobal(place)
        QApplication.sendEvent(self._widget, QMouseEvent(kind, place, everywhere, button, held, Qt.KeyboardModifier.NoModifier))
