"""Every trigger is either placed or lost with a reason, whatever the camera tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.camera.counting import Contradiction, FrameNumbers, Lost, Placed, Shot, TriggerLedger

IMAGE = np.zeros((1, 1, 1), np.uint8)


def shot(frame: int | None, stamp_ns: int | None = None, signals: int | None = None) -> Shot:
    return Shot(frame, 0, IMAGE, "", stamp_ns, signals)


def told(found: list[Lost | Placed]) -> list[tuple[int, str]]:
    """Counts with the first word of why they were lost, "" for those that have their frame."""
    return [(entry.count, entry.detail.split(":")[0] if isinstance(entry, Lost) else "") for entry in found]


@pytest.mark.parametrize(
    ("first", "wraps", "frames", "ordinals"),
    [
        (0, False, [0, 1, 2, 5], [0, 1, 2, 5]),
        (1, False, [1, 2, 4], [0, 1, 3]),
        (1, False, [3], [2]),  # the first two were lost
        (1, True, [65_534, 65_535, 1, 2], [65_533, 65_534, 65_535, 65_536]),
        (1, True, [65_535, 2], [65_534, 65_536]),  # 1 was lost over the wrap
        (None, False, [7, 8, 10], [0, 1, 3]),
        (0, False, [0, None, 2], [0, 1, 2]),  # an incomplete frame without a number took number 1
    ],
)
def test_frame_numbers_run_on(first: int | None, wraps: bool, frames: list[int | None], ordinals: list[int]) -> None:
    numbers = FrameNumbers(first, wraps)
    assert [numbers.ordinal(frame) for frame in frames] == ordinals


def test_a_gap_in_frame_numbers_is_lost_parts() -> None:
    ledger = TriggerLedger(100, FrameNumbers(0, False))
    assert told(ledger.take(shot(0))) == [(101, "")]
    lost = "the frame was lost between camera and host; check cable, packet size and packet delay"
    assert told(ledger.take(shot(3))) == [(102, lost), (103, lost), (104, "")]


def test_a_gap_with_underruns_says_so() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0), underruns=4)
    assert told(ledger.take(shot(2), underruns=5)) == [(2, "buffer underrun"), (3, "")]


def test_a_trigger_that_the_camera_could_not_take_stands_where_its_time_is() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.missed(150)
    assert told(ledger.take(shot(0, stamp_ns=100))) == [(1, "")], "exposed before the missed trigger"
    assert told(ledger.take(shot(1, stamp_ns=200))) == [(2, "over-trigger"), (3, "")]


def test_without_time_stamps_a_missed_trigger_comes_before_the_next_frame() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0))
    ledger.missed(None)
    assert told(ledger.take(shot(1))) == [(2, "over-trigger"), (3, "")]


def test_a_missed_trigger_that_no_frame_follows_is_told_when_asked() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0, stamp_ns=100))
    ledger.missed(150)
    assert told(list(ledger.overdue())) == [(2, "over-trigger")]
    assert ledger.overdue() == []
    assert told(ledger.take(shot(1, stamp_ns=300))) == [(3, "")]


def test_the_cameras_own_count_decides_and_the_frame_numbers_tell_why() -> None:
    ledger = TriggerLedger(10, FrameNumbers(0, False))
    ledger.missed(None)  # told by the count, too: not counted twice
    assert told(ledger.take(shot(0, signals=1))) == [(11, "")]
    found = told(ledger.take(shot(2, signals=5)))
    assert [count for count, _ in found] == [12, 13, 14, 15]
    assert [why.split()[0] for _, why in found[:-1]] == ["the", "over-trigger", "over-trigger"], "one frame lost, two triggers not taken"


def test_a_count_that_goes_back_is_handed_on() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0, signals=5))
    assert told(ledger.take(shot(1, signals=3))) == [(3, "")], "the pipeline stops the line at this"
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(4))
    assert told(ledger.take(shot(2))) == [(3, "")]


@given(st.lists(st.sampled_from(["frame", "lost", "missed"]), max_size=60), st.booleans())
def test_whatever_happens_each_trigger_has_one_outcome(events: list[str], counter: bool) -> None:
    ledger, frame, counts = TriggerLedger(0, FrameNumbers(0, False)), 0, []
    for signal, event in enumerate([*events, "frame"], start=1):
        if event == "missed":
            ledger.missed(signal * 10)
            continue
        if event == "frame":
            counts += [entry.count for entry in ledger.take(shot(frame, signal * 10, signal if counter else None))]
        frame += 1
    assert counts == list(range(1, len(events) + 2))


def gone_back(found: Sequence[Lost | Placed]) -> list[int]:
    return [entry.count for entry in found if isinstance(entry, Contradiction)]


def test_a_missed_trigger_told_of_after_a_later_frame_makes_the_count_go_back() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0, stamp_ns=100))
    ledger.take(shot(1, stamp_ns=300))
    assert gone_back(ledger.missed(200)) == [1], "frame 300 was part 3, and was taken for 2"
    assert ledger.missed(400) == []
    assert told(ledger.take(shot(2, stamp_ns=500))) == [(3, "over-trigger"), (4, "")]


def test_a_frame_from_before_a_trigger_that_was_counted_as_missed_makes_the_count_go_back() -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(shot(0, stamp_ns=100))
    ledger.missed(300)
    assert told(list(ledger.overdue())) == [(2, "over-trigger")]
    assert gone_back(ledger.take(shot(1, stamp_ns=200))) == [1]


@pytest.mark.parametrize(
    ("frame", "event_ns"),
    [(shot(1, stamp_ns=300, signals=3), 200), (shot(1), 200), (shot(1, stamp_ns=300), None), (shot(1, stamp_ns=300), 300)],
    ids=["the camera's own count decides", "no stamp of the frame", "no stamp of the event", "the frame's own moment"],
)
def test_what_contradicts_no_count_is_none(frame: Shot, event_ns: int | None) -> None:
    ledger = TriggerLedger(0, FrameNumbers(0, False))
    ledger.take(frame)
    assert ledger.missed(event_ns) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=40))
def test_frames_and_events_on_ways_of_their_own_never_misplace_a_frame_in_silence(signals: list[tuple[bool, int]]) -> None:
    """Each signal is taken or not, and its frame or event arrives so much later; frames alone keep their order."""
    arrivals, newest = [], 0
    for signal, (taken, delay) in enumerate(signals, start=1):
        newest = max(newest, signal * 10 + delay) if taken else newest
        arrivals.append((newest if taken else signal * 10 + delay, signal, taken))
    ledger, frames, contradicted, misplaced = TriggerLedger(0, FrameNumbers(0, False)), 0, False, False
    for _, signal, taken in sorted(arrivals):
        found = ledger.take(shot(frames, signal * 10)) if taken else ledger.missed(signal * 10)
        frames += taken
        contradicted = contradicted or bool(gone_back(found))
        misplaced = misplaced or (taken and found[-1].count != signal)
    assert contradicted == misplaced
