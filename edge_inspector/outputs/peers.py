"""Who is connected to the reject link, and how they are sent to without ever waiting. Used by the link's thread alone."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

import zmq

from edge_inspector.wire.keys import Socket
from edge_inspector.wire.messages import Arm, Error, Hello, Message, encode

log = logging.getLogger(__name__)

SILENCE = 2.5  # intervals without a word: two heartbeats are lost
ERRORS_PER_SECOND = 5  # answered, to one sender
GONE = 16  # gates that left, remembered for people
ACKS = 64  # of a client, remembered; more than it sends while its count and its acks may be out of step
SENDERS = 256  # whose errors are counted apart
LOG_EVERY_NS = 10_000_000_000
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """A gate that is there, or was, and when it last said something."""

    name: str
    connected: bool
    heard_ns: int


@dataclass(slots=True)
class Peer:
    """A client that said hello. ``armed`` is the arm that it has answered, ``acks`` when it acknowledged which counts of it last."""

    identity: bytes
    name: str
    role: Literal["gate", "monitor"]
    heard_ns: int
    silence_ns: int
    armed: Arm | None = None
    acks: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=ACKS))

    def acked(self, until_ns: int) -> int:
        """The highest count that it had acknowledged by then, 0 for none."""
        return max((count for at, count in self.acks if at <= until_ns), default=0)

    @property
    def is_gate(self) -> bool:
        """Whether its acks settle, and verdicts wait for it."""
        return self.role == "gate"


class Peers:
    """The clients by identity; a client that says hello under the name and role of another takes that one's place."""

    def __init__(self, socket: Socket, heartbeat_ms: int) -> None:
        self._socket = socket
        self._silence_ns = int(SILENCE * heartbeat_ms * 1e6)
        self._table: dict[bytes, Peer] = {}
        self._unreachable: list[Peer] = []
        self._gone: OrderedDict[str, int] = OrderedDict()  # gates that left: when they were last heard

    def get(self, identity: bytes) -> Peer | None:
        """The client, if it said hello."""
        return self._table.get(identity)

    def gates(self) -> list[Peer]:
        """The clients whose acks settle."""
        return [peer for peer in self._table.values() if peer.is_gate]

    def join(self, identity: bytes, hello: Hello, now_ns: int) -> tuple[Peer, Peer | None]:
        """Take a client in; with it, whom this connection was before, where that was another name or role: nobody speaks for it now."""
        before = self._table.get(identity)
        for other in [p for p in self._table.values() if (p.name, p.role) == (hello.name, hello.role)]:
            del self._table[other.identity]
        self._gone.pop(hello.name, None)
        peer = self._table[identity] = Peer(identity, hello.name, hello.role, now_ns, self._silence_ns)
        renamed = before is not None and (before.name, before.role) != (peer.name, peer.role)
        return peer, before if renamed else None

    def hear(self, peer: Peer, now_ns: int, heartbeat_ms: int = 0) -> None:
        """A word came from the client; with its own heartbeat interval, where it states one."""
        peer.heard_ns = now_ns
        if heartbeat_ms:
            peer.silence_ns = int(SILENCE * heartbeat_ms * 1e6)

    def leave(self, peer: Peer) -> None:
        """Forget the client."""
        if self._table.pop(peer.identity, None) is not None:
            self._remember(peer)

    def gone(self, now_ns: int) -> list[Peer]:
        """Take out, and return, the clients that cannot be reached or have been silent for two heartbeats."""
        lost, self._unreachable = self._unreachable, []
        lost += [peer for peer in self._table.values() if now_ns - peer.heard_ns > peer.silence_ns]
        return [peer for peer in lost if self._drop(peer)]

    def _drop(self, peer: Peer) -> bool:
        """Whether it was still there; not who has said hello in its place since."""
        present = self._table.get(peer.identity) is peer
        if present:
            del self._table[peer.identity]
            self._remember(peer)
        return present

    def _remember(self, peer: Peer) -> None:
        if peer.is_gate:
            self._gone[peer.name] = peer.heard_ns
            if len(self._gone) > GONE:
                self._gone.popitem(last=False)

    def heard(self) -> list[Heard]:
        """The gates that are there, and the last ``GONE`` that left; from any thread."""
        here = [Heard(peer.name, True, peer.heard_ns) for peer in self._table.copy().values() if peer.is_gate]
        return here + [Heard(name, False, at) for name, at in list(self._gone.items())]

    def next_silence_ns(self) -> int | None:
        """When the next client counts as silent; None without clients."""
        return min((peer.heard_ns + peer.silence_ns + 1 for peer in self._table.values()), default=None)

    def send(self, peer: Peer, data: bytes) -> bool:
        """Whether the client's queue took the message."""
        try:
            self._socket.send_multipart([peer.identity, data], zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                self._unreachable.append(peer)
                return False
            raise
        return True

    def to_gates(self, data: bytes) -> int:
        """Send to every gate; how many took it."""
        return sum(self.send(peer, data) for peer in self.gates())

    def to_all(self, data: bytes) -> int:
        """Send to every client; how many gates took it."""
        return sum([self.send(peer, data) and peer.is_gate for peer in list(self._table.values())])

    def answer(self, identity: bytes, message: Message) -> None:
        """Send to anybody, known or not; lost where that is not possible."""
        try:
            self._socket.send_multipart([identity, encode(message)], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            log.debug("an answer was not taken: %s", error)


class Complaints:
    """Answers messages that are refused: a few a second to each sender, one line in the log every ten seconds; ``count`` counts all."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._windows: OrderedDict[bytes, tuple[int, int]] = OrderedDict()  # identity -> (second, answers in it)
        self._next_log_ns = 0
        self.count = 0

    def refuse(self, identity: bytes, code: str, message: str, now_ns: int) -> None:
        """Answer ``identity`` with an error."""
        self.count += 1
        if self._may_answer(identity, now_ns // SECOND_NS):
            self._peers.answer(identity, Error(code=code, message=message[:1000]))
        if now_ns >= self._next_log_ns and code != "hello_first":  # which a client sees after every restart of the line
            self._next_log_ns = now_ns + LOG_EVERY_NS
            log.warning("reject link: a message was refused (%s): %s; %d refused so far", code, message[:200], self.count)

    def _may_answer(self, identity: bytes, second: int) -> bool:
        began, answers = self._windows.pop(identity, (second, 0))
        answers = answers + 1 if began == second else 1
        self._windows[identity] = (second, answers)
        if len(self._windows) > SENDERS:
            self._windows.popitem(last=False)
        return answers <= ERRORS_PER_SECOND
