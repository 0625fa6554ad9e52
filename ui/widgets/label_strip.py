"""The strip below the canvas: what is to be decided now, what is waited for, what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from ui.theme import GAP, TOUCH


class LabelStrip(QWidget):
    """A sentence, and the buttons that fit it. It keeps its height: nothing jumps under the finger."""

    taken = Signal()
    dropped = Signal()
    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text, self.error = QLabel(), QLabel()
        self.error.setProperty("role", "error")
        for label in (self.text, self.error):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.wheel = QProgressBar()
        self.wheel.setRange(0, 0)
        self.wheel.setTextVisible(False)
        self.wheel.setFixedWidth(120)
        self.wheel.setAccessibleName(self.tr("Working"))
        self.take = self._button(self.tr("Take"), self.tr("Enter"), self.taken)
        self.drop = self._button(self.tr("Drop"), self.tr("Escape"), self.dropped)
        self.retry = self._button(self.tr("Try again"), "", self.again)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for widget in (self.wheel, self.text, self.error, self.take, self.drop, self.retry):
            row.addWidget(widget)
        self.setMinimumHeight(TOUCH + GAP)
        self.say("")

    @staticmethod
    def _button(text: str, hint: str, signal: SignalInstance) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(hint)
        button.clicked.connect(signal)
        return button

    def say(self, text: str) -> None:
        """A hint."""
        self._show(text, self.text)

    def ask(self, text: str, take: str) -> None:
        """Something to take or drop; ``take`` stands on the button."""
        self.take.setText(take)
        self._show(text, self.text, self.take, self.drop)

    def wait(self, text: str) -> None:
        """Something is being made."""
        self._show(text, self.text, self.wheel)

    def wait_or_drop(self, text: str) -> None:
        """The same, and one may do without."""
        self._show(text, self.text, self.wheel, self.drop)

    def complain(self, text: str) -> None:
        """Something went wrong; one may try again."""
        self._show(text, self.error, self.retry)

    def _show(self, text: str, label: QLabel, *widgets: QWidget) -> None:
        label.setText(text)
        for widget in (self.text, self.error, self.wheel, self.take, self.drop, self.retry):
            widget.setVisible(widget is label or widget in widgets)

    def said(self) -> str:
        """What stands there."""
        return (self.error if self.error.isVisibleTo(self) else self.text).text()
