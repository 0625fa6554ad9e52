"""Scores as bars, with thresholds that can be dragged. Each sort of part has a look of its own, so that nobody needs to see colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from ui.model.effects import Bars
from ui.theme import DARK, TOUCH, Theme
from ui.widgets.plots import make_plot

LOWEST = 0.5  # where the count axis begins in logarithms: a bar of one part still has a height
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """How bars are painted."""

    pen: QPen
    brush: QBrush


def looks(theme: Theme) -> dict[str, Look]:
    """Nobody has judged: plain; good: dotted with a thin line; bad: hatched with a thick line."""
    ink, bad = QColor(theme.text), QColor(theme.severities["failure"])
    return {
        "unknown": Look(QPen(Qt.PenStyle.NoPen), QBrush(QColor(theme.line))),
        "good": Look(QPen(ink, 1.5), QBrush(ink, Qt.BrushStyle.Dense6Pattern)),
        "bad": Look(QPen(bad, 2.5), QBrush(bad, Qt.BrushStyle.BDiagPattern)),
    }


def dotted(theme: Theme) -> QPixmap:
    """The line of a threshold in force, for the legend."""
    pixmap = QPixmap(8, 20)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QPen(QColor(theme.text), 1.5, Qt.PenStyle.DotLine))
    painter.drawLine(4, 0, 4, 20)
    painter.end()
    return pixmap


def swatch(look: Look, width: int = 26, height: int = 20) -> QPixmap:
    """A bar's look, for the legend."""
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(look.pen)
    painter.setBrush(look.brush)
    painter.drawRect(2, 2, width - 4, height - 4)
    painter.end()
    return pixmap


def _powers(most: float) -> list[list[tuple[float, str]]]:
    """Ticks of a logarithmic axis: a number at each power of ten, a stroke at each whole multiple."""
    powers = range(int(np.log10(most)) + 1)
    named = [(float(power), str(10**power)) for power in powers]
    return [named, [(power + float(np.log10(times)), "") for power in powers for times in range(2, 10)]]


