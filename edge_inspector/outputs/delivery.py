"""From a part that was triggered to a verdict that has left: each part goes one way through here, and ends in exactly one outcome.

    expect ──► open ──► take, or its deadline passes (missed, late)
                          │
                          ├─ it was inspected, a gate is required and none is there: held until one is, or until the deadline
                          ▼
                       numbered, journaled ──► sent to every client ──► told to the listener
                          │
                          ├─ the write took so long that the deadline has passed: superseded by missed, late
                          └─ the disk takes no record (fault "journal"): an accept becomes missed, not_journaled; a reject is sent as
                             it is; both are journaled as soon as the disk takes them. A process killed before that reports these
                             parts once more, as missed, when it starts again. Where too many wait for the disk, the next ones are
                             missed, not_journaled, and are sent when they are on record (see ``backlog``).

``expect`` and ``announce`` may be called on any thread; everything else is the link's thread's.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from edge_inspector.errors import JournalError, RecordError
from edge_inspector.outputs.backlog import Backlog
from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.context import Contexts
from edge_inspector.outputs.draft import Draft, Left, least, unseen
from edge_inspector.outputs.encoder import UNKNOWN_NS, Encoder
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.ledger import Account, Ledger, OpenPart
from edge_inspector.outputs.listener import Listener, tell
from edge_inspector.outputs.recovery import Key
from edge_inspector.outputs.resend import Entry
from edge_inspector.records import NEVER_NS, Judgement, Outcome, Reason
from edge_inspector.service import Clock
from edge_inspector.wire.messages import VerdictMessage, encode

log = logging.getLogger(__name__)

TURN_PARTS = 200  # parts delivered in one go: some tens of ms, in which heartbeats wait
UNNUMBERED = 0  # instead of a number; the first one is 1
PASSED_OVER = "the disk took no record for so long that of this part only its count was kept"
RETRY_NS = 100_000_000  # how often a disk that took no record is tried again


class Outlet(Protocol):
    """What sends: the conversation with the clients."""

    @property
    def has_gate(self) -> bool:
        """Whether a gate is connected."""

    def publish(self, entry: Entry) -> bool:
        """Send to every client, and keep for resends; whether a gate took it."""

    def again(self, key: Key) -> bool:
        """Send a kept verdict to the gates unless one has taken it; whether one has now."""

    def withdraw(self, key: Key) -> None:
        """Keep this verdict no longer."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A part whose verdict is known and has not left; ``message`` where it is journaled already."""

    draft: Draft
    message: VerdictMessage | None


