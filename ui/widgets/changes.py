"""The changes of rules in words, and the question before they take effect."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from ui.model.shapes import Polygons
from ui.model.tune import KEYS, Change
from ui.theme import GAP
from ui.widgets.effects import number
from ui.words import QT_TRANSLATE_NOOP

Value = float | Polygons | None
_NAMES = dict(
    zip(
        KEYS,
        (
            QT_TRANSLATE_NOOP("Rules", "accept threshold"),
            QT_TRANSLATE_NOOP("Rules", "reject threshold"),
            QT_TRANSLATE_NOOP("Rules", "region threshold"),
            QT_TRANSLATE_NOOP("Rules", "minimum area"),
            QT_TRANSLATE_NOOP("Rules", "reject area"),
            QT_TRANSLATE_NOOP("Rules", "ROI"),
            QT_TRANSLATE_NOOP("Rules", "don't-care areas"),
        ),
        strict=True,
    )
)


def rule_name(key: str) -> str:
    """What people call a key of the rules."""
    return QCoreApplication.translate("Rules", _NAMES[key])


def rule_value(key: str, value: Value) -> str:
    """A value of a key, with its unit."""
    if value is None:
        return QCoreApplication.translate("Rules", "off")
    if isinstance(value, tuple):
        return _polygons(value)
    if key.endswith("_px"):
        return QCoreApplication.translate("Rules", "{area} px").format(area=number(value, 1 if value % 1 else 0))
    return number(value, 4)


def change_texts(change: Change) -> tuple[str, str, str]:
    """What changes, its old and its new value; polygons that only moved say so."""
    old, new = (rule_value(change.key, value) for value in (change.old, change.new))
    if old == new:
        new = QCoreApplication.translate("Rules", "{polygons}, moved").format(polygons=new)
    return rule_name(change.key), old, new


def _polygons(value: Polygons) -> str:
    if not value:
        return QCoreApplication.translate("Rules", "none")
    points = sum(len(polygon) for polygon in value)
    return QCoreApplication.translate("Rules", "polygons: {count}, points: {points}").format(count=len(value), points=points)


class ChangesDialog(QDialog):
    """Lists changes, old and new, and asks whether to apply them."""

    def __init__(self, recipe: str, changes: tuple[Change, ...], warnings: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Apply changes"))
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * GAP)
        text = self.tr("Recipe {recipe} becomes a new version. It decides from the next part on.")
        layout.addWidget(wrapped(text.format(recipe=recipe)))
        layout.addWidget(self._table(changes))
        for warning in warnings:
            layout.addWidget(wrapped(warning, "error"))
        self.listed = [" ".join(change_texts(change)) for change in changes]
        self.buttons = buttons = QDialogButtonBox(self)
        apply = buttons.addButton(self.tr("&Apply"), QDialogButtonBox.ButtonRole.AcceptRole)
        apply.setProperty("role", "main")
        back = buttons.addButton(self.tr("&Back"), QDialogButtonBox.ButtonRole.RejectRole)
        back.setDefault(True)  # Enter alone changes nothing at the line
        apply.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setMinimumWidth(560)

    def _table(self, changes: tuple[Change, ...]) -> QFrame:
        frame = QFrame(self)
        frame.setProperty("role", "panel")
        grid = QGridLayout(frame)
        grid.setHorizontalSpacing(24)
        for column, word in enumerate((self.tr("what"), self.tr("old"), self.tr("new"))):
            grid.addWidget(_label(word, "dim"), 0, column)
        for row, change in enumerate(changes, 1):
            for column, text in enumerate(change_texts(change)):
                grid.addWidget(_label(text), row, column)
        return frame


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    return label


def wrapped(text: str, role: str = "") -> QLabel:
    """A label of as many lines as it needs."""
    label = _label(text, role)
    label.setWordWrap(True)
    return label
