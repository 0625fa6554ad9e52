"""The tools beside the canvas: which one, how large, what is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QGridLayout, QLabel, QPushButton, QSlider, QSpinBox, QVBoxLayout, QWidget

from ui.model.label import Tool
from ui.model.strokes import LARGEST, SMALLEST
from ui.theme import GAP
from ui.widgets.picture import STEP


class ToolPanel(QWidget):
    """Tells what somebody chooses; shows what is chosen."""

    tool_chosen = Signal(object)
    """A ``Tool``."""
    size_chosen = Signal(int)
    opacity_chosen = Signal(float)
    map_wanted = Signal(bool)
    fit_wanted = Signal()
    actual_wanted = Signal()
    pan_chosen = Signal()
    zoom_wanted = Signal(float)
    """A factor: nearer above 1, else farther."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[Tool, QPushButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self._add_tools(column)
        self._add_size(column)
        self._add_shown(column)
        column.addStretch(1)

    def _add_tools(self, column: QVBoxLayout) -> None:
        texts = {
            Tool.BRUSH: (self.tr("Brush"), self.tr("Paint the chosen class (B)")),
            Tool.ERASER: (self.tr("Eraser"), self.tr("Paint back to normal (E)")),
            Tool.POLYGON: (self.tr("Polygon"), self.tr("Click the corners, Enter closes, Escape drops (P)")),
            Tool.BOX: (self.tr("Box"), self.tr("Draw a box around a defect: its mask is proposed (X)")),
            Tool.CLICK: (self.tr("Click"), self.tr("Click on a defect: its mask is proposed (C)")),
        }
        for tool, (text, hint) in texts.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(hint)
            button.clicked.connect(lambda _checked=False, tool=tool: self.tool_chosen.emit(tool))
            self._group.addButton(button)
            self.buttons[tool] = button
            column.addWidget(button)
        self.buttons[Tool.BRUSH].setChecked(True)
        self.pan = QPushButton(self.tr("Pan"))
        self.pan.setCheckable(True)
        self.pan.setToolTip(self.tr("Push the picture about (H, or space and drag)"))
        self.pan.clicked.connect(lambda _checked: self.pan_chosen.emit())
        self._group.addButton(self.pan)
        column.addWidget(self.pan)

    def _add_size(self, column: QVBoxLayout) -> None:
        self.size_box = QSpinBox()
        self.size_box.setRange(SMALLEST, LARGEST)
        self.size_box.setSuffix(self.tr(" px"))
        self.size_box.setAccessibleName(self.tr("Size of brush and eraser in pixels"))
        self.size_box.setToolTip(self.tr("[ and ] change it"))
        self.size_box.valueChanged.connect(self.size_chosen)
        label = QLabel(self.tr("&Size"))
        label.setBuddy(self.size_box)
        column.addSpacing(GAP)
        column.addWidget(label)
        column.addWidget(self.size_box)

    def _add_shown(self, column: QVBoxLayout) -> None:
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(50)
        self.opacity.setAccessibleName(self.tr("Opacity of the marks"))
        self.opacity.valueChanged.connect(lambda value: self.opacity_chosen.emit(value / 100.0))
        label = QLabel(self.tr("&Opacity"))
        label.setBuddy(self.opacity)
        self.map = QCheckBox(self.tr("Show &map"))
        self.map.setToolTip(self.tr("Lay the anomaly map over the picture (M)"))
        self.map.toggled.connect(self.map_wanted)
        fit, actual = QPushButton(self.tr("Fit")), QPushButton(self.tr("1:1"))
        fit.setToolTip(self.tr("The whole picture (0)"))
        actual.setToolTip(self.tr("One pixel on one of the screen (1)"))
        fit.clicked.connect(self.fit_wanted)
        actual.clicked.connect(self.actual_wanted)
        nearer, farther = QPushButton("+"), QPushButton("−")
        nearer.setAccessibleName(self.tr("Nearer"))
        nearer.setToolTip(self.tr("Nearer (+ or wheel)"))
        farther.setAccessibleName(self.tr("Farther"))
        farther.setToolTip(self.tr("Farther (- or wheel)"))
        nearer.clicked.connect(lambda _checked: self.zoom_wanted.emit(STEP))
        farther.clicked.connect(lambda _checked: self.zoom_wanted.emit(1 / STEP))
        row = QGridLayout()
        row.addWidget(farther, 1, 0)
        row.addWidget(nearer, 1, 1)
        row.addWidget(fit, 0, 0)
        row.addWidget(actual, 0, 1)
        column.addSpacing(GAP)
        for widget in (label, self.opacity, self.map):
            column.addWidget(widget)
        column.addLayout(row)

    def show_tool(self, tool: Tool) -> None:
        """Which one is in the hand."""
        self.buttons[tool].setChecked(True)

    def show_pan(self) -> None:
        """The hand that pushes the picture."""
        self.pan.setChecked(True)

    def show_size(self, size: int) -> None:
        """Of brush and eraser."""
        self.size_box.blockSignals(True)
        self.size_box.setValue(size)
        self.size_box.blockSignals(False)
