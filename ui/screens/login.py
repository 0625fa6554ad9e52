"""Who are you: user and password; the desk decides."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ui.model.session import Session
from ui.screens.base import Shared

LOGIN_S = 5.0  # argon2 takes its time on purpose


class LoginDialog(QDialog):
    """Accepted once the desk has let somebody in; ``session`` is who."""

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shared = shared
        self.session = Session(login_needed=True)
        self.setWindowTitle(self.tr("Log in"))
        self.user, self.password = QLineEdit(), QLineEdit()
        self.user.setAccessibleName(self.tr("user"))
        self.password.setAccessibleName(self.tr("password"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        form = QFormLayout()
        form.addRow(self.tr("&User"), self.user)
        form.addRow(self.tr("&Password"), self.password)
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.error.hide()
        self.buttons = QDialogButtonBox()
        self._enter = self.buttons.addButton(self.tr("Log in"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.error)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(420)
        self.user.setFocus()

    def _ask(self) -> None:
        self._enter.setEnabled(False)
        params = {"user": self.user.text().strip(), "password": self.password.text()}
        self._shared.bridge.ask_desk(self, "login", params, self._let_in, self._refused, LOGIN_S)

    def _let_in(self, result: dict[str, Any], _blobs: list[bytes]) -> None:
        self.session = Session(str(result["user"]), str(result["role"]), str(result["token"]))
        self.accept()

    def _refused(self, code: str, message: str) -> None:
        said = self.tr("The desk does not answer; the line goes on without it.") if code == "not_connected" else message
        self.error.setText(said)
        self.error.show()
        self.password.clear()
        self.password.setFocus()
        self._enter.setEnabled(True)
