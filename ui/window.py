"""The frame around the screens: tabs, the line's state at all times, who sits there, language and colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.model.live import INSPECTING, SEVERITIES, Kind
from ui.screens.base import Screen, Shared
from ui.theme import TOUCH, Theme
from ui.who import IDLE_MINUTES, Who
from ui.widgets.symbols import kind_icon, run_icon, severity_icon
from ui.words import role_word, severity_word, state_word

SAID_MS = 8000


class Window(QMainWindow):
    """``language_wanted`` and ``theme_wanted``: the application makes a new window, or dresses this one."""

    language_wanted = Signal(str)
    theme_wanted = Signal(str)

    def __init__(self, shared: Shared, screens: Sequence[Screen], *, kiosk: bool = False, idle_minutes: float = IDLE_MINUTES) -> None:
        super().__init__()
        self.shared = shared
        self.screens = list(screens)
        self._kiosk = kiosk
        self._leaving = False
        self.who = Who(shared, self, idle_minutes)
        self.setWindowTitle(self.tr("Line inspection"))
        self.stack = QStackedWidget()
        self._tabs = QButtonGroup(self)
        self._bar = QHBoxLayout()
        self.state_label, self.said_label = QLabel(), QLabel()
        self.state_symbol = QLabel()
        self.user_button = QToolButton()
        self.worst_button = QToolButton()
        self._worst = ("", 0)
        self._said_timer = QTimer(self, singleShot=True, interval=SAID_MS)
        self._build()
        self._connect()
        self._show_tabs()
        self.go_to(self.screens[0])
        self._line(shared.bridge.connected, "")

    # ---- layout

    def _build(self) -> None:
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(self._bar)
        self.said_label.setProperty("role", "error")
        self.said_label.setWordWrap(True)
        self.said_label.hide()
        layout.addWidget(self.said_label)
        layout.addWidget(self.stack, 1)
        self.setCentralWidget(middle)
        self._tabs.setExclusive(True)
        for number, screen in enumerate(self.screens):
            tab = QPushButton(screen.title())
            tab.setCheckable(True)
            tab.setMinimumSize(110, TOUCH)
            tab.setToolTip(_tab_keys(number).toString(QKeySequence.SequenceFormat.NativeText))
            self._tabs.addButton(tab, number)
            self._bar.addWidget(tab)
            self.stack.addWidget(screen)
        self._bar.addStretch(1)
        self.worst_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.worst_button.setMinimumHeight(TOUCH)
        self.worst_button.setIconSize(QSize(28, 28))
        self.worst_button.hide()
        self.worst_button.clicked.connect(self._to_live)
        self._bar.addWidget(self.worst_button)
        self._bar.addWidget(self.state_symbol)
        self._bar.addWidget(self.state_label)
        self._bar.addWidget(_rule())
        self.user_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.user_button.setMinimumHeight(TOUCH)
        self.user_button.setToolTip(self.tr("User, language, colours"))
        self.user_button.setMenu(self._menu())
        self._bar.addWidget(self.user_button)
        self._show_user()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        self._log_in = menu.addAction(self.tr("Log in …"), self.who.log_in)
        self._change_password = menu.addAction(self.tr("Change password …"), self.who.change_password)
        self._log_out = menu.addAction(self.tr("Log out"), self.who.log_out)
        menu.addSeparator()
        languages = QActionGroup(self)
        for name, word in (("en", "English"), ("de", "Deutsch")):
            languages.addAction(menu.addAction(word, partial(self.language_wanted.emit, name)))
        menu.addSeparator()
        for name, word in (("dark", self.tr("Dark")), ("light", self.tr("Light"))):
            menu.addAction(word, partial(self.theme_wanted.emit, name))
        if not self._kiosk:
            menu.addSeparator()
            menu.addAction(self.tr("Full screen"), self._full_screen, QKeySequence(Qt.Key.Key_F11))
        return menu

    def _connect(self) -> None:
        shared = self.shared
        self._tabs.idClicked.connect(lambda number: self.go_to(self.screens[number]))
        shared.bridge.line_changed.connect(self._line)
        shared.bridge.state.connect(self._state)
        shared.bridge.desk_changed.connect(self._desk)
        shared.bridge.refused.connect(self._refused)
        shared.said.connect(self.say)
        shared.session_changed.connect(self._show_user)
        shared.part_wanted.connect(self._review_wanted)
        shared.label_wanted.connect(self._label_wanted)
        self._said_timer.timeout.connect(self.said_label.hide)
        for number in range(len(self.screens)):
            shortcut = QShortcut(_tab_keys(number), self)
            shortcut.activated.connect(lambda number=number: self._tabs.button(number).click())

    # ---- screens

    def go_to(self, screen: Screen) -> None:
        """Show a screen."""
        before = self.stack.currentWidget()
        if before is screen and self._tabs.button(self.screens.index(screen)).isChecked():
            return
        if isinstance(before, Screen) and before is not screen:
            before.left()
        self.stack.setCurrentWidget(screen)
        self._tabs.button(self.screens.index(screen)).setChecked(True)
        screen.entered()

    def _review_wanted(self, _part_id: str) -> None:
        self._go_to_service("review")

    def _label_wanted(self, _part_id: str, _view: int) -> None:
        self._go_to_service("labels")

    def _to_live(self) -> None:
        self.go_to(self.screens[0])

    def _refused(self, _code: str, message: str) -> None:
        self.say(message)

    def _go_to_service(self, service: str) -> None:
        for screen in self.screens:
            if service in screen.services and screen.services <= self.shared.bridge.services:
                self.go_to(screen)
                return

    def _show_tabs(self) -> None:
        """A missing service shows no tab."""
        services = self.shared.bridge.services
        for number, screen in enumerate(self.screens):
            there = screen.services <= services
            self._tabs.button(number).setVisible(there)
            if not there and self.stack.currentWidget() is screen and not screen.unsaved():
                self.go_to(self.screens[0])

    def _desk(self, up: bool, _why: str) -> None:
        """A desk that is merely away takes nobody off the screen at hand."""
        if up:
            self._show_tabs()
            self.who.ask()

    def set_theme(self, theme: Theme) -> None:
        """Colours of the screens."""
        self.shared.theme = theme
        for screen in self.screens:
            screen.set_theme(theme)
        self._show_state()

    # ---- the line's state

    def _line(self, up: bool, why: str) -> None:
        self._state_now = "" if up else None
        self.state_label.setToolTip(why)
        self._show_state()

    def _state(self, state: dict[str, Any]) -> None:
        self._show_worst([c for c in state.get("conditions") or () if c.get("active", True)])
        if state.get("state") != self._state_now:
            self._state_now = str(state.get("state"))
            self.state_label.setToolTip(str(state.get("station", "")))
            self._show_state()

    def _show_state(self) -> None:
        state = self._state_now
        ink = self.shared.theme.text
        stands = kind_icon(Kind.OFFLINE if state is None else Kind.STOPPED, ink).pixmap(24, 24)
        self.state_symbol.setPixmap(run_icon(ink) if state in INSPECTING else stands)
        self.state_label.setText(self._state_text(state))

    def _show_worst(self, conditions: list[dict[str, Any]]) -> None:
        """On every screen: what stands against the line, by its worst class; a touch shows the list."""
        worst = min((str(c["severity"]) for c in conditions), key=_rank, default="")
        if (worst, len(conditions)) == self._worst:
            return
        self._worst = (worst, len(conditions))
        self.worst_button.setVisible(bool(conditions))
        if conditions:
            self.worst_button.setIcon(QIcon(severity_icon(worst, self.shared.theme.severities.get(worst, self.shared.theme.line))))
            self.worst_button.setText(str(len(conditions)))
            said = f"{severity_word(worst)}: {len(conditions)}"
            self.worst_button.setToolTip(said)
            self.worst_button.setAccessibleName(said)

    def _state_text(self, state: str | None) -> str:
        if state is None:
            return self.tr("not connected, retrying")
        return state_word(state) if state else self.tr("connected")

    def say(self, text: str) -> None:
        """A sentence above the screens, for some seconds."""
        self.said_label.setText(text)
        self.said_label.show()
        self._said_timer.start()

    # ---- who sits there

    def _show_user(self) -> None:
        session = self.shared.session
        who = f"{session.user} ({role_word(session.role)})" if session.role else self.tr("nobody logged in")
        self.user_button.setText(who)
        self._log_in.setVisible(not session.token)
        self._change_password.setVisible(bool(session.token))
        self._log_out.setVisible(bool(session.token))

    # ---- the window

    def _full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """A kiosk stays full screen."""
        super().changeEvent(event)
        if self._kiosk and event.type() == QEvent.Type.WindowStateChange and not self.isFullScreen() and self.isVisible():
            QTimer.singleShot(0, self, self.showFullScreen)

    def leave(self) -> None:
        """Close whatever the mode; unsaved work still asks."""
        self._leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """A kiosk is not closed by its users; nothing unsaved is lost without a question."""
        if self._kiosk and not self._leaving:
            event.ignore()
            return
        lost = [text for screen in self.screens if (text := screen.unsaved())]
        if lost and not self._lose("\n".join(lost)):
            self._leaving = False
            event.ignore()
            return
        event.accept()

    def _lose(self, what: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Not saved"), what, parent=self)
        discard = box.addButton(self.tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(self.tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is discard


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _tab_keys(number: int) -> QKeySequence:
    """F5 for the first; a screen's own keys are others."""
    return QKeySequence(f"F{number + 5}")


def _rule() -> QFrame:
    rule = QFrame()
    rule.setFrameShape(QFrame.Shape.VLine)
    rule.setProperty("role", "panel")
    rule.setFixedWidth(2)
    return rule
