"""Questions that hold up nothing but their own window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def ask(parent: QWidget, title: str, text: str, answers: Sequence[str], done: Callable[[int], object]) -> QMessageBox:
    """Open a question; ``done`` gets the number of the answer. Escape and closing it mean the last one, which changes nothing."""
    box = QMessageBox(parent.window())
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    buttons = [box.addButton(answer, QMessageBox.ButtonRole.ActionRole) for answer in answers]
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[-1])

    def answered(_result: int) -> None:
        clicked = box.clickedButton()
        found = [at for at, button in enumerate(buttons) if button is clicked]
        done(found[0] if found else len(buttons) - 1)

    box.finished.connect(answered)
    box.open()
    return box
