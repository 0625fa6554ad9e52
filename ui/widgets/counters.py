"""Counters of this run of the line, and the yield of each hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QDateTime, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QWidget

from ui.model.live import Counters, Kind
from ui.theme import DARK, Theme

HOURS = 12


class CountersWidget(QFrame):
    """Total, accepted, rejected, missed, late, yield."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        layout = QGridLayout(self)
        layout.setVerticalSpacing(0)
        self._figures: dict[str, QLabel] = {}
        names = (
            ("triggers", self.tr("parts")), ("good", self.tr("yield")), ("rejected", self.tr("rejected")),
            ("review", self.tr("of them review")), ("missed", self.tr("missed")), ("late", self.tr("of them late")),
        )  # fmt: skip
        for place, (name, word) in enumerate(names):
            figure, label = QLabel("–"), QLabel(word)
            figure.setProperty("role", "figure")
            figure.setAccessibleName(word)
            label.setProperty("role", "dim")
            column, row = divmod(place, 2)
            layout.addWidget(figure, 2 * row, column)
            layout.addWidget(label, 2 * row + 1, column)
            self._figures[name] = figure

    def show_counters(self, counters: Counters) -> None:
        """New figures."""
        for name, label in self._figures.items():
            value = getattr(counters, name)
            text = "–" if value is None else f"{100 * value:.1f} %" if name == "good" else f"{value:,}".replace(",", "\u202f")
            if label.text() != text:
                label.setText(text)


class HoursWidget(QWidget):
    """Yield by hour: a bar an hour, what was not accepted on top of it in the colours of its kind; figures below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._hours: list[Mapping[str, Any]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("yield by hour"))

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.update()

    def show_hours(self, hours: Sequence[Mapping[str, Any]]) -> None:
        """As ``history.hours`` tells them, oldest first."""
        self._hours = list(hours)[-HOURS:]
        told = [f"{_hour(h)} {_yield(h):.1f} %" for h in self._hours]
        self.setAccessibleDescription(", ".join(told))
        self.setToolTip("\n".join(told))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Bars and two rows of figures."""
        return QSize(360, 92)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The newest hour at the right."""
        del event
        painter = QPainter(self)
        if not self._hours:
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("no parts on record yet"))
        else:
            width = self.width() / HOURS
            for place, hour in enumerate(self._hours):
                left = self.width() - (len(self._hours) - place) * width
                self._bar(painter, QRectF(left + 2, 2, width - 4, self.height() - 4), hour)
        painter.end()

    def _bar(self, painter: QPainter, box: QRectF, hour: Mapping[str, Any]) -> None:
        theme = self._theme
        parts = max(1, int(hour["parts"]))
        bottom, height = box.bottom() - 34, box.height() - 34
        for name, colour in (("accepted", theme.line), ("rejected", theme.kinds[Kind.REJECT][0]), ("missed", theme.kinds[Kind.MISSED][0])):
            share = height * int(hour[name]) / parts
            painter.fillRect(QRectF(box.left(), bottom - share, box.width(), share), QColor(colour))
            bottom -= share
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        for up, colour, text in ((32, theme.text, f"{_yield(hour):.0f} %"), (16, theme.dim, _hour(hour))):
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(box.left() - 2, box.bottom() - up, box.width() + 4, 15), Qt.AlignmentFlag.AlignCenter, text)


def _yield(hour: Mapping[str, Any]) -> float:
    return 100.0 * int(hour["accepted"]) / max(1, int(hour["parts"]))


def _hour(hour: Mapping[str, Any]) -> str:
    """Local time of the hour."""
    utc = QDateTime.fromString(str(hour["hour_utc"]), Qt.DateFormat.ISODate)
    return utc.toLocalTime().toString("HH") + "h"
