"""Every trigger becomes one part; gaps are missed; the queue drops nothing; counts are held against the PLC's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.camera.base import Grab
from edge_inspector.pipeline.acquisition import LOST_NS, Acquisition, Naming
from edge_inspector.pipeline.queue import InspectionQueue
from edge_inspector.prepare import FrameCheck
from edge_inspector.records import NEVER_NS, Frame, Inspection, Missed, Reason, View
from edge_inspector.settings.recipe import ImageRules

NAMING = Naming("line1", 9, "cam0", 500)
UTC = datetime(2026, 1, 1, tzinfo=timezone.utc)


def grab(count: int, value: int | None = 100) -> Grab:
    image = None if value is None else np.full((8, 8, 1), value, np.uint8)
    if image is not None:
        image[0, 0, 0] = count % 251  # so that neighbours are not frozen
    return Grab(count, count * 1000, UTC, count * 1000 + 5, image, detail="cable" if image is None else "")


def acquisition(last: int | None = 0) -> Acquisition:
    return Acquisition(NAMING, FrameCheck(ImageRules(reject_frozen=False)), last)


def test_a_frame_has_name_and_deadline() -> None:
    (frame,) = acquisition().take(grab(1))
    assert isinstance(frame, Frame)
    assert (frame.part_id, frame.trigger_count, frame.deadline_ns) == ("line1-9-1", 1, 1500)


def test_a_window_in_counts_dates_a_frame_by_the_belt() -> None:
    by_counts = Acquisition(Naming("line1", 9, "cam0", 0, 600), FrameCheck(ImageRules()), 0)
    (frame,) = by_counts.take(replace(grab(1), encoder_counts=100))
    (undated,) = by_counts.take(grab(2))
    assert isinstance(frame, Frame)
    assert (frame.deadline_ns, frame.deadline_counts) == (NEVER_NS, 700)
    assert isinstance(undated, Missed)
    assert (undated.reason, undated.deadline_ns) == (Reason.GRAB_FAILED, undated.triggered_ns + LOST_NS)  # told though the engine hangs


def test_a_gap_is_missed_before_the_frame_that_shows_it() -> None:
    parts = acquisition(3).take(grab(6))
    assert [(p.trigger_count, type(p)) for p in parts] == [(4, Missed), (5, Missed), (6, Frame)]
    assert {p.reason for p in parts if isinstance(p, Missed)} == {Reason.COUNTER_GAP}


def test_without_a_known_count_the_first_one_begins() -> None:
    assert [p.trigger_count for p in acquisition(None).take(grab(40))] == [40]


def test_failed_and_black_frames_are_missed() -> None:
    taken = [acquisition().take(grab(1, value))[0] for value in (None, 0)]
    assert [p.reason for p in taken if isinstance(p, Missed)] == [Reason.GRAB_FAILED, Reason.BLACK_FRAME]


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(0, 5))
def test_every_count_once_and_in_order(counts: list[int], base: int) -> None:
    acq = acquisition(base)
    parts: list[View] = [part for count in counts for part in acq.take(grab(count))]
    got = [part.trigger_count for part in parts]
    assert got == list(range(base + 1, max([base, *counts]) + 1))


def test_a_full_queue_keeps_the_part_without_its_image() -> None:
    queue = InspectionQueue(2)
    parts = acquisition().take(grab(1)) + acquisition(1).take(grab(2)) + acquisition(2).take(grab(3))
    unqueued = [queue.put(Inspection(p.part_id, p.trigger_count, (p,))) for p in parts]
    out = [queue.get(0) for _ in range(3)]
    assert unqueued == [None] * 3
    assert [i.trigger_count for i in out if i] == [1, 2, 3]
    lost = out[2].missed if out[2] else None
    assert lost is not None
    assert lost.reason is Reason.QUEUE_FULL
    assert queue.get(0) is None


def test_missed_parts_take_no_place_in_the_queue() -> None:
    queue = InspectionQueue(1)
    for count in range(1, 20):
        assert queue.put(Inspection("p", count, (NAMING.lost(count, 0, Reason.COUNTER_GAP),))) is None
    assert len(queue) == 19


def test_beyond_a_number_of_parts_those_without_images_are_not_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_inspector.pipeline.queue.ITEMS_MAX", 2)
    queue = InspectionQueue(1)
    lost = [Inspection("p", count, (NAMING.lost(count, 0, Reason.COUNTER_GAP),)) for count in (1, 2, 3)]
    assert [queue.put(part) for part in lost] == [None, None, lost[2]]
    with_image = [Inspection(p.part_id, p.trigger_count, (p,)) for base in (3, 4) for p in acquisition(base).take(grab(base + 1))]
    assert queue.put(with_image[0]) is None
    refused = queue.put(with_image[1])
    assert refused is not None
    assert refused.missed is not None
    assert refused.missed.reason is Reason.QUEUE_FULL
    assert (len(queue), queue.mark()) == (3, 3)
