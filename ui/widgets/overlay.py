"""How the map is laid over the picture: opacity, colours, outlines; and the picture's zoom."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from ui.model.picture import COLOUR_MAPS
from ui.widgets.picture import STEP


class OverlayControls(QWidget):
    """``changed`` tells (name of the colours, opacity 0..1, outlines or not)."""

    changed = Signal(str, float, bool)
    fit = Signal()
    actual_size = Signal()
    zoom = Signal(float)
    """A factor: nearer above 1, else farther."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.opacity.setFixedWidth(110)
        self.opacity.setAccessibleName(self.tr("opacity of the anomaly map"))
        self.opacity.setToolTip(self.tr("Opacity of the anomaly map"))
        self.colours = QComboBox()
        self.colours.addItems(list(COLOUR_MAPS))
        self.colours.setAccessibleName(self.tr("colours of the anomaly map"))
        self.outlines = QCheckBox(self.tr("&Outlines"))
        self.outlines.setChecked(True)
        self.outlines.setToolTip(self.tr("Outline where the map is above the region threshold"))
        label = QLabel(self.tr("&Map"))
        label.setBuddy(self.opacity)
        fit, actual = QPushButton(self.tr("&Fit")), QPushButton("1:1")
        fit.setToolTip(self.tr("Show the whole picture (0)"))
        actual.setToolTip(self.tr("One pixel of the camera on one of the screen (1)"))
        actual.setShortcut(QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_1))
        nearer, farther = QPushButton("+"), QPushButton("−")
        nearer.setAccessibleName(self.tr("Nearer"))
        nearer.setToolTip(self.tr("Nearer (+ or wheel)"))
        farther.setAccessibleName(self.tr("Farther"))
        farther.setToolTip(self.tr("Farther (- or wheel)"))
        for widget in (label, self.opacity, self.colours, self.outlines):
            layout.addWidget(widget)
        for button in (farther, nearer, fit, actual):
            layout.addWidget(button)
        nearer.clicked.connect(lambda _checked: self.zoom.emit(STEP))
        farther.clicked.connect(lambda _checked: self.zoom.emit(1 / STEP))
        fit.clicked.connect(self.fit)
        actual.clicked.connect(self.actual_size)
        self.opacity.valueChanged.connect(self._tell)
        self.colours.currentIndexChanged.connect(self._tell)
        self.outlines.toggled.connect(self._tell)

    @property
    def look(self) -> tuple[str, float, bool]:
        """As ``changed`` tells it."""
        return self.colours.currentText(), self.opacity.value() / 100.0, self.outlines.isChecked()

    def _tell(self, *_value: object) -> None:
        self.changed.emit(*self.look)
