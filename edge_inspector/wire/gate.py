"""The gate's side of the reject link: reject by default, acknowledge everything, come back by itself."""

from __future__ import annotations

import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import zmq

from edge_inspector.errors import MessageError
from edge_inspector.records import Decision, Outcome
from edge_inspector.wire import messages as m
from edge_inspector.wire.keys import ClientKeys, Socket, connect

log = logging.getLogger(__name__)

SILENCE = 2.5  # intervals without a word: two heartbeats are lost
REMEMBERED = 200_000  # verdicts known as duplicates; more than the line keeps for replay
DECISIONS = 10_000  # parts between trigger and gate
RETRY_S = 0.05


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The line has answered the hello."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The line left, or two heartbeats are lost: every part rejects until it is up again."""

    reason: str


Event = m.AnyMessage | LinkUp | LinkDown


@dataclass(slots=True)
class GateStats:
    """What was received; ``verdicts = accepts + rejects + missed``, by outcome, each part once; ``reviews`` are rejects too."""

    verdicts: int = 0
    accepts: int = 0
    rejects: int = 0
    reviews: int = 0
    missed: int = 0
    acks: int = 0
    duplicates: int = 0
    out_of_order: int = 0


class RejectClient:
    """One client of a reject link; used by one thread, which calls ``poll`` at least every heartbeat.

    ``trigger_count`` gives the PLC's own count of triggers, ``encoder`` the belt's present encoder count; None where it has none.
    ``last_seq`` is the highest sequence number that an earlier run of this client has processed.
    """

    silence: ClassVar[float] = SILENCE
    """After how many heartbeat intervals without a word the line counts as gone."""
    acknowledges_at_once: ClassVar[bool] = True
    """Whether a new verdict is acknowledged as it comes; else the caller does it by ``acknowledge``, once it has handed the verdict on."""

    def __init__(
        self,
        endpoint: str,
        name: str,
        role: Literal["gate", "monitor"] = "gate",
        *,
        trigger_count: Callable[[], int | None] | None = None,
        encoder: Callable[[], int] | None = None,
        keys: ClientKeys | None = None,
        heartbeat_ms: int = 500,
        last_seq: int = 0,
    ) -> None:
        self._name = name
        self._role = role
        self._count = trigger_count
        self._encoder = encoder
        self._heartbeat_ms = heartbeat_ms
        self._silence_s = self.silence * heartbeat_ms / 1e3
        self._last = (0, last_seq)
        self._known: OrderedDict[tuple[int, int], bool] = OrderedDict()  # whether it is acknowledged
        self._decisions: OrderedDict[int, Decision] = OrderedDict()
        self._armed: m.Arm | None = None
        self._heard: float | None = None
        self._next_word = 0.0
        self._pending: list[Event] = []
        self.stats = GateStats()
        self._context = zmq.Context()
        self._socket = self._open(endpoint, keys)

    def _open(self, endpoint: str, keys: ClientKeys | None) -> Socket:
        socket = self._context.socket(zmq.SocketType.DEALER)
        try:
            socket.immediate = True  # nothing is queued for a line that is not there: a late hello would be a second one
            socket.maxmsgsize = m.MAX_BYTES
            socket.routing_id = f"{self._name}-{uuid.uuid4().hex[:12]}".encode()
            connect(socket, endpoint, keys)
        except BaseException:
            socket.close()
            self._context.term()
            raise
        return socket

    @property
    def alive(self) -> bool:
        """Whether the line has answered, and spoken within two heartbeats."""
        return self._heard is not None and time.monotonic() - self._heard <= self._silence_s

    @property
    def armed(self) -> m.Arm | None:
        """What the line last armed us with."""
        return self._armed

    @property
    def last_seq(self) -> int:
        """The highest sequence number received."""
        return self._last[1]

    def gate_decision(self, trigger_count: int) -> Literal["pass", "reject"]:
        """What the gate does with the part that is at it now: pass only on an accept for it, of the armed epoch, with the link alive."""
        accepted = self._decisions.get(trigger_count) is Decision.ACCEPT
        return "pass" if accepted and self.alive else "reject"

    def poll(self, timeout_s: float) -> list[Event]:
        """Keep the link going for up to ``timeout_s`` and return as soon as something happened; a resent verdict is told once."""
        until = time.monotonic() + timeout_s
        while True:
            self._keep_up()
            self._drain()
            if self._pending or time.monotonic() >= until:
                events, self._pending = self._pending, []
                return events
            self._socket.poll(self._wait_ms(until))

    def _wait_ms(self, until: float) -> int:
        due = min(until, self._next_word, (self._heard or until) + self._silence_s)
        return max(1, int((due - time.monotonic()) * 1e3))

    def _keep_up(self) -> None:
        now = time.monotonic()
        if self._heard is not None and not self.alive:
            self._lose(f"nothing heard for {self._silence_s:.1f} s")
        if now < self._next_word:
            return
        said = self._send(self._beat()) if self._heard is not None else self._may_greet() and self._send(self._hello())
        self._next_word = now + (self._heartbeat_ms / 1e3 if said else RETRY_S)

    def _may_greet(self) -> bool:
        """Whether a hello may go out now; asked again shortly where not."""
        return True

    def _hello(self) -> m.Hello:
        return m.Hello(name=self._name, role=self._role, last_seq=self._last[1], trigger_count=self._count() if self._count else None)

    def _beat(self) -> m.Heartbeat:
        return m.Heartbeat(
            heartbeat_ms=self._heartbeat_ms,
            last_seq=self._last[1],
            trigger_count=self._count() if self._count else None,
            encoder=self._encoder() if self._encoder else None,
        )

    def beat(self) -> bool:
        """Tell the line the present counts now, besides the heartbeats that are due: at each trigger, a slip shows at the next part.

        Whether the message was taken.
        """
        return self._heard is not None and self._send(self._beat())

    def _lose(self, reason: str) -> None:
        if self._heard is not None:
            self._pending.append(LinkDown(reason))
        self._heard = None
        self._next_word = 0.0

    def _drain(self) -> None:
        while self._socket.poll(0):
            frames = self._socket.recv_multipart()
            try:
                self._handle(m.decode(frames[-1]))
            except MessageError as error:
                log.info("a message of the line cannot be read: %s", error)

    def _handle(self, message: m.AnyMessage) -> None:
        if isinstance(message, m.Error) and message.code == "hello_first":  # the line has restarted
            self._lose("the line does not know this client")
            self._pending.append(message)
            return
        if isinstance(message, m.Bye):
            self._lose(f"the line left: {message.reason}")
            self._next_word = time.monotonic() + self._heartbeat_ms / 1e3
        else:
            self._hear()
        if not isinstance(message, m.VerdictMessage) or self._verdict(message):
            self._pending.append(message)
        if isinstance(message, m.Arm):
            self._arm(message)
        elif isinstance(message, m.Heartbeat) and message.heartbeat_ms:
            self._keep_pace(message.heartbeat_ms)

    def _keep_pace(self, heartbeat_ms: int) -> None:
        """Judge the line by its own interval, and speak at least as often: until it knows ours, it judges us by its own."""
        self._silence_s = self.silence * heartbeat_ms / 1e3
        self._heartbeat_ms = min(self._heartbeat_ms, heartbeat_ms)
        self._next_word = min(self._next_word, time.monotonic() + self._heartbeat_ms / 1e3)

    def _hear(self) -> None:
        if self._heard is None:
            self._pending.append(LinkUp())
        self._heard = time.monotonic()

    def _arm(self, message: m.Arm) -> None:
        if message != self._armed:
            self._armed = message
            self._decisions.clear()
        self._send(message)

    def _verdict(self, message: m.VerdictMessage) -> bool:
        """Acknowledge it, unless the caller does; whether it is new."""
        key = (message.epoch, message.seq)
        known = key in self._known
        if self._known.get(key, self.acknowledges_at_once):
            self._acknowledge(message)
        if known:
            self.stats.duplicates += 1
            return False
        self._known[key] = self.acknowledges_at_once
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._count_verdict(message)
        self.stats.out_of_order += key < self._last
        self._last = max(self._last, key)
        self._decide(message)
        return True

    def acknowledge(self, message: m.VerdictMessage) -> None:
        """The caller has handed it on. An ack that is lost is made good when the line sends the verdict again."""
        self._known[(message.epoch, message.seq)] = True
        self._acknowledge(message)

    def _acknowledge(self, message: m.VerdictMessage) -> None:
        if self._role == "gate":
            self.stats.acks += self._send(m.Ack(epoch=message.epoch, seq=message.seq, trigger_count=message.trigger_count))

    def _decide(self, message: m.VerdictMessage) -> None:
        # An accept of another epoch may carry the count of a part that is on the belt now: it opens nothing.
        if self._armed is None or message.epoch != self._armed.epoch:
            return
        if self._decisions.setdefault(message.trigger_count, message.verdict) != message.verdict:
            self._decisions[message.trigger_count] = Decision.REJECT  # two opinions on one part are doubt
        if len(self._decisions) > DECISIONS:
            self._decisions.popitem(last=False)

    def _count_verdict(self, message: m.VerdictMessage) -> None:
        stats = self.stats
        stats.verdicts += 1
        stats.accepts += message.outcome is Outcome.ACCEPTED
        stats.rejects += message.outcome is Outcome.REJECTED
        stats.missed += message.outcome is Outcome.MISSED
        stats.reviews += message.outcome is Outcome.REJECTED and message.verdict is Decision.REVIEW

    def fired(self, trigger_count: int) -> bool:
        """Tell the line that the gate moved for this part; whether the message was taken."""
        return self._send(m.Fired(trigger_count=trigger_count))

    def part(self, trigger_count: int, serial: str = "", lot: str = "") -> bool:
        """Tell the line what the PLC knows of a part; whether the message was taken."""
        return self._send(m.Part(trigger_count=trigger_count, serial=serial, lot=lot))

    def request_recipe(self, name: str, version: int | None = None) -> bool:
        """Ask for a recipe; a ``recipe`` message says when the line is Ready with it. Whether the message was taken."""
        return self._send(m.RecipeChange(name=name, version=version))

    def _send(self, message: m.Message) -> bool:
        try:
            self._socket.send(m.encode(message), zmq.NOBLOCK)
        except zmq.Again:  # the line is not there; what it needs it will ask or send again
            return False
        return True

    def close(self, linger_s: float = 1.0) -> None:
        """Say bye, let what was sent get out, and close. Idempotent."""
        if self._socket.closed:
            return
        if self._heard is not None:
            self._send(m.Bye(reason="closed"))
        self._socket.close(linger=int(linger_s * 1e3))
        self._context.term()

    def __enter__(self) -> RejectClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
