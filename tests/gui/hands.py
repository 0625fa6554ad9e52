"""Hands on a real window: xdotool presses keys and buttons, from a thread of its own, while the event loop runs as it does for a person.

What is looked at is looked at on Qt's thread; nothing is touched there: every key and every click comes in from the X server.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMenu, QWidget

LOOK_MS = 15
PATIENCE_S = 20.0
Seen = TypeVar("Seen")
Window = TypeVar("Window", bound=QWidget)


class ShiftError(Exception):
    """Something did not come to be seen; the message says what."""


class Hands(QObject):
    """Made on Qt's thread; every method is called from another one."""

    _asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._asked.connect(lambda job: job(), Qt.ConnectionType.QueuedConnection)
        self._watches: set[QTimer] = set()

    # ---- looking

    def ask(self, question: Callable[[], Seen]) -> Seen:
        """The answer, found on Qt's thread. Raises what the question raises, ShiftError where the window does not answer."""
        answer: Future[Seen] = Future()
        self._asked.emit(lambda: _settle(answer, question))
        return self._await(answer, "an answer of the window", PATIENCE_S)

    def until(self, question: Callable[[], Seen | None], what: str, seconds: float = PATIENCE_S) -> Seen:
        """The first answer that is true. Raises ShiftError, naming ``what``, after the time."""
        answer: Future[Seen] = Future()
        self._asked.emit(lambda: self._watch(answer, question))
        return self._await(answer, what, seconds)

    def _watch(self, answer: Future[Seen], question: Callable[[], Seen | None]) -> None:
        timer = QTimer(self, interval=LOOK_MS)

        def look() -> None:
            try:
                found = None if answer.cancelled() else question()
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
                answer.set_exception(error)
            else:
                if found:
                    answer.set_result(found)
            if answer.done():
                timer.stop()
                self._watches.discard(timer)
                timer.deleteLater()

        self._watches.add(timer)
        timer.timeout.connect(look)
        timer.start()

    @staticmethod
    def _await(answer: Future[Seen], what: str, seconds: float) -> Seen:
        try:
            return answer.result(seconds)
        except TooLate:
            answer.cancel()
            raise ShiftError(f"waited {seconds:g} s in vain for {what}") from None

    # ---- touching

    def click(self, widget: Callable[[], QWidget], what: str, at: Callable[[], QPoint] | None = None) -> None:
        """Press and release the left button on a widget, once it is there to be clicked. ``at`` is within it; None: its middle."""
        place = self.until(lambda: reachable(widget(), at), f"{what} to be clicked")
        xdotool("mousemove", place.x(), place.y(), "click", 1)

    def drag(self, widget: Callable[[], QWidget], what: str, points: Callable[[], Sequence[QPoint]]) -> None:
        """Press at the first point, move over the others, release at the last."""
        self.until(lambda: reachable(widget(), lambda: points()[0]), f"{what} to be drawn on")
        places = self.ask(lambda: [widget().mapToGlobal(point) for point in points()])
        moves = [word for place in places[1:] for word in ("mousemove", place.x(), place.y())]
        xdotool("mousemove", places[0].x(), places[0].y(), "mousedown", 1, *moves, "mouseup", 1)

    def choose(self, menu: Callable[[], QMenu], text: str) -> None:
        """Click an entry of an open menu."""
        self.click(menu, f"the menu's entry {text}", lambda: menu().actionGeometry(_entry(menu(), text)).center())

    def choose_by_keys(self, menu: Callable[[], QMenu], text: str) -> None:
        """Arrow down to an entry of an open menu, and press Enter."""
        self.until(lambda: shown(menu()), "the menu")
        self.press_until("Down", lambda: menu().activeAction(), lambda: menu().activeAction() is _entry(menu(), text), f"entry {text}")
        xdotool("key", "Return")

    def press_until(self, key: str, changes: Callable[[], object], done: Callable[[], bool], what: str, most: int = 60) -> None:
        """Press a key again and again, each time once what ``changes`` tells has changed, until it is ``done``."""
        for _ in range(most):
            if self.ask(done):
                return
            changed = _otherwise(changes, self.ask(changes))
            xdotool("key", key)
            self.until(changed, f"something to change at key {key}, on the way to {what}")
        raise ShiftError(f"{what}: not reached with {most} times key {key}")

    def key(self, *keys: str) -> None:
        """Press keys, whoever has the focus."""
        xdotool("key", *keys)

    def write(self, text: str) -> None:
        """Type."""
        xdotool("type", "--delay", 4, text)

    # ---- windows

    def face(self, window: Callable[[], Window | None], what: str) -> Window:
        """Give a window the keyboard, once it is there: no window manager does."""
        found = self.until(lambda: shown(window()), what)
        xdotool("windowfocus", self.ask(lambda: int(found.winId())))
        self.until(found.isActiveWindow, f"{what} to have the keyboard")
        return found

    def close(self, window: QWidget) -> None:
        """Ask a window to close, as a window manager's button does."""
        ask_to_close(self.ask(lambda: int(window.winId())))


def _otherwise(tells: Callable[[], object], before: object) -> Callable[[], bool]:
    return lambda: tells() is not before


def _settle(answer: Future[Seen], question: Callable[[], Seen]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)


def shown(window: Window | None) -> Window | None:
    """The window, where it is on the screen."""
    handle = None if window is None else window.windowHandle()
    return window if handle is not None and handle.isExposed() else None


def reachable(widget: QWidget, at: Callable[[], QPoint] | None) -> QPoint | None:
    """The point on the screen, where a finger there would touch this widget, which is switched on; else None."""
    if not widget.isVisible() or not widget.isEnabled():
        return None
    place = widget.mapToGlobal(widget.rect().center() if at is None else at())
    there = QApplication.widgetAt(place)
    return place if there is not None and (there is widget or widget.isAncestorOf(there)) else None


def open_window(kind: type[Window]) -> Window | None:
    """The window of this kind that is open."""
    return next((window for window in QApplication.topLevelWidgets() if isinstance(window, kind) and window.isVisible()), None)


def _entry(menu: QMenu, text: str) -> Any:  # noqa: ANN401 - QAction is not hashable in stubs of all versions
    return next(action for action in menu.actions() if action.text().replace("&", "") == text)


def xdotool(*words: object) -> None:
    """Raises ShiftError with what it says where it fails."""
    done = subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise ShiftError(f"xdotool {words[0]}: {done.stderr.strip()}")


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent of Xlib.h, with the room of a whole XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 24),
    )


def ask_to_close(window: int) -> None:
    """WM_DELETE_WINDOW, which xdotool can send only from 2021 on. Raises ShiftError without a display."""
    xlib = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(xlib.XOpenDisplay(None))
    if not display:
        raise ShiftError("no display")
    event = _ClientMessage(type=33, window=window, message_type=xlib.XInternAtom(display, b"WM_PROTOCOLS", 0), format=32)
    event.data[0] = xlib.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    xlib.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    xlib.XCloseDisplay(display)
