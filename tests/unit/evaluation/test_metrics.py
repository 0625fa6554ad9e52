"""Metrics against scikit-learn's exact ones, and AUPRO against its definition written out."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from edge_inspector.evaluation.metrics import SIZE, PixelMetrics, at_metric_size, image_auroc, image_average_precision

Maps = NDArray[np.float32]
Masks = NDArray[np.bool_]


def some_maps(seed: int, n: int = 6, size: int = 64) -> tuple[Maps, Masks]:
    """Masks of a few rectangles, and maps that lean towards them, crowding at 0 and 1 as a sigmoid's do."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((n, size, size), np.bool_)
    for mask in masks[1:]:
        for _ in range(int(rng.integers(1, 4))):
            y, x = rng.integers(0, size - 12, 2)
            mask[y : y + int(rng.integers(1, 12)), x : x + int(rng.integers(1, 12))] = True
    logits = rng.normal(-6.0, 2.5, masks.shape) + masks * rng.normal(7.0, 4.0, (n, 1, 1))
    return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32), masks


def exact_aupro(maps: Maps, masks: Masks, limit: float = 0.3) -> float:
    """Threshold by threshold, as the definition says."""
    regions = [(i, labels == k) for i, m in enumerate(masks) for labels, n in [ndimage.label(m, np.ones((3, 3)))] for k in range(1, n + 1)]
    levels = np.unique(maps)[::-1]
    fpr = np.array([0.0, *((maps[~masks] >= t).mean() for t in levels)])
    pro = np.array([0.0, *(np.mean([(maps[i][region] >= t).mean() for i, region in regions]) for t in levels)])
    x = np.concatenate((fpr[fpr <= limit], [limit]))
    y = np.concatenate((pro[fpr <= limit], [np.interp(limit, fpr, pro)]))
    return float(np.trapezoid(y, x) / limit)


def gathered(maps: Maps, masks: Masks) -> PixelMetrics:
    metrics = PixelMetrics()
    for one, mask in zip(maps, masks, strict=True):
        metrics.add(one, mask)
    return metrics


@pytest.mark.parametrize("seed", range(4))
def test_pixel_metrics_agree_with_the_exact_ones(seed: int) -> None:
    maps, masks = some_maps(seed, size=32, n=4)
    found = gathered(maps, masks).scores()
    assert found is not None
    assert found.auroc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()), abs=1e-3)
    assert found.average_precision == pytest.approx(average_precision_score(masks.ravel(), maps.ravel()), abs=1e-3)
    assert found.aupro == pytest.approx(exact_aupro(maps, masks), abs=1e-3)


SHAPES: dict[str, tuple[Callable[[Maps, Masks], Maps], float, float]] = {
    # name: (map of a mask, AUROC, AUPRO)
    "perfect": (lambda _, m: m.astype(np.float32), 1.0, 1.0),
    "inverted": (lambda _, m: 1.0 - m.astype(np.float32), 0.0, 0.0),
    "even": (lambda _, m: np.full(m.shape, 0.3, np.float32), 0.5, 0.15),
    "perfect, crowded at 1": (lambda _, m: np.where(m, 1.0, 1.0 - 1e-6).astype(np.float32), 1.0, 1.0),
    "perfect, crowded at 0": (lambda _, m: np.where(m, 1e-6, 1e-7).astype(np.float32), 1.0, 1.0),
    "NaN where bad": (lambda _, m: np.where(m, np.nan, 0.9).astype(np.float32), 1.0, 1.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_known_maps(name: str) -> None:
    make, auroc, aupro = SHAPES[name]
    maps, masks = some_maps(1)
    found = gathered(make(maps, masks), masks).scores()
    assert found is not None
    assert found.auroc == pytest.approx(auroc, abs=1e-9)
    assert found.aupro == pytest.approx(aupro, abs=1e-9)


def test_each_region_weighs_the_same_in_aupro() -> None:
    mask = np.zeros((64, 64), np.bool_)
    mask[:32, :32] = True  # found
    mask[60, 60] = True  # not found, one pixel
    found = gathered(np.where(mask & (np.arange(64) < 40), 1.0, 0.0)[None].astype(np.float32), mask[None]).scores()
    assert found is not None
    assert found.aupro == pytest.approx(0.5 + 0.5 * 0.15, abs=1e-6)
    assert found.auroc > 0.99


def test_order_and_grouping_do_not_matter() -> None:
    maps, masks = some_maps(3)
    assert gathered(maps, masks).scores() == gathered(maps[::-1], masks[::-1]).scores()


def test_one_class_alone_has_no_metrics() -> None:
    maps, masks = some_maps(2)
    assert gathered(maps, np.zeros_like(masks)).scores() is None
    assert gathered(maps, np.ones_like(masks)).scores() is None
    for bad in ([True, True], [False, False]):
        with pytest.raises(ValueError, match="both are needed"):
            image_auroc([0.1, 0.2], bad)


def test_map_and_mask_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        PixelMetrics().add(np.zeros((4, 4), np.float32), np.zeros((4, 5), np.bool_))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40).filter(lambda rows: len({b for _, b in rows}) == 2))
def test_image_metrics_equal_scikit_learn_with_ties(rows: list[tuple[int, bool]]) -> None:
    scores, bad = [s / 6 for s, _ in rows], [b for _, b in rows]
    assert image_auroc(scores, bad) == pytest.approx(roc_auc_score(bad, scores))
    assert image_average_precision(scores, bad) == pytest.approx(average_precision_score(bad, scores))


def test_a_score_that_is_no_number_ranks_as_rejected() -> None:
    assert image_auroc([0.2, 0.9, float("nan")], [False, False, True]) == 1.0


GEOMETRY = {"larger": (1024, 1024), "smaller": (100, 120), "one side smaller": (1240, 200), "equal": (256, 256)}


@pytest.mark.parametrize("name", GEOMETRY)
def test_metric_size_keeps_the_place(name: str) -> None:
    height, width = GEOMETRY[name]
    mask = np.zeros((height, width), np.bool_)
    mask[height // 4 : height // 2, width // 2 : 3 * width // 4] = True
    field = np.zeros((128, 128), np.float32)
    field[32:64, 64:96] = 1.0
    small_map, small_mask = at_metric_size(field, mask)
    assert small_map.shape == small_mask.shape == (SIZE, SIZE)
    assert small_mask[70:122, 134:186].all()
    assert not small_mask[:60].any()
    assert np.mean((small_map >= 0.5) != small_mask) < 0.01


def test_a_defect_finer_than_the_metric_size_does_not_vanish() -> None:
    for at in range(8):
        mask = np.zeros((2048, 2048), np.bool_)
        mask[1000 + at, 1000 + at] = True
        assert at_metric_size(np.zeros((128, 128), np.float32), mask)[1].sum() == 1


def test_memory_does_not_grow_with_the_set() -> None:
    rng = np.random.default_rng(0)
    metrics, mask = PixelMetrics(), np.zeros((SIZE, SIZE), np.bool_)
    mask[40:60, 40:60] = True
    tracemalloc.start()
    try:
        held = []
        for number in range(60):
            metrics.add(rng.random((SIZE, SIZE), np.float32), mask)
            if number % 20 == 19:
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[-1] - held[0] < SIZE * SIZE * 4, "less than one map in forty images"
