"""Pictures that zoom and pan together, with a box around what is pointed at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from ui.widgets.picture import OUTLINES, PictureView

Box = tuple[float, float, float, float]
SHARE = 0.3  # of the view that a box takes once it is centred
NEAREST = 16.0  # screen pixels a picture's pixel: a box of few pixels is still seen among its surroundings


class LinkedPicture(PictureView):
    """A picture that can take over another one's zoom and place."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._marks = [QGraphicsPathItem(), QGraphicsPathItem()]
        for item, colour, width in zip(self._marks, OUTLINES, (4.0, 2.0), strict=True):
            pen = QPen(QColor(colour), width, Qt.PenStyle.SolidLine if colour == OUTLINES[0] else Qt.PenStyle.DashLine)
            pen.setCosmetic(True)
            item.setPen(pen)
            self.scene().addItem(item)

    @property
    def fitted(self) -> bool:
        """Whether the whole picture is shown, however large the view."""
        return self._fitted

    @property
    def place(self) -> tuple[float, int, int]:
        """Zoom, and where the view's left upper corner lies."""
        return self.transform().m11(), self.horizontalScrollBar().value(), self.verticalScrollBar().value()

    def follow(self, other: LinkedPicture) -> None:
        """Show what ``other`` shows, as near; both views are of one size."""
        if other.fitted:
            self.fit()
            return
        self._fitted = False
        self.setTransform(other.transform())
        self.horizontalScrollBar().setValue(other.horizontalScrollBar().value())
        self.verticalScrollBar().setValue(other.verticalScrollBar().value())

    def mark(self, box: Box | None) -> None:
        """A box (x, y, w, h) in pixels of the camera image; None: none."""
        path = QPainterPath()
        if box is not None:
            path.addRect(QRectF(*box))
        for item in self._marks:
            item.setPath(path)

    def centre(self, box: Box) -> None:
        """Zoom to a box and put it in the middle."""
        x, y, width, height = box
        room = self.viewport().rect()
        near = min(room.width() * SHARE / max(width, 1.0), room.height() * SHARE / max(height, 1.0), NEAREST)
        self.zoom_to(max(near, self._whole()))
        self.centerOn(x + width / 2.0, y + height / 2.0)
        self.moved.emit()

    def _whole(self) -> float:
        """The scale at which the whole picture fits."""
        width, height = self.image_size
        return min(self.viewport().width() / max(width, 1), self.viewport().height() / max(height, 1))


class Linkage:
    """Keeps pictures at one zoom and place, whichever is moved."""

    def __init__(self, pictures: Sequence[LinkedPicture]) -> None:
        self._pictures = tuple(pictures)
        self._busy = False
        for picture in self._pictures:
            picture.moved.connect(lambda picture=picture: self.lead(picture))
            for bar in (picture.horizontalScrollBar(), picture.verticalScrollBar()):
                bar.valueChanged.connect(lambda _value, picture=picture: self._dragged(picture))

    def lead(self, leader: LinkedPicture) -> None:
        """The others show what ``leader`` shows."""
        if self._busy:
            return
        self._busy = True
        try:
            for picture in self._pictures:
                if picture is not leader:
                    picture.follow(leader)
        finally:
            self._busy = False

    def _dragged(self, picture: LinkedPicture) -> None:
        if not picture.fitted:
            self.lead(picture)
