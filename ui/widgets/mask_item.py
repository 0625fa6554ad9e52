"""A mask over a picture, painted at the screen's resolution: only what is to be seen is ever turned into colours."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from ui.model.patterns import CELL, FAINT, Argb, Window, colour_of, outlined, pattern_of, rendered
from ui.model.strokes import Marks, Rect

RIM = 3.0  # screen pixels around a change that its outline may need


class MaskItem(QGraphicsItem):
    """Shows uint8 (H, W) marks, whose memory it shares: after painting into them, ``changed`` repaints that rectangle."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # tells the exposed rectangle
        self._marks: Marks | None = None
        self._box = QRectF()
        self._opacity: float | None = 0.5

    def show_marks(self, marks: Marks | None, opacity: float | None) -> None:
        """``opacity`` of the fill, 0..1; None shows them as a proposal, by a broken line."""
        box = QRectF() if marks is None else QRectF(0.0, 0.0, marks.shape[1], marks.shape[0])
        if box != self._box:
            self.prepareGeometryChange()
            self._box = box
        self._marks, self._opacity = marks, opacity
        self.update()

    def changed(self, dirty: Rect, scale: float) -> None:
        """Repaint these pixels; ``scale``: screen pixels a pixel."""
        rim = RIM / scale
        self.update(QRectF(dirty.x, dirty.y, dirty.w, dirty.h).adjusted(-rim, -rim, rim, rim))

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """In pixels of the image."""
        return self._box

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """What is exposed."""
        del widget
        if self._marks is None:
            return
        ratio = painter.device().devicePixelRatioF()
        place = painter.worldTransform()
        exposed = place.mapRect(option.exposedRect)
        x, y = math.floor(exposed.left() * ratio), math.floor(exposed.top() * ratio)
        w, h = math.ceil(exposed.right() * ratio) - x, math.ceil(exposed.bottom() * ratio) - y
        window = Window(x, y, w, h, place.dx() * ratio, place.dy() * ratio, place.m11() * ratio)
        pixels = self._pixels(self._marks, window) if w > 0 and h > 0 else None
        if pixels is not None:
            image = _image(pixels)
            image.setDevicePixelRatio(ratio)
            painter.save()
            painter.resetTransform()
            painter.drawImage(QPointF(x / ratio, y / ratio), image)
            painter.restore()

    def _pixels(self, marks: Marks, window: Window) -> Argb | None:
        return outlined(marks, window) if self._opacity is None else rendered(marks, window, self._opacity)


def _image(pixels: Argb) -> QImage:
    height, width = pixels.shape
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_ARGB32_Premultiplied)


def class_icon(number: int, side: int = 28) -> QIcon:
    """A class's pattern in its colour, with a rim."""
    colour = QColor(colour_of(number))
    faint = QColor(colour)
    faint.setAlphaF(FAINT)
    pixmap = QPixmap(side, side)
    pixmap.fill(QColor("#101010"))
    painter = QPainter(pixmap)
    painter.fillRect(2, 2, side - 4, side - 4, faint)
    cells = np.tile(pattern_of(number), (side // CELL + 1, side // CELL + 1))[: side - 4, : side - 4]
    for y, x in np.argwhere(cells).tolist():
        painter.fillRect(x + 2, y + 2, 1, 1, colour)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # else a chosen row's colour would lie over it
    return icon