class BarsItem(QGraphicsItem):
    """Bars of one look, painted in pixels of the screen: a pattern drawn in the plot's own units would be stretched with them."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look(QPen(), QBrush())
        self._boxes: list[QRectF] = []
        self._around = QRectF()

    def show_bars(self, edges: Floats, heights: Floats, ground: float) -> None:
        """``edges`` (bins + 1,) and ``heights`` (bins,) in the plot's units; bars no higher than ``ground`` are left out."""
        self.prepareGeometryChange()
        there = np.flatnonzero(heights > ground)
        self._boxes = [QRectF(edges[i], ground, edges[i + 1] - edges[i], heights[i] - ground) for i in there]
        top = max(float(heights.max(initial=ground)), ground)
        self._around = QRectF(edges[0], ground, edges[-1] - edges[0], top - ground)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """In the plot's units."""
        return self._around

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Each bar in its look."""
        del option, widget
        place = painter.worldTransform()
        painter.save()
        painter.setWorldTransform(QTransform())
        painter.setPen(self.look.pen)
        painter.setBrush(self.look.brush)
        for box in self._boxes:
            painter.drawRect(place.mapRect(box))
        painter.restore()


class ScoreHistogram(QWidget):
    """Bars of ``Bars`` with an accept and a reject line to drag; thin lines stand where the thresholds in force are."""

    dragged = Signal(str, float)
    """``accept_threshold`` or ``reject_threshold``, and where it stands now."""
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logarithmic = False
        self._bars: Bars | None = None
        self.plot = make_plot(self)
        self.plot.setMinimumHeight(140)
        self.plot.getPlotItem().setContentsMargins(0, 10, 8, 0)  # the uppermost number of an axis is half above it
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._items = {name: BarsItem() for name in ("unknown", "good", "bad")}
        for item in self._items.values():
            self.plot.addItem(item, ignoreBounds=True)
        self._forced = [pg.InfiniteLine(angle=90, movable=False) for _ in range(2)]
        self.lines = {
            "accept_threshold": self._line("accept_threshold", self.tr("accept"), 0.94),
            "reject_threshold": self._line("reject_threshold", self.tr("reject"), 0.82),
        }
        for line in (*self._forced, *self.lines.values()):
            self.plot.addItem(line, ignoreBounds=True)
        self.plot.getAxis("bottom").enableAutoSIPrefix(False)
        self.plot.getAxis("bottom").setLabel(self.tr("score"))
        self.plot.getAxis("left").setLabel(self.tr("parts"))
        self.setAccessibleName(self.tr("Histogram of scores with accept and reject threshold"))
        self.set_theme(DARK)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As large as there is room."""
        return QSize(600, 260)

    def _line(self, key: str, word: str, height: float) -> pg.InfiniteLine:
        options = {"position": height, "movable": False, "anchors": [(0, 0.5), (1, 0.5)]}
        line = pg.InfiniteLine(angle=90, movable=True, label=word, labelOpts=options)
        line.sigDragged.connect(lambda: self._dragged(key))
        line.sigPositionChangeFinished.connect(self._released)
        return line

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.plot.setBackground(theme.panel)
        for name, look in looks(theme).items():
            self._items[name].look = look
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(theme.dim)
            self.plot.getAxis(side).setTextPen(theme.text)
        touched = QColor(theme.focus)
        touched.setAlpha(70)
        styles = {"accept_threshold": Qt.PenStyle.SolidLine, "reject_threshold": Qt.PenStyle.DashLine}
        for key, line in self.lines.items():
            line.setPen(pg.mkPen(theme.text, width=3, style=styles[key]))
            line.setHoverPen(pg.mkPen(touched, width=TOUCH))  # as wide as what can be taken hold of
            line.label.setColor(theme.text)
            line.label.fill = pg.mkBrush(theme.raised)
        for forced in self._forced:
            forced.setPen(pg.mkPen(theme.text, width=1.5, style=Qt.PenStyle.DotLine))
        self.plot.update()

    def show_bars(self, bars: Bars) -> None:
        """Other parts."""
        self._bars = bars
        self._draw()

    def show_logarithmic(self, wanted: bool) -> None:
        """Whether the count axis is in logarithms, so that few bad parts are seen beside many good ones."""
        self._logarithmic = wanted
        self._draw()

    def show_thresholds(self, forced: tuple[float, float], drafted: tuple[float, float]) -> None:
        """Accept and reject threshold in force, and proposed."""
        for line, value in zip(self._forced, forced, strict=True):
            line.setValue(value)
        for line, value in zip(self.lines.values(), drafted, strict=True):
            line.blockSignals(True)
            line.setValue(value)
            line.blockSignals(False)
        accept, reject = drafted
        self.lines["accept_threshold"].setBounds((0.0, max(accept, reject)))
        self.lines["reject_threshold"].setBounds((min(accept, reject), 1.0))

    def _released(self, _line: pg.InfiniteLine) -> None:
        self.released.emit()

    def _dragged(self, key: str) -> None:
        self.dragged.emit(key, float(self.lines[key].value()))

    def _draw(self) -> None:
        bars = self._bars
        if bars is None:
            return
        ground = float(np.log10(LOWEST)) if self._logarithmic else 0.0
        for name, item in self._items.items():
            counts = np.asarray(getattr(bars, name), np.float64)
            item.show_bars(bars.edges, np.log10(np.maximum(counts, LOWEST)) if self._logarithmic else counts, ground)
        most = max(1.0, float(bars.most))
        top = float(np.log10(most)) + 0.1 if self._logarithmic else most * 1.05
        self.plot.getAxis("left").setTicks(_powers(most) if self._logarithmic else None)
        self.plot.setXRange(0.0, min(1.0, float(bars.edges[-1]) * 1.02), padding=0.01)
        self.plot.setYRange(ground, top, padding=0.0)
