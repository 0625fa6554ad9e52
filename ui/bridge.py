"""The only thread crossing: the workers' mail becomes signals on Qt's thread.

    workers (threads) ──► Mailbox ──► one queued signal ──► Bridge, on Qt's thread ──► connected, parts, state, preview, answers

Parts never drop: on a gap control is asked. Previews do: only the newest is there when the window comes to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from edge_inspector.wire.keys import ClientKeys
from edge_inspector.wire.requests import endpoints
from ui.mail import ANSWER_S, Answer, Job, Link, Mailbox, Request
from ui.model.feed import PartFeed
from ui.workers import JobWorker, RequestWorker, StatusWorker

log = logging.getLogger(__name__)

Done = Callable[[dict[str, Any], list[bytes]], None]
Failed = Callable[[str, str], None]
Result = TypeVar("Result")
END_S = 3.0
LINE_PATIENCE_S = 2.5
DESK_PATIENCE_S = 15.0
DESK_ANSWER_S = 10.0
FIRST_PARTS = 200  # a screen's worth
PAGE = 250  # parts asked for at once: the line answers between two parts


class Bridge(QObject):
    """Line and desk behind one object; used on Qt's thread alone."""

    line_changed = Signal(bool, str)
    """Whether the line answers, and why not."""
    desk_changed = Signal(bool, str)
    parts = Signal(list)
    """New parts, oldest first, each once."""
    begun = Signal()
    """The line has begun anew: what is known of its parts is of an earlier run."""
    session_ended = Signal(str)
    """The token is no longer good; and why."""
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
        """Those of the desk, as it last told them; none before it has."""
        self.connected = False
        self._keys = keys
        self._feed = PartFeed()
        self._asked_for_parts = False
        self._behind_at = -1  # the newest part when the line had told more of them than have come
        self._mailbox = Mailbox(self._mail.emit)
        self._mail.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._line = RequestWorker("line", self._mailbox, keys, "status", LINE_PATIENCE_S)
        self._desk = RequestWorker("desk", self._mailbox, keys, "ping", DESK_PATIENCE_S)
        self._jobs = JobWorker(self._mailbox)
        self._status: StatusWorker | None = None

    def start(self) -> None:
        """Begin to look for the line; never waits."""
        self._line.connect(self.endpoint)
        self._line.start()
        self._desk.start()
        self._jobs.start()

    def resume(self) -> None:
        """Tell everything known once more, to a window that has just been made."""
        self._feed = PartFeed()
        self.line_changed.emit(self.connected, "")
        self.desk_changed.emit(bool(self.services), "")
        if self.connected:
            self._ask_for_parts()

    def stop(self) -> None:
        """End the threads. Idempotent."""
        workers = [worker for worker in (self._line, self._desk, self._jobs, self._status) if worker is not None]
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
        self,
        owner: QObject,
        method: str,
        params: dict[str, Any],
        done: Done,
        failed: Failed | None = None,
        timeout_s: float = DESK_ANSWER_S,
    ) -> None:
        """The same to the desk."""
        self._desk.ask(Request(method, params, done, failed or self.refused.emit, owner, timeout_s))

    def work(self, owner: QObject, job: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do ``job``, which touches nothing of Qt, on another thread; ``done`` gets its result on Qt's, unless ``owner`` is gone."""
        self._jobs.do(Job(job, done, owner))

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
        run = self._feed.run
        fresh = self._feed.live(post.parts)
        self._pass_on(fresh, run)
        for state in post.states:
            self.state.emit(state)
            self._look_for_more(state)
        if post.overflow or self._feed.missing:
            self._ask_for_parts()
        if post.preview is not None and self.connected:
            self.preview.emit(post.preview)
        for answer in post.answers:
            self._hand_out(answer)
        for job, result in post.finished:
            if _there(job.owner):
                _guarded(job.done, result)

    def _pass_on(self, parts: list[dict[str, Any]], run_before: object) -> None:
        if self._feed.run != run_before:
            self.begun.emit()
        if parts:
            self.parts.emit(parts)

    def _linked(self, link: Link) -> None:
        if link.process == "desk":
            self.services = frozenset(link.hello.get("services", ())) if link.up else self.services
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

    def _look_for_more(self, state: Mapping[str, Any]) -> None:
        """The last parts before a pause may have been dropped, and no later one shows the gap: the line's counts do."""
        counts = state.get("counts") or {}
        told = sum(int(counts.get(name, 0)) for name in ("accepted", "rejected", "missed"))
        if told > self._feed.newest and self._feed.newest == self._behind_at:
            self._ask_for_parts()
        self._behind_at = self._feed.newest if told > self._feed.newest else -1

    def _ask_for_parts(self) -> None:
        if self._asked_for_parts:
            return
        self._asked_for_parts = True
        newest = self._feed.newest
        wanted = {"since": newest, "limit": PAGE} if newest else {"last": FIRST_PARTS}
        self.ask_line(self, "parts", wanted, self._filled, self._not_filled)

    def _filled(self, reply: dict[str, Any], _blobs: list[bytes]) -> None:
        self._asked_for_parts = False
        run = self._feed.run
        self._pass_on(self._feed.filled(reply), run)
        if int(reply.get("newest", 0)) > self._feed.newest:
            self._ask_for_parts()

    def _not_filled(self, _code: str, _message: str) -> None:
        self._asked_for_parts = False

    def _hand_out(self, answer: Answer) -> None:
        request = answer.request
        if answer.code == "bad_token":
            self.session_ended.emit(answer.message)
        if not _there(request.owner):
            return
        if answer.code:
            _guarded(request.failed, answer.code, answer.message)
        elif not _guarded(request.done, answer.result, answer.blobs):
            _guarded(request.failed, "internal", f"the answer to {request.method} cannot be shown; the log says more")


def _there(owner: object) -> bool:
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)


def _guarded(call: Callable[..., object], *values: object) -> bool:
    """Whether it went well; one screen's failure must not keep another's mail from it."""
    try:
        call(*values)
    except Exception:
        log.exception("mail could not be taken")
        return False
    return True
