"""The picture one paints on: pointer and keys become points for the ``Painter``, what it changes is repainted, and nothing else."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsView, QWidget

from ui.model.label import Effect, Painter, Tool
from ui.model.strokes import Point
from ui.widgets.mask_item import MaskItem
from ui.widgets.picture import OUTLINES, PictureView

NEAR = 12.0  # screen pixels: a click so near to the polygon's first point closes it
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
FAR = 10  # pixels an arrow moves with Shift


class PaintCanvas(PictureView):
    """A picture under a mask. Space and the middle button pan; arrows move a cross-hair, and Insert presses where it is."""

    worked = Signal()
    """Something was painted, sketched, taken or dropped."""
    proposal_wanted = Signal(object)
    """For a ``Mark``."""
    dropped = Signal()
    """Whatever was sketched, proposed or waited for."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.painter = Painter(1, 1)
        self._opacity = 0.5
        self._marks, self._proposal = MaskItem(), MaskItem()
        self._sketch = (_line(OUTLINES[0], 4.0), _line(OUTLINES[1], 2.0))
        self._pointer = (_line(OUTLINES[0], 3.0), _line("#ffffff", 1.0))
        for item in (self._marks, self._proposal, *self._sketch, *self._pointer):
            self.scene().addItem(item)
        self.setDragMode(QGraphicsView.DragMode.NoDrag)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._pan_from: QPoint | None = None
        self._space = self._hand = False
        self._at: Point = (0.0, 0.0)
        self._pen_down = False

    # ---- what is shown

    def show_painter(self, painter: Painter) -> None:
        """Paint on this from now on; its picture is shown by ``show_image``."""
        self.painter = painter
        self._pen_down = False
        self._at = painter.mask.size[0] / 2, painter.mask.size[1] / 2
        self._marks.show_marks(painter.mask.pixels, self._opacity)
        self.refresh()

    def refresh(self) -> None:
        """Everything over the picture anew."""
        self._marks.update()
        self._show_proposal()
        self._show_sketch()
        self._show_pointer()

    def set_opacity(self, opacity: float) -> None:
        """Of the marks' fill, 0..1."""
        self._opacity = opacity
        self._marks.show_marks(self.painter.mask.pixels, opacity)

    def take(self, effect: Effect) -> None:
        """Repaint what was changed, pass on what is wanted."""
        if effect.dirty is not None and not effect.dirty.empty:
            self._marks.changed(effect.dirty, self.transform().m11())
        if effect.sketched:
            self._show_sketch()
            self._show_proposal()
        if effect.mark is not None:
            self.proposal_wanted.emit(effect.mark)
        self.worked.emit()

    def _show_proposal(self) -> None:
        proposal = self.painter.proposal
        marks = None if proposal is None else proposal.where.astype(np.uint8) * np.uint8(self.painter.number)
        self._proposal.show_marks(marks, None)

    def _show_sketch(self) -> None:
        path = QPainterPath()
        points = [QPointF(*point) for point in self.painter.points]
        if points and self.painter.tool is Tool.BOX:
            path.addRect(QRectF(points[0], points[1]).normalized())
        elif points:
            reach = 4.0 / self.transform().m11()
            path.moveTo(points[0])
            for point in points[1:]:
                path.lineTo(point)
            for point in points:
                path.addRect(QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach))
        for item in self._sketch:
            item.setPath(path)

    def _show_pointer(self) -> None:
        """A brush's rim where it would paint; a cross-hair for the other tools."""
        path = QPainterPath()
        if self.painter.tool in (Tool.BRUSH, Tool.ERASER):
            reach = self.painter.size / 2
            path.addEllipse(QPointF(*self._at), reach, reach)
        if self.painter.tool not in (Tool.BRUSH, Tool.ERASER) or self.painter.size * self.transform().m11() < 8:
            x, y = self._at
            reach = 10.0 / self.transform().m11()
            path.moveTo(x - reach, y)
            path.lineTo(x + reach, y)
            path.moveTo(x, y - reach)
            path.lineTo(x, y + reach)
        for item in self._pointer:
            item.setPath(path)
            item.setVisible(not self._panning and self.image_size[0] > 0)

    # ---- the pointer

    @property
    def _panning(self) -> bool:
        return self._space or self._hand or self._pan_from is not None

    def _point(self, event: QMouseEvent) -> Point:
        found = self.viewportTransform().inverted()[0].map(event.position())
        return found.x(), found.y()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """The tool goes down; the middle button, or any with space or the hand, pans."""
        if event.button() == Qt.MouseButton.MiddleButton or self._space or self._hand:
            self._pan_from = event.position().toPoint()
            self._set_cursor()
        elif event.button() == Qt.MouseButton.LeftButton and self.image_size[0]:
            self._at = self._point(event)
            self._press()

    def _press(self) -> None:
        if self._closes_polygon():
            self.take(self.painter.enter())
        else:
            self.take(self.painter.press(self._at))

    def _closes_polygon(self) -> bool:
        points = self.painter.points
        if self.painter.tool is not Tool.POLYGON or len(points) < 3:
            return False
        x, y = points[0]
        return max(abs(self._at[0] - x), abs(self._at[1] - y)) * self.transform().m11() <= NEAR

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Pan, or paint on."""
        if self._pan_from is not None:
            here = event.position().toPoint()
            self._pan_by(here - self._pan_from)
            self._pan_from = here
            return
        self._at = self._point(event)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.take(self.painter.drag(self._at))
        self._show_pointer()

    def _pan_by(self, way: QPoint) -> None:
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - way.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() - way.y())
        self.moved.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """The stroke ends."""
        if self._pan_from is not None:
            self._pan_from = None
            self._set_cursor()
        elif event.button() == Qt.MouseButton.LeftButton and not self._pen_down:
            self.take(self.painter.release())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Two presses in a row are two presses."""
        self.mousePressEvent(event)

    def _zoomed(self) -> None:
        self._show_sketch()
        self._show_pointer()

    def zoom_by(self, factor: float) -> None:
        """Nearer (above 1) or farther; handles and pointer keep their size on the screen."""
        super().zoom_by(factor)
        self._zoomed()

    def zoom_to(self, scale: float) -> None:
        """So many logical screen pixels a pixel."""
        super().zoom_to(scale)
        self._zoomed()

    def fit(self) -> None:
        """The whole picture."""
        super().fit()
        self._zoomed()

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter takes or closes, Escape drops, Backspace takes a point back, space pans, arrows and Insert paint without a mouse."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            self._space = True
            self._set_cursor()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take(self.painter.enter())
        elif key == Qt.Key.Key_Escape:
            self.drop()
        elif key == Qt.Key.Key_Backspace:
            self.take(self.painter.back())
        elif key in ARROWS:
            self._step(ARROWS[key], FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif key in (Qt.Key.Key_Insert, Qt.Key.Key_I):
            self._press_by_key()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Space goes up."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._set_cursor()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """A key let go elsewhere is not held for ever."""
        self._space = False
        self._set_cursor()
        super().focusOutEvent(event)

    def drop(self) -> None:
        """Proposal, sketch, a pen put down by key."""
        if self._pen_down:
            self._press_by_key()
        self.take(self.painter.escape())
        self.dropped.emit()

    def _step(self, way: tuple[int, int], pixels: int) -> None:
        width, height = self.image_size
        x, y = self._at[0] + way[0] * pixels, self._at[1] + way[1] * pixels
        self._at = min(max(x, 0.0), width - 0.5), min(max(y, 0.0), height - 0.5)
        if self._pen_down:
            self.take(self.painter.drag(self._at))
        self.ensureVisible(QRectF(*self._at, 1, 1), 40, 40)
        self._show_pointer()

    def _press_by_key(self) -> None:
        """Brush, eraser and box go down and, pressed again, up; the others press once."""
        if not self.image_size[0]:
            return
        if self._pen_down:
            self._pen_down = False
            self.take(self.painter.release())
        else:
            self._press()
            self._pen_down = self.painter.tool in (Tool.BRUSH, Tool.ERASER, Tool.BOX)

    def _set_cursor(self) -> None:
        hand = Qt.CursorShape.ClosedHandCursor if self._pan_from is not None else Qt.CursorShape.OpenHandCursor
        self.viewport().setCursor(hand if self._panning else Qt.CursorShape.CrossCursor)
        self._show_pointer()

    def use(self, tool: Tool) -> None:
        """Take another tool."""
        self._pen_down = self._hand = False
        self.painter.use(tool)
        self._set_cursor()
        self.take(Effect(sketched=True))

    def use_hand(self) -> None:
        """Push the picture about instead of painting, until another tool is taken."""
        if self._pen_down:
            self._press_by_key()
        self._hand = True
        self._set_cursor()

    def set_size(self, size: int) -> None:
        """Of brush and eraser, in pixels."""
        self.painter.size = size
        self._show_pointer()


def _line(colour: str, width: float) -> QGraphicsPathItem:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    item = QGraphicsPathItem()
    item.setPen(pen)
    item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    return item
