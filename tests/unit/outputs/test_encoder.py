"""Deadlines in encoder counts: a stopped belt makes nothing late, and doubt about where the belt is makes everything late."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import cast

import numpy as np
import pytest

from edge_inspector.outputs.delivery import Delivery
from edge_inspector.outputs.encoder import UNKNOWN_NS, Encoder
from edge_inspector.records import NEVER_NS, Decision, Frame, Inspection, Judgement, Outcome, Reason, Verdict
from tests.unit.outputs.link import Recorded
from tests.unit.outputs.test_delivery import HandClock, PaperJournal, PaperOutlet

HOUR = 3_600_000_000_000
MS = 1_000_000
UTC = datetime(2026, 1, 1, tzinfo=timezone.utc)


def encoder(clock: HandClock, window: int = 500) -> Encoder:
    made = Encoder(clock)
    made.arm(window)
    return made


@pytest.mark.parametrize(
    ("words", "late"),
    [
        ((100,), False),
        ((100, 600), False),
        ((100, 601), True),
        ((100, 90), False),  # it ran back a little
        ((100, 601, 0), False),  # the last word counts
        ((5000, 0), True),  # far behind a deadline of 5,500: the counter has begun anew
        ((), True),
    ],
    ids=str,
)
def test_whether_the_belt_is_beyond_a_deadline(words: tuple[int, ...], late: bool) -> None:
    clock = HandClock()
    made = encoder(clock)
    for word in words:
        clock.now += MS
        made.seen(word, clock.now)
    assert made.passed((words[0] if words else 0) + 500) is late


def test_a_belt_that_stands_for_hours_makes_nothing_late_while_the_plc_says_so() -> None:
    clock = HandClock()
    made = encoder(clock)
    for _ in range(8):
        made.report(100)
        assert not made.passed(600)
        clock.now += HOUR
    assert made.passed(600)  # it has been silent for an hour


def test_triggers_alone_do_not_fall_silent() -> None:
    clock = HandClock()
    made = encoder(clock)
    made.seen(100, 0)
    clock.now = HOUR
    assert not made.passed(600)


def test_an_old_trigger_does_not_bring_the_belt_back() -> None:
    clock = HandClock()
    made = encoder(clock)
    clock.now = 2 * MS
    made.report(700)
    made.seen(100, MS)
    assert made.passed(600)


def test_what_is_left_in_time_is_by_the_latest_speed() -> None:
    clock = HandClock()
    made = encoder(clock)
    made.report(0)
    assert made.left_ns(600) == UNKNOWN_NS
    clock.now = 100 * MS
    made.report(100)
    assert (made.left(600), made.left_ns(600), made.left_ns(50)) == (500, 500 * MS, -50 * MS)
    clock.now = 200 * MS
    made.report(100)  # it stands: the speed that it had is the best guess
    assert made.left_ns(600) == 500 * MS


RUNS: dict[str, tuple[tuple[tuple[int, int], ...], int, bool]] = {
    "it runs on": (((0, 0), (200, 200)), 500, False),
    "it has run on": (((0, 0), (200, 200)), 602, True),
    "it stands": (((0, 0), (200, 200), (700, 200)), 1900, False),
    "it stands, so says the PLC soon after a trigger": (((0, 0), (200, 200), (205, 200)), 700, True),  # one word for one moment
    "it has run back a little": (((0, 0), (200, 200), (300, 190)), 800, True),
    "it stood and runs": (((0, 0), (200, 200), (700, 200), (1200, 600)), 1300, True),
    "slowly, and is not said to stand": (((0, 0), (1000, 10), (1060, 10)), 1200, False),
}


@pytest.mark.parametrize(("words", "at_ms", "late"), RUNS.values(), ids=RUNS)
def test_a_belt_that_ran_runs_on_between_two_words(words: tuple[tuple[int, int], ...], at_ms: int, late: bool) -> None:
    clock = HandClock()
    made = encoder(clock)
    for ms, counts in words:
        clock.now = ms * MS
        made.report(counts)
    clock.now = at_ms * MS
    assert made.passed(600) is late
    assert not made.said_beyond(600)


def test_a_word_of_a_trigger_is_as_old_as_the_trigger() -> None:
    clock = HandClock()
    made = encoder(clock)
    made.seen(900, 0)
    clock.now = 140 * MS
    made.seen(1000, 100 * MS)
    clock.now = 400 * MS
    assert not made.passed(1300)
    clock.now = 401 * MS
    assert made.passed(1300)  # and that is without a PLC's word


def test_a_window_in_counts_wants_a_plc_that_tells_its_own() -> None:
    clock = HandClock()
    made = encoder(clock)
    assert not made.untold()
    clock.now = 3 * 1000 * MS
    made.seen(100, clock.now)
    assert made.untold()
    made.report(100)
    assert not made.untold()
    made.arm(None)
    clock.now += HOUR
    assert not made.untold()


def delivery(clock: HandClock, made: Encoder, gate: bool) -> tuple[Delivery, Recorded]:
    listener, outlet = Recorded(), PaperOutlet(clock)
    outlet.gate = gate
    link = Delivery("line1", True, PaperJournal(clock), clock, listener, made)
    link.outlet = outlet
    return link, listener


def judgement(count: int, counts: int) -> Judgement:
    image = np.zeros((1, 1, 1), np.uint8)
    frame = Frame(f"p{count}", "cam0", count, 0, UTC, image, 0, NEVER_NS, counts)
    return Judgement(Inspection(frame.part_id, count, (frame,)), Verdict(Decision.ACCEPT, Reason.NONE, 0.1, 0.5))


def test_a_verdict_is_late_by_counts_and_not_by_time() -> None:
    clock = HandClock()
    made = encoder(clock)
    link, listener = delivery(clock, made, gate=False)
    made.report(100)
    for count in (1, 2):
        link.expect(f"p{count}", count, 0, UTC, NEVER_NS, 600)
    link.take(judgement(1, 600), "r:1", "m")  # held, for there is no gate
    for _ in range(5):
        clock.now += 2_000 * MS
        made.report(600)
        link.turn(clock.now)
    assert listener.outcomes == []
    made.report(601)
    link.turn(clock.now)
    assert [(sent.message.trigger_count, sent.message.reason, sent.message.late) for sent in listener.outcomes] == [
        (1, Reason.LATE, True),
        (2, Reason.LATE, True),
    ]
    assert link.account.late == 2
    link.take(judgement(2, 600), "r:1", "m")
    assert link.ignored == 1


def test_a_verdict_says_what_was_left() -> None:
    clock = HandClock()
    made = encoder(clock)
    link, listener = delivery(clock, made, gate=True)
    made.report(0)
    clock.now = 100 * MS
    made.report(100)
    link.expect("p1", 1, 0, UTC, NEVER_NS, 600)
    link.take(judgement(1, 600), "r:1", "m")
    (sent,) = listener.outcomes
    assert (sent.message.deadline_counts, sent.message.deadline_ms) == (500, 500.0)


def test_an_accept_that_no_gate_took_waits_as_long_as_the_belt_stands() -> None:
    clock = HandClock()
    made = encoder(clock)
    link, listener = delivery(clock, made, gate=True)
    outlet = cast("PaperOutlet", link.outlet)
    made.report(0)
    clock.now = 100 * MS
    made.report(100)
    outlet.stuck = True
    link.expect("p1", 1, clock.now, UTC, NEVER_NS, 600)
    link.take(judgement(1, 600), "r:1", "m")  # at this speed the belt is there in 0.5 s
    for _ in range(3):
        clock.now += 2_000 * MS
        made.report(100)  # but it stands
        link.turn(clock.now)
    outlet.stuck = False
    link.turn(clock.now)
    assert [(sent.message.trigger_count, sent.message.outcome) for sent in listener.outcomes] == [(1, Outcome.ACCEPTED)]


def test_an_accept_that_no_gate_took_does_not_leave_behind_the_belt() -> None:
    clock = HandClock()
    made = encoder(clock)
    link, _ = delivery(clock, made, gate=True)
    outlet = cast("PaperOutlet", link.outlet)
    made.report(100)
    outlet.stuck = True
    link.expect("p1", 1, clock.now, UTC, NEVER_NS, 600)
    link.take(judgement(1, 600), "r:1", "m")
    made.report(601)  # the part is at the gate, and the link's turn has not come
    outlet.stuck = False
    link.release()
    assert outlet.taken == {}
