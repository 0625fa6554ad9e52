"""The verdict, to be read from three metres: colour, word and symbol."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.model.live import Banner, Kind
from ui.theme import DARK, Theme
from ui.widgets.symbols import draw_kind
from ui.words import kind_word, reason_word


class BannerWidget(QWidget):
    """Shows a ``Banner``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._banner = Banner(Kind.OFFLINE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(120)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    @property
    def kind(self) -> Kind:
        """What it shows."""
        return self._banner.kind

    def show_banner(self, banner: Banner) -> None:
        """Paints only where something has changed."""
        if banner != self._banner:
            self._banner = banner
            self.setAccessibleName(f"{self.word()}. {self.detail()}")
            self.update()

    def word(self) -> str:
        """What stands on it in large letters."""
        word = kind_word(self._banner.kind)
        return f"{word} ×{self._banner.recent}" if self._banner.recent > 1 else word

    def detail(self) -> str:
        """Why, in small letters."""
        part = self._banner.part
        if part is None:
            return ""
        said = [f"#{part.get('trigger_count', part['n'])}"]
        said += [reason_word(str(part["reason"]))] if part.get("reason") not in (None, "none") else []
        said += [] if part.get("score") is None else [f"{part['score']:.3f}"]
        return " · ".join(said)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as there is room."""
        return QSize(380, 132)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Symbol at the left, word and reason beside it."""
        del event
        ground, ink = self._theme.kinds[self._banner.kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(ground))
        size = self.height() * 0.5
        draw_kind(painter, self._banner.kind, QRectF(24, (self.height() - size) / 2, size, size), ink)
        painter.setPen(QColor(ink))
        left, width = round(48 + size), round(self.width() - size - 60)
        detail = self.detail()
        share = 0.62 if detail else 1.0
        self._write(painter, self.word(), QRectF(left, 0, width, self.height() * share), 0.44, QFont.Weight.Bold, not detail)
        if detail:
            self._write(painter, detail, QRectF(left, self.height() * 0.58, width, self.height() * 0.34), 0.17, QFont.Weight.Normal, False)
        painter.end()

    def _write(self, painter: QPainter, text: str, box: QRectF, share: float, weight: QFont.Weight, middle: bool) -> None:
        """As large as fits, never cut."""
        font = QFont(self.font())
        font.setWeight(weight)
        size = round(self.height() * share)
        font.setPixelSize(size)
        painter.setFont(font)
        while size > 10 and painter.fontMetrics().horizontalAdvance(text) > box.width():
            size -= 2
            font.setPixelSize(size)
            painter.setFont(font)
        place = Qt.AlignmentFlag.AlignVCenter if middle else Qt.AlignmentFlag.AlignBottom
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | place, text)
