"""A disk that takes no record for however long costs a bounded amount of memory, and no part its outcome."""

from __future__ import annotations

from edge_inspector.errors import JournalError
from edge_inspector.outputs.backlog import Backlog
from edge_inspector.outputs.delivery import RETRY_NS, TURN_PARTS, Delivery
from edge_inspector.outputs.ledger import Account, OpenPart
from edge_inspector.records import NEVER_NS, Decision, Frame, Inspection, Judgement, Reason, Region, Verdict
from tests.unit.outputs.link import UTC, Recorded
from tests.unit.outputs.test_delivery import IMAGE, HandClock, PaperJournal, PaperOutlet


class Numbered(PaperJournal):
    """While ``full`` it takes no record; it gives numbers while there are some ``left``."""

    left = 0

    def next_seq(self) -> int:
        if self.full:
            if not self.left:
                raise JournalError("no number can be reserved")
            self.left -= 1
        self.numbers += 1
        return self.numbers


class World:
    """A delivery with a gate; the disk is full."""

    def __init__(self, limit: int = 6) -> None:
        self.clock = HandClock()
        self.journal, self.listener = Numbered(self.clock), Recorded()
        self.outlet = PaperOutlet(self.clock)
        self.delivery = Delivery("line1", False, self.journal, self.clock, self.listener)
        self.delivery._backlog = Backlog(limit)
        self.delivery.outlet = self.outlet
        self.journal.full = True

    @property
    def backlog(self) -> Backlog:
        return self.delivery._backlog

    def run(self, first: int, last: int, decision: Decision = Decision.ACCEPT) -> None:
        for count in range(first, last + 1):
            part_id = f"line1-0-{count}"
            assert self.delivery.expect(part_id, count, self.clock.now, UTC, NEVER_NS)
            frame = Frame(part_id, "cam0", count, self.clock.now, UTC, IMAGE, 0, NEVER_NS)
            regions = tuple(Region(0, 0, 1, 1, float(n), 0.9) for n in range(50))
            self.delivery.take(
                Judgement(Inspection(part_id, count, (frame,)), Verdict(decision, Reason.NONE, 0.1, 0.5, regions)), "r:1", "m"
            )

    def turn(self) -> None:
        self.clock.now += RETRY_NS
        self.delivery.turn(self.clock.now)

    def on_record(self) -> list[int]:
        return [payload["message"]["trigger_count"] for kind, payload in self.journal.records if kind == "verdict"]


def test_what_waits_without_a_number_holds_no_image_and_few_regions() -> None:
    world = World()
    world.run(1, 3)
    drafts = [draft for draft, _ in world.backlog.unnumbered]
    assert len(drafts) == 3
    assert not any(isinstance(view, Frame) for draft in drafts for view in draft.judgement.inspection.views)
    assert {len(draft.judgement.verdict.regions) for draft in drafts} == {10}


def test_beyond_the_bound_only_counts_are_kept_and_every_part_is_told_at_once() -> None:
    world = World()
    world.journal.left = 4  # two parts get one: each part takes one for the record that fails, and one for that which is owed
    world.run(1, 500)
    backlog = world.backlog
    assert (len(backlog.owed), len(backlog.unnumbered), backlog.passed_over) == (4, 2, 496)
    assert world.delivery.account == Account(triggers=500, missed=500)
    told = [sent.message for sent in world.listener.outcomes]
    assert [m.trigger_count for m in told] == [1, 2, *range(5, 501)]
    assert {(m.seq, m.reason) for m in told[2:]} == {(0, Reason.NOT_JOURNALED)}


def test_a_disk_that_is_well_again_gets_all_in_portions_and_the_gate_too() -> None:
    world = World()
    world.run(1, 500)
    world.journal.full = False
    turns = 0
    while world.delivery.in_trouble:
        before = len(world.on_record())
        world.turn()
        turns += 1
        assert len(world.on_record()) - before <= TURN_PARTS
    assert turns == 3
    assert world.on_record() == list(range(1, 501))
    assert sorted(m.trigger_count for m, _ in world.outlet.taken.values()) == list(range(1, 501))
    assert {m.reason for m, _ in world.outlet.taken.values()} == {Reason.NOT_JOURNALED}
    assert len({sent.message.part_id for sent in world.listener.outcomes}) == len(world.listener.outcomes) == 500
    world.run(501, 501)
    assert world.delivery.account == Account(triggers=501, accepted=1, missed=500)


def test_a_long_queue_of_records_is_paid_in_portions_and_no_accept_goes_before_it() -> None:
    world = World(limit=2000)
    world.journal.left = 2000
    world.run(1, 600, Decision.REJECT)
    assert len(world.backlog.owed) == 1200
    assert {len(payload["regions"]) for kind, payload in world.backlog.owed if kind == "verdict"} == {10}
    world.journal.full = False
    before = len(world.journal.records)
    world.run(601, 601)
    assert len(world.journal.records) - before <= 3
    for _ in range(20):
        world.turn()
    assert world.on_record() == list(range(1, 602))
    assert not world.delivery.in_trouble
    assert world.delivery.account == Account(triggers=601, rejected=600, missed=1)


def test_parts_that_come_faster_than_the_disk_is_tried_do_not_put_that_off() -> None:
    world = World()
    world.run(1, 1)
    due = world.delivery.next_due_ns()
    world.clock.now += RETRY_NS // 2
    world.run(2, 2)
    assert world.delivery.next_due_ns() == due


def test_a_stop_brings_what_is_kept_onto_record() -> None:
    world = World(limit=2000)
    world.journal.left = 2000
    world.run(1, 600, Decision.REJECT)
    world.journal.full = False
    world.delivery.end_all()
    assert world.on_record() == list(range(1, 601))


def test_parts_of_two_epochs_are_passed_over_apart() -> None:
    backlog = Backlog()
    for epoch, count in ((1, 7), (1, 8), (2, 1)):
        backlog.pass_over(OpenPart(f"line1-{epoch}-{count}", count, 0, UTC, 0, epoch))
    found = []
    while (part := backlog.oldest_passed_over()) is not None:
        found.append((part.part_id, part.epoch, part.trigger_count))
        backlog.take_passed_over()
    assert found == [("line1-1-7", 1, 7), ("line1-1-8", 1, 8), ("line1-2-1", 2, 1)]
    assert not backlog
