"""Any order of triggers, judgements, gates that come and go, passing time, a disk that fails, and restarts keeps the law."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_inspector.errors import JournalError
from edge_inspector.outputs.backlog import Backlog
from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.delivery import RETRY_NS, Delivery
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.recovery import JournalState, Key
from edge_inspector.outputs.resend import Entry
from edge_inspector.records import Decision, Frame, Inspection, Judgement, Outcome, Reason, Verdict
from edge_inspector.wire.messages import VerdictMessage, decode
from tests.unit.outputs.link import Recorded

IMAGE = np.zeros((1, 1, 1), np.uint8)


class HandClock:
    """Time that tests move."""

    def __init__(self) -> None:
        self.now = 0

    def monotonic_ns(self) -> int:
        return self.now

    def utc(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=timezone.utc) + timedelta(microseconds=self.now / 1000)


class PaperJournal(Journal):
    """Records in memory; a disk that is ``full`` takes nothing, one that is ``slow`` takes longer than any deadline."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(Path("/nowhere"), clock)
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.full = False
        self.slow = False
        self.numbers = 0
        self.hand = clock

    def start_epoch(self) -> int:
        self._state.epoch += 1
        return self._state.epoch

    def next_seq(self) -> int:
        if self.full and self.numbers % 3 == 0:
            raise JournalError("no number can be reserved")
        self.numbers += 1
        return self.numbers

    def append(self, kind: str, payload: dict[str, Any]) -> Position:
        if self.full:
            raise JournalError("the disk is full")
        if self.slow and kind == "verdict":
            self.hand.now += 100
        self.records.append((kind, payload))
        return Position(1, len(self.records))

    def read(self, position: Position | None = None) -> Iterator[tuple[Position, str, dict[str, Any]]]:
        yield from ((Position(1, n), kind, payload) for n, (kind, payload) in enumerate(self.records))


