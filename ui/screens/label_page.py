"""The label screen's page: what stands where."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.screens.base import Screen, Shared
from ui.screens.label_texts import LabelTexts
from ui.theme import GAP
from ui.widgets.canvas import PaintCanvas
from ui.widgets.class_list import ClassList
from ui.widgets.label_lists import EntryList, ListSwitch
from ui.widgets.label_strip import LabelStrip
from ui.widgets.label_tools import ToolPanel

SIDE = 320  # px


class LabelPage(Screen):
    """Tools at the left, classes and lists at the right, the canvas between them; below it what is to be decided, and the actions."""

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self.texts = LabelTexts(shared, self)
        self._build()

    def _build(self) -> None:
        self.tools, self.classes, self.strip = ToolPanel(), ClassList(), LabelStrip()
        self.canvas = PaintCanvas(self.tr("Picture to paint on"))
        self.waiting = EntryList(self.tr("Parts to label"), self.texts.nothing_waits())
        self.made = EntryList(self.tr("Labels made"), self.texts.nothing_made())
        self.lists = ListSwitch(((self.tr("To label"), self.waiting), (self.tr("Labelled"), self.made)))
        self.notice = QLabel()
        self.notice.setProperty("role", "error")
        self.notice.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(GAP, GAP, GAP, GAP)
        grid.setSpacing(GAP)
        grid.addLayout(self._head(), 0, 0, 1, 3)
        grid.addWidget(_panel(self.tools), 1, 0, 3, 1)
        grid.addWidget(self.canvas, 1, 1)
        grid.addWidget(self.strip, 2, 1)
        grid.addLayout(self._actions(), 3, 1)
        grid.addLayout(self._side(), 1, 2, 3, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(1, 1)

    def _head(self) -> QHBoxLayout:
        self.heading = QLabel()
        self.heading.setProperty("role", "title")
        self.heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail = QLabel()
        self.detail.setProperty("role", "dim")
        self.views = QComboBox()
        self.views.setAccessibleName(self.tr("View"))
        self.previous = QPushButton(self.tr("Previous"))
        self.next = QPushButton(self.tr("Next"))
        self.previous.setToolTip(self.tr("The part before (K)"))
        self.next.setToolTip(self.tr("The next part (J)"))
        row = QHBoxLayout()
        row.addWidget(self.heading)
        row.addWidget(self.detail, 1)
        for widget in (self.views, self.previous, self.next):
            row.addWidget(widget)
        return row

    def _actions(self) -> QHBoxLayout:
        self.undo = _button(self.tr("Undo"), self.tr("Ctrl+Z"))
        self.redo = _button(self.tr("Redo"), self.tr("Ctrl+Shift+Z"))
        self.clear = _button(self.tr("Clear"), self.tr("Everything normal; Undo brings it back"))
        self.good = _button(self.tr("Nothing wrong here"), self.tr("Save that this picture has no defect"))
        self.save = _button(self.tr("Save"), self.tr("Ctrl+S"))
        self.save.setProperty("role", "main")
        row = QHBoxLayout()
        for widget in (self.undo, self.redo, self.clear):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.good)
        row.addWidget(self.save)
        return row

    def _side(self) -> QVBoxLayout:
        title = QLabel(self.tr("Defect class"))
        title.setProperty("role", "title")
        column = QVBoxLayout()
        column.addWidget(self.notice)
        column.addWidget(title)
        column.addWidget(self.classes, 2)
        column.addWidget(self.lists, 3)
        for widget in (self.notice, self.classes, self.lists):
            widget.setFixedWidth(SIDE)
        return column


def _button(text: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hint)
    return button


def _panel(widget: QWidget) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "panel")
    box = QVBoxLayout(frame)
    box.setContentsMargins(GAP, GAP, GAP, GAP)
    box.addWidget(widget)
    return frame
