from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ui.model.strokes import Rect, fill, snapped, stroke

SIDE = 48
Point = tuple[float, float]
points = st.tuples(st.floats(-20, SIDE + 20, width=32), st.floats(-20, SIDE + 20, width=32))


def distances(one: Point, other: Point) -> NDArray[np.float64]:
    """From each pixel's centre to the way between two points, (SIDE, SIDE)."""
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    way = np.subtract(other, one)
    along = ((xs - one[0]) * way[0] + (ys - one[1]) * way[1]) / max(float(way @ way), 1e-12)
    share = np.clip(along, 0.0, 1.0)
    return np.asarray(np.hypot(xs - one[0] - share * way[0], ys - one[1] - share * way[1]))


@settings(max_examples=150, deadline=None)
@given(points, points, st.integers(1, 40))
def test_a_stroke_is_the_pixels_within_reach_of_its_way(one: Point, other: Point, size: int) -> None:
    marks = np.zeros((SIDE, SIDE), np.uint8)
    box = fill(marks, stroke(one, other, size), 3)
    found = distances(snapped(one, size), snapped(other, size))
    assert (marks[found <= size / 2 - 1e-6] == 3).all()
    assert not marks[found > size / 2 + 1e-6].any()
    rows, columns = np.nonzero(marks)
    tight = Rect(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1) if len(rows) else Rect(0, 0, 0, 0)
    assert box == tight


@pytest.mark.parametrize(
    ("size", "area"),
    [pytest.param(1, 1, id="pixel"), pytest.param(2, 4, id="even"), pytest.param(3, 9, id="odd"), pytest.param(200, 31428, id="largest")],
)
def test_a_disc_covers_whole_pixels_wherever_it_is_put(size: int, area: int) -> None:
    for x, y in ((150.0, 150.0), (150.3, 150.7), (150.5, 150.5), (150.99, 150.01)):
        marks = np.zeros((300, 300), np.uint8)
        fill(marks, stroke((x, y), (x, y), size), 1)
        assert abs(int(marks.sum()) - area) <= area // 500
        assert marks[150, 150] or size == 2


def test_a_thin_stroke_has_no_gap() -> None:
    marks = np.zeros((SIDE, SIDE), np.uint8)
    fill(marks, stroke((2, 3), (45, 20), 1), 1)
    assert np.count_nonzero(marks[:, 2:46].max(axis=0)) == 44


def test_rectangles_join_and_clip() -> None:
    assert Rect(1, 2, 3, 4).joined(Rect(10, 0, 1, 1)) == Rect(1, 0, 10, 6)
    assert Rect(0, 0, 0, 0).joined(Rect(5, 5, 1, 1)) == Rect(5, 5, 1, 1)
    assert Rect(5, 5, 1, 1).joined(None) == Rect(5, 5, 1, 1)
    assert Rect(-3, -3, 5, 20).clipped(10, 10) == Rect(0, 0, 2, 10)
    assert Rect(20, 20, 5, 5).clipped(10, 10).empty
