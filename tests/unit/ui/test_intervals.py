from __future__ import annotations

import pytest

from ui.model.intervals import clopper_pearson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (682, 925, 0.7076683, 0.7654066),  # R's own example of binom.test
        (4, 20, 0.057334, 0.436614),
        (5, 10, 0.187086, 0.812914),
        (1, 10, 0.002529, 0.445016),
        (0, 10, 0.0, 1.0 - 0.025 ** (1 / 10)),  # closed form where nothing was seen
        (0, 20_000, 0.0, 1.0 - 0.025 ** (1 / 20_000)),
        (10, 10, 0.025 ** (1 / 10), 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_known_values(count: int, of: int, low: float, high: float) -> None:
    assert clopper_pearson(count, of) == pytest.approx((low, high), abs=1e-6)


def test_less_confidence_is_a_narrower_range() -> None:
    low, high = clopper_pearson(3, 40, 0.8)
    wide = clopper_pearson(3, 40, 0.99)
    assert wide[0] < low < 3 / 40 < high < wide[1]


@pytest.mark.parametrize(("count", "of"), [(-1, 5), (6, 5)])
def test_a_count_out_of_range_is_named(count: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"count = {count}: expected 0..{of}"):
        clopper_pearson(count, of)
