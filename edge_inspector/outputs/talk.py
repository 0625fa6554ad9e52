"""The reject link's conversation with its clients: hello, arm, acks, heartbeats, resends, replay. Used by the link's thread alone.

What is not of the protocol is refused, counted, and changes nothing. One word of a gate is a fault: an ack of a verdict for another part.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq

from edge_inspector.errors import JournalError, MessageError
from edge_inspector.outputs.listener import LinkStatus, Listener, tell
from edge_inspector.outputs.peers import Complaints, Heard, Peer, Peers
from edge_inspector.outputs.resend import Entry, ResendTable
from edge_inspector.wire import messages as m
from edge_inspector.wire.keys import Socket

log = logging.getLogger(__name__)

BATCH = 1000  # verdicts resent in one go: about 10 ms, in which a live verdict waits
RECEIVE = 500  # messages read in one go
IN_STEP_NS = 25_000_000  # for a cycle a PLC's count may trail behind what it acknowledges
CONGESTED_NS = 50_000_000
DISAGREE = "a part could pass as its neighbour; check how the PLC assigns verdicts to parts, look at those on the belt, then start again"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the conversation needs of the link.

    ``record`` appends to the journal (raises JournalError); ``part_told`` and ``gate_fired`` take what a gate says of a part; ``gate_came``
    sends what waits for a gate; ``last_seq`` is the last number given to a verdict.
    """

    listener: Listener
    status: Callable[[], LinkStatus]
    record: Callable[[str, dict[str, Any]], None]
    part_told: Callable[[m.Part], None]
    gate_fired: Callable[[m.Fired], None]
    gate_came: Callable[[], None]
    last_seq: Callable[[], int]
    now_ns: Callable[[], int]


