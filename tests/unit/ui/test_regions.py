"""The preview of regions must say what the line would decide, so it is held against the line's own decision."""

from __future__ import annotations

import numpy as np
import pytest

from edge_inspector.decision.regions import find_regions, inspected_mask
from edge_inspector.settings.recipe import DecisionRules
from ui.model.regions import Fate, inspected, regions
from ui.model.shapes import Polygons
from ui.model.tune import Rules

SIZE = (320, 240)  # width, height
ROI: Polygons = (((20.0, 10.0), (300.0, 30.5), (250.0, 230.0), (15.0, 200.0)),)
HOLE: Polygons = (((100.0, 80.0), (180.0, 80.0), (180.0, 150.0), (101.3, 149.0)),)


def noisy() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(3).random((48, 64), np.float32)


@pytest.mark.parametrize(("roi", "dont_care"), [((), ()), (ROI, ()), ((), HOLE), (ROI, HOLE), (HOLE, HOLE)])
def test_the_same_pixels_are_inspected(roi: Polygons, dont_care: Polygons) -> None:
    mask = inspected_mask(DecisionRules(roi=roi, dont_care=dont_care), (SIZE[1], SIZE[0]), (48, 64))
    expected = np.ones((48, 64), np.bool_) if mask is None else mask
    assert np.array_equal(inspected(roi, dont_care, SIZE, (48, 64)), expected)


@pytest.mark.parametrize("threshold", [0.0, 0.7, 0.9, 1.0])
def test_the_same_regions_count(threshold: float) -> None:
    rules = Rules(0.4, 0.6, threshold, 60.0, 200.0, ROI, HOLE)
    counted = inspected_mask(DecisionRules(roi=ROI, dont_care=HOLE), (SIZE[1], SIZE[0]), (48, 64))
    assert counted is not None
    seen = np.where(counted, noisy(), np.float32(0.0)).astype(np.float32)
    expected, _ = find_regions(seen, threshold, (SIZE[1], SIZE[0]), 60.0)
    found = [region for region in regions(noisy(), rules, SIZE) if region.fate is not Fate.IGNORED]
    assert [region.area for region in found] == [region.area for region in expected]
    assert all((region.area >= 200.0) == (region.fate is Fate.REJECTS) for region in found)


def test_an_outline_runs_around_its_pixels() -> None:
    anomaly_map = np.zeros((48, 64), np.float32)
    anomaly_map[10:12, 20:23] = 0.9
    anomaly_map[40, 60] = 0.8
    large, small = regions(anomaly_map, Rules(0.4, 0.6, 0.5, minimum_area_px=30.0), SIZE)
    assert (large.area, large.fate, small.area, small.fate) == (150.0, Fate.COUNTS, 25.0, Fate.IGNORED)
    assert large.outline.min(axis=0) == pytest.approx([100.0, 50.0], abs=1.0)
    assert large.outline.max(axis=0) == pytest.approx([115.0, 60.0], abs=1.0)
