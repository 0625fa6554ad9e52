"""The reject link: one verdict for every part, journaled first, then sent; before and apart from every other output.

Threads: ``expect`` is called on the camera's, ``post`` on the engine's; everything else happens on the link's own, "reject", which alone
touches the socket. ``delivery`` has the way of a part, ``talk`` the conversation with the clients.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import zmq
from pydantic import ValidationError

from edge_inspector.errors import JournalError
from edge_inspector.outputs.context import PartContext
from edge_inspector.outputs.delivery import TURN_PARTS, Delivery
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.ledger import Account
from edge_inspector.outputs.listener import LinkStatus, Listener, tell
from edge_inspector.outputs.peers import Heard
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.outputs.resend import Entry, ResendTable
from edge_inspector.outputs.talk import Surroundings, Talk
from edge_inspector.records import NEVER_NS, Judgement
from edge_inspector.service import Clock, Pulse, utc_text
from edge_inspector.settings.station import RejectSettings
from edge_inspector.wire.keys import Socket, bound_endpoint, listening, server_keys
from edge_inspector.wire.messages import MAX_BYTES, Arm, Bye, Error, Fired, Message, Part, RecipeChange, VerdictMessage, encode
from edge_inspector.wire.threads import SocketThread

__all__ = ["LinkStatus", "Listener", "RejectLink"]

log = logging.getLogger(__name__)

IDLE_MS = 100  # a wait ends at least so often, and shows that the loop goes on
FAREWELL_S = 0.5  # how long a stopping link waits for the last acks
ROUTER = zmq.SocketType.ROUTER
OPTIONS = {
    zmq.SocketOption.ROUTER_MANDATORY: 1,
    zmq.SocketOption.ROUTER_HANDOVER: 1,
    zmq.SocketOption.MAXMSGSIZE: MAX_BYTES,
    zmq.SocketOption.SNDHWM: 10_000,
    zmq.SocketOption.RCVHWM: 10_000,
}


@dataclass(frozen=True, slots=True)
class _Arming:
    """An ``arm`` that waits until the parts ``before`` it have their verdicts on record."""

    arm: Arm
    before: frozenset[str]
    written: bool = False


class RejectLink:
    """The server side of the reject link of one station.

    ``recovery`` is what the journal knew when it was opened: unsettled verdicts in it are replayed. ``status`` is asked at each heartbeat.
    """

    def __init__(
        self,
        settings: RejectSettings,
        station: str,
        journal: Journal,
        clock: Clock,
        listener: Listener,
        *,
        recovery: Recovery | None = None,
        status: Callable[[], LinkStatus] = LinkStatus,
        encoder: Encoder | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._listener = listener
        self._status = status
        self._delivery = Delivery(station, settings.require_gate, journal, clock, listener, encoder)
        self._table = ResendTable(settings.heartbeat_ms * 1_000_000)
        self._inbox: deque[Callable[[], None]] = deque()
        self._arming: _Arming | None = None
        self._stop_by = 0.0
        self._sleeps_until_ns = NEVER_NS  # set while it sleeps: what is due later need not wake it, in the midst of a part's way
        self._talk: Talk | None = None
        self.pulse = Pulse(clock)
        """Marked at every turn: each message, and each wait for one."""
        self._thread = SocketThread("reject", self._serve)
        self.endpoint = settings.endpoint
        """Where it listens; the port is known after ``start`` where ``*`` was asked for."""
        for payload in recovery.unsettled if recovery else ():
            self._adopt(payload)

    def _adopt(self, payload: dict[str, Any]) -> None:
        try:
            message = VerdictMessage.model_validate(payload["message"])
        except (ValidationError, KeyError) as error:
            log.warning("a verdict of an earlier run cannot be replayed: %s", error)
            return
        self._table.add(Entry((message.epoch, message.seq), message.trigger_count, encode(message)))

    # ---- for other threads

    @property
    def account(self) -> Account:
        """The counts since the start: triggers = accepted + rejected + missed + open."""
        return self._delivery.account

    @property
    def unsettled(self) -> int:
        """Verdicts that no gate has acknowledged."""
        return len(self._table)

    def heard(self) -> list[Heard]:
        """The gates that are there or were, and when each was last heard."""
        return self._talk.heard() if self._talk else []

    @property
    def ignored(self) -> int:
        """Judgements that came for parts that had their outcome already."""
        return self._delivery.ignored

    @property
    def refused(self) -> int:
        """Messages of clients that were refused."""
        return self._talk.refused if self._talk else 0

    @property
    def resent(self) -> int:
        """Verdicts that were sent once more, replays included."""
        return self._talk.resent if self._talk else 0

    def start(self) -> None:
        """Listen. Raises WireError naming the endpoint: in use, or beyond loopback without keys."""
        self._thread.start()

    def expect(
        self,
        part_id: str,
        trigger_count: int,
        triggered_ns: int,
        triggered_utc: datetime,
        deadline_ns: int,
        deadline_counts: int | None = None,
        epoch: int | None = None,
    ) -> bool:
        """A part was triggered; its verdict is owed before ``deadline_ns``, or where ``deadline_counts`` is given before the belt is there.

        ``epoch`` is that of its trigger, None the present one. False, without effect, where it is known already.
        """
        fresh = self._delivery.expect(part_id, trigger_count, triggered_ns, triggered_utc, deadline_ns, deadline_counts, epoch)
        if deadline_counts is not None or deadline_ns < self._sleeps_until_ns:
            self._thread.wake.set()
        return fresh

    def post(self, judgement: Judgement, recipe: str, model: str) -> None:
        """The judgement of a part; the first for a part counts, one that comes too late is ignored (``ignored`` counts)."""
        self._delivery.announce(judgement.inspection.part_id)
        self._do(partial(self._delivery.take, judgement, recipe, model))

    def arm(self, epoch: int, base: int) -> None:
        """Arm the gates for the parts after ``base``, once every part expected so far has its verdict on record.

        Were it on record before them, a process killed in between would never account for those parts.
        """
        self._do(partial(self._set_arming, _Arming(Arm(epoch=epoch, trigger_count=base), self._delivery.open_ids())))

    def recipe_ready(self, name: str, version: int | None) -> None:
        """The line is Ready with the recipe that a gate asked for."""
        self._do(partial(self._tell_all, RecipeChange(name=name, version=version)))

    def recipe_refused(self, name: str, message: str) -> None:
        """The recipe that a gate asked for cannot be run."""
        self._do(partial(self._tell_all, Error(code="recipe_refused", message=f"{name}: {message}"[:1000])))

    def stop(self, timeout_s: float) -> bool:
        """Send what was posted, account for open parts as missed (stopped), say bye; whether that ended in time. Idempotent."""
        self._stop_by = time.monotonic() + timeout_s
        return self._thread.stop(timeout_s)

    def _do(self, action: Callable[[], None]) -> None:
        self._inbox.append(action)
        self._thread.wake.set()

    # ---- the link's thread

    def _serve(self, ready: Callable[[], None]) -> None:
        settings = self._settings
        with listening(ROUTER, settings.endpoint, "reject", server_keys(settings), settings.insecure, OPTIONS) as socket:
            self.endpoint = bound_endpoint(socket)
            talk = self._open(socket)
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)
            poller.register(self._thread.wake.fileno(), zmq.POLLIN)
            ready()
            while not self._thread.stopping.is_set():
                self.pulse.mark()
                self._sleep(poller, talk)
                self._guarded(partial(self._turn, talk))
            self._guarded(partial(self._wind_up, talk, socket))
        self.pulse.end()

    def _open(self, socket: Socket) -> Talk:
        delivery = self._delivery
        around = Surroundings(
            self._listener,
            self._status,
            delivery.record,
            self._part_told,
            self._gate_fired,
            delivery.release,
            lambda: self._journal.last_seq,
            self._now,
        )
        self._talk = delivery.outlet = talk = Talk(socket, self._table, self._settings.heartbeat_ms, around)
        return talk

    def _part_told(self, part: Part) -> None:
        self._delivery.contexts.tell(self._journal.epoch, part.trigger_count, PartContext(part.serial, part.lot))
        self._note("part", part.trigger_count, serial=part.serial, lot=part.lot)

    def _gate_fired(self, fired: Fired) -> None:
        self._note("fired", fired.trigger_count, fired_utc=utc_text(self._clock.utc()))
        tell(self._listener.gate_fired, fired.trigger_count)

    def _note(self, kind: str, trigger_count: int, **told: str) -> None:
        """Onto record, for the result log; not worth a word where the disk takes none: parts come first."""
        with contextlib.suppress(JournalError):
            self._delivery.record(kind, {"epoch": self._journal.epoch, "trigger_count": trigger_count, **told})

    def _now(self) -> int:
        return self._clock.monotonic_ns()

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # a bug must not end the thread: parts that it cost their verdict are missed at their deadline
            log.exception("the reject link failed")
            tell(self._listener.fault, "reject_link", f"{type(error).__name__}: {error}")
            self._thread.stopping.wait(0.05)

    def _turn(self, talk: Talk) -> None:
        self._thread.wake.clear()
        self._work()
        talk.receive()
        now = self._now()
        self._delivery.turn(now)
        self._advance_arming(talk)
        talk.tick(now)

    def _sleep(self, poller: zmq.Poller, talk: Talk) -> None:
        """Until a message comes, somebody wakes it, or something is due."""
        self._sleeps_until_ns = NEVER_NS  # a part that is expected while this looks for what is due wakes it
        wait_ms = min(self._wait_ms(talk), IDLE_MS)
        self._sleeps_until_ns = self._now() + wait_ms * 1_000_000
        poller.poll(wait_ms)

    def _wait_ms(self, talk: Talk) -> int:
        if self._inbox:
            return 0
        due = min(at for at in (talk.next_due_ns(), self._delivery.next_due_ns()) if at is not None)
        return max(0, -(-(due - self._now()) // 1_000_000))

    def _work(self) -> None:
        """Take a bounded number: thousands of parts may come at once after a long absence, and the gate must hear heartbeats meanwhile."""
        for _ in range(min(len(self._inbox), TURN_PARTS)):
            self._inbox.popleft()()

    def _work_off(self, talk: Talk) -> None:
        while self._inbox:
            self._work()
            self._converse(talk)

    def _converse(self, talk: Talk) -> None:
        self.pulse.mark()
        talk.receive()
        talk.tick(self._now())

    def _tell_all(self, message: Message) -> None:
        if self._talk:
            self._talk.tell_all(message)

    def _set_arming(self, arming: _Arming) -> None:
        self._arming = arming

    def _advance_arming(self, talk: Talk) -> None:
        arming = self._arming
        if arming is None or self._delivery.any_open(arming.before):
            return
        if not arming.written and not self._delivery.in_trouble:
            self._delivery.owe("arm", {"epoch": arming.arm.epoch, "trigger_count": arming.arm.trigger_count})
            self._arming = arming = replace(arming, written=True)
        if arming.written and not self._delivery.in_trouble:
            self._arming = None
            talk.arm(arming.arm)

    def _wind_up(self, talk: Talk, socket: Socket) -> None:
        self._work_off(talk)
        self._delivery.end_all()
        until = min(self._stop_by - 0.2, time.monotonic() + FAREWELL_S)
        while talk.has_gate and len(self._table) and time.monotonic() < until:
            socket.poll(10)
            self._converse(talk)
        talk.tell_all(Bye(reason="stopped"))
        socket.linger = 200  # what was sent gets out; nothing waits for this any more
