"""From where on a codebook's peaks count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_inspector.prn.evidence import SLOPE, USUAL
from edge_inspector.training.peaks import FAMILIAR, limit_of

T = np.linspace(1.0, 6.0, 51).tolist()  # nine of ten stay below 5.5


@pytest.mark.parametrize("score", [0.02, 0.3, 0.5, 0.8])
def test_peaks_say_as_much_of_normals_as_the_head(score: float) -> None:
    limit = limit_of(T, [score] * len(T))
    assert 1.0 / (1.0 + math.exp(-SLOPE * (5.5 - limit))) == pytest.approx(score, rel=0.01)


def test_one_odd_normal_tells_nothing() -> None:
    assert limit_of([*T[:-1], 24.0], [*[0.3] * (len(T) - 1), 0.99]) == limit_of(T, [0.3] * len(T))


def test_no_peak_counts_where_normals_are_as_unusual() -> None:
    assert limit_of([FAMILIAR - 0.1] * 20, [0.5] * 20) > 0.0
    assert limit_of([FAMILIAR + 0.1] * 20, [0.5] * 20) == 0.0


def test_a_head_that_is_sure_of_normals_hears_what_is_far_beyond_or_nothing() -> None:
    assert 14.0 < limit_of(T, [0.01] * len(T)) < 15.0
    assert limit_of([t + 1.0 for t in T], [1e-5] * len(T)) == 0.0  # 24 deviations are as many as t can be
    assert limit_of(T, [0.999] * len(T)) == USUAL


@pytest.mark.parametrize("where", ["t", "score"])
def test_what_is_no_number_tells_nothing(where: str) -> None:
    lost = [math.nan] * len(T)
    assert limit_of(lost if where == "t" else T, lost if where == "score" else [0.5] * len(T)) == 0.0
