"""The scores of the last parts against the thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.model.live import TREND, Kind
from ui.theme import DARK, Theme
from ui.widgets.plots import make_plot

_LOOKS = {Kind.ACCEPT: ("o", 5), Kind.REVIEW: ("t1", 11), Kind.REJECT: ("x", 12), Kind.MISSED: ("d", 12)}


class TrendWidget(QWidget):
    """One point a part: accepted ones small and grey, the others each with a shape of their own; missed parts stand at the top."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("trend of the last {count} scores").format(count=TREND))
        self._plot = make_plot(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._plot.setYRange(0.0, 1.05, padding=0)
        self._plot.setXRange(-TREND, 2, padding=0)
        self._line = self._plot.plot()
        self._points = {kind: pg.ScatterPlotItem(symbol=symbol, size=size, pen=None) for kind, (symbol, size) in _LOOKS.items()}
        self._thresholds = [pg.InfiniteLine(angle=0), pg.InfiniteLine(angle=0)]
        for item in (*self._points.values(), *self._thresholds):
            self._plot.addItem(item)
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._plot.setBackground(theme.panel)
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(theme.dim)
            axis.setTextPen(theme.dim)
        self._plot.setLabel("bottom", self.tr("parts ago"), color=theme.dim)
        self._plot.setLabel("left", self.tr("score"), color=theme.dim)
        self._line.setPen(pg.mkPen(theme.line, width=1))
        for kind, item in self._points.items():
            item.setBrush(theme.dim if kind is Kind.ACCEPT else theme.kinds[kind][0])
        for line in self._thresholds:
            line.setPen(pg.mkPen(theme.text, width=1, style=Qt.PenStyle.DashLine))

    def show_scores(self, scores: Sequence[float], kinds: Sequence[Kind], thresholds: tuple[float | None, float | None]) -> None:
        """Scores 0..1 (NaN: none), oldest first, the last at the right edge."""
        x = np.arange(1 - len(scores), 1)
        values = np.asarray(scores, np.float64)
        self._line.setData(x, values, connect="finite")
        for kind, item in self._points.items():
            chosen = np.array([k is kind for k in kinds], np.bool_)
            shown = np.where(np.isfinite(values), values, 1.0)
            item.setData(x[chosen], shown[chosen]) if chosen.any() else item.setData([], [])
        for line, threshold in zip(self._thresholds, thresholds, strict=True):
            line.setVisible(threshold is not None and math.isfinite(threshold))
            if threshold is not None:
                line.setValue(threshold)
