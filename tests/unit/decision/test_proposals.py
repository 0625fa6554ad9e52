"""Thresholds that a recipe leaves out come from the bundle."""

from __future__ import annotations

import pytest

from edge_inspector.decision import rules_of, with_proposals
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.errors import SettingsError
from edge_inspector.settings import Recipe
from edge_inspector.settings.manifest import Thresholds

PROPOSED = Thresholds(accept_threshold=0.4, reject_threshold=0.6, region_threshold=0.5, evidence="a table of a test")


def recipe(**decision: float) -> Recipe:
    return Recipe.model_validate({"name": "r", "bundle": "b", "gate": {"reject_window_ms": 100}, "decision": decision})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (0.4, 0.6, 0.5)),
        ({"accept_threshold": 0.2}, (0.2, 0.6, 0.5)),
        ({"accept_threshold": 0.8}, (0.8, 0.8, 0.5)),
        ({"reject_threshold": 0.3}, (0.3, 0.3, 0.5)),
        ({"accept_threshold": 0.1, "reject_threshold": 0.2, "region_threshold": 0.3}, (0.1, 0.2, 0.3)),
    ],
)
def test_filled(given: dict[str, float], expected: tuple[float, float, float]) -> None:
    manifest = stub_bundle().manifest.model_copy(update={"thresholds": (PROPOSED,)})
    rules = rules_of(with_proposals(recipe(**given), manifest), manifest)
    assert (rules.accept, rules.reject, rules.region) == expected


@pytest.mark.parametrize(("precision", "accept"), [("auto", 0.4), ("f32", 0.4), ("int8", 0.3)])
def test_filled_at_the_recipe_s_own_precision(precision: str, accept: float) -> None:
    proposed = (PROPOSED, PROPOSED.model_copy(update={"precision": "int8", "accept_threshold": 0.3}))
    manifest = stub_bundle().manifest.model_copy(update={"thresholds": proposed})
    filled = with_proposals(recipe().model_copy(update={"precision": precision}), manifest)
    assert filled.decision.accept_threshold == accept


def test_no_proposal_is_an_error_that_names_recipe_and_bundle() -> None:
    manifest = stub_bundle().manifest.model_copy(update={"thresholds": ()})
    with pytest.raises(SettingsError, match=f"recipe r.*bundle {manifest.id}"):
        with_proposals(recipe(), manifest)


def test_rules_need_every_threshold() -> None:
    with pytest.raises(SettingsError, match="threshold is missing"):
        rules_of(recipe(), stub_bundle().manifest)
