"""The threads that talk to line and desk. No Qt: what they bring lies in a ``Mailbox``, and its owner is told that something is there."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_inspector.errors import RequestError, WireError
from edge_inspector.wire.keys import ClientKeys
from edge_inspector.wire.requests import ControlClient
from edge_inspector.wire.subscription import StatusClient, StatusMessage
from ui.model.picture import Preview, View, decode_image, decode_map

log = logging.getLogger(__name__)

BEAT_S = 1.0  # how often the line is asked for its state, so that a dead one shows
ANSWER_S = 2.0
RETRY_S = 0.5
POLL_S = 0.1  # how soon a worker notices that it is to end
MOST_PARTS = 5000  # beyond that the window is far behind: the rest is asked of control once it has caught up
TOPICS = ("part", "state", "preview")
NOT_CONNECTED = "not_connected"
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``done`` and ``failed`` are kept for whoever hands out the answer; no worker calls them."""

    method: str
    params: Params
    done: Callable[[Params, list[bytes]], None]
    failed: Callable[[str, str], None]
    owner: object = None
    timeout_s: float = ANSWER_S


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` is empty where ``result`` is good."""

    request: Request
    result: Params = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Whether a process answers; ``why`` it does not; what its ``ping`` says."""

    process: str
    up: bool
    why: str = ""
    hello: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that takes long and touches nothing of Qt; ``done`` is kept for whoever hands out what ``work`` returned."""

    work: Callable[[], object]
    done: Callable[[Any], None]
    owner: object = None


@dataclass(slots=True)
class Post:
    """What has come since it was last taken."""

    links: list[Link] = field(default_factory=list)
    states: list[Params] = field(default_factory=list)
    parts: list[Params] = field(default_factory=list)
    overflow: bool = False
    preview: Preview | None = None
    answers: list[Answer] = field(default_factory=list)
    finished: list[tuple[Job, object]] = field(default_factory=list)


class Mailbox:
    """Filled by the workers, emptied by one owner, who is told once however much has come."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._post = Post()
        self._rung = False

    def put(self, change: Callable[[Post], None]) -> None:
        """Add something; rings where the owner has not been told yet."""
        with self._lock:
            change(self._post)
            rung, self._rung = self._rung, True
        if not rung:
            self._ring()

    def take(self) -> Post:
        """Everything, once."""
        with self._lock:
            post, self._post, self._rung = self._post, Post(), False
        return post


class RequestWorker(threading.Thread):
    """One control endpoint: asks what it is told to, and between that whether the process still answers."""

    def __init__(self, process: str, mailbox: Mailbox, keys: ClientKeys | None, beat: str) -> None:
        super().__init__(name=f"ui-{process}", daemon=True)
        self._process = process
        self._mailbox = mailbox
        self._keys = keys
        self._beat = beat
        self._waiting: queue.Queue[Request] = queue.Queue()
        self._ending = threading.Event()
        self._endpoint = ""
        self._up = False
        self.token = ""
        self.said = ""

    def connect(self, endpoint: str) -> None:
        """Talk to this endpoint from now on."""
        self._endpoint = endpoint

    def ask(self, request: Request) -> None:
        """Its answer comes by mail; at once, as a failure, while the process does not answer."""
        if self._up:
            self._waiting.put(request)
        else:
            self._answer(Answer(request, code=NOT_CONNECTED, message=f"{self._process}: not connected"))

    def stop(self) -> None:
        """End; what waits is not asked any more. Idempotent."""
        self._ending.set()

    def run(self) -> None:
        """Until ``stop``."""
        while not self._ending.is_set():
            endpoint = self._endpoint
            if endpoint:
                self._talk(endpoint)
            self._ending.wait(RETRY_S)

    def _talk(self, endpoint: str) -> None:
        """From the first answer to the first silence."""
        try:
            with ControlClient(endpoint, self._keys) as client:
                hello = client.call("ping", {}, RETRY_S)
                self._up = True  # before it is told: whoever hears of it asks at once
                self._tell(Link(self._process, True, hello=hello))
                self._converse(client, endpoint)
        except (WireError, RequestError) as error:
            self._tell(Link(self._process, False, str(error)))
        finally:
            self._up = False
            self._refuse_waiting()

    def _converse(self, client: ControlClient, endpoint: str) -> None:
        due = time.monotonic()
        while not self._ending.is_set() and self._endpoint == endpoint:
            if time.monotonic() >= due:
                due = time.monotonic() + BEAT_S
                client.token = self.token
                state = client.call(self._beat, {}, ANSWER_S)
                self._mailbox.put(lambda post, state=state: self._heard(post, state))  # type: ignore[misc]
            try:
                request = self._waiting.get(timeout=min(POLL_S, max(0.0, due - time.monotonic())))
            except queue.Empty:
                continue
            self._serve(client, request)

    def _heard(self, post: Post, state: Params) -> None:
        if self._beat == "status":
            post.states.append(state)

    def _serve(self, client: ControlClient, request: Request) -> None:
        client.token = self.token
        try:
            result, blobs = client.fetch(request.method, request.params, request.timeout_s)
        except RequestError as error:
            self._answer(Answer(request, code=error.code, message=str(error)))
        except WireError as error:
            self._answer(Answer(request, code=NOT_CONNECTED, message=str(error)))
            raise
        else:
            self._answer(Answer(request, result, blobs))

    def _refuse_waiting(self) -> None:
        while not self._waiting.empty():
            self._answer(Answer(self._waiting.get(), code=NOT_CONNECTED, message=f"{self._process}: not connected"))

    def _answer(self, answer: Answer) -> None:
        self._mailbox.put(lambda post: post.answers.append(answer))

    def _tell(self, link: Link) -> None:
        """The same word twice is no news."""
        word = "up" if link.up else link.why
        if link.up or word != self.said:
            self._mailbox.put(lambda post: post.links.append(link))
        self.said = word


class JobWorker(threading.Thread):
    """Does jobs one after the other, such as decoding large pictures."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(name="ui-jobs", daemon=True)
        self._mailbox = mailbox
        self._waiting: queue.Queue[Job | None] = queue.Queue()

    def do(self, job: Job) -> None:
        """What it returns comes by mail; nothing where it fails, which the log tells."""
        self._waiting.put(job)

    def stop(self) -> None:
        """End after the job at hand. Idempotent."""
        self._waiting.put(None)

    def run(self) -> None:
        """Until ``stop``."""
        while (job := self._waiting.get()) is not None:
            try:
                result = job.work()
            except Exception:  # one job's failure must not keep the next from being done
                log.exception("a job failed")
                continue
            self._mailbox.put(lambda post, job=job, result=result: post.finished.append((job, result)))  # type: ignore[misc]


class StatusWorker(threading.Thread):
    """The status socket of one line."""

    def __init__(self, endpoint: str, mailbox: Mailbox, keys: ClientKeys | None) -> None:
        super().__init__(name="ui-status", daemon=True)
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._keys = keys
        self._ending = threading.Event()

    def stop(self) -> None:
        """End. Idempotent."""
        self._ending.set()

    def run(self) -> None:
        """Until ``stop``."""
        try:
            with StatusClient(self._endpoint, TOPICS, self._keys) as client:
                while not self._ending.is_set():
                    self._pass_on(client.poll(POLL_S))
        except WireError as error:
            log.warning("status: %s", error)

    def _pass_on(self, messages: list[StatusMessage]) -> None:
        if not messages:
            return
        parts = [message.payload for message in messages if message.topic == "part"]
        states = [message.payload for message in messages if message.topic == "state"]
        previews = [message for message in messages if message.topic == "preview"]
        preview = _pictures(previews[-1]) if previews else None
        self._mailbox.put(lambda post: _post(post, parts, states, preview))


def _post(post: Post, parts: list[Params], states: list[Params], preview: Preview | None) -> None:
    if len(post.parts) + len(parts) > MOST_PARTS:
        post.parts.clear()
        post.overflow = True
    post.parts.extend(parts[-MOST_PARTS:])
    post.states[:] = [*post.states, *states][-1:]
    post.preview = preview or post.preview


def _pictures(message: StatusMessage) -> Preview | None:
    """Decoded here, so that the window's thread need not."""
    views = []
    for index, told in enumerate(message.payload.get("views", ())):
        frames = (*message.blobs[2 * index : 2 * index + 2], b"", b"")
        image = decode_image(frames[0])
        if image is not None:
            views.append(View(told["view"], told["camera"], told["width"], told["height"], image, decode_map(frames[1])))
    return Preview(message.payload["part"], message.payload["part_id"], tuple(views)) if views else None


def reachable(endpoint: str, through: str) -> str:
    """An endpoint that a process told of itself, as its client can reach it: a wildcard host is the host it was found at."""
    if not endpoint.startswith("tcp://") or not through.startswith("tcp://"):
        return endpoint
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return f"tcp://{through.removeprefix('tcp://').rpartition(':')[0]}:{port}" if host in ("0.0.0.0", "*", "[::]") else endpoint


def endpoints(hello: Mapping[str, Any], through: str) -> tuple[str, str]:
    """Status and desk endpoint that a line's ``ping`` tells."""
    told = hello.get("endpoints") or {}
    return reachable(str(told.get("status", "")), through), reachable(str(told.get("desk", "")), through)
