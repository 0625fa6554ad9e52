from __future__ import annotations

import numpy as np
import pytest

from ui.model.effects import Effect, Scores, Share, bars, beside, by_region, effect, scores_from
from ui.model.tune import Rules

RULES = Rules(0.4, 0.6, 0.5)


def part(name: str, score: float | None, truth: str = "", area: float = 0.0, outcome: str = "accepted") -> dict[str, object]:
    return {"part_id": name, "score": score, "area": area, "truth": truth, "verdict": "accept", "outcome": outcome}


def scores() -> Scores:
    return scores_from(
        [
            part("a", 0.1, "good"),
            part("b", 0.399, "good", area=90.0),
            part("c", 0.4, "good"),
            part("d", 0.2, "bad", area=100.0),
            part("e", 0.3, "bad"),
            part("f", 0.59),
            part("g", 0.6, "bad"),
            part("h", 0.9),
            part("late", 0.9, "bad", outcome="missed"),
            part("nan", float("nan")),
            part("none", None),
        ]
    )


def test_missed_and_unscored_parts_are_counted_apart() -> None:
    found = scores()
    assert (len(found), found.missed, found.unscored) == (8, 1, 2)
    assert found.part_ids == tuple("abcdefgh")
    assert int(found.unknown.sum()) == 2


def test_parts_that_were_scored_otherwise_are_left_out_and_counted() -> None:
    parts = [{**part(label, 0.1, "good"), "recipe": label} for label in ("ring:1", "ring:2", "ring:1", "ring:3")]
    found = scores_from([*parts, part("late", 0.9, outcome="missed")], lambda label: label in ("", "ring:2", "ring:3"))
    assert (found.part_ids, found.missed, found.otherwise) == (("ring:2", "ring:3"), 1, 2)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (RULES, Effect(4, 2, 2, 0, Share(1, 3), Share(2, 3))),
        (Rules(0.4, 0.4, 0.5), Effect(4, 0, 4, 0, Share(1, 3), Share(2, 3))),
        (Rules(0.25, 0.6, 0.5), Effect(2, 4, 2, 0, Share(2, 3), Share(1, 3))),
        (Rules(0.4, 0.6, 0.5, reject_area_px=100.0), Effect(3, 2, 3, 1, Share(1, 3), Share(1, 3))),
        (Rules(1.0, 1.0, 0.5, reject_area_px=90.0), Effect(6, 0, 2, 2, Share(1, 3), Share(2, 3))),
        (Rules(1.0, 1.0, 0.5, 95.0, 90.0), Effect(7, 0, 1, 1, Share(0, 3), Share(2, 3))),
        (Rules(0.0, 0.0, 0.5), Effect(0, 0, 8, 0, Share(3, 3), Share(0, 3))),
    ],
    ids=["in order", "no review", "stricter", "region rejects", "region stays whatever the score", "below the minimum area", "rejects all"],
)
def test_effect(rules: Rules, expected: Effect) -> None:
    assert effect(scores(), rules) == expected


def test_no_parts_have_no_share() -> None:
    found = effect(scores_from([]), RULES)
    assert found.escapes == Share(0, 0)
    assert (found.escapes.value, found.escapes.interval) == (None, None)
    assert not by_region(scores_from([]), RULES).size


def test_every_part_stands_in_one_bar() -> None:
    found = bars(scores(), 0.6, bins=10)
    assert (found.good.sum(), found.bad.sum(), found.unknown.sum()) == (3, 3, 2)
    assert (found.edges[0], found.edges[-1]) == (0.0, pytest.approx(0.9))
    assert found.most == 2
    empty = bars(scores_from([]), 0.5)
    assert (empty.most, empty.edges[-1]) == (0, 0.5)
    assert np.all(np.diff(empty.edges) > 0)


@pytest.mark.parametrize(("threshold", "above", "name"), [(0.4, True, "c"), (0.4, False, "b"), (0.95, True, ""), (0.05, False, "")])
def test_the_part_beside_a_threshold(threshold: float, above: bool, name: str) -> None:
    assert beside(scores(), threshold, above) == name