class Delivery:
    """The parts of one link; ``outlet`` is set before the first part is taken."""

    def __init__(
        self, station: str, require_gate: bool, journal: Journal, clock: Clock, listener: Listener, encoder: Encoder | None = None
    ) -> None:
        self._station = station
        self._require_gate = require_gate
        self._journal = journal
        self._clock = clock
        self._listener = listener
        self._encoder = encoder or Encoder(clock)
        self._ledger = Ledger()
        self._lock = threading.Lock()  # guards the ledger, and who is announced
        self._announced: set[str] = set()
        self._held: dict[str, _Held] = {}
        self._backlog = Backlog()
        self._retry_ns: int | None = None  # not None: the journal is in trouble
        self._recipe, self._model = "", ""
        self.outlet: Outlet | None = None
        self.contexts = Contexts()
        self.ignored = 0

    # ---- the account, from any thread

    @property
    def account(self) -> Account:
        """The counts since the start: triggers = accepted + rejected + missed + open."""
        with self._lock:
            return self._ledger.account

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
        """A part of ``epoch`` (None: the present one) is owed a verdict from now on. False, without effect, where it is known already."""
        epoch = self._journal.epoch if epoch is None else epoch
        part = OpenPart(part_id, trigger_count, triggered_ns, triggered_utc, deadline_ns, epoch, deadline_counts)
        with self._lock:
            return self._ledger.open(part)

    def announce(self, part_id: str) -> None:
        """The judgement of a part is on its way to ``take``, which says whether it came in time: the deadline ends the part no more."""
        with self._lock:
            self._announced.add(part_id)

    def open_ids(self) -> frozenset[str]:
        """The parts without an outcome."""
        with self._lock:
            return frozenset(part.part_id for part in self._ledger.parts())

    def any_open(self, part_ids: Iterable[str]) -> bool:
        """Whether one of the parts has no outcome yet."""
        with self._lock:
            return any(self._ledger.get(part_id) for part_id in part_ids)

    # ---- parts, on the link's thread

    def next_due_ns(self) -> int | None:
        """When ``turn`` has something to do."""
        with self._lock:
            deadline = self._ledger.next_deadline()
        return min((at for at in (deadline, self._retry_ns) if at is not None), default=None)

    def turn(self, now_ns: int) -> None:
        """Do what is due: try a failed disk again, a gate that took nothing, and end (a bounded number of) parts that are overdue."""
        if self._held and self.outlet and self.outlet.has_gate:
            self.release()
        if self._retry_ns is not None and now_ns >= self._retry_ns:
            self._retry()
        with self._lock:
            due = [*self._ledger.overdue(now_ns, TURN_PARTS), *(part for part in self._ledger.counted() if self._overdue(part))]
            parts = [part for part in due if part.part_id not in self._announced]
        for part in parts:
            self._give_up(part, Reason.LATE, "no verdict could leave before its deadline")

    def take(self, judgement: Judgement, recipe: str, model: str) -> None:
        """Deliver the judgement of a part; the first for a part counts."""
        self._recipe, self._model = recipe, model
        with self._lock:
            self._announced.discard(judgement.inspection.part_id)
        part = self._part(judgement)
        if part is None or part.part_id in self._held:
            self.ignored += 1
            return
        self._deliver(Draft(part, judgement, recipe, model))

    def end_all(self) -> None:
        """The link stops: every open part ends as missed. Parts that the disk passed over are left to the next start, which counts them."""
        with contextlib.suppress(JournalError):
            while self._backlog.owed or self._backlog.unnumbered:
                self._bring()
        with self._lock:
            parts = self._ledger.parts()
        for part in parts:
            self._give_up(part, Reason.STOPPED, "the line stopped before its verdict could leave")

    def release(self) -> None:
        """A gate is here: send what waits for one, in the order in which it was judged."""
        waiting, self._held = self._held, {}
        for part_id, held in waiting.items():
            if held.message is None:
                self._deliver(held.draft)
            elif self.outlet and self.outlet.again((held.message.epoch, held.message.seq)):
                self._finish(held.draft, held.message)
            else:
                self._held[part_id] = held

    def _part(self, judgement: Judgement) -> OpenPart | None:
        """The open part that is judged; one that nobody expected is opened here. None where it has its outcome."""
        inspection = judgement.inspection
        with self._lock:
            part = self._ledger.get(inspection.part_id)
        if part is not None:
            return part
        triggered_utc = self._clock.utc() - timedelta(microseconds=(self._now() - inspection.triggered_ns) / 1000)
        self.expect(inspection.part_id, inspection.trigger_count, inspection.triggered_ns, triggered_utc, inspection.deadline_ns)
        with self._lock:
            return self._ledger.get(inspection.part_id)

    def _deliver(self, draft: Draft) -> None:
        if draft.outcome is not Outcome.MISSED and self._overdue(draft.part):
            draft = draft.missed(Reason.LATE, "its verdict came after the deadline")
        if self._may_wait(draft) and not (self.outlet and self.outlet.has_gate):
            self._held[draft.part.part_id] = _Held(draft, None)
        else:
            self._publish(draft)

    def _may_wait(self, draft: Draft) -> bool:
        """Missed parts never wait: a gate that comes later gets them as a replay. How long the others may, ``turn`` says."""
        return self._require_gate and draft.outcome is not Outcome.MISSED

    def _overdue(self, part: OpenPart) -> bool:
        """By the clock; where the window is in counts, by the belt."""
        if part.deadline_counts is not None:
            return self._encoder.passed(part.deadline_counts)
        return self._now() > part.deadline_ns

    def _lapsed(self, part: OpenPart) -> bool:
        """Whether the part is still open beyond its deadline. One that has its outcome is told whenever a gate comes."""
        return self.any_open((part.part_id,)) and self._overdue(part)

    def _left(self, part: OpenPart, now_ns: int) -> Left:
        if part.deadline_counts is not None:
            return Left(self._encoder.left_ns(part.deadline_counts), self._encoder.left(part.deadline_counts))
        return Left(UNKNOWN_NS if part.deadline_ns == NEVER_NS else part.deadline_ns - now_ns)

    def _message(self, draft: Draft, now_ns: int) -> VerdictMessage:
        """The message with the next number. Raises JournalError."""
        return draft.message(self._station, self._journal.next_seq(), now_ns, self._left(draft.part, now_ns))

    def _publish(self, draft: Draft, supersedes: int | None = None) -> None:
        try:
            message = self._number(draft, supersedes)
        except JournalError as error:
            self._publish_unrecorded(draft, supersedes, error)
        else:
            self._send(draft, message)

    def _publish_unrecorded(self, draft: Draft, supersedes: int | None, error: JournalError) -> None:
        self._trouble(error)
        if draft.outcome is Outcome.ACCEPTED:
            draft = draft.missed(Reason.NOT_JOURNALED, str(error))
        if self._backlog.full and supersedes is None:
            self._pass_over(draft.missed(Reason.NOT_JOURNALED, str(error)))
            return
        now = self._now()
        try:
            message = self._message(draft, now)
        except JournalError:
            draft = draft if draft.outcome is Outcome.MISSED else draft.missed(Reason.NOT_JOURNALED, str(error))
            self._backlog.unnumbered.append((draft.bare(), supersedes))
            self._settle(draft)
            return
        self._backlog.owed.append(("verdict", self._entry(draft.brief(), message, now, supersedes)))
        self._send(draft, message)

    def _pass_over(self, draft: Draft) -> None:
        """Too many wait for the disk: the part has its outcome, and will be on record and sent once the disk is well again."""
        self._backlog.pass_over(draft.part)
        self._settle(draft)
        now = self._now()
        message = draft.message(self._station, UNNUMBERED, now, self._left(draft.part, now))
        known = self.contexts.of(draft.part.epoch, draft.part.trigger_count)
        tell(self._listener.sent, Sent(message, draft.judgement, **draft.times(now), serial=known.serial, lot=known.lot))

    def _send(self, draft: Draft, message: VerdictMessage) -> None:
        if draft.outcome is not Outcome.MISSED and self._overdue(draft.part):
            self._supersede(draft, message, Reason.LATE, "its verdict was on record only after the deadline")
            return
        gone_ns = self._now() + self._left(draft.part, self._now()).ns
        entry = Entry((message.epoch, message.seq), message.trigger_count, encode(message), gone_ns)
        if draft.outcome is Outcome.ACCEPTED:
            entry.overdue = partial(self._lapsed, draft.part)
        if (self.outlet and self.outlet.publish(entry)) or not self._may_wait(draft):
            self._finish(draft, message)
        else:
            self._held[draft.part.part_id] = _Held(draft, message)

    def _entry(self, draft: Draft, message: VerdictMessage, now_ns: int, supersedes: int | None) -> dict[str, Any]:
        known = self.contexts.of(draft.part.epoch, draft.part.trigger_count)
        return draft.entry(message, now_ns, supersedes) | {name: text for name, text in asdict(known).items() if text}

    def _supersede(self, draft: Draft, message: VerdictMessage, reason: Reason, detail: str) -> None:
        if self.outlet:
            self.outlet.withdraw((message.epoch, message.seq))
        self._publish(draft.missed(reason, detail), supersedes=message.seq)

    def _finish(self, draft: Draft, message: VerdictMessage) -> None:
        times = draft.times(self._now())
        self._settle(draft)
        self.owe("sent", {"epoch": message.epoch, "seq": message.seq, **times})
        known = self.contexts.of(draft.part.epoch, draft.part.trigger_count)
        tell(self._listener.sent, Sent(message, draft.judgement, **times, serial=known.serial, lot=known.lot))
        if draft.late:
            tell(self._listener.late, draft.part)

    def _settle(self, draft: Draft) -> None:
        with self._lock:
            self._ledger.settle(draft.part.part_id, draft.outcome, review=draft.review, late=draft.late)

    def _give_up(self, part: OpenPart, reason: Reason, detail: str) -> None:
        """End an open part as missed, whether its verdict is unknown, held, or on record and not sent."""
        held = self._held.pop(part.part_id, None)
        if held is None:
            self._publish(unseen(part, reason, detail, self._recipe, self._model))
        elif held.message is None:
            self._publish(held.draft.missed(reason, detail))
        elif self.outlet and self.outlet.again((held.message.epoch, held.message.seq)):
            self._finish(held.draft, held.message)  # a gate took it in time, when it was resent, and went
        else:
            self._supersede(held.draft, held.message, reason, detail)

    def _now(self) -> int:
        return self._clock.monotonic_ns()

    # ---- the journal

    @property
    def in_trouble(self) -> bool:
        """Whether something is not on record yet that should be."""
        return self._retry_ns is not None

    def record(self, kind: str, payload: dict[str, Any]) -> None:
        """Append to the journal, after what is owed to it. Raises JournalError, too where that is more than a turn may take."""
        self._pay(len(self._backlog.owed) if len(self._backlog.owed) <= TURN_PARTS else 1)
        if self._backlog.owed:
            raise JournalError("the journal has yet to take what was decided while its disk took no record; wait until it has")
        self._append(kind, payload)

    def _append(self, kind: str, payload: dict[str, Any]) -> None:
        """Append; of a verdict that cannot be recorded whole what has to be. Raises JournalError."""
        try:
            self._journal.append(kind, payload)
        except RecordError as error:
            log.error("%s", error)
            if kind != "verdict":
                raise
            self._journal.append(kind, least(payload, str(error)))

    def owe(self, kind: str, payload: dict[str, Any]) -> None:
        """Append to the journal now, or as soon as it takes it; until then it is ``in_trouble``."""
        try:
            self.record(kind, payload)
        except RecordError:
            return  # it is in the log; to wait for the disk would be to wait for ever
        except JournalError as error:
            self._backlog.owed.append((kind, payload))
            self._trouble(error)

    def _pay(self, most: int) -> None:
        for _ in range(most):
            with contextlib.suppress(RecordError):  # it is in the log; nothing that can be recorded waits behind it
                self._append(*self._backlog.owed[0])
            self._backlog.owed.popleft()

    def _trouble(self, error: JournalError) -> None:
        if self._retry_ns is None:  # a pause that runs is not made longer: parts may come faster than it ends
            self._retry_ns = self._now() + RETRY_NS
        tell(self._listener.fault, "journal", str(error))

    def _retry(self) -> None:
        """Bring onto record what waits for it, a portion at a time, so that heartbeats go out meanwhile."""
        try:
            for _ in range(TURN_PARTS):
                if not self._backlog:
                    break
                self._bring()
        except JournalError as error:
            self._retry_ns = None
            self._trouble(error)
            return
        self._retry_ns = self._now() if self._backlog else None
        if self._retry_ns is None:
            tell(self._listener.fault, "journal", None)

    def _bring(self) -> None:
        """Bring the next of what waits onto record. Raises JournalError."""
        backlog = self._backlog
        if backlog.owed:
            self._pay(1)
        elif backlog.unnumbered:
            draft, supersedes = backlog.unnumbered[0]
            message = self._number(draft, supersedes)
            backlog.unnumbered.popleft()
            self._send(draft, message)
        elif (part := backlog.oldest_passed_over()) is not None:
            message = self._number(unseen(part, Reason.NOT_JOURNALED, PASSED_OVER, self._recipe, self._model), None)
            backlog.take_passed_over()
            if self.outlet:  # its outcome has been told
                self.outlet.publish(Entry((message.epoch, message.seq), message.trigger_count, encode(message)))

    def _number(self, draft: Draft, supersedes: int | None) -> VerdictMessage:
        """The part's message, on record. Raises JournalError."""
        now = self._now()
        message = self._message(draft, now)
        self.record("verdict", self._entry(draft, message, now, supersedes))
        return message
