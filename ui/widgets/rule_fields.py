"""Spin boxes for thresholds and areas."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QDoubleSpinBox, QGridLayout, QLabel, QWidget

from ui.model.tune import Rules

MOST_PX = 100_000_000.0
USUAL_PX = 100.0  # where a reject area begins that nobody has set before
DIGITS = 4


class RuleFields(QWidget):
    """One spin box a key, its name above it. What nobody has touched keeps all its digits, whatever the box shows."""

    edited = Signal(str, object)
    """The key, and its new value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QDoubleSpinBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)

    def _add(self, key: str, word: str, tip: str, box: QDoubleSpinBox) -> QLabel:
        column = len(self.boxes)
        label = QLabel(word, self)
        label.setBuddy(box)
        box.setAccessibleName(word.replace("&", ""))
        box.setToolTip(tip)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(lambda value: self.edited.emit(key, value))
        self._grid.addWidget(label, 0, column)
        self._grid.addWidget(box, 1, column)
        self._grid.setColumnStretch(column, 1)
        self.boxes[key] = box
        return label

    def _show(self, key: str, value: float) -> None:
        box = self.boxes[key]
        if round(value, box.decimals()) != box.value():
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)


def _score_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox(decimals=DIGITS, minimum=0.0, maximum=1.0, singleStep=0.005)
    box.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
    return box


def _area_box(least: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox(decimals=1, minimum=least, maximum=MOST_PX, suffix=" px")
    box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    return box


class ThresholdFields(RuleFields):
    """Accept and reject threshold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tip = self.tr("A part is accepted only below this score.")
        self._add("accept_threshold", self.tr("Acce&pt threshold"), tip, _score_box())
        tip = self.tr("At or above this score a part is rejected; between the two it is for review.")
        self._add("reject_threshold", self.tr("Rejec&t threshold"), tip, _score_box())

    def show_rules(self, rules: Rules) -> None:
        """The values proposed."""
        self._show("accept_threshold", rules.accept_threshold)
        self._show("reject_threshold", rules.reject_threshold)


class AreaFields(RuleFields):
    """Region threshold, minimum area, and the reject area, which can be off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tip = self.tr("Map value from which a pixel belongs to a region.")
        self._add("region_threshold", self.tr("Re&gion threshold"), tip, _score_box())
        self._add("minimum_area_px", self.tr("&Minimum area"), self.tr("Smaller regions count for nothing."), _area_box(0.0))
        tip = self.tr("A region of this area rejects the part whatever its score.")
        self._add("reject_area_px", self.tr("Reject area"), tip, _area_box(0.1)).hide()
        self._last_limit = USUAL_PX
        self.limited = QCheckBox(self.tr("Re&ject area"), self)
        self.limited.setToolTip(tip)
        self.limited.setMinimumHeight(0)
        self.limited.toggled.connect(self._limit)
        self._grid.addWidget(self.limited, 0, 2)

    def show_rules(self, rules: Rules) -> None:
        """The values proposed."""
        self._show("region_threshold", rules.region_threshold)
        self._show("minimum_area_px", rules.minimum_area_px)
        on = rules.reject_area_px is not None
        box = self.boxes["reject_area_px"]
        box.setEnabled(on)
        box.setSpecialValueText("" if on else self.tr("off"))
        self.limited.blockSignals(True)
        self.limited.setChecked(on)
        self.limited.blockSignals(False)
        self._show("reject_area_px", box.minimum() if rules.reject_area_px is None else rules.reject_area_px)
        self._last_limit = rules.reject_area_px or self._last_limit

    def _limit(self, on: bool) -> None:
        """Back on, it is what it was last."""
        value = max(self._last_limit, self.boxes["minimum_area_px"].value())
        self.edited.emit("reject_area_px", value if on else None)
