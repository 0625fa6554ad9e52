"""The rules from map to verdict, as tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge_inspector.decision import Rules, decide, find_regions, top_mean, top_means
from edge_inspector.decision.regions import REGIONS_MAX, inspected_mask
from edge_inspector.records import AnomalyMap, Decision, Reason
from edge_inspector.settings.recipe import DecisionRules

SIZE = (256, 256)


def rules(**areas: object) -> Rules:
    return Rules(accept=0.3, reject=0.6, region=0.5, pixels=(4,), areas=DecisionRules.model_validate(areas))


def spot(value: float, pixels: int = 4, at: tuple[int, int] = (10, 20)) -> AnomalyMap:
    m = np.zeros((64, 64), np.float32)
    m[at[0], at[1] : at[1] + pixels] = value
    return m


@pytest.mark.parametrize(
    ("value", "decision", "reason"),
    [
        (0.0, Decision.ACCEPT, Reason.NONE),
        (0.2999, Decision.ACCEPT, Reason.NONE),
        (0.3, Decision.REVIEW, Reason.SCORE),
        (0.5999, Decision.REVIEW, Reason.SCORE),
        (0.6, Decision.REJECT, Reason.SCORE),
        (1.0, Decision.REJECT, Reason.SCORE),
        (math.nan, Decision.REJECT, Reason.NOT_FINITE),
        (math.inf, Decision.REJECT, Reason.NOT_FINITE),
        (-math.inf, Decision.REJECT, Reason.NOT_FINITE),
    ],
)
def test_score_against_thresholds(value: float, decision: Decision, reason: Reason) -> None:
    verdict = decide((spot(value),), (SIZE,), rules())
    assert (verdict.decision, verdict.reason) == (decision, reason)


def test_no_map_rejects() -> None:
    assert decide((), (), rules()).decision is Decision.REJECT


def test_the_worst_view_counts_and_regions_name_their_view() -> None:
    verdict = decide((spot(0.1), spot(0.9)), (SIZE, SIZE), rules())
    assert verdict.decision is Decision.REJECT
    assert [region.view for region in verdict.regions] == [1]


def test_one_bad_view_of_many_rejects() -> None:
    assert decide((spot(0.0), spot(math.nan)), (SIZE, SIZE), rules()).reason is Reason.NOT_FINITE


def test_region_has_box_area_and_peak_in_image_pixels() -> None:
    regions, _ = find_regions(spot(0.8, pixels=3, at=(10, 20)), 0.5, (128, 256))
    (region,) = regions
    assert (region.x, region.y, region.w, region.h) == (80, 20, 12, 2)
    assert region.area == pytest.approx(3 * 4 * 2)
    assert region.peak == pytest.approx(0.8)


def test_of_very_many_regions_the_largest_are_told() -> None:
    noisy = np.zeros((64, 64), np.float32)
    noisy[::2, ::2] = 0.9
    noisy[31:34, 31:34] = 0.9
    regions, _ = find_regions(noisy, 0.5, SIZE)
    assert len(regions) == REGIONS_MAX
    assert regions[0].area == max(region.area for region in regions) > 16.0


DEFECT = ((80.0, 36.0), (104.0, 36.0), (104.0, 48.0), (80.0, 48.0))
ELSEWHERE = ((150.0, 150.0), (250.0, 150.0), (250.0, 250.0), (150.0, 250.0))


@pytest.mark.parametrize(
    ("name", "areas", "decision"),
    [
        ("inside the ROI", {"roi": [DEFECT]}, Decision.REJECT),
        ("outside the ROI", {"roi": [ELSEWHERE]}, Decision.ACCEPT),
        ("one of two ROI", {"roi": [ELSEWHERE, DEFECT]}, Decision.REJECT),
        ("under a don't-care mask", {"dont_care": [((60.0, 20.0), (120.0, 20.0), (120.0, 60.0), (60.0, 60.0))]}, Decision.ACCEPT),
        ("beside a don't-care mask", {"dont_care": [ELSEWHERE]}, Decision.REJECT),
        ("smaller than the minimum area", {"minimum_area_px": 65.0}, Decision.ACCEPT),
        ("at the minimum area", {"minimum_area_px": 64.0}, Decision.REJECT),
        ("a region rule below the score threshold", {"reject_area_px": 64.0}, Decision.REJECT),
    ],
)
def test_areas(name: str, areas: dict[str, object], decision: Decision) -> None:
    assert decide((spot(0.9),), (SIZE,), rules(**areas)).decision is decision, name


def test_region_rule_fires_although_the_score_is_below_the_threshold() -> None:
    lenient = Rules(0.95, 0.95, 0.5, (4,), DecisionRules(reject_area_px=10.0))
    verdict = decide((spot(0.9),), (SIZE,), lenient)
    assert (verdict.decision, verdict.reason) == (Decision.REJECT, Reason.REGION)


def test_nan_outside_the_roi_does_not_count_and_inside_does() -> None:
    areas: dict[str, object] = {"roi": [ELSEWHERE]}
    assert decide((spot(math.nan),), (SIZE,), rules(**areas)).decision is Decision.ACCEPT
    assert decide((spot(math.nan, at=(50, 50)),), (SIZE,), rules(**areas)).decision is Decision.REJECT


@pytest.mark.parametrize(
    "areas",
    [
        {"roi": [((2000.0, 2000.0), (2500.0, 2000.0), (2500.0, 2500.0))]},
        {"dont_care": [((-9.0, -9.0), (300.0, -9.0), (300.0, 300.0), (-9.0, 300.0))]},
    ],
    ids=["ROI beside the image", "don't care for anything"],
)
def test_a_recipe_that_leaves_nothing_to_inspect_rejects(areas: dict[str, object]) -> None:
    verdict = decide((spot(0.0),), (SIZE,), rules(**areas))
    assert (verdict.decision, verdict.reason) == (Decision.REJECT, Reason.DECISION_ERROR)
    assert "polygons" in verdict.detail


def test_without_areas_everything_is_inspected() -> None:
    assert inspected_mask(DecisionRules(), SIZE, (64, 64)) is None


def test_a_defect_at_the_edge_of_a_dont_care_mask_is_inspected() -> None:
    mask = inspected_mask(DecisionRules(dont_care=(DEFECT,)), SIZE, (64, 64))
    assert mask is not None
    assert mask[9, 19]
    assert not mask[10, 22]


maps = hnp.arrays(np.float32, (16, 16), elements=st.floats(0, 1, width=32))


@given(maps, st.integers(1, 400))
def test_top_mean_is_the_mean_of_the_highest(anomaly_map: AnomalyMap, k: int) -> None:
    expected = np.sort(anomaly_map.reshape(-1))[::-1][:k].mean(dtype=np.float64)
    assert top_mean(anomaly_map, k) == pytest.approx(expected, abs=1e-6)


@given(maps)
def test_accepts_only_below_the_threshold(anomaly_map: AnomalyMap) -> None:
    verdict = decide((anomaly_map,), (SIZE,), rules())
    assert (verdict.decision is Decision.ACCEPT) == (top_mean(anomaly_map, 4) < 0.3)


def test_several_top_means_are_joined_in_log_odds() -> None:
    anomaly_map = np.zeros((10, 10), np.float32)
    anomaly_map[0, :5] = 0.9
    means = np.array([0.9, 0.45])
    wanted = 1.0 / (1.0 + np.exp(-np.log(means / (1.0 - means)).mean()))
    assert top_means(anomaly_map, (5, 10)) == pytest.approx(wanted, abs=1e-6)
    assert top_means(anomaly_map, (5,)) == top_mean(anomaly_map, 5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_sure_map_has_a_score_inside_its_range(value: float) -> None:
    assert top_means(np.full((4, 4), value, np.float32), (5, 100)) == pytest.approx(value, abs=2e-4)
