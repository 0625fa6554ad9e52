"""What goes wrong around the line: garbage on its sockets, and a subscriber that stops reading."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import zmq

from edge_inspector.wire.messages import MAX_BYTES

_MESSAGES = (
    b"",
    b"\x00",
    b"\xff\xfe{",
    b"[]",
    b"{}",
    b'{"v":1}',
    b'{"v":2,"type":"hello","name":"x","role":"gate"}',
    b'{"v":1,"type":"arm","epoch":1,"trigger_count":1}',
    b'{"v":1,"type":"ack","epoch":1,"seq":1,"trigger_count":1}',
    b'{"v":1,"type":"verdict"}',
    b'{"v":1,"type":"hello","name":"x","role":"owner","last_seq":-1}',
    b'{"v":1,"type":"request","id":1,"method":"destroy","params":[]}',
    b"[" * 10_000,
)
_BIG = b'"' + b"a" * (2 * MAX_BYTES) + b'"'
_ROUNDS = 5


def garbage(seed: int) -> list[bytes]:
    """Messages that no peer should send: malformed, of another version, out of order, oversized, and noise."""
    rng = random.Random(seed)
    return [*_MESSAGES, _BIG, *(rng.randbytes(rng.randrange(1, 2000)) for _ in range(10))]


def throw_garbage(endpoints: list[str], seed: int) -> None:
    """Send garbage to each endpoint, as ZeroMQ messages of a stranger and as bytes that are no ZeroMQ at all. Takes some ms."""
    context = zmq.Context()
    try:
        for endpoint in endpoints:
            stranger = context.socket(zmq.SocketType.DEALER)
            stranger.linger = 200
            stranger.connect(endpoint)
            for message in _ROUNDS * garbage(seed):
                _offer(stranger, message)
            stranger.close()
            _raw(endpoint, seed)
    finally:
        context.term()


def _offer(stranger: zmq.Socket[bytes], message: bytes) -> None:
    try:
        stranger.send(message, zmq.NOBLOCK)
    except zmq.Again:
        return


def _raw(endpoint: str, seed: int) -> None:
    """Bytes straight into the listening socket."""
    try:
        with _connected(endpoint) as channel:
            channel.sendall(random.Random(seed).randbytes(4096))
    except OSError:
        return  # the line is down, or has hung up already


def _connected(endpoint: str) -> socket.socket:
    if endpoint.startswith("ipc://"):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channel.settimeout(0.2)
        channel.connect(endpoint.removeprefix("ipc://"))
        return channel
    address = urlsplit(endpoint)
    return socket.create_connection((address.hostname or "", address.port or 0), 0.2)


class StoppedSubscriber:
    """Subscribes to everything and reads nothing, until its time is over."""

    def __init__(self, endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._until = 0.0

    def subscribe(self, seconds: float) -> None:
        """Begin."""
        self.close()
        self._context = zmq.Context()
        subscriber = self._context.socket(zmq.SocketType.SUB)
        subscriber.linger, subscriber.rcvhwm = 0, 1
        subscriber.subscribe(b"")
        subscriber.connect(self._endpoint)
        self._until = self._clock() + seconds

    def tend(self) -> None:
        """End where it is time."""
        if self._clock() >= self._until:
            self.close()

    def close(self) -> None:
        """Idempotent."""
        if self._context is not None:
            self._context.destroy(linger=0)
            self._context = None
