"""Another password for whoever is logged in; the desk decides."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ui.screens.base import Shared
from ui.screens.login import LOGIN_S


class PasswordDialog(QDialog):
    """Accepted once the desk has taken the new password. It is asked for twice: what is mistyped here locks its owner out."""

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shared = shared
        self.setWindowTitle(self.tr("Change password"))
        self.old, self.new, self.again = QLineEdit(), QLineEdit(), QLineEdit()
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.error.hide()
        form = QFormLayout()
        for label, field in (
            (self.tr("&Old password"), self.old),
            (self.tr("&New password"), self.new),
            (self.tr("New &again"), self.again),
        ):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setAccessibleName(label.replace("&", ""))
            field.textChanged.connect(self._look)
            form.addRow(label, field)
        self.buttons = QDialogButtonBox()
        self._change = self.buttons.addButton(self.tr("Change password"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.error)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(420)
        self._look()
        self.old.setFocus()

    def _look(self) -> None:
        """Nothing is sent that cannot be meant."""
        new, again = self.new.text(), self.again.text()
        self._change.setEnabled(bool(self.old.text() and new) and new == again)
        self._say(self.tr("The new passwords differ.") if again and not new.startswith(again) else "")

    def _say(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def _ask(self) -> None:
        self._change.setEnabled(False)
        params = {"old": self.old.text(), "new": self.new.text()}
        self._shared.bridge.ask_desk(self, "password.change", params, self._changed, self._refused, LOGIN_S)

    def _changed(self, _result: dict[str, Any], _blobs: list[bytes]) -> None:
        self.accept()

    def _refused(self, code: str, message: str) -> None:
        self.old.clear()
        self.old.setFocus()
        said = {
            "not_connected": self.tr("The desk does not answer; the line goes on without it."),
            "login_failed": self.tr("The old password is wrong."),
        }
        self._say(said.get(code, message))
