"""A picture with its anomaly map over it and outlines where the map stands above the threshold; wheel, pinch, pan, 1:1, fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPainterPath, QPen, QPolygonF, QResizeEvent, QTouchEvent, QWheelEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsScene, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from ui.model.picture import Map, Pixels, View, coloured, contours
from ui.widgets.touch import TOUCHES, Fingers

STEP = 1.25  # one notch of the wheel
LARGEST = 64.0  # screen pixels a picture's pixel
Array = NDArray[np.uint8] | NDArray[np.uint32]
OUTLINES = ("#000000", "#ffe14d")  # a dark rim under a bright line is seen on any ground


class PixelItem(QGraphicsItem):
    """Paints an array as it is: the QImage is a view of the array's memory, which is kept with it."""

    def __init__(self) -> None:
        super().__init__()
        self._array: Array | None = None
        self._image = QImage()
        self._box = QRectF()
        self.smooth = True

    def show_array(self, array: Array | None, width: float, height: float) -> None:
        """uint8 (H, W, 3) or (H, W, 4) BGR, uint8 (H, W) grey, or uint32 (H, W) premultiplied ARGB, over ``width`` x ``height``."""
        box = QRectF(0.0, 0.0, width, height)
        if box != self._box:
            self.prepareGeometryChange()
            self._box = box
        self._array = array if array is None or array.flags.c_contiguous else array.copy()
        self._image = QImage() if self._array is None else image_of(self._array)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """In pixels of the camera image."""
        return self._box

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Only what is to be seen; smooth when shrunk, sharp pixels when enlarged."""
        del option, widget
        if self._image.isNull():
            return
        scale = painter.worldTransform().m11() * self._box.width() / self._image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth and (scale < 2.0 or self._image.width() <= 256))
        painter.drawImage(self._box, self._image)


def image_of(array: Array) -> QImage:
    """A QImage over the array's own memory: the array must live as long."""
    height, width = array.shape[:2]
    return QImage(array.data, width, height, array.strides[0], _form(array))


def _form(array: Array) -> QImage.Format:
    if array.itemsize == 4:
        return QImage.Format.Format_ARGB32_Premultiplied
    if array.ndim == 2:
        return QImage.Format.Format_Grayscale8
    return QImage.Format.Format_RGB32 if array.shape[2] == 4 else QImage.Format.Format_BGR888


