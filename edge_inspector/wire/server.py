"""The listening ends of control (request and reply) and status (publish).

A request is one frame ``{"v": 1, "type": "request", "id": ..., "method": ..., "params": {}, "token": ...}``, the token (see access.py)
only where somebody is logged in; the answer has the same id and is ``{"v": 1, "type": "reply", "id": ..., "result": {}}``, which binary
frames (images) may follow, or ``{"v": 1, "type": "error", "id": ..., "code": ..., "message": ...}``.
A status message is two frames, topic and JSON ``{"v": 1, "type": topic, "run": ..., "n": ..., ...}``, then any binary frames.
``n`` counts the messages of a topic from 1 within a ``run`` of the publisher; ``preview`` is not numbered.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import zmq

from edge_inspector.errors import EdgeInspectorError
from edge_inspector.records import LOCAL, Caller
from edge_inspector.wire.keys import ServerKeys, Socket, bound_endpoint, listening
from edge_inspector.wire.threads import SocketThread
from edge_inspector.wire.version import VERSION

log = logging.getLogger(__name__)

REQUEST_BYTES = 4 * 1024 * 1024
ANSWERS_QUEUE = 8  # answers kept for a client that does not read, each of up to tens of MB; what is over is dropped
QUEUE = 10_000
SUBSCRIBER_QUEUE = 128  # messages kept for a subscriber that does not read, previews among them: some 30 MB, and then it has a gap
TURN_MS = 200  # a server that nobody asks comes round at least so often
PreviewMaker = Callable[[], tuple[dict[str, Any], list[bytes]]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with binary frames, such as image files; ``result`` says which is what, by index from 0."""

    result: dict[str, Any]
    blobs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """An answer whose ``result`` is JSON text (UTF-8) already: encoding a large one would hold the interpreter from everybody."""

    result: bytes


Answer = dict[str, Any] | Reply | Encoded
PlainHandler = Callable[[dict[str, Any]], Answer]
CallerHandler = Callable[[dict[str, Any], Caller], Answer]
Handler = Callable[..., Answer]  # one of the two


class Refused(Exception):  # noqa: N818 - an answer, not an error of this program
    """A request that gets an error answer: ``code`` and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gatekeeper(Protocol):
    """Who may call what; called on the server's thread. ``key`` is the client's public CURVE key (Z85), "" where it has none."""

    def admit(self, method: str, token: object, key: str) -> Caller | None:
        """The caller, or None where the method is anybody's. Raises Refused for one who may not."""

    def whoami(self, token: object, key: str) -> dict[str, Any]:
        """What the method ``whoami`` answers. Raises Refused."""


class _Everybody:
    """The gatekeeper of a socket that has none."""

    def admit(self, method: str, token: object, key: str) -> Caller | None:  # noqa: ARG002 - the protocol's names
        return LOCAL

    def whoami(self, token: object, key: str) -> dict[str, Any]:  # noqa: ARG002
        return {"user": LOCAL.name, "role": LOCAL.role.value, "login_needed": False}


