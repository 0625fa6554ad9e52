from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ui.model.tune import Change, Problem, Rules, TuneModel, changes, problems, request, rules_from

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
RULES = Rules(0.4, 0.6, 0.5)
TOLD = {"accept_threshold": 0.4, "reject_threshold": 0.6, "region_threshold": 0.5, "minimum_area_px": 0.0, "reject_area_px": None}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (TOLD, RULES),
        ({**TOLD, "reject_area_px": 90, "roi": [[[0, 0], [10, 0], [10, 10], [0, 10]]]}, replace(RULES, reject_area_px=90.0, roi=(SQUARE,))),
        ({**TOLD, "accept_threshold": 0, "join": "worst"}, replace(RULES, accept_threshold=0.0)),
        ({**TOLD, "region_threshold": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_rules_as_the_line_tells_them(told: dict[str, Any] | None, expected: Rules | None) -> None:
    assert rules_from(told) == expected


@pytest.mark.parametrize(
    ("label", "alike"),
    [
        ("ring:5", True),
        ("ring:4", True),
        ("ring:3", False),
        ("ring:2", True),
        ("ring:1", False),
        ("", True),
    ],
    ids=["in force", "other thresholds", "other ROI", "the same ROI before that", "never heard of", "not told"],
)
def test_which_versions_scored_as_the_one_in_force_would(label: str, alike: bool) -> None:
    model = TuneModel()
    model.told("ring:2", RULES, 0.0)
    model.applied("ring:3", replace(RULES, roi=(SQUARE,)), 10.0)
    model.told("ring:4", replace(RULES, accept_threshold=0.3), 20.0)
    model.applied("ring:5", replace(RULES, reject_threshold=0.7), 30.0)
    assert model.scored_alike(label) is alike


def test_only_what_differs_is_asked_for() -> None:
    draft = replace(RULES, accept_threshold=0.3, reject_area_px=50.0, dont_care=(SQUARE,))
    assert [change.key for change in changes(RULES, draft)] == ["accept_threshold", "reject_area_px", "dont_care"]
    assert request(RULES, draft) == {
        "accept_threshold": 0.3,
        "reject_area_px": 50.0,
        "dont_care": [[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]],
    }
    assert request(draft, RULES) == {"accept_threshold": 0.4, "reject_area_px": None, "dont_care": []}
    assert request(RULES, RULES) == {}


@pytest.mark.parametrize(
    ("rules", "share", "expected"),
    [
        (RULES, None, ()),
        (replace(RULES, reject_threshold=0.4), 1.0, ()),
        (replace(RULES, reject_threshold=0.39), 1.0, (Problem.ORDER,)),
        (replace(RULES, reject_threshold=1.2), None, (Problem.RANGE,)),
        (replace(RULES, minimum_area_px=-1.0), None, (Problem.RANGE,)),
        (replace(RULES, reject_area_px=0.0), None, (Problem.RANGE,)),
        (replace(RULES, roi=(((0.0, 0.0), (5.0, 5.0), (9.0, 9.0)),)), None, (Problem.FLAT,)),
        (replace(RULES, dont_care=(SQUARE,)), 0.0, (Problem.NOTHING,)),
    ],
)
def test_problems(rules: Rules, share: float | None, expected: tuple[Problem, ...]) -> None:
    assert problems(rules, share) == expected


def begun() -> TuneModel:
    model = TuneModel()
    assert model.told("demo:1", RULES, 0.0)
    return model


def test_nothing_is_changed_before_the_line_has_spoken() -> None:
    model = TuneModel()
    assert not model.change(RULES)
    assert (model.changed, model.base) == ((), None)


def test_a_change_is_listed_undone_and_discarded() -> None:
    model = begun()
    assert model.change(replace(RULES, accept_threshold=0.3))
    assert list(model.changed) == [Change("accept_threshold", 0.4, 0.3)]
    assert not model.change(replace(RULES, accept_threshold=0.3))
    model.undo()
    assert not model.changed
    model.change(replace(RULES, accept_threshold=0.2))
    model.discard()
    assert (model.draft, model.changed, model.can_undo) == (RULES, (), False)


def test_one_drag_is_one_step() -> None:
    model = begun()
    for value in (0.41, 0.42, 0.43):
        model.change(replace(RULES, accept_threshold=value), "accept")
    model.settle()
    model.change(replace(RULES, accept_threshold=0.5), "accept")
    model.undo()
    assert model.draft == replace(RULES, accept_threshold=0.43)
    model.undo()
    assert (model.draft, model.can_undo) == (RULES, False)


def test_the_line_repeats_itself() -> None:
    model = begun()
    assert not model.told("demo:1", RULES, 1.0)
    model.change(replace(RULES, accept_threshold=0.3))
    assert not model.told("demo:1", RULES, 2.0)
    assert model.changed


def test_without_own_changes_the_new_rules_are_the_base_at_once() -> None:
    model = begun()
    newer = replace(RULES, reject_threshold=0.7)
    assert model.told("demo:2", newer, 1.0)
    assert (model.newer, model.draft, model.base and model.base.label) == (None, newer, "demo:2")


def test_changed_elsewhere() -> None:
    newer = replace(RULES, reject_threshold=0.7, minimum_area_px=5.0)

    def torn() -> TuneModel:
        model = begun()
        model.change(replace(RULES, accept_threshold=0.3, minimum_area_px=9.0))
        assert model.told("demo:2", newer, 1.0)
        assert model.newer is not None
        assert (model.newer.label, model.base and model.base.label) == ("demo:2", "demo:1")
        assert not model.told("demo:2", newer, 2.0)
        return model

    model = torn()
    model.rebase()
    assert model.draft == replace(newer, accept_threshold=0.3, minimum_area_px=9.0)
    assert [change.key for change in model.changed] == ["accept_threshold", "minimum_area_px"]
    model = torn()
    model.discard()
    assert (model.draft, model.changed, model.newer) == (newer, (), None)
    model = torn()
    assert model.told("demo:1", RULES, 3.0)
    assert (model.newer, len(model.changed)) == (None, 2)


def test_the_same_change_made_elsewhere_is_no_conflict() -> None:
    model = begun()
    model.change(replace(RULES, accept_threshold=0.3))
    model.told("demo:2", replace(RULES, accept_threshold=0.3), 1.0)
    assert (model.newer, model.changed) == (None, ())


def test_a_late_word_of_before_our_change_is_passed_over() -> None:
    model = begun()
    mine = replace(RULES, accept_threshold=0.3)
    model.change(mine)
    model.applied("demo:2", mine, 10.0)
    assert not model.told("demo:1", RULES, 10.5)
    assert (model.base and model.base.label, model.changed, model.can_undo) == ("demo:2", (), False)
    assert model.told("demo:1", RULES, 13.0)
    assert model.base is not None
    assert (model.base.label, model.base.name) == ("demo:1", "demo")