class PictureView(QGraphicsView):
    """One picture. The scene's units are pixels of the camera image, whatever the resolution shown."""

    clicked = Signal(float, float)
    """Where, in pixels of the camera image."""
    moved = Signal()
    """Zoom or place have changed by hand."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setScene(QGraphicsScene(self))
        self.image_item, self.map_item, self._under, self._outline = PixelItem(), PixelItem(), QGraphicsPathItem(), QGraphicsPathItem()
        for item in (self.image_item, self.map_item, self._under, self._outline):
            self.scene().addItem(item)
        for item, colour, width in ((self._under, OUTLINES[0], 4.0), (self._outline, OUTLINES[1], 2.0)):
            pen = QPen(QColor(colour), width)
            pen.setCosmetic(True)
            item.setPen(pen)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.BoundingRectViewportUpdate)
        self._fingers = Fingers(self.viewport(), self.pinch)
        self._fitted = True
        self._size = (0, 0)
        self._map: Map | None = None
        self._look = ("inferno", 0.6, 0.5)

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the camera image; (0, 0) without one."""
        return self._size

    def show_image(self, image: Pixels | None, width: int = 0, height: int = 0) -> None:
        """The picture; ``width`` and ``height`` are the camera image's where it is shown smaller."""
        size = (0, 0) if image is None else (width or image.shape[1], height or image.shape[0])
        self.image_item.show_array(image, *size)
        if size != self._size:
            self._size = size
            self.scene().setSceneRect(QRectF(0, 0, *size))
            if self._fitted:
                self.fit()
        if image is None:
            self.show_map(None)

    def show_map(self, anomaly_map: Map | None) -> None:
        """The map over the picture; None: none."""
        self._map = anomaly_map
        self._paint_map()

    def show_view(self, view: View | None) -> None:
        """Picture and map of one camera."""
        if view is None:
            self.show_image(None)
        else:
            self.show_image(view.image, view.width, view.height)
            self.show_map(view.anomaly_map)

    def look(self, colour_map: str, opacity: float, threshold: float | None) -> None:
        """How the map is laid over: name of the colours, 0..1, and the threshold of the outlines (None: no outlines)."""
        wanted = (colour_map, opacity, 2.0 if threshold is None else threshold)
        if wanted != self._look:
            self._look = wanted
            self._paint_map()

    def _paint_map(self) -> None:
        colour_map, opacity, threshold = self._look
        shown = None if self._map is None or opacity <= 0.0 else coloured(self._map, colour_map, opacity)
        self.map_item.show_array(shown, *self._size)
        path = QPainterPath()
        if self._map is not None and threshold <= 1.0 and self._size[0]:
            for outline in contours(self._map, threshold, *self._size):
                path.addPolygon(QPolygonF([QPointF(x, y) for x, y in outline]))
                path.closeSubpath()
        self._under.setPath(path)
        self._outline.setPath(path)

    # ---- zoom

    def fit(self) -> None:
        """The whole picture."""
        self._fitted = True
        if self._size[0]:
            self.fitInView(QRectF(0, 0, *self._size), Qt.AspectRatioMode.KeepAspectRatio)

    def actual_size(self) -> None:
        """One pixel of the camera image on one of the screen."""
        self.zoom_to(1.0 / self.devicePixelRatioF())

    def zoom_to(self, scale: float) -> None:
        """So many logical screen pixels a pixel."""
        self._fitted = False
        centre = self.mapToScene(self.viewport().rect().center())
        self.resetTransform()
        self.scale(scale, scale)
        self.centerOn(centre)
        self.moved.emit()

    def zoom_by(self, factor: float) -> None:
        """Nearer (above 1) or farther."""
        now = self.transform().m11()
        wanted = min(LARGEST, max(0.02, now * factor))
        self._fitted = False
        self.scale(wanted / now, wanted / now)
        self.moved.emit()

    def zoom_in_place(self, factor: float) -> None:
        """Nearer (above 1) or farther around the view's middle, wherever the pointer is."""
        anchor = self.transformationAnchor()
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.zoom_by(factor)
        self.setTransformationAnchor(anchor)

    def pinch(self, factor: float, before: QPointF, now: QPointF) -> None:
        """Nearer or farther, with what was at ``before`` brought to ``now``, both in pixels of the view."""
        if not self._size[0]:
            return
        held = self.mapToScene(before.toPoint())
        anchor = self.transformationAnchor()
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.zoom_by(factor)
        self.setTransformationAnchor(anchor)
        off = self.mapFromScene(held) - now.toPoint()
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + off.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + off.y())
        self.moved.emit()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Fingers first."""
        if isinstance(event, QTouchEvent) and event.type() in TOUCHES:
            if event.type() == QEvent.Type.TouchBegin:
                self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._fingers.take(event)
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom where the pointer is."""
        self.zoom_by(STEP ** (event.angleDelta().y() / 120.0))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """+ and - zoom, 0 fits, 1 shows 1:1; arrows pan."""
        actions = {
            Qt.Key.Key_Plus: lambda: self.zoom_by(STEP),
            Qt.Key.Key_Equal: lambda: self.zoom_by(STEP),
            Qt.Key.Key_Minus: lambda: self.zoom_by(1 / STEP),
            Qt.Key.Key_0: self.fit,
            Qt.Key.Key_1: self.actual_size,
        }
        action = actions.get(Qt.Key(event.key()))
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """A fitted picture stays fitted."""
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
