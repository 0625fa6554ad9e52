"""Slips where parts come faster than ``trigger_lag_ms``, by a word of the PLC at each trigger: found in two parts, never made up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.pipeline.counts import BLIND, WATCHED, CountWatch, Slip

MS = 1_000_000
LAG = 50 * MS
GRACE = 250 * MS
LOST_AT = 40


@dataclass(frozen=True)
class Event:
    at: int
    word: int = 0  # the PLC's count, 0 for a frame
    count: int = 0
    triggered: int = 0


def play(events: list[Event], made: CountWatch, at_pause: bool = False) -> tuple[Slip | None, list[int], int]:
    """The slip that is found, the counts in doubt before, and our count then."""
    ours, doubts, now = 0, list[int](), 0
    for event in sorted(events, key=lambda e: e.at):
        now = event.at
        if event.word:
            found: Slip | int | None = made.report(event.word, ours, max(0, ours - 2), now)
        else:
            found, ours = made.sight(event.count, event.triggered), event.count
        if isinstance(found, Slip):
            return found, doubts, ours
        if found is not None:
            doubts.append(ours)
    owed = made.owed(now + GRACE)
    return made.slip_at_pause(ours) if at_pause and owed > ours else None, doubts, ours


def belt(
    period: int, parts: int, frame_after: int = 15, word_after: int = 1, lost: int = 0, extra: int = 0, beats: bool = True
) -> list[Event]:
    """Times in ms. Our camera misses the trigger of part ``lost``, or sees one too many before part ``extra``."""
    events, count = list[Event](), 0
    for part in range(1, parts + 1):
        at = part * period * MS
        if beats:
            events.append(Event(at + word_after * MS, word=part))
        seen = [] if part == lost else [at - period * MS // 3, at] if part == extra else [at]
        for moment in seen:
            count += 1
            events.append(Event(moment + frame_after * MS, count=count, triggered=moment))
    return events


def watch() -> CountWatch:
    made = CountWatch(0, LAG)
    made.reset(GRACE)
    return made


@pytest.mark.parametrize("word_after", [0, 1, 8])
@pytest.mark.parametrize("period", [20, 40, 100])
def test_a_lost_trigger_is_found_within_two_parts(period: int, word_after: int) -> None:
    slip, doubts, ours = play(belt(period, 200, word_after=word_after, lost=LOST_AT), watch())
    assert slip is not None
    assert slip.theirs >= slip.ours
    assert ours <= LOST_AT + 1
    assert doubts == [LOST_AT]  # the first part that would have been its neighbour is missed


@pytest.mark.parametrize(("period", "found_by"), [(40, LOST_AT + 2), (100, LOST_AT + 2), (20, 200)])
def test_a_trigger_too_many_is_found_within_two_parts_or_where_they_come_too_fast_at_the_pause(period: int, found_by: int) -> None:
    """The PLC tells its count a second time 35 ms after each trigger; its acks count for what it tells 25 ms later, or more."""
    made, ours = watch(), 0
    events = belt(period, 200, frame_after=1, word_after=0, extra=LOST_AT)
    events += [Event(at + 35 * MS, word=(at + 35 * MS) // (period * MS)) for at in range(period * MS, 200 * period * MS, period * MS)]
    events.append(Event(200 * period * MS + 500 * MS, word=200))
    acks = [(0, 0)]
    for event in sorted(events, key=lambda e: e.at):
        if not event.word:
            assert not isinstance(made.sight(event.count, event.triggered), Slip)
            ours = event.count
            acks.append((event.at + 5 * MS, ours))
            continue
        acked = max(count for at, count in acks if at <= event.at - 25 * MS or not count)
        if made.report(event.word, ours, acked, event.at) is not None:
            assert LOST_AT <= event.word <= found_by
            return
    pytest.fail("never found")


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([499.0, 499.9, 500.1, 501.0]), st.integers(0, 499))
def test_heartbeats_as_often_as_parts_that_drift_past_the_triggers_are_no_slip(beat: float, phase: int) -> None:
    events = belt(500, 600, beats=False)
    events += [Event(at, word=at // (500 * MS)) for n in range(1, 600) if (at := int((phase + n * beat) * MS)) >= 500 * MS]
    assert play(events, watch())[0] is None


@pytest.mark.parametrize(("lost", "is_slip"), [(LOST_AT - 1, True), (LOST_AT, False)])
def test_at_a_pause_a_slip_is_told_from_a_last_part_without_a_frame(lost: int, is_slip: bool) -> None:
    slip, _, ours = play(belt(20, LOST_AT, lost=lost), watch(), at_pause=True)
    assert ours == LOST_AT - 1
    assert slip == (Slip(LOST_AT - 1, LOST_AT) if is_slip else None)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_counts_that_agree_are_never_a_slip(data: st.DataObject) -> None:
    """Parts at irregular distances, frames and words that jitter, words that are lost, and a link and a camera that stall and catch up."""
    parts = 80
    gaps = data.draw(st.lists(st.integers(20, 60), min_size=parts, max_size=parts))
    jitter = st.lists(st.integers(0, 6), min_size=parts, max_size=parts)
    words, frames = data.draw(jitter), data.draw(jitter)
    lost = data.draw(st.sets(st.integers(1, parts), max_size=30))
    link = data.draw(st.tuples(st.integers(0, 2000), st.integers(0, 400)))
    camera = data.draw(st.tuples(st.integers(0, 2000), st.integers(0, 45)))  # less than the lag: it stamps frames as they come
    events = list[Event]()
    for part, at in enumerate(accumulate(gaps), 1):
        word, frame = _held(at + words[part - 1], *link), _held(at + frames[part - 1], *camera)
        events += [] if part in lost else [Event(word * MS + part, word=part)]
        events.append(Event((frame + 10) * MS + part, count=part, triggered=frame * MS))
    slip, _, ours = play(events, watch(), at_pause=True)
    assert slip is None
    assert ours == parts


def _held(at: int, stalls_at: int, for_ms: int) -> int:
    return max(at, stalls_at + for_ms) if at >= stalls_at else at


@pytest.mark.parametrize("before", [0, 25, 60])
@pytest.mark.parametrize("steps", [10, 20, 30, 40])
def test_a_link_that_was_slow_for_a_while_and_is_quick_again_is_no_slip(before: int, steps: int) -> None:
    """Words that come in time again look like frames that come later, by a whole part."""
    events = list[Event]()
    for part in range(1, 400):
        slow = steps if before <= part < 200 else 0
        events.append(Event((part * 20 + slow) * MS, word=part))
        events.append(Event((part * 20 + 45) * MS, count=part, triggered=part * 20 * MS))
    slip, _, ours = play(events, watch())
    assert (slip, ours) == (None, 399) if before else ours > 0


@pytest.mark.parametrize(
    ("period", "every_trigger", "phase", "hidden"),
    [(20, True, 1, False), (100, True, 1, False), (20, False, 1, True), (100, False, 90, True), (100, False, 30, False)],
)
def test_a_rate_at_which_slips_are_hidden_is_told(period: int, every_trigger: bool, phase: int, hidden: bool) -> None:
    made = watch()
    events = belt(period, 2 * WATCHED, beats=every_trigger)
    if not every_trigger:
        events += [Event((at + phase) * MS, word=at // period) for at in range(500, 2 * WATCHED * period, 500)]
    assert play(events, made)[0] is None
    assert made.blind is hidden
    assert BLIND < WATCHED


def test_a_word_held_against_a_count_from_before_the_arming_says_nothing() -> None:
    made, before, now = CountWatch(0, LAG), object(), object()
    made.reset(GRACE, before)
    made.reset(GRACE, now)
    assert made.report(3, 900, 900, 0, before) is None
    assert made.report(3, 900, 900, 2 * GRACE, before) is None
    assert made.report(3, 3, 3, 3 * GRACE, now) is None
    assert made.report(3, 4, 3, 4 * GRACE, now) is None
