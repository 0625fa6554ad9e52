"""A part's score against the thresholds, on a bar from 0 to 1."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.model.live import Kind
from ui.theme import DARK, Theme

TRACK = 16  # px


class ScoreBar(QWidget):
    """Score as a bar, thresholds as labelled ticks; the space beyond the accept threshold is hatched."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._score: float | None = None
        self._thresholds: tuple[float | None, float | None] = (None, None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("score"))

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def show_score(self, score: float | None, accept: float | None, reject: float | None) -> None:
        """Score and thresholds, each 0..1 or None."""
        if (score, (accept, reject)) != (self._score, self._thresholds):
            self._score, self._thresholds = score, (accept, reject)
            said = self.tr("none") if score is None else f"{score:.3f}"
            self.setAccessibleDescription(self.tr("score {score}, accepted below {accept}").format(score=said, accept=_text(accept)))
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ticks above, bar, figures below."""
        return QSize(360, 64)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The bar is grey: its colour says nothing that its length does not."""
        del event
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(8, 24, self.width() - 16, TRACK)
        painter.fillRect(track, QColor(theme.raised))
        accept = self._thresholds[0]
        if accept is not None:
            beyond = QRectF(track.left() + accept * track.width(), track.top(), (1 - accept) * track.width(), track.height())
            painter.fillRect(beyond, QColor(theme.line))
        if self._score is not None:
            painter.fillRect(QRectF(track.left(), track.top() + 3, self._score * track.width(), TRACK - 6), QColor(self._colour()))
        painter.setPen(QPen(QColor(theme.text), 2))
        for threshold in self._thresholds:
            if threshold is not None:
                at = track.left() + threshold * track.width()
                painter.drawLine(round(at), 18, round(at), round(track.bottom()) + 4)
        self._write(painter, track)
        painter.end()

    def _colour(self) -> str:
        beyond = self._thresholds[0] is not None and self._score is not None and self._score >= self._thresholds[0]
        return self._theme.kinds[Kind.REJECT][0] if beyond else self._theme.dim

    def _write(self, painter: QPainter, track: QRectF) -> None:
        accept, reject = self._thresholds
        painter.setPen(QColor(self._theme.dim))
        above, below = QRectF(track.left(), 0, track.width(), 18), QRectF(track.left(), track.bottom() + 4, track.width(), 20)
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft, self.tr("score {value}").format(value=_text(self._score)))
        said = self.tr("accepted below {accept}").format(accept=_text(accept))
        if reject is not None and reject != accept:
            said = self.tr("accepted below {accept}, rejected from {reject}").format(accept=_text(accept), reject=_text(reject))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, said)


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
