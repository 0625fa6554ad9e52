"""What stands against the line, by NE 107 class, with acknowledge (noted) and confirm (looked into)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui.theme import DARK, Theme
from ui.widgets.symbols import severity_icon
from ui.words import severity_word


class ConditionRow(QFrame):
    """One condition."""

    acknowledged = Signal(str)
    confirmed = Signal(str)

    def __init__(self, condition: dict[str, Any], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        name, severity = str(condition["name"]), str(condition["severity"])
        column, layout, buttons = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        column.setContentsMargins(8, 4, 8, 4)
        column.addLayout(layout)
        column.addLayout(buttons)
        symbol = QLabel()
        symbol.setPixmap(severity_icon(severity, theme.severities.get(severity, theme.line)))
        symbol.setAccessibleName(severity_word(severity))
        symbol.setToolTip(severity_word(severity))
        layout.addWidget(symbol)
        text = QLabel(f"<b>{severity_word(severity)}</b> {name}<br>{_plain(condition['message'])}")
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setWordWrap(True)
        layout.addWidget(text, 1)
        if not condition.get("active", True):
            over = QLabel(self.tr("over"))
            over.setProperty("role", "dim")
            layout.addWidget(over)
        self.acknowledge = QPushButton(self.tr("Acknowledge"))
        self.acknowledge.setToolTip(self.tr("Noted: the line may go on where it waited for this"))
        self.acknowledge.setVisible(not condition.get("acknowledged"))
        self.acknowledge.clicked.connect(lambda: self.acknowledged.emit(name))
        self.confirm = QPushButton(self.tr("Confirm"))
        self.confirm.setToolTip(self.tr("Looked into and put right: recorded with your name"))
        self.confirm.setVisible(not condition.get("confirmed_by"))
        self.confirm.clicked.connect(lambda: self.confirmed.emit(name))
        buttons.addStretch(1)
        buttons.addWidget(self.acknowledge)
        buttons.addWidget(self.confirm)


class ConditionsWidget(QScrollArea):
    """The list; empty where the line is well, and says so."""

    acknowledged = Signal(str)
    confirmed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("conditions"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme = DARK
        self._shown: list[dict[str, Any]] | None = None
        self.show_conditions([])

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        shown, self._shown = self._shown, None
        self.show_conditions(shown or [])

    def show_conditions(self, conditions: list[dict[str, Any]]) -> None:
        """Rebuilt only where something has changed, so that no button moves under a finger."""
        if conditions == self._shown:
            return
        self._shown = conditions
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        for condition in conditions:
            row = ConditionRow(condition, self._theme)
            row.acknowledged.connect(self.acknowledged)
            row.confirmed.connect(self.confirmed)
            layout.addWidget(row)
        if not conditions:
            calm = QLabel(self.tr("No conditions: camera, engine, PLC link and disk are well."))
            calm.setProperty("role", "dim")
            calm.setWordWrap(True)
            layout.addWidget(calm)
        layout.addStretch(1)
        self.setWidget(inside)


def _plain(text: object) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;")