class Talk:
    """All clients of one link."""

    def __init__(self, socket: Socket, table: ResendTable, heartbeat_ms: int, around: Surroundings) -> None:
        self._socket = socket
        self._table = table
        self._heartbeat_ms = heartbeat_ms
        self._around = around
        self._peers = Peers(socket, heartbeat_ms)
        self._complaints = Complaints(self._peers)
        self._pause_ns = heartbeat_ms * 1_000_000
        self._next_beat_ns = 0
        self._next_arm_ns = 0
        self._armed: m.Arm | None = None
        self.resent = 0

    @property
    def refused(self) -> int:
        """Messages that were refused so far."""
        return self._complaints.count

    def heard(self) -> list[Heard]:
        """The gates, and when each was last heard; from any thread."""
        return self._peers.heard()

    @property
    def has_gate(self) -> bool:
        """Whether a gate is connected."""
        return bool(self._peers.gates())

    # ---- to the clients

    def publish(self, entry: Entry) -> bool:
        """Send a verdict to every client and keep it until a gate acknowledges it; whether a gate's queue took it."""
        self._table.add(entry)
        took = self._peers.to_all(entry.data) > 0
        if took:
            self._table.sent(entry, self._around.now_ns())
        elif self.has_gate:
            self._table.postpone(entry, self._around.now_ns() + CONGESTED_NS)
        return took

    def again(self, key: tuple[int, int]) -> bool:
        """Send a kept verdict to the gates unless one has taken it already; whether one has now."""
        entry = self._table.get(key)
        return entry is None or entry.left or self._offer(entry, self._around.now_ns())

    def withdraw(self, key: tuple[int, int]) -> None:
        """Another verdict stands in for this one, which never left."""
        self._table.settle(key)

    def arm(self, arm: m.Arm) -> None:
        """Arm the gates that are here and those that come; repeated at each heartbeat until they have answered.

        Each arming wants its own answer: a line that stopped and starts again before any part arms with what the gate has answered once.
        """
        self._armed = arm
        for gate in self._peers.gates():
            gate.armed = None
            gate.acks.clear()
        self._arm_gates()

    def tell_all(self, message: m.Message) -> None:
        """Send to every client; lost where one does not take it."""
        self._peers.to_all(m.encode(message))

    def tick(self, now_ns: int) -> None:
        """Do what is due: resends, heartbeats, and parting from those that are gone."""
        for peer in self._peers.gone(now_ns):
            self._left(peer, "is silent or cannot be reached")
        self._resend(now_ns)
        if now_ns >= self._next_beat_ns:
            self._next_beat_ns = now_ns + self._pause_ns
            self._peers.to_all(self._beat())
            if now_ns >= self._next_arm_ns:
                self._arm_gates()

    def next_due_ns(self) -> int:
        """When ``tick`` has something to do."""
        due = [self._next_beat_ns, self._peers.next_silence_ns(), self._table.next_due() if self.has_gate else None]
        return min(at for at in due if at is not None)

    def _beat(self) -> bytes:
        status = self._around.status()
        beat = m.Heartbeat(
            heartbeat_ms=self._heartbeat_ms,
            state=status.state,
            last_seq=self._around.last_seq(),
            trigger_count=status.trigger_count,
            conditions=status.conditions,
        )
        return m.encode(beat)

    def _arm_gates(self) -> None:
        for gate in self._peers.gates():
            if self._armed is not None and gate.armed != self._armed:
                self._peers.send(gate, m.encode(self._armed))
        self._next_arm_ns = self._around.now_ns() + self._pause_ns

    def _resend(self, now_ns: int) -> None:
        if self.has_gate:
            for entry in self._table.due(now_ns, BATCH):
                self.resent += self._offer(entry, now_ns)

    def _offer(self, entry: Entry, now_ns: int) -> bool:
        """Whether a gate took it. What has expired is not planned again: its part is superseded at the next turn."""
        if entry.expired:
            return False
        if self._peers.to_gates(entry.data):
            self._table.sent(entry, now_ns)
            return True
        self._table.postpone(entry, now_ns + CONGESTED_NS)
        return False

    # ---- from the clients

    def receive(self) -> None:
        """Read what has come, a bounded number at a time."""
        for _ in range(RECEIVE):
            try:
                identity, *frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                self._read(identity, frames)
            except MessageError as error:
                self._refuse(identity, "malformed", str(error))

    def _read(self, identity: bytes, frames: list[bytes]) -> None:
        if len(frames) != 1:
            raise MessageError(f"a message is one frame; {len(frames)} came (a REQ socket adds one: use DEALER)")
        message, now_ns = m.decode(frames[0]), self._around.now_ns()
        if isinstance(message, m.Hello):
            self._hello(identity, message, now_ns)
        elif (peer := self._peers.get(identity)) is None:
            self._refuse(identity, "hello_first", "say hello before anything else")
        else:
            self._peers.hear(peer, now_ns, message.heartbeat_ms if isinstance(message, m.Heartbeat) else 0)
            self._take(peer, message)

    def _take(self, peer: Peer, message: m.AnyMessage) -> None:
        match message:
            case m.Heartbeat():
                self._position(peer, message.encoder)
                self._count(peer, message.trigger_count)
            case m.Bye():
                self._peers.leave(peer)
                self._left(peer, f"said bye: {message.reason}")
            case m.Error():
                log.info("client %s answers with an error (%s): %s", peer.name, message.code, message.message)
            case m.Ack() | m.Arm() | m.RecipeChange() | m.Part() | m.Fired():
                self._take_from_gate(peer, message)
            case _:
                self._refuse(peer.identity, "unexpected", f"a client does not send {message.type}")

    def _take_from_gate(self, peer: Peer, message: m.Ack | m.Arm | m.RecipeChange | m.Part | m.Fired) -> None:
        if not peer.is_gate:
            self._refuse(peer.identity, "not_a_gate", f"only a client with role gate sends {message.type}")
        elif isinstance(message, m.Ack):
            self._ack(peer, message)
        elif isinstance(message, m.Arm):
            if message == self._armed:  # an answer to an older one says nothing any more
                peer.armed = message
                tell(self._around.listener.gate_armed, peer.name, message)
        elif isinstance(message, m.Part):
            self._around.part_told(message)
        elif isinstance(message, m.Fired):
            self._around.gate_fired(message)
        else:
            tell(self._around.listener.recipe_requested, message.name, message.version)

    def _refuse(self, identity: bytes, code: str, message: str) -> None:
        self._complaints.refuse(identity, code, message, self._around.now_ns())

    def _hello(self, identity: bytes, hello: m.Hello, now_ns: int) -> None:
        peer, before = self._peers.join(identity, hello, now_ns)
        log.info("client %s (%s) says hello, last_seq %d", peer.name, peer.role, hello.last_seq)
        if peer.is_gate:
            known = hello.last_seq if hello.last_seq <= self._around.last_seq() else 0  # a number that was never given: another journal's
            self._table.plan_all(now_ns, known)
            self._resend(now_ns)
            self._around.gate_came()
            self._arm_gates()
            tell(self._around.listener.gate_joined, peer.name, hello)
        if before is not None:  # after the other has joined: there is no moment without a gate
            self._left(before, f"is {peer.name} ({peer.role}) now")
        self._peers.send(peer, self._beat())
        self._count(peer, hello.trigger_count)

    def _count(self, peer: Peer, trigger_count: int | None) -> None:
        if peer.is_gate and trigger_count is not None:
            now = self._around.now_ns()
            tell(self._around.listener.gate_count, trigger_count, peer.acked(now - IN_STEP_NS))

    def _position(self, peer: Peer, encoder: int | None) -> None:
        if peer.is_gate and encoder is not None:
            tell(self._around.listener.gate_encoder, encoder)

    def _left(self, peer: Peer, why: str) -> None:
        log.info("client %s (%s) %s", peer.name, peer.role, why)
        if peer.is_gate:
            tell(self._around.listener.gate_left, peer.name)

    def _ack(self, peer: Peer, ack: m.Ack) -> None:
        entry = self._table.get((ack.epoch, ack.seq))
        if entry is None:
            return  # the second ack of a verdict that was sent twice
        if entry.trigger_count != ack.trigger_count:
            problem = f"gate {peer.name} acknowledged verdict {ack.seq} for trigger {ack.trigger_count}; it is for {entry.trigger_count}"
            self._refuse(peer.identity, "ack_mismatch", problem)
            tell(self._around.listener.fault, "ack_mismatch", f"{problem}: {DISAGREE}")
            return
        try:
            self._around.record("ack", {"epoch": ack.epoch, "seq": ack.seq, "trigger_count": ack.trigger_count})
        except JournalError:
            return  # not on record: it stays unsettled, is sent again, and acknowledged again
        if self._armed is not None and ack.epoch == self._armed.epoch:
            peer.acks.append((self._around.now_ns(), ack.trigger_count))
        self._table.settle(entry.key)