class PaperOutlet:
    """Clients on paper: what a gate has taken."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.gate = True
        self.stuck = False  # connected, and takes nothing
        self.kept: dict[Key, Entry] = {}
        self.taken: dict[Key, tuple[VerdictMessage, int]] = {}  # with the time at which the gate first had it

    @property
    def has_gate(self) -> bool:
        return self.gate

    def publish(self, entry: Entry) -> bool:
        self.kept[entry.key] = entry
        return self._offer(entry)

    def again(self, key: Key) -> bool:
        return key not in self.kept or key in self.taken or self._offer(self.kept[key])

    def adopt(self) -> None:
        """After a kill nobody knows whether a verdict has left: it is replayed as it is on record."""
        self.kept = {key: Entry(key, entry.trigger_count, entry.data) for key, entry in self.kept.items()}

    def withdraw(self, key: Key) -> None:
        assert key not in self.taken, "what a gate has taken cannot be taken back"
        self.kept.pop(key, None)

    def replay(self) -> None:
        for entry in self.kept.values():
            self._offer(entry)

    def _offer(self, entry: Entry) -> bool:
        if not self.gate or self.stuck or (entry.key not in self.taken and entry.expired):
            return False
        message = decode(entry.data)
        assert isinstance(message, VerdictMessage)
        self.taken.setdefault(entry.key, (message, self.clock.now))
        return True


class SlowOutlet(PaperOutlet):
    """To send takes longer than the window of a part."""

    def publish(self, entry: Entry) -> bool:
        taken = super().publish(entry)
        self.clock.now += 30
        return taken


class DeliveryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.journal = PaperJournal(self.clock)
        self.outlet = PaperOutlet(self.clock)
        self.listener = Recorded()
        self.triggers = 0
        self.deadlines: dict[int, int] = {}
        self.triggered: dict[int, int] = {}
        self.decisions: dict[int, Decision] = {}  # the first judgement of a part
        self.begin()

    def begin(self) -> None:
        self.epoch = self.journal.start_epoch()
        self.delivery = Delivery("line1", True, self.journal, self.clock, self.listener)
        self.delivery.outlet = self.outlet
        self.waiting: list[int] = []  # triggered in this run, and not judged

    def part_id(self, count: int) -> str:
        return f"line1-{self.epoch}-{count}"

    def judgement(self, count: int, decision: Decision) -> Judgement:
        frame = Frame(self.part_id(count), "cam0", count, 0, self.clock.utc(), IMAGE, 0, self.deadlines[count])
        return Judgement(Inspection(frame.part_id, count, (frame,)), Verdict(decision, Reason.NONE, 0.1, 0.5))

    @rule(windows=st.lists(st.integers(1, 80), min_size=1, max_size=4))
    def trigger(self, windows: list[int]) -> None:
        for window in windows:
            self.triggers += 1
            count, now = self.triggers, self.clock.now
            self.triggered[count], self.deadlines[count] = now, now + window
            assert self.delivery.expect(self.part_id(count), count, now, self.clock.utc(), now + window)
            self.waiting.append(count)

    @precondition(lambda self: self.waiting)
    @rule(decisions=st.lists(st.sampled_from([Decision.ACCEPT, *Decision]), min_size=1, max_size=4), which=st.integers(0, 3))
    def judge(self, decisions: list[Decision], which: int) -> None:
        for decision in decisions[: len(self.waiting)]:
            count = self.waiting.pop(which % len(self.waiting))
            self.decisions[count] = decision
            self.delivery.take(self.judgement(count, decision), "ring:1", "demo")
            self.delivery.take(self.judgement(count, Decision.ACCEPT), "ring:1", "demo")  # the second does not count

    @rule(passed=st.integers(1, 12))
    def time_passes(self, passed: int) -> None:
        self.clock.now += passed
        self.delivery.turn(self.clock.now)

    @rule(gate=st.sampled_from(["here", "here", "gone", "stuck"]))
    def gate_comes_or_goes(self, gate: str) -> None:
        self.outlet.gate, self.outlet.stuck = gate != "gone", gate == "stuck"
        if self.outlet.gate:
            self.outlet.replay()
            self.delivery.release()

    @rule(disk=st.sampled_from(["well", "full", "slow"]))
    def disk_changes(self, disk: str) -> None:
        self.journal.full, self.journal.slow = disk == "full", disk == "slow"

    def settle_disk(self) -> None:
        self.journal.full = self.journal.slow = False
        self.clock.now += 2 * RETRY_NS
        self.delivery.turn(self.clock.now)
        assert not self.delivery.in_trouble

    @rule(kill=st.booleans())
    def end_and_start_again(self, kill: bool) -> None:
        if kill and not self.delivery.in_trouble:
            self.killed()
            return
        self.settle_disk()
        self.delivery.end_all()
        assert self.delivery.account.open == 0
        self.begin()

    def killed(self) -> None:
        """What the journal does not know is missed (restart)."""
        self.journal.full = self.journal.slow = False
        known = JournalState()
        for kind, payload in self.journal.records:
            known.apply(1, kind, payload)
        self.begin()
        self.outlet.adopt()
        for count in known.counts.missing(1, self.triggers):
            self.deadlines[count] = self.clock.now + 10
            lost = self.judgement(count, Decision.REJECT)
            self.delivery.take(lost, "ring:1", "demo")

    def outcomes(self) -> dict[int, list[VerdictMessage]]:
        """The verdicts on record by trigger, superseded ones aside."""
        superseded = {(p["message"]["epoch"], p.get("supersedes")) for kind, p in self.journal.records if kind == "verdict"}
        found: dict[int, list[VerdictMessage]] = {}
        for kind, payload in self.journal.records:
            if kind == "verdict":
                message = VerdictMessage.model_validate(payload["message"])
                if (message.epoch, message.seq) not in superseded:
                    found.setdefault(message.trigger_count, []).append(message)
        return found

    @invariant()
    def the_account_adds_up(self) -> None:
        account = self.delivery.account
        assert account.triggers == account.accepted + account.rejected + account.missed + account.open

    @invariant()
    def no_trigger_has_two_outcomes(self) -> None:
        assert all(len(messages) == 1 for messages in self.outcomes().values())

    @invariant()
    def no_number_is_used_twice(self) -> None:
        numbers = Counter((p["message"]["epoch"], p["message"]["seq"]) for kind, p in self.journal.records if kind == "verdict")
        assert not numbers or max(numbers.values()) == 1
        assert list(numbers) == sorted(numbers)

    @invariant()
    def only_what_was_judged_good_is_accepted(self) -> None:
        for count, (message,) in self.outcomes().items():
            assert message.outcome is not Outcome.ACCEPTED or self.decisions[count] is Decision.ACCEPT

    @invariant()
    def whatever_a_gate_was_told_to_accept_is_on_record_and_was_in_time(self) -> None:
        recorded = {(p["message"]["epoch"], p["message"]["seq"]): p for kind, p in self.journal.records if kind == "verdict"}
        for key, (message, _) in self.outlet.taken.items():
            if message.outcome is Outcome.ACCEPTED:
                assert recorded[key]["message"] == message.model_dump(mode="json")
                assert message.deadline_ms >= 0

    @invariant()
    def an_accept_leaves_before_its_deadline(self) -> None:
        for sent in self.listener.outcomes:
            count = sent.message.trigger_count
            if sent.message.outcome is Outcome.ACCEPTED:
                assert self.triggered[count] + sent.latency_ns <= self.deadlines[count]

    @invariant()
    def each_outcome_is_told_once(self) -> None:
        told = Counter(sent.message.part_id for sent in self.listener.outcomes)
        assert not told or max(told.values()) == 1

    def teardown(self) -> None:
        self.settle_disk()
        self.delivery.end_all()
        told = self.outcomes()
        assert sorted(told) == list(range(1, self.triggers + 1))
        assert self.delivery.account.open == 0
        self.outlet.gate, self.outlet.stuck = True, False
        self.outlet.replay()
        at_the_gate = {message.trigger_count: message.outcome for message, _ in self.outlet.taken.values()}
        assert at_the_gate == {count: messages[0].outcome for count, messages in told.items()}


TestAnyOrder = DeliveryMachine.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


def test_times_of_a_part_without_a_frame() -> None:
    clock = HandClock()
    journal, listener = PaperJournal(clock), Recorded()
    delivery = Delivery("line1", False, journal, clock, listener)
    delivery.expect("line1-1-1", 1, 0, clock.utc(), 50)
    clock.now = 60
    delivery.turn(60)
    sent: Sent = listener.outcomes[0]
    assert (sent.latency_ns, sent.overhead_ns) == (60, 0)
    assert sent.message.score is None
    assert math.isnan(sent.judgement.verdict.score)


def test_a_part_that_is_told_after_a_new_epoch_began_belongs_to_its_own() -> None:
    """The same count of both epochs has an outcome in each."""
    clock = HandClock()
    journal, listener = PaperJournal(clock), Recorded()
    delivery = Delivery("line1", False, journal, clock, listener)
    before = journal.epoch
    after = journal.start_epoch()
    assert delivery.expect("old", 1, 0, clock.utc(), 50, None, before)
    assert delivery.expect("new", 1, 0, clock.utc(), 50)
    clock.now = 60
    delivery.turn(60)
    assert {(sent.message.part_id, sent.message.epoch) for sent in listener.outcomes} == {("old", before), ("new", after)}


def recorded(journal: PaperJournal) -> list[tuple[int, str, int | None]]:
    """Trigger count, reason and superseded number of each verdict on record."""
    verdicts = [payload for kind, payload in journal.records if kind == "verdict"]
    return [(p["message"]["trigger_count"], p["message"]["reason"], p.get("supersedes")) for p in verdicts]


def test_a_verdict_on_record_that_no_gate_took_is_superseded_at_its_deadline() -> None:
    machine = DeliveryMachine()
    machine.outlet.stuck = True
    machine.trigger([20])
    machine.judge([Decision.ACCEPT], 0)
    assert machine.delivery.account.open == 1
    machine.time_passes(30)
    assert recorded(machine.journal) == [(1, "none", None), (1, "late", 1)]
    assert machine.delivery.account.missed == 1


def test_a_verdict_that_no_gate_took_while_its_deadline_passed_is_superseded() -> None:
    """A gate's queue that is full is found so late that the window is over by the next look at the clock."""
    machine = DeliveryMachine()
    outlet = SlowOutlet(machine.clock)
    machine.delivery.outlet = machine.outlet = outlet
    outlet.stuck = True
    machine.trigger([20])
    machine.judge([Decision.ACCEPT], 0)
    assert machine.delivery.account.open == 1
    machine.time_passes(1)
    assert recorded(machine.journal) == [(1, "none", None), (1, "late", 1)]
    outlet.stuck = False
    outlet.replay()
    assert [message.outcome for message, _ in outlet.taken.values()] == [Outcome.MISSED]