class ControlServer:
    """Answers requests, one after the other, on a thread of its own.

    Handlers run on that thread, so each must be quick: a long job is started and answered at once. A handler takes ``(params)``, or
    ``(params, caller)`` where it has to know who asks; ``gatekeeper`` is asked before each, without one everything is everybody's. What a
    handler raises of ours becomes an error reply with the exception's name as its code; anything else is logged and answered as
    ``internal``. ``turn`` is called on that thread whenever it comes round, also while nobody asks.
    """

    def __init__(
        self,
        endpoint: str,
        handlers: Mapping[str, Handler],
        name: str = "control",
        *,
        keys: ServerKeys | None = None,
        insecure: bool = False,
        turn: Callable[[], None] = lambda: None,
        gatekeeper: Gatekeeper | None = None,
    ) -> None:
        self._asked = endpoint
        self._handlers = handlers
        self._gatekeeper = gatekeeper or _Everybody()
        self._turn = turn
        self._name = name
        self._keys = keys
        self._insecure = insecure
        self._thread = SocketThread(name, self._serve)
        self.endpoint = endpoint
        """Where it listens; the port is known after ``start`` where ``*`` was asked for."""
        self.refused = 0
        """Requests that got an error answer."""

    def start(self) -> None:
        """Listen. Raises WireError naming the endpoint where that is not possible."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Answer no more; whether the thread ended in time. Idempotent."""
        return self._thread.stop(timeout_s)

    def _serve(self, ready: Callable[[], None]) -> None:
        # Mandatory: an answer that is dropped is an error here, and so in the log
        limits = {zmq.SocketOption.MAXMSGSIZE: REQUEST_BYTES, zmq.SocketOption.SNDHWM: ANSWERS_QUEUE, zmq.SocketOption.ROUTER_MANDATORY: 1}
        with listening(zmq.SocketType.ROUTER, self._asked, self._name, self._keys, self._insecure, limits) as socket:
            self.endpoint = bound_endpoint(socket)
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)
            poller.register(self._thread.wake.fileno(), zmq.POLLIN)
            ready()
            while not self._thread.stopping.is_set():
                self._turn()
                if socket in dict(poller.poll(TURN_MS)):
                    self._answer(socket, *socket.recv_multipart(copy=False))

    def _answer(self, socket: Socket, peer: zmq.Frame, *frames: zmq.Frame) -> None:
        reply = self._reply(tuple(frame.bytes for frame in frames), client_key(frames[-1]) if frames else "")
        try:
            socket.send_multipart([peer.bytes, *reply], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            log.info("%s: an answer of %d bytes was not taken: %s", self._name, sum(map(len, reply)), error)

    def _reply(self, frames: tuple[bytes, ...], key: str) -> list[bytes]:
        identity: object = None
        try:
            request = _parse(frames)
            identity = request.get("id")
            answer = self._call(request, key)
            return _frames(identity, answer)
        except Refused as refusal:
            code, message = refusal.code, str(refusal)
        except EdgeInspectorError as error:
            code, message = type(error).__name__, str(error)
        except Exception as error:  # a handler's bug must not end the socket that stops the line
            log.exception("%s: a request failed", self._name)
            code, message = "internal", f"{type(error).__name__}: {error}"
        self.refused += 1
        return [json.dumps({"v": VERSION, "type": "error", "id": identity, "code": code, "message": message}).encode()]

    def _call(self, request: dict[str, Any], key: str) -> Answer:
        method, params, token = request.get("method"), request.get("params", {}), request.get("token", "")
        if method == "whoami":
            return self._gatekeeper.whoami(token, key)
        handler = self._handlers.get(method) if isinstance(method, str) else None
        if handler is None:
            raise Refused("unknown_method", f"no method {method!r}; there are: {', '.join(sorted({*self._handlers, 'whoami'}))}")
        if not isinstance(params, dict):
            raise Refused("malformed", "params must be an object")
        return _run(handler, params, self._gatekeeper.admit(str(method), token, key))


def _frames(identity: object, answer: Answer) -> list[bytes]:
    blobs = answer.blobs if isinstance(answer, Reply) else ()
    head = json.dumps({"v": VERSION, "type": "reply", "id": identity}, separators=(",", ":")).encode()
    return [b"".join((head[:-1], b',"result":', _result(answer), b"}")), *blobs]


def _result(answer: Answer) -> bytes:
    if isinstance(answer, Encoded):
        return answer.result
    return json.dumps(answer.result if isinstance(answer, Reply) else answer, separators=(",", ":")).encode()


def _run(handler: Handler, params: dict[str, Any], caller: Caller | None) -> Answer:
    if len(inspect.signature(handler).parameters) < 2:
        return cast(PlainHandler, handler)(params)
    if caller is None:
        raise Refused("login_needed", "this has to know who asks: log in at the desk, and send the token")
    return cast(CallerHandler, handler)(params, caller)


def client_key(frame: zmq.Frame) -> str:
    """The public key (Z85) that the sender of ``frame`` has proved to have; "" where its connection has no keys."""
    try:
        return str(frame.get("User-Id"))
    except zmq.ZMQError:  # no authenticator let it in
        return ""


def _parse(frames: tuple[bytes, ...]) -> dict[str, Any]:
    if len(frames) != 1:
        raise Refused("malformed", f"a request is one frame; {len(frames)} came (a REQ socket adds one: use DEALER)")
    try:
        request = json.loads(frames[0])
    except (ValueError, RecursionError) as error:
        raise Refused("malformed", f"not JSON in UTF-8: {error}") from None
    if not isinstance(request, dict) or request.get("type") != "request":
        raise Refused("malformed", 'a request is an object with "type": "request"')
    if request.get("v") != VERSION:
        raise Refused("version", f"protocol version {request.get('v')!r}; this program speaks {VERSION}")
    return request


def joined(first: Mapping[str, Any], rest: Mapping[str, Any] | str) -> str:
    """One JSON object of ``first`` and then ``rest``, which may be JSON text already. Raises ValueError or TypeError."""
    if isinstance(rest, str):
        return f"{encoded(first)[:-1]},{rest[1:]}"
    return encoded({**first, **rest})


def encoded(payload: Mapping[str, Any]) -> str:
    """The JSON text of ``payload`` as it is sent. Raises ValueError or TypeError for what JSON cannot hold."""
    return json.dumps(payload, separators=(",", ":"), allow_nan=False)


class StatusPublisher:
    """Publishes ``part``, ``state`` and ``preview``. No call waits: what nobody reads is dropped, and the numbers show it."""

    def __init__(
        self,
        endpoint: str,
        name: str = "status",
        *,
        keys: ServerKeys | None = None,
        insecure: bool = False,
        preview_rate: float = 15.0,
    ) -> None:
        self._asked = endpoint
        self._preview_pause_s = 1.0 / preview_rate
        self._preview_due_s = 0.0
        self._name = name
        self._keys = keys
        self._insecure = insecure
        self._run_id = time.time_ns()
        self._numbers: dict[str, int] = {}
        self._queue: deque[tuple[str, int, dict[str, Any] | str, tuple[bytes, ...]]] = deque(maxlen=QUEUE)
        self._preview: PreviewMaker | None = None
        self._topics: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._thread = SocketThread(name, self._serve)
        self.endpoint = endpoint
        """Where it listens; the port is known after ``start`` where ``*`` was asked for."""

    def start(self) -> None:
        """Listen. Raises WireError naming the endpoint where that is not possible."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Send what waits, then end; whether the thread ended in time. Idempotent."""
        return self._thread.stop(timeout_s)

    @property
    def run(self) -> int:
        """Names this run of the publisher in each message."""
        return self._run_id

    def has_subscribers(self, topic: str) -> bool:
        """Whether somebody subscribes to ``topic``."""
        return any(topic.startswith(prefix) for prefix in self._topics)

    def put(self, topic: str, payload: Mapping[str, Any], *blobs: bytes) -> None:
        """Publish a numbered message; ``payload`` must hold what JSON can. From any thread; never waits."""
        self._enqueue(topic, dict(payload), blobs)

    def put_encoded(self, topic: str, payload: str) -> int:
        """As `put`, of the JSON text of an object that is not empty; returns the message's number."""
        return self._enqueue(topic, payload, ())

    def _enqueue(self, topic: str, payload: dict[str, Any] | str, blobs: tuple[bytes, ...]) -> int:
        with self._lock:
            number = self._numbers[topic] = self._numbers.get(topic, 0) + 1
            self._queue.append((topic, number, payload, blobs))
        self._thread.wake.set()
        return number

    def put_preview(self, make: PreviewMaker) -> None:
        """Publish ``make()`` (payload, binary frames) as ``preview``: called on the publisher's thread, only while somebody subscribes.

        An older preview that has not left yet is dropped; at most ``preview_rate`` leave a second.
        """
        if self.has_subscribers("preview"):
            self._preview = make
            self._thread.wake.set()

    def _serve(self, ready: Callable[[], None]) -> None:
        limit = {zmq.SocketOption.SNDHWM: SUBSCRIBER_QUEUE}
        with listening(zmq.SocketType.XPUB, self._asked, self._name, self._keys, self._insecure, limit) as socket:
            self.endpoint = bound_endpoint(socket)
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)
            poller.register(self._thread.wake.fileno(), zmq.POLLIN)
            ready()
            while not self._thread.stopping.is_set():
                if socket in dict(poller.poll(self._wait_ms())):
                    self._subscriptions(socket)
                self._thread.wake.clear()
                self._publish(socket)
            self._publish(socket)

    def _wait_ms(self) -> int | None:
        """Until the preview that waits may leave; for ever without one."""
        return None if self._preview is None else max(0, math.ceil((self._preview_due_s - time.monotonic()) * 1e3))

    def _subscriptions(self, socket: Socket) -> None:
        while socket.poll(0):
            frame = socket.recv()
            topic = frame[1:].decode(errors="replace")
            if frame[:1] == b"\x01":
                self._topics |= {topic}
            elif frame[:1] == b"\x00":
                self._topics -= {topic}

    def _publish(self, socket: Socket) -> None:
        while self._queue:
            topic, number, payload, blobs = self._queue.popleft()
            self._send(socket, topic, {"n": number}, payload, blobs)
        now = time.monotonic()
        if self._preview is None or now < self._preview_due_s:
            return
        make, self._preview = self._preview, None
        self._preview_due_s = now + self._preview_pause_s
        try:
            payload, frames = make()
        except Exception:  # a picture that cannot be encoded must not end the status of the line
            log.exception("%s: a preview could not be made", self._name)
            return
        self._send(socket, "preview", {}, payload, tuple(frames))

    def _send(self, socket: Socket, topic: str, number: dict[str, int], payload: dict[str, Any] | str, blobs: tuple[bytes, ...]) -> None:
        try:
            head = joined({"v": VERSION, "type": topic, "run": self._run_id, **number}, payload)
            socket.send_multipart([topic.encode(), head.encode(), *blobs], zmq.NOBLOCK)
        except (TypeError, ValueError):
            log.exception("%s: a message on %s is not JSON", self._name, topic)
        except zmq.ZMQError as error:
            log.info("%s: a message on %s was not taken: %s", self._name, topic, error)
