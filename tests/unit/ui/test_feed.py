"""The parts' feed: whatever is dropped, each part comes once and in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ui.model.feed import MOST_HELD, PartFeed


def part(number: int, run: int = 1) -> dict[str, Any]:
    return {"run": run, "n": number, "part_id": f"p{number}"}


def numbers(parts: list[dict[str, Any]]) -> list[int]:
    return [found["n"] for found in parts]


def test_parts_in_order_pass_through() -> None:
    feed = PartFeed()
    assert numbers(feed.live([part(1), part(2)])) == [1, 2]
    assert not feed.missing


def test_after_a_hole_parts_wait_for_the_reply_that_fills_it() -> None:
    feed = PartFeed()
    feed.live([part(1)])
    assert feed.live([part(4)]) == []
    assert (feed.missing, feed.newest) == (True, 1)
    assert numbers(feed.filled({"run": 1, "parts": [part(2), part(3), part(4)]})) == [2, 3, 4]
    assert (feed.missing, feed.lost) == (False, 0)


def test_what_the_ring_has_lost_is_counted() -> None:
    feed = PartFeed()
    feed.live([part(1), part(9)])
    assert numbers(feed.filled({"run": 1, "parts": [part(5)]})) == [5, 9]
    assert feed.lost == 6


def test_a_new_run_of_the_line_begins_anew() -> None:
    feed = PartFeed()
    feed.live([part(1), part(2)])
    assert numbers(feed.live([part(1, run=2)])) == [1]


def test_what_waits_behind_a_hole_is_bounded() -> None:
    feed = PartFeed()
    feed.live([part(1), *(part(n) for n in range(3, 3 * MOST_HELD))])
    assert numbers(feed.filled({"run": 1, "parts": [part(2)]})) == list(range(2, MOST_HELD + 3))
    assert feed.live([part(3 * MOST_HELD)]) == []
    assert feed.missing  # what was not kept is asked for in its turn


def test_a_window_that_joins_late_has_lost_nothing() -> None:
    feed = PartFeed()
    assert feed.live([part(500)]) == []
    assert numbers(feed.filled({"run": 1, "parts": [part(499), part(500)]})) == [499, 500]
    assert feed.lost == 0


@given(st.lists(st.integers(1, 12), max_size=20), st.sets(st.integers(1, 40)))
def test_every_part_once_and_in_order(batches: list[int], dropped: set[int]) -> None:
    feed, published, given_out = PartFeed(), 0, []
    for size in batches:
        batch = [part(n) for n in range(published + 1, published + size + 1)]
        published += size
        given_out += feed.live([p for p in batch if p["n"] not in dropped])
        if feed.missing:
            given_out += feed.filled({"run": 1, "parts": [part(n) for n in range(feed.newest + 1, published + 1)]})
    given_out += feed.filled({"run": 1, "parts": [part(n) for n in range(feed.newest + 1, published + 1)]})
    assert numbers(given_out) == list(range(1, published + 1))
