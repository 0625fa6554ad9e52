"""What stands against the line, by NE 107 class, with acknowledge (noted) and confirm (looked into)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui.theme import DARK, Theme
from ui.widgets.symbols import severity_icon
from ui.words import condition_word, severity_word


class ConditionRow(QFrame):
    """One condition; its texts change, its buttons stay where they are."""

    acknowledged = Signal(str)
    confirmed = Signal(str)

    def __init__(self, condition: dict[str, Any], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self._name = str(condition["name"])
        self._theme = theme
        self._symbol, self._text, self._over = QLabel(), QLabel(), QLabel(self.tr("over"))
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setWordWrap(True)
        self._over.setProperty("role", "dim")
        self.acknowledge = QPushButton(self.tr("Acknowledge"))
        self.acknowledge.setToolTip(self.tr("Noted: the line may go on where it waited for this"))
        self.acknowledge.clicked.connect(lambda: self.acknowledged.emit(self._name))
        self.confirm = QPushButton(self.tr("Confirm"))
        self.confirm.setToolTip(self.tr("Looked into and put right: recorded with your name"))
        self.confirm.clicked.connect(lambda: self.confirmed.emit(self._name))
        self._lay_out()
        self.show_condition(condition)

    def _lay_out(self) -> None:
        column, layout, buttons = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        column.setContentsMargins(8, 4, 8, 4)
        column.addLayout(layout)
        column.addLayout(buttons)
        layout.addWidget(self._symbol)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._over)
        buttons.addStretch(1)
        buttons.addWidget(self.acknowledge)
        buttons.addWidget(self.confirm)

    def show_condition(self, condition: dict[str, Any]) -> None:
        """The same condition, as it is now."""
        severity = str(condition["severity"])
        self._symbol.setPixmap(severity_icon(severity, self._theme.severities.get(severity, self._theme.line)))
        self._symbol.setAccessibleName(severity_word(severity))
        self._symbol.setToolTip(severity_word(severity))
        self._text.setText(f"<b>{severity_word(severity)}</b> {_plain(condition_word(self._name))}<br>{_plain(condition['message'])}")
        self._over.setVisible(not condition.get("active", True))
        self.acknowledge.setVisible(not condition.get("acknowledged"))
        self.confirm.setVisible(not condition.get("confirmed_by"))


class ConditionsWidget(QScrollArea):
    """The list; empty where the line is well, and says so. Where nobody knows, it says that."""

    acknowledged = Signal(str)
    confirmed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("conditions"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme = DARK
        self._shown: list[dict[str, Any]] = []
        self._connected = False
        self._rows: dict[str, ConditionRow] = {}
        self._calm = QLabel()
        self._calm.setProperty("role", "dim")
        self._calm.setWordWrap(True)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._calm)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.show_conditions(None, connected=False)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        for name in list(self._rows):
            self._drop(name)
        self._lay_rows(self._shown)

    def show_conditions(self, conditions: list[dict[str, Any]] | None, *, connected: bool) -> None:
        """A row keeps its place and its buttons as long as its condition stands; None: the line has not said yet."""
        listed = conditions if conditions is not None and connected else []
        if not connected:
            calm = self.tr("Conditions are not known: the line is not connected.")
        elif conditions is None:
            calm = self.tr("Conditions are not known yet.")
        else:
            calm = self.tr("No conditions: camera, engine, PLC link and disk are well.")
        if self._calm.text() != calm:
            self._calm.setText(calm)
        self._calm.setVisible(not listed)
        if listed != self._shown:
            self._shown = listed
            self._lay_rows(listed)

    def _lay_rows(self, conditions: list[dict[str, Any]]) -> None:
        named = {str(condition["name"]): condition for condition in conditions}
        for name in [name for name in self._rows if name not in named]:
            self._drop(name)
        for place, (name, condition) in enumerate(named.items()):
            row = self._rows.get(name)
            if row is None:
                row = self._rows[name] = ConditionRow(condition, self._theme)
                row.acknowledged.connect(self.acknowledged)
                row.confirmed.connect(self.confirmed)
            else:
                row.show_condition(condition)
            if self._column.indexOf(row) != place + 1:
                self._column.insertWidget(place + 1, row)

    def _drop(self, name: str) -> None:
        row = self._rows.pop(name)
        self._column.removeWidget(row)
        row.deleteLater()


def _plain(text: object) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;")
