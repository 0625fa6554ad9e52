"""Charts by pyqtgraph, as this program's screens want them."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget


def make_plot(parent: QWidget) -> pg.PlotWidget:
    """A chart without menus and buttons, which the mouse does not move. pyqtgraph makes its menus without a parent: they get one here, so
    that they end with the chart."""
    plot = pg.PlotWidget(parent, enableMenu=False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    menu: QMenu = plot.getPlotItem().ctrlMenu
    for each in (*(action.menu() for action in menu.actions()), menu):
        if isinstance(each, QMenu):
            each.setParent(parent, each.windowFlags())
    return plot
