"""The PLC's count against ours: what is owed, and a slip by one in either direction, found within two parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.pipeline.counts import CountWatch, Slip

LAG = 10
PART = 100  # from part to part, ns
GRACE = 1000


def watch(grace_ns: int = GRACE) -> CountWatch:
    made = CountWatch(0, LAG)
    made.reset(grace_ns)
    return made


def test_the_plc_ahead_is_owed_after_the_grace() -> None:
    made = watch(100)
    made.report(7, 5, 0, 1000)
    assert (made.owed(1099), made.owed(1100)) == (0, 7)


def test_what_is_owed_is_known_however_many_claims_come_within_the_grace() -> None:
    made = watch()
    for moment in range(2000):
        made.report(moment, 0, 0, moment)
    assert made.owed(1999) == 999


def test_an_arming_forgets_old_claims_and_takes_the_recipe_s_grace() -> None:
    made = watch(0)
    made.report(9, 0, 0, 0)
    made.reset(50)
    assert made.owed(1000) == 0
    made.report(12, 9, 0, 1000)
    assert (made.owed(1049), made.owed(1050)) == (0, 12)


def test_ours_ahead_longer_than_the_grace_is_a_slip_though_no_part_comes() -> None:
    made = watch(200)
    assert made.report(4, 5, 0, 5) is None  # the trigger's word may be on its way
    assert made.report(4, 5, 0, 204) is None
    assert made.report(4, 5, 0, 205) == Slip(5, 4)


def test_two_gates_that_report_shortly_after_each_other_are_no_slip() -> None:
    made = watch()
    for part in range(1, 40):
        assert made.report(part, part, part - 1, part * PART + 1) is None
        assert made.report(part - 1, part, part - 1, part * PART + LAG - 1) is None  # the same PLC's count, read a moment earlier


def parts_until_found(extra_at: int, lost_at: int, beats: tuple[int, ...], parts: int = 30) -> tuple[int, list[int]] | None:
    """How many physical parts after the fault the slip is found, and the counts in doubt before.

    ``beats``: when within a part the PLC tells its count. Our camera sees one trigger too many just before part ``extra_at``, or does not
    see that of part ``lost_at``.
    """
    made, count, doubted = watch(), 0, list[int]()
    for part in range(1, parts):
        at = part * PART
        seen = [at - PART // 3, at] if part == extra_at else [] if part == lost_at else [at]
        moments = sorted([(moment, "frame") for moment in seen] + [(at + beat, "beat") for beat in beats])
        for moment, kind in moments:
            if kind == "beat":
                acked = count if moment > at else count - len(seen)  # a verdict takes less than the time to the next word
                if made.report(part, count, acked, moment) is not None:
                    return part - max(extra_at, lost_at), doubted
                continue
            count += 1
            if made.ahead_of(count, moment) is not None:
                if made.doubt(count):
                    return part - max(extra_at, lost_at), doubted
                doubted.append(count)
    return None


@pytest.mark.parametrize("beats", [(0, 50), (5, 60), (30, 80), (50,), (0, 25, 50, 75)], ids=str)
@pytest.mark.parametrize(("extra_at", "lost_at"), [(9, 0), (0, 9), (0, 0)], ids=["ours ahead", "the PLC ahead", "no fault"])
def test_a_slip_by_one_is_found_within_two_parts(extra_at: int, lost_at: int, beats: tuple[int, ...]) -> None:
    found = parts_until_found(extra_at, lost_at, beats)
    if extra_at == lost_at:
        assert found is None
    else:
        assert found is not None
        after, doubted = found
        assert after <= 2
        assert lost_at == 0 or doubted == [lost_at]  # the first part that would have been its neighbour is missed


@given(st.lists(st.integers(0, LAG - 1), min_size=1, max_size=40), st.lists(st.integers(0, LAG - 1), min_size=40, max_size=40))
def test_what_travels_less_than_the_lag_is_never_a_slip(frames: list[int], words: list[int]) -> None:
    made, ours = watch(), 0
    for part, late in enumerate(frames, 1):
        at = part * PART
        for moment, kind in sorted([(at + late, "frame"), (at + words[part - 1], "beat"), (at + PART // 2, "beat")]):
            if kind == "beat":
                assert made.report(part, ours, part - 1, moment) is None
            else:
                assert made.ahead_of(part, moment) is None
                ours = part


def test_two_doubts_that_lie_far_apart_are_chance() -> None:
    made = watch()
    assert not made.doubt(10)
    assert not made.doubt(500)
    assert made.doubt(501)


@given(st.integers(0, GRACE - 1), st.integers(1, 30))
def test_words_that_travel_long_are_no_slip_while_they_come_in_order(travel: int, parts: int) -> None:
    """A link that stalls brings the PLC's count late, but never an ack before the count that went before it."""
    made = watch()
    for part in range(1, parts):
        known = part - 1 - travel // PART
        if known > 0:
            assert made.report(known, part, known, part * PART + 1) is None
