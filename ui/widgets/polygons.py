"""A picture on which ROI and don't-care polygons are drawn, with the regions that proposed areas would let through."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QWidget

from ui.model.regions import Fate, Found
from ui.model.shapes import Polygons, Shape, ShapeEditor, Sort, shapes_of
from ui.theme import TOUCH
from ui.widgets.picture import PictureView

RIM = "#000000"  # under every line, so that it is seen on any ground
SHAPE_LOOKS = {Sort.ROI: ("#ffffff", Qt.PenStyle.SolidLine), Sort.DONT_CARE: ("#ffffff", Qt.PenStyle.DashLine)}
FATE_LOOKS = {
    Fate.IGNORED: ("#c8ccd0", 2.0, Qt.PenStyle.DotLine),
    Fate.COUNTS: ("#ffe14d", 2.0, Qt.PenStyle.SolidLine),
    Fate.REJECTS: ("#ff5a4f", 5.0, Qt.PenStyle.SolidLine),
}
HANDLE = 7.0  # half a point's square, screen pixels
NUDGES = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}


class PolygonView(PictureView):
    """Draws with the pointer, and with keys: arrows push a point (with Shift ten pixels), Page Up and Down select another, Insert puts one
    in, Delete takes it out, Enter closes what is drawn, Escape drops it."""

    edited = Signal()
    """Polygons have changed; ``editor`` has them."""
    settled = Signal()
    """A drag has ended."""
    mode_changed = Signal()
    """Something else is selected, or drawing has begun or ended."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.editor = ShapeEditor()
        self._regions: list[Found] = []
        self._pressed: QPointF | None = None
        self.setMouseTracking(True)
        self._pointer = QPointF()

    def show_polygons(self, roi: Polygons, dont_care: Polygons) -> None:
        """Other polygons, in pixels of the camera image."""
        shapes = shapes_of(roi, dont_care)
        if shapes != self.editor.shapes:
            self.editor.show(shapes)
            self._mode()

    def show_regions(self, regions: list[Found]) -> None:
        """Outlines of what stands above the region threshold, each by what becomes of it."""
        self._regions = regions
        self.viewport().update()

    def begin(self, sort: Sort) -> None:
        """Draw a polygon."""
        self._bound()
        self.editor.begin(sort)
        self._mode()
        self.setFocus()

    def add_rectangle(self, sort: Sort) -> None:
        """A rectangle in the middle of what is seen, to be pushed into place."""
        self._bound()
        seen = self.mapToScene(self.viewport().rect()).boundingRect().intersected(self.sceneRect())
        box = QRectF(0, 0, seen.width() / 2, seen.height() / 2)
        box.moveCenter(seen.center())
        self.editor.add_rectangle(sort, box.left(), box.top(), box.right(), box.bottom())
        self._changed()
        self.setFocus()

    def delete(self) -> None:
        """Take out what is selected."""
        self.editor.delete()
        self._changed()

    def finish(self) -> None:
        """Close what is drawn; where that is no polygon it is dropped."""
        if self.editor.close():
            self._changed()
        self._mode()

    def drop(self) -> None:
        """Draw no more, and select nothing."""
        self.editor.drop()
        self.editor.selected = self.editor.point = None
        self._mode()

    def _bound(self) -> None:
        self.editor.size = (float(self.image_size[0]), float(self.image_size[1]))

    def _changed(self) -> None:
        self.edited.emit()
        self._mode()

    def _mode(self) -> None:
        self.viewport().setCursor(Qt.CursorShape.CrossCursor if self.editor.drawing is not None else Qt.CursorShape.OpenHandCursor)
        self.viewport().update()
        self.mode_changed.emit()

    # ---- pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Takes hold of a point, or sets one; elsewhere the picture is dragged."""
        self._bound()
        place = self.mapToScene(event.position().toPoint())
        self._pressed = event.position()
        before = self.editor.shapes
        reach = TOUCH / 2 / max(1e-6, self.transform().m11())
        if event.button() is not Qt.MouseButton.LeftButton or not self.image_size[0] or not self.editor.press(place.x(), place.y(), reach):
            super().mousePressEvent(event)
        elif self.editor.shapes != before:
            self._changed()
        else:
            self._mode()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Pushes what is held."""
        place = self.mapToScene(event.position().toPoint())
        self._pointer = place
        if self.editor.drawing is not None:
            self.viewport().update()
        elif self.editor.drag(place.x(), place.y()):
            self.edited.emit()
            self.viewport().update()
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """A click beside all points selects the polygon around it."""
        if self.editor.drawing is not None:
            return
        if self.editor.release():
            self.settled.emit()
            return
        super().mouseReleaseEvent(event)
        if self._pressed is not None and (event.position() - self._pressed).manhattanLength() < 6:
            place = self.mapToScene(event.position().toPoint())
            self.editor.select_at(place.x(), place.y())
            self._mode()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Closes what is drawn."""
        if self.editor.drawing is not None:
            self.finish()
        else:
            super().mouseDoubleClickEvent(event)

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """What the class says; the rest as every picture."""
        key = Qt.Key(event.key())
        if key in NUDGES and self.editor.selected is not None:
            far = 10.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._bound()
            self.editor.nudge(NUDGES[key][0] * far, NUDGES[key][1] * far)
            self._changed()
            return
        action = {
            Qt.Key.Key_Return: self.finish,
            Qt.Key.Key_Enter: self.finish,
            Qt.Key.Key_Escape: self.drop,
            Qt.Key.Key_Delete: self.delete,
            Qt.Key.Key_Backspace: self.delete,
            Qt.Key.Key_PageDown: lambda: self._step(1),
            Qt.Key.Key_PageUp: lambda: self._step(-1),
            Qt.Key.Key_Insert: self.insert,
        }.get(key)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def _step(self, by: int) -> None:
        self.editor.step(by)
        self._mode()

    def insert(self) -> None:
        """Put a point in behind the selected one."""
        self.editor.insert()
        self._changed()

    # ---- painting, in pixels of the screen, so that lines and hatches keep their size

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:  # noqa: N802 - Qt's name
        """Dark where nothing is inspected, then regions, then polygons and their points."""
        del rect
        if not self.image_size[0]:
            return
        place = painter.worldTransform()
        painter.save()
        painter.setWorldTransform(QTransform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ignored(painter, place)
        for region in self._regions:
            outline = place.map(QPolygonF([QPointF(x, y) for x, y in region.outline]))
            _stroke(painter, outline, *FATE_LOOKS[region.fate])
        for index, shape in enumerate(self.editor.shapes):
            self._paint_shape(painter, place, index, shape)
        if self.editor.drawing:
            self._paint_drawing(painter, place, [QPointF(x, y) for x, y in self.editor.drawing])
        painter.restore()

    def _paint_ignored(self, painter: QPainter, place: QTransform) -> None:
        """By the polygons' own edges, finer than the map's pixels by which the line goes."""
        if not self.editor.shapes:
            return
        whole, roi, dont_care = QPainterPath(), QPainterPath(), QPainterPath()
        whole.addRect(QRectF(0, 0, *self.image_size))
        for shape in self.editor.shapes:
            path = QPainterPath()
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in (*shape.points, shape.points[0])]))
            if shape.sort is Sort.ROI:
                roi = roi.united(path)
            else:
                dont_care = dont_care.united(path)
        ignored = whole.subtracted(roi).united(dont_care) if not roi.isEmpty() else dont_care
        shown = place.map(ignored)
        painter.fillPath(shown, QColor(0, 0, 0, 120))
        painter.fillPath(shown, QBrush(QColor(255, 255, 255, 90), Qt.BrushStyle.FDiagPattern))

    def _paint_shape(self, painter: QPainter, place: QTransform, index: int, shape: Shape) -> None:
        colour, style = SHAPE_LOOKS[shape.sort]
        chosen = index == self.editor.selected
        points = [place.map(QPointF(x, y)) for x, y in shape.points]
        _stroke(painter, QPolygonF(points), colour, 3.0 if chosen else 2.0, style)
        for at, point in enumerate(points):
            _square(painter, point, HANDLE + 3 if chosen and at == self.editor.point else HANDLE - 3 * (not chosen), chosen)
        if chosen:
            centre = place.map(QPointF(*shape.centre))
            painter.setPen(QPen(QColor(RIM), 2))
            painter.setBrush(QColor(colour))
            painter.drawEllipse(centre, HANDLE + 2, HANDLE + 2)
        word = self.tr("ROI") if shape.sort is Sort.ROI else self.tr("don't care")
        _write(painter, points[0] + QPointF(10, -8), word)

    def _paint_drawing(self, painter: QPainter, place: QTransform, points: list[QPointF]) -> None:
        path = [place.map(point) for point in (*points, self._pointer)]
        for colour, width in ((RIM, 4.0), ("#ffffff", 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawPolyline(QPolygonF(path))
        for point in path[:-1]:
            _square(painter, point, HANDLE, True)


def _stroke(painter: QPainter, outline: QPolygonF, colour: str, width: float, style: Qt.PenStyle) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(RIM), width + 2.0))
    painter.drawPolygon(outline)
    painter.setPen(QPen(QColor(colour), width, style))
    painter.drawPolygon(outline)


def _square(painter: QPainter, point: QPointF, half: float, filled: bool) -> None:
    painter.setPen(QPen(QColor(RIM), 2))
    painter.setBrush(QColor("#ffffff" if filled else "#9aa0a6"))
    painter.drawRect(QRectF(point.x() - half, point.y() - half, 2 * half, 2 * half))


def _write(painter: QPainter, point: QPointF, word: str) -> None:
    box = painter.fontMetrics().boundingRect(word).adjusted(-4, -2, 4, 2).translated(point.toPoint())
    painter.fillRect(box, QColor(0, 0, 0, 170))
    painter.setPen(QColor("#ffffff"))
    painter.drawText(point, word)
