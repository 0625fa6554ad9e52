"""The only thread crossing: the workers' mail becomes signals on Qt's thread.

    workers (threads) ──► Mailbox ──► one queued signal ──► Bridge, on Qt's thread ──► connected, parts, state, preview, answers

Parts never drop: on a gap control is asked. Previews do: only the newest is there when the window comes to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from edge_inspector.wire.keys import ClientKeys
from ui.model.feed import PartFeed
from ui.workers import ANSWER_S, Answer, Link, Mailbox, Request, RequestWorker, StatusWorker, endpoints

Done = Callable[[dict[str, Any], list[bytes]], None]
Failed = Callable[[str, str], None]
END_S = 3.0


class Bridge(QObject):
    """Line and desk behind one object; used on Qt's thread alone."""

    line_changed = Signal(bool, str)
    """Whether the line answers, and why not."""
    desk_changed = Signal(bool, str)
    parts = Signal(list)
    """New parts, oldest first, each once."""
    state = Signal(dict)
    preview = Signal(object)
    """A ``Preview``; some may have been dropped before it."""
    refused = Signal(str, str)
    """Code and message of a request that nobody else takes care of."""
    _mail = Signal()

    def __init__(self, endpoint: str, keys: ClientKeys | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.endpoint = endpoint
        self.hello: dict[str, Any] = {}
        self.services: frozenset[str] = frozenset()
        """Those of the desk; none while it does not answer."""
        self.connected = False
        self._keys = keys
        self._feed = PartFeed()
        self._asked_for_parts = False
        self._mailbox = Mailbox(self._mail.emit)
        self._mail.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._line = RequestWorker("line", self._mailbox, keys, "status")
        self._desk = RequestWorker("desk", self._mailbox, keys, "ping")
        self._status: StatusWorker | None = None

    def start(self) -> None:
        """Begin to look for the line; never waits."""
        self._line.connect(self.endpoint)
        self._line.start()
        self._desk.start()

    def resume(self) -> None:
        """Tell everything known once more, to a window that has just been made."""
        self._feed = PartFeed()
        self.line_changed.emit(self.connected, "")
        self.desk_changed.emit(bool(self.services), "")
        if self.connected:
            self._ask_for_parts()

    def stop(self) -> None:
        """End the threads. Idempotent."""
        workers = [worker for worker in (self._line, self._desk, self._status) if worker is not None]
        for worker in workers:
            worker.stop()
        for worker in workers:
            if worker.is_alive():
                worker.join(END_S)

    def ask_line(
        self, owner: QObject, method: str, params: dict[str, Any], done: Done, failed: Failed | None = None, timeout_s: float = ANSWER_S
    ) -> None:
        """A request to the line; ``done`` or ``failed`` is called on Qt's thread, unless ``owner`` is gone by then."""
        self._line.ask(Request(method, params, done, failed or self.refused.emit, owner, timeout_s))

    def ask_desk(
        self, owner: QObject, method: str, params: dict[str, Any], done: Done, failed: Failed | None = None, timeout_s: float = ANSWER_S
    ) -> None:
        """The same to the desk."""
        self._desk.ask(Request(method, params, done, failed or self.refused.emit, owner, timeout_s))

    def use_token(self, token: str) -> None:
        """Ask as whoever it was issued to from now on; empty: as nobody."""
        self._line.token = self._desk.token = token

    @property
    def lost(self) -> int:
        """Parts that only the history has."""
        return self._feed.lost

    # ---- mail, on Qt's thread

    def _deliver(self) -> None:
        post = self._mailbox.take()
        for link in post.links:
            self._linked(link)
        for state in post.states:
            self.state.emit(state)
        fresh = self._feed.live(post.parts)
        if fresh:
            self.parts.emit(fresh)
        if post.overflow or self._feed.missing:
            self._ask_for_parts()
        if post.preview is not None:
            self.preview.emit(post.preview)
        for answer in post.answers:
            _hand_out(answer)

    def _linked(self, link: Link) -> None:
        if link.process == "desk":
            self.services = frozenset(link.hello.get("services", ())) if link.up else frozenset()
            self.desk_changed.emit(link.up, link.why)
            return
        self.connected = link.up
        if link.up:
            self.hello = link.hello
            self._follow(*endpoints(link.hello, self.endpoint))
            self._asked_for_parts = False
            self._ask_for_parts()
        self.line_changed.emit(link.up, link.why)

    def _follow(self, status: str, desk: str) -> None:
        if self._status is not None:
            self._status.stop()
        self._status = StatusWorker(status, self._mailbox, self._keys) if status else None
        if self._status is not None:
            self._status.start()
        self._desk.connect(desk)

    def _ask_for_parts(self) -> None:
        if self._asked_for_parts:
            return
        self._asked_for_parts = True
        self.ask_line(self, "parts", {"since": self._feed.newest}, self._filled, self._not_filled)

    def _filled(self, reply: dict[str, Any], _blobs: list[bytes]) -> None:
        self._asked_for_parts = False
        fresh = self._feed.filled(reply)
        if fresh:
            self.parts.emit(fresh)

    def _not_filled(self, _code: str, _message: str) -> None:
        self._asked_for_parts = False


def _hand_out(answer: Answer) -> None:
    request = answer.request
    if isinstance(request.owner, QObject) and not shiboken6.isValid(request.owner):
        return
    if answer.code:
        request.failed(answer.code, answer.message)
    else:
        request.done(answer.result, answer.blobs)
