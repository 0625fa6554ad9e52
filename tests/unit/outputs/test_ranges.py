from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.outputs.ranges import Ranges

numbers = st.integers(0, 60)
pairs = st.tuples(numbers, numbers).map(lambda p: (min(p), max(p)))


def members(added: list[tuple[int, int]]) -> set[int]:
    return {n for low, high in added for n in range(low, high + 1)}


@given(st.lists(pairs, max_size=30))
def test_holds_what_a_set_holds(added: list[tuple[int, int]]) -> None:
    ranges, model = Ranges(added), members(added)
    assert {n for n in range(-1, 63) if n in ranges} == model
    assert len(ranges) == len(model)
    assert ranges.highest() == max(model, default=None)


@given(st.lists(pairs, max_size=30))
def test_pairs_are_disjoint_sorted_and_not_adjacent(added: list[tuple[int, int]]) -> None:
    kept = Ranges(added).pairs()
    assert all(low <= high for low, high in kept)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(kept))
    assert Ranges(kept).pairs() == kept


@given(st.lists(pairs, max_size=10), numbers, numbers)
def test_missing_is_the_complement(added: list[tuple[int, int]], low: int, high: int) -> None:
    assert list(Ranges(added).missing(low, high)) == [n for n in range(low, high + 1) if n not in members(added)]


@given(st.lists(pairs, max_size=10), numbers)
def test_above(added: list[tuple[int, int]], base: int) -> None:
    kept = Ranges(added).above(base)
    assert {n for n in range(63) if n in kept} == {n for n in members(added) if n > base}
