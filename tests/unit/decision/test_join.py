"""What becomes of a part whose views disagree, as a table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_inspector.decision import Rules, decide
from edge_inspector.records import Decision, JoinRule, Reason
from edge_inspector.settings.recipe import DecisionRules

GOOD, DOUBTFUL, BAD = 0.1, 0.4, 0.9
ACCEPT, REVIEW, REJECT = Decision.ACCEPT, Decision.REVIEW, Decision.REJECT
WORST, ANY, ALL = JoinRule.WORST, JoinRule.ANY, JoinRule.ALL


def rules(join: JoinRule, **areas: object) -> Rules:
    return Rules(accept=0.3, reject=0.6, region=0.5, pixels=(1,), areas=DecisionRules.model_validate({"join": join, **areas}))


def joined(join: JoinRule, values: tuple[float, ...], **areas: object) -> tuple[Decision, Reason, float]:
    maps = tuple(np.full((4, 4), value, np.float32) for value in values)
    verdict = decide(maps, ((8, 8),) * len(maps), rules(join, **areas))
    return verdict.decision, verdict.reason, round(verdict.score, 3)


@pytest.mark.parametrize(
    ("join", "values", "decision", "score"),
    [
        (WORST, (GOOD, GOOD), ACCEPT, GOOD),
        (WORST, (GOOD, BAD, DOUBTFUL), REJECT, BAD),
        (WORST, (DOUBTFUL, GOOD), REVIEW, DOUBTFUL),
        (ANY, (GOOD, GOOD), ACCEPT, GOOD),
        (ANY, (GOOD, BAD, 0.95), REJECT, BAD),
        (ANY, (GOOD, DOUBTFUL), REVIEW, DOUBTFUL),
        (ALL, (BAD, 0.95), REJECT, BAD),
        (ALL, (BAD, DOUBTFUL), REVIEW, DOUBTFUL),
        (ALL, (BAD, GOOD, DOUBTFUL), ACCEPT, GOOD),
    ],
)  # fmt: skip
def test_views_that_disagree(join: JoinRule, values: tuple[float, ...], decision: Decision, score: float) -> None:
    assert joined(join, values)[::2] == (decision, score)


@pytest.mark.parametrize("join", list(JoinRule))
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_view_that_is_not_finite_rejects_under_every_rule(join: JoinRule, bad: float) -> None:
    assert joined(join, (GOOD, bad))[:2] == (REJECT, Reason.NOT_FINITE)


@pytest.mark.parametrize(("join", "decision"), [(WORST, REJECT), (ANY, REJECT), (ALL, ACCEPT)])
def test_a_region_is_a_view_s_reject(join: JoinRule, decision: Decision) -> None:
    """Its score alone would accept both."""
    spot = np.zeros((4, 4), np.float32)
    spot[0, 0] = 0.55
    many = Rules(accept=0.3, reject=0.6, region=0.5, pixels=(16,), areas=DecisionRules(join=join, reject_area_px=1.0))
    verdict = decide((np.zeros((4, 4), np.float32), spot), ((4, 4), (4, 4)), many)
    assert (verdict.decision, [region.view for region in verdict.regions]) == (decision, [1])


def test_the_worst_is_what_a_recipe_says_that_says_nothing() -> None:
    assert DecisionRules().join is WORST
