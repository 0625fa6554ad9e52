"""Who sits at the screen: log in and out, another password, and out again when nobody has touched anything for a while."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from ui.model.session import Session
from ui.screens.base import Shared
from ui.screens.login import LoginDialog
from ui.screens.password import PasswordDialog

WHO_MS = 30_000  # how soon a role that was taken back shows
IDLE_MINUTES = 15.0
_TOUCHED = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel, QEvent.Type.TouchBegin)


class Who(QObject):
    """The session of one window, kept as the desk tells it. Unsaved work outlives a log-out: it is saved by whoever logs in next.

    Nobody's session stands open beside the line: after ``idle_minutes`` without key, click or touch it ends (0: never).
    """

    def __init__(self, shared: Shared, window: QWidget, idle_minutes: float = IDLE_MINUTES) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        shared.bridge.session_ended.connect(self._ended)
        timer = QTimer(self, interval=WHO_MS)
        timer.timeout.connect(self.ask)
        timer.start()
        self.idle = QTimer(self, interval=round(idle_minutes * 60_000), singleShot=True)
        """Runs while somebody is logged in; its end is the session's."""
        self.idle.timeout.connect(self._left_alone)
        application = QApplication.instance()
        if application is not None and idle_minutes:
            application.installEventFilter(self)
        if shared.session.token and idle_minutes:
            self.idle.start()

    def ask(self) -> None:
        """A station without users lets everybody in; one with users wants a login, and may have taken a role back."""
        if self._shared.bridge.services:
            self._shared.bridge.ask_desk(self, "whoami", {}, self._told, _ignore)

    def log_in(self) -> None:
        """Ask for name and password."""
        dialog = LoginDialog(self._shared, self._window)
        dialog.accepted.connect(lambda: self._logged_in(dialog.session))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def log_out(self) -> None:
        """Nobody from now on."""
        self._use(Session(login_needed=True))
        self.ask()

    def change_password(self) -> None:
        """Ask for the old one and the new one."""
        dialog = PasswordDialog(self._shared, self._window)
        dialog.accepted.connect(lambda: self._shared.said.emit(self.tr("Your password is changed.")))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Whatever a person does puts the end of the session off."""
        if event.type() in _TOUCHED and self._shared.session.token:
            self.idle.start()
        return False

    def _told(self, result: dict[str, Any], _blobs: list[bytes]) -> None:
        needed = bool(result.get("login_needed"))
        token = self._shared.session.token
        told = Session(login_needed=True) if needed else Session(str(result["user"]), str(result["role"]), token)
        if told != self._shared.session:
            self._use(told)

    def _ended(self, why: str) -> None:
        if self._shared.session.token:
            self._use(Session(login_needed=True))
            self._shared.said.emit(self.tr("You are no longer logged in: {why}").format(why=why))

    def _left_alone(self) -> None:
        self._ended(self.tr("nobody has touched this screen for a while."))

    def _logged_in(self, session: Session) -> None:
        """The role that counts is the lesser of the user's and the key's: the desk tells it."""
        self._use(session)
        self.ask()

    def _use(self, session: Session) -> None:
        if session.token and self.idle.interval():
            self.idle.start()
        else:
            self.idle.stop()
        self._shared.session = session
        self._shared.bridge.use_token(session.token)
        self._shared.session_changed.emit()


def _ignore(_code: str, _message: str) -> None:
    """Asked again soon."""
