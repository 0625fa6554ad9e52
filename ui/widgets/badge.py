"""A verdict in one line: its ground, symbol and word. Colour never stands alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.model.live import Kind
from ui.theme import DARK, TOUCH, Theme
from ui.widgets.symbols import draw_kind
from ui.words import kind_word

PAD = 10


class Badge(QWidget):
    """Shows one kind of verdict; nothing before it is told which."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._kind: Kind | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def show_kind(self, kind: Kind | None) -> None:
        """None: nothing."""
        self._kind = kind
        self.setAccessibleName("" if kind is None else kind_word(kind))
        self.setVisible(kind is not None)
        self.updateGeometry()
        self.update()

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(20)
        font.setBold(True)
        return font

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its word."""
        probe = QPixmap(1, 1)
        painter = QPainter(probe)
        painter.setFont(self._font())
        width = painter.fontMetrics().horizontalAdvance("" if self._kind is None else kind_word(self._kind))
        painter.end()
        return QSize(width + 3 * PAD + 22, TOUCH)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Symbol, then word."""
        del event
        if self._kind is None:
            return
        ground, ink = self._theme.kinds[self._kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(ground))
        painter.setPen(QColor(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        draw_kind(painter, self._kind, QRectF(PAD, (self.height() - 22) / 2, 22, 22), ink)
        painter.setFont(self._font())
        painter.setPen(QColor(ink))
        painter.drawText(self.rect().adjusted(2 * PAD + 22, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, kind_word(self._kind))
        painter.end()


def badge_icon(kind: Kind, theme: Theme, size: int = 26) -> QIcon:
    """Symbol on its ground, for rows of a table."""
    ground, ink = theme.kinds[kind]
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(ground))
    painter.setPen(QColor(ground))
    painter.drawRoundedRect(QRectF(0.5, 0.5, size - 1, size - 1), 4, 4)
    draw_kind(painter, kind, QRectF(6, 6, size - 12, size - 12), ink)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # else Qt tints it with the selection's colour
    return icon
