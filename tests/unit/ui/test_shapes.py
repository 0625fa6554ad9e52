from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.model.shapes import Shape, ShapeEditor, Sort, area_of, contains, shapes_of

SQUARE = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0), (10.0, 50.0))
SMALL = ((20.0, 20.0), (30.0, 20.0), (30.0, 30.0))


def editor(*dont_care: tuple[tuple[float, float], ...]) -> ShapeEditor:
    found = ShapeEditor()
    found.size = (100.0, 80.0)
    found.show(shapes_of((SQUARE,), dont_care))
    return found


def test_area_and_inside() -> None:
    assert area_of(SQUARE) == 1600.0
    assert contains(SQUARE, 30.0, 30.0)
    assert not contains(SQUARE, 60.0, 30.0)


def test_drawing_closes_at_the_first_point_and_stays_on_the_picture() -> None:
    shapes = editor()
    shapes.begin(Sort.DONT_CARE)
    for x, y in ((60.0, 60.0), (140.0, 60.0), (90.0, 99.0)):
        assert shapes.press(x, y, 4.0)
    assert shapes.press(61.0, 61.0, 4.0)
    assert shapes.drawing is None
    assert shapes.polygons(Sort.DONT_CARE) == (((60.0, 60.0), (100.0, 60.0), (90.0, 80.0)),)
    assert shapes.selected == 1


@pytest.mark.parametrize("points", [[], [(1.0, 1.0), (2.0, 2.0)], [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]], ids=["none", "two", "in a line"])
def test_what_encloses_nothing_is_no_polygon(points: list[tuple[float, float]]) -> None:
    shapes = editor()
    shapes.begin(Sort.ROI)
    for x, y in points:
        shapes.press(x, y, 0.1)
    assert not shapes.close()
    assert shapes.polygons(Sort.ROI) == (SQUARE,)


def test_roi_stand_before_dont_care() -> None:
    shapes = editor(SMALL)
    shapes.add_rectangle(Sort.ROI, 60.0, 60.0, 70.0, 70.0)
    assert [shape.sort for shape in shapes.shapes] == [Sort.ROI, Sort.ROI, Sort.DONT_CARE]
    assert shapes.selected == 1


def test_a_point_is_dragged() -> None:
    shapes = editor()
    assert not shapes.press(30.0, 12.0, 3.0)
    assert shapes.press(11.0, 11.0, 3.0)
    assert shapes.drag(5.0, 4.0)
    assert shapes.release()
    assert shapes.polygons(Sort.ROI)[0] == ((5.0, 4.0), *SQUARE[1:])
    assert not shapes.drag(1.0, 1.0)


def test_a_polygon_is_dragged_by_its_centre_with_its_form() -> None:
    shapes = editor()
    shapes.select_at(30.0, 40.0)
    assert (shapes.selected, shapes.point) == (0, None)
    assert shapes.press(30.0, 30.0, 3.0)
    shapes.drag(0.0, 32.0)
    assert shapes.polygons(Sort.ROI)[0] == ((0.0, 12.0), (40.0, 12.0), (40.0, 52.0), (0.0, 52.0))


def test_the_smallest_polygon_around_is_selected() -> None:
    shapes = editor(SMALL)
    shapes.select_at(28.0, 22.0)
    assert shapes.selected == 1
    shapes.select_at(90.0, 70.0)
    assert shapes.selected is None


def test_keys_reach_every_point() -> None:
    shapes = editor(SMALL)
    seen = []
    for _ in range(8):
        shapes.step(1)
        seen.append((shapes.selected, shapes.point))
    assert seen == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (0, 0)]
    shapes.step(-1)
    assert (shapes.selected, shapes.point) == (1, 2)
    assert shapes.nudge(0.0, 5.0)
    assert shapes.polygons(Sort.DONT_CARE)[0][2] == (30.0, 35.0)


def test_points_in_and_out() -> None:
    shapes = editor()
    shapes.step(1)
    shapes.insert()
    assert (shapes.point, shapes.polygons(Sort.ROI)[0][:3]) == (1, ((10.0, 10.0), (30.0, 10.0), (50.0, 10.0)))
    for left in (4, 3, 0):
        shapes.delete()
        assert sum(len(polygon) for polygon in shapes.polygons(Sort.ROI)) == left
    shapes.delete()
    assert not shapes.nudge(1.0, 1.0)


ACTIONS: dict[str, Callable[[ShapeEditor, float, float], object]] = {
    "press": lambda e, x, y: e.press(x, y, 10.0),
    "drag": lambda e, x, y: e.drag(x, y),
    "release": lambda e, _x, _y: e.release(),
    "select": lambda e, x, y: e.select_at(x, y),
    "nudge": lambda e, x, y: e.nudge(x - 50.0, y - 50.0),
    "next": lambda e, _x, _y: e.step(1),
    "back": lambda e, _x, _y: e.step(-1),
    "insert": lambda e, _x, _y: e.insert(),
    "delete": lambda e, _x, _y: e.delete(),
    "begin": lambda e, x, y: e.begin(Sort.ROI if x < y else Sort.DONT_CARE),
    "close": lambda e, _x, _y: e.close(),
    "rectangle": lambda e, x, y: e.add_rectangle(Sort.ROI, x, y, x + 9.0, y + 9.0),
    "shown": lambda e, _x, _y: e.show(e.shapes[:1]),
}
PLACE = st.floats(-50.0, 150.0, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), PLACE, PLACE), max_size=40))
def test_whatever_is_done_polygons_stay_polygons_on_the_picture(steps: list[tuple[str, float, float]]) -> None:
    shapes = editor(SMALL)
    for name, x, y in steps:
        ACTIONS[name](shapes, x, y)
        assert all(len(shape.points) >= 3 for shape in shapes.shapes)
        assert all(0.0 <= x <= 100.0 and 0.0 <= y <= 80.0 for shape in shapes.shapes for x, y in shape.points)
        assert shapes.selected is None or shapes.selected < len(shapes.shapes)
        if shapes.selected is not None and shapes.point is not None:
            assert shapes.point < len(shapes.shapes[shapes.selected].points)
    assert shapes.shapes == tuple(sorted(shapes.shapes, key=lambda shape: shape.sort is Sort.DONT_CARE))
    assert all(isinstance(shape, Shape) for shape in shapes.shapes)
