"""A message where the eyes are: nothing to show and what to do, or what failed, with a way to try again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Notice(QWidget):
    """Fills the place of what it speaks of."""

    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._again = QPushButton(self.tr("Try again"))
        self._again.clicked.connect(self.again)
        layout = QVBoxLayout(self)
        layout.addStretch()
        layout.addWidget(self._label)
        layout.addWidget(self._again, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        self.say("")

    @property
    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def say(self, text: str) -> None:
        """Something that nobody has to mend."""
        self._show(text, "dim")

    def fail(self, text: str) -> None:
        """Something that went wrong; offers to try again."""
        self._show(text, "error")

    def _show(self, text: str, role: str) -> None:
        self._label.setText(text)
        self._label.setProperty("role", role)
        self._label.style().polish(self._label)
        self._again.setVisible(role == "error")