def test_a_gate_that_took_a_resend_in_time_and_went_has_had_its_verdict() -> None:
    machine = DeliveryMachine()
    machine.outlet.stuck = True
    machine.trigger([20])
    machine.judge([Decision.ACCEPT], 0)
    machine.outlet.stuck = False
    machine.outlet.replay()
    machine.outlet.gate = False
    machine.time_passes(30)
    assert recorded(machine.journal) == [(1, "none", None)]
    assert (machine.delivery.account.accepted, machine.delivery.account.open) == (1, 0)


def test_a_verdict_that_supersedes_another_and_gets_no_number_still_supersedes_it() -> None:
    machine = DeliveryMachine()
    machine.journal.numbers = 2
    machine.outlet.stuck = True
    machine.trigger([20])
    machine.judge([Decision.ACCEPT], 0)
    machine.disk_changes("full")
    machine.time_passes(30)
    machine.settle_disk()
    assert recorded(machine.journal) == [(1, "none", None), (1, "late", 3)]


def test_what_is_owed_to_the_journal_goes_before_what_comes() -> None:
    machine = DeliveryMachine()
    machine.journal.numbers = 3
    machine.trigger([50, 50])
    machine.disk_changes("full")
    machine.journal.numbers = 4  # a block of numbers is left
    machine.judge([Decision.REJECT], 0)
    machine.disk_changes("well")
    machine.judge([Decision.REJECT], 0)
    assert [count for count, _, _ in recorded(machine.journal)] == [1, 2]
    machine.settle_disk()


class BoundedMachine(DeliveryMachine):
    """The same where hardly a part is kept whole for a disk that takes none."""

    def begin(self) -> None:
        super().begin()
        self.delivery._backlog = Backlog(2)


TestAnyOrderBounded = BoundedMachine.TestCase
TestAnyOrderBounded.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
