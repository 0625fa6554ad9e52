"""The engine is said to be too slow before a part is missed, and to keep up again only after a while."""

from __future__ import annotations

import pytest

from edge_inspector.pipeline.load import CALM_NS, LoadWatch


@pytest.mark.parametrize(
    ("capacity", "waiting", "age", "slow"),
    [
        (8, 3, 0.1, False),
        (8, 4, 0.1, True),
        (8, 0, 0.49, False),
        (8, 0, 0.5, True),
        (1, 0, 0.0, False),
        (1, 1, 0.0, True),
        (3, 1, 0.0, True),
    ],
)
def test_when_it_is_too_slow(capacity: int, waiting: int, age: float, slow: bool) -> None:
    assert (LoadWatch(capacity).note(waiting, age, 0) is not None) is slow


def test_it_is_told_once_and_is_over_after_a_calm_while() -> None:
    watch = LoadWatch(8)
    assert "4 of 8 places" in (watch.note(4, 0.2, 0) or "")
    assert watch.note(6, 0.9, 1) is None
    assert watch.note(0, 0.0, 2) is None
    assert watch.note(3, 0.0, CALM_NS) is None  # not calm: the while begins anew
    assert watch.note(2, 0.25, CALM_NS + 2) is None
    assert watch.note(0, 0.0, 2 * CALM_NS + 1) is None
    assert watch.note(0, 0.0, 2 * CALM_NS + 2) == ""
    assert watch.note(4, 0.0, 2 * CALM_NS + 3) is not None


@pytest.mark.parametrize(("used", "slow"), [(0.7, False), (0.75, True), (1.1, True)])
def test_an_engine_that_leaves_no_queue_shows_by_its_verdicts(used: float, slow: bool) -> None:
    watch = LoadWatch(8)
    watch.judged(used)
    assert (watch.note(0, 0.0, 0) is not None) is slow


def test_slow_verdicts_are_over_a_calm_while_after_a_quick_one() -> None:
    watch = LoadWatch(8)
    watch.judged(1.1)
    assert watch.note(0, 0.0, 0)
    assert watch.note(0, 0.0, 2 * CALM_NS) is None  # no part came: nothing is better
    watch.judged(0.6)
    assert watch.note(0, 0.0, 3 * CALM_NS) is None
    assert watch.note(0, 0.0, 4 * CALM_NS) == ""
