"""The fast decision says what the plain one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.decision import find_regions, score, top_mean, top_means
from edge_inspector.decision.rules import finite
from tests.unit.decision.plain import plain_highest, plain_regions


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    image=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    levels=st.integers(2, 50),
    threshold=st.sampled_from((0.0, 0.3, 0.5, 0.9, 2.0)),
    minimum=st.sampled_from((0.0, 20.0, 500.0, 1e9)),
    nan=st.booleans(),
)
def test_regions(
    seed: int,
    size: tuple[int, int],
    image: tuple[int, int],
    levels: int,
    threshold: float,
    minimum: float,
    nan: bool,
) -> None:
    rng = np.random.default_rng(seed)
    found = (rng.integers(0, levels, size) / levels).astype(np.float32)  # few levels: areas and peaks that tie
    if nan:
        found[rng.integers(size[0]), rng.integers(size[1])] = np.nan
    regions, small = find_regions(found, threshold, image, minimum, 1)
    plain, plain_small = plain_regions(found, threshold, image, minimum, 1)
    assert regions == plain
    assert (small is None) == (plain_small is None)
    assert small is None or plain_small is None or (small == plain_small).all()


@pytest.mark.parametrize("count", [1, 5, 1200])
@pytest.mark.parametrize("size", [(3, 4), (128, 128), (700, 801)])
def test_the_highest_values(size: tuple[int, int], count: int) -> None:
    found = np.random.default_rng(count).random(size, np.float32)
    found[:: size[0] // 2 + 1] = 0.75  # values that tie
    highest = plain_highest(found, count)
    assert (np.sort(score._highest(found.reshape(-1), count)) == highest).all()
    assert top_mean(found, count) == pytest.approx(highest.mean(dtype=np.float64), rel=1e-12)
    assert top_means(found, (1, count)) > 0.0


def test_the_highest_of_a_large_map_hold_its_last_values_and_what_is_no_number() -> None:
    found = np.zeros((641, 643), np.float32)
    found[-1, -1], found[5, 5] = 0.9, np.nan
    assert np.isnan(top_mean(found, 5))
    found[5, 5] = 0.8
    assert top_mean(found, 2) == pytest.approx(0.85)


@pytest.mark.parametrize(("value", "is_finite"), [(0.5, True), (np.nan, False), (np.inf, False), (-np.inf, False)])
def test_finite(value: float, is_finite: bool) -> None:
    found = np.full((9, 9), 0.5, np.float32)
    found[4, 7] = value
    assert finite(found) is is_finite
