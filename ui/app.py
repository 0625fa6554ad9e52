"""``edge-inspector-ui``: the command line, the application, its window."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings, QSocketNotifier, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from edge_inspector.errors import WireError
from edge_inspector.wire.keys import ClientKeys, read_pair, read_public
from ui import language
from ui.bridge import Bridge
from ui.garbage import Collector
from ui.screens.base import Screen, Shared
from ui.theme import THEMES, apply
from ui.who import IDLE_MINUTES
from ui.window import Window

DEFAULT = "tcp://127.0.0.1:5572"
MOST_MINUTES = 24 * 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked on the command line."""

    connect: str = DEFAULT
    language: str | None = None
    theme: str | None = None
    kiosk: bool = False
    key: Path | None = None
    server_key: Path | None = None
    idle_minutes: float = IDLE_MINUTES


class Desk:
    """The application's parts, so that a test can make and unmake them."""

    def __init__(self, application: QApplication, options: Options, settings: QSettings) -> None:
        self._application = application
        self._options = options
        self._settings = settings
        self._translators: list[QTranslator] = []
        self.bridge = Bridge(options.connect, _keys(options))
        self._collector = Collector()
        self._collector.start()  # before there is another thread
        self.bridge.start()  # it looks for the line while the screens are loaded
        self.shared = Shared(self.bridge)
        self._speak(options.language or str(settings.value("language") or language.system_language()))
        self.window = self._new_window()
        self._dress(options.theme or str(settings.value("theme") or "dark"))

    def start(self) -> None:
        """Show the window."""
        self._show(self.window)

    def stop(self) -> None:
        """End the threads, let go of the window, and speak as before. Idempotent."""
        self.bridge.stop()
        self._collector.stop()
        self.window.deleteLater()
        self._silence()

    def _new_window(self) -> Window:
        window = Window(self.shared, _screens(self.shared), kiosk=self._options.kiosk, idle_minutes=self._options.idle_minutes)
        window.language_wanted.connect(self._change_language)
        window.theme_wanted.connect(self._dress)
        return window

    def _show(self, window: Window) -> None:
        if self._options.kiosk:
            window.showFullScreen()
        else:
            window.resize(1280, 800)
            window.show()

    def _speak(self, name: str) -> None:
        self._silence()
        self._translators = language.install(self._application, name)
        self._settings.setValue("language", name)

    def _silence(self) -> None:
        for translator in self._translators:
            self._application.removeTranslator(translator)
        self._translators = []

    def _change_language(self, name: str) -> None:
        """A new window in the other language, in the place of the old one; what is unsaved stays where it is."""
        if any(screen.unsaved() for screen in self.window.screens):
            self.window.say(QCoreApplication.translate("Desk", "Save or discard first: another language makes a new window."))
            return
        self._speak(name)
        old, place = self.window, self.window.geometry()
        self.window = self._new_window()
        self._dress(self.shared.theme.name)
        self.window.setGeometry(place)
        self._show(self.window)
        self.window.setGeometry(place)
        old.leave()
        old.deleteLater()
        self.bridge.resume()

    def _dress(self, name: str) -> None:
        theme = THEMES.get(name, THEMES["dark"])
        apply(self._application, theme)
        self.window.set_theme(theme)
        self._settings.setValue("theme", theme.name)


def _screens(shared: Shared) -> list[Screen]:
    """In the order of their tabs; loaded here, because charts and what they need take half a second."""
    from ui.screens.label import LabelScreen
    from ui.screens.live import LiveScreen
    from ui.screens.review import ReviewScreen
    from ui.screens.tune import TuneScreen

    return [LiveScreen(shared), ReviewScreen(shared), LabelScreen(shared), TuneScreen(shared)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the window is closed, or SIGTERM or Ctrl-C comes."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("edge-inspector-ui")
    application.setOrganizationName("edge_inspector")
    try:
        desk = Desk(application, options, QSettings())
    except WireError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return 2
    guard = _Signals(desk)
    desk.start()
    status = application.exec()
    guard.close()
    desk.stop()
    return status


class _Signals:
    """SIGTERM and SIGINT close the window: Python's handlers run only when the interpreter does, so a socket wakes the event loop."""

    def __init__(self, desk: Desk) -> None:
        import socket

        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda: self._read.recv(64))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: QTimer.singleShot(0, desk.window.leave))

    def close(self) -> None:
        """Let go of the sockets."""
        signal.set_wakeup_fd(-1)
        self._notifier.setEnabled(False)
        self._read.close()
        self._write.close()


def parse(arguments: Sequence[str]) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(prog="edge-inspector-ui", description="The operator's screen: attaches to a line's control endpoint.")
    parser.add_argument("--connect", default=DEFAULT, metavar="ENDPOINT", help=f"the line's control endpoint (default {DEFAULT})")
    parser.add_argument("--language", choices=language.LANGUAGES, help="default: as last chosen, else the system's")
    parser.add_argument("--theme", choices=sorted(THEMES), help="default: as last chosen, else dark")
    parser.add_argument("--kiosk", action="store_true", help="full screen, cannot be left")
    parser.add_argument(
        "--idle-minutes",
        type=_minutes,
        default=IDLE_MINUTES,
        metavar="M",
        help=f"log out after so long without a key, click or touch (default {IDLE_MINUTES:g}; 0: never)",
    )
    parser.add_argument("--key", type=Path, help="this client's secret CURVE key, where the line is on another host")
    parser.add_argument("--server-key", type=Path, help="the line's public CURVE key")
    return Options(**vars(parser.parse_args(arguments)))


def _minutes(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text}: 0 to {MOST_MINUTES:g} minutes")
    return value


def _keys(options: Options) -> ClientKeys | None:
    if options.key is None and options.server_key is None:
        return None
    if options.key is None or options.server_key is None:
        raise WireError("--key and --server-key belong together: this client's secret key, and the line's public one")
    read_pair(options.key)
    read_public(options.server_key)
    return ClientKeys(options.key, options.server_key)
