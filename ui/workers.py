"""The threads that talk to line and desk. No Qt: what they bring lies in a ``Mailbox``, and its owner is told that something is there."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from contextlib import suppress

from edge_inspector.errors import RequestError, WireError
from edge_inspector.wire.keys import ClientKeys
from edge_inspector.wire.requests import ControlClient
from edge_inspector.wire.subscription import StatusClient, StatusMessage
from ui.mail import ANSWER_S, Answer, Job, Link, Mailbox, Params, Post, Request
from ui.model.picture import Preview, View, decode_image, decode_map, for_painting

log = logging.getLogger(__name__)

BEAT_S = 1.0  # how often a process is asked whether it is there, so that a dead one shows
RETRY_S = 0.5
POLL_S = 0.1  # how soon a worker notices that it is to end
LAST_S = 1.5  # that a worker which is to end still waits for an answer, as what was asked may be under way; less than the bridge waits
MOST_PARTS = 1000  # beyond that the window is far behind: the rest is asked of control once it has caught up
TOPICS = ("part", "state", "preview")
NOT_CONNECTED = "not_connected"
TIMEOUT = "timeout"


class RequestWorker(threading.Thread):
    """One control endpoint: asks what it is told to, and between that whether the process still answers.

    ``beat`` is the method asked for that; ``patience_s`` is how long the process may be silent before it counts as gone: a desk that
    answers somebody else's long question is busy, not dead.
    """

    def __init__(self, process: str, mailbox: Mailbox, keys: ClientKeys | None, beat: str, patience_s: float) -> None:
        super().__init__(name=f"ui-{process}", daemon=True)
        self._process = process
        self._mailbox = mailbox
        self._keys = keys
        self._beat = beat
        self._patience_s = patience_s
        self._waiting: queue.Queue[Request] = queue.Queue()
        self._door = threading.Lock()  # nothing is put where nobody will look for it
        self._ending = threading.Event()
        self._last_s = math.inf
        self._endpoint = ""
        self._up = False
        self._heard_s = 0.0
        self._said = ""
        self.token = ""

    def connect(self, endpoint: str) -> None:
        """Talk to this endpoint from now on."""
        self._endpoint = endpoint

    def ask(self, request: Request) -> None:
        """Its answer comes by mail; at once, as a failure, while the process does not answer."""
        with self._door:
            if self._up:
                self._waiting.put(request)
                return
        self._refuse(request)

    def stop(self) -> None:
        """End; what waits is not asked any more. Idempotent."""
        self._last_s = min(self._last_s, time.monotonic() + LAST_S)
        self._ending.set()

    def _given_up(self) -> bool:
        return time.monotonic() > self._last_s

    def run(self) -> None:
        """Until ``stop``."""
        while not self._ending.is_set():
            endpoint = self._endpoint
            if endpoint:
                self._talk(endpoint)
            self._ending.wait(RETRY_S)

    def _talk(self, endpoint: str) -> None:
        """From the first answer until the process has been silent for too long."""
        try:
            with ControlClient(endpoint, self._keys, self._given_up) as client:
                hello = client.call("ping", {}, ANSWER_S)
                self._heard_s = time.monotonic()
                with self._door:
                    self._up = True  # before it is told: whoever hears of it asks at once
                self._tell(Link(self._process, True, hello=hello))
                self._converse(client, endpoint)
        except (WireError, RequestError) as error:
            self._tell(Link(self._process, False, str(error)))
        except Exception as error:  # a process of another version must not end the thread that looks for it
            log.exception("%s: the conversation failed", self._process)
            self._tell(Link(self._process, False, f"{type(error).__name__}: {error}"))
        finally:
            self._close()

    def _close(self) -> None:
        with self._door:
            self._up = False
            while not self._waiting.empty():
                self._refuse(self._waiting.get_nowait())

    def _converse(self, client: ControlClient, endpoint: str) -> None:
        due = time.monotonic()
        while not self._ending.is_set() and self._endpoint == endpoint:
            if time.monotonic() >= due:
                due = time.monotonic() + BEAT_S
                self._ask_whether_there(client)
            with suppress(queue.Empty):  # no name holds the request while the next is waited for: its owner is Qt's thread's to free
                self._serve(client, self._waiting.get(timeout=min(POLL_S, max(0.0, due - time.monotonic()))))

    def _ask_whether_there(self, client: ControlClient) -> None:
        """Raises WireError where it has been silent for longer than the patience."""
        client.token = self.token
        try:
            answer = client.call(self._beat, {}, ANSWER_S)
        except WireError:
            if time.monotonic() - self._heard_s > self._patience_s:
                raise
            return
        self._heard_s = time.monotonic()
        if self._beat == "status":
            self._mailbox.put(lambda post: post.states.append(answer))

    def _serve(self, client: ControlClient, request: Request) -> None:
        """A question without an answer in time fails by itself; whether the process is there, the next beat says."""
        client.token = self.token
        try:
            result, blobs = client.fetch(request.method, request.params, request.timeout_s)
        except RequestError as error:
            self._heard_s = time.monotonic()
            self._answer(Answer(request, code=error.code, message=str(error)))
        except WireError as error:
            self._answer(Answer(request, code=TIMEOUT, message=str(error)))
        else:
            self._heard_s = time.monotonic()
            self._answer(Answer(request, result, blobs))

    def _refuse(self, request: Request) -> None:
        self._answer(Answer(request, code=NOT_CONNECTED, message=f"{self._process}: not connected"))

    def _answer(self, answer: Answer) -> None:
        self._mailbox.put(lambda post: post.answers.append(answer))

    def _tell(self, link: Link) -> None:
        """The same word twice is no news."""
        word = "up" if link.up else link.why
        if link.up or word != self._said:
            self._mailbox.put(lambda post: post.links.append(link))
        self._said = word


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
        while self._do(self._waiting.get()):
            pass

    def _do(self, job: Job | None) -> bool:
        """Whether there was a job. A method of its own: no name holds a job, and with it its owner, while the next is waited for."""
        if job is None:
            return False
        try:
            result = job.work()
        except Exception:  # one job's failure must not keep the next from being done
            log.exception("a job failed")
        else:
            self._mailbox.put(lambda post: post.finished.append((job, result)))
        return True


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
        """Until ``stop``; what fails is tried again, since nobody would see that nothing comes any more."""
        while not self._ending.is_set():
            try:
                with StatusClient(self._endpoint, TOPICS, self._keys) as client:
                    while not self._ending.is_set():
                        self._pass_on(client.poll(POLL_S))
            except WireError as error:
                log.warning("status: %s", error)
            except Exception:  # a line of another version
                log.exception("status: a message cannot be read")
            if not self._ending.is_set():
                self._ending.wait(RETRY_S)

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
            views.append(View(told["view"], told["camera"], told["width"], told["height"], for_painting(image), decode_map(frames[1])))
    return Preview(message.payload["part"], message.payload["part_id"], tuple(views)) if views else None
