from __future__ import annotations

import base64
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.model.label import Classes, ClassProblem, Effect, Mark, Painter, Tool, proposed_mask, put_params, stored_mask
from ui.model.strokes import Rect

WIDTH, HEIGHT = 160, 120
spot = st.tuples(st.floats(-40, 200, width=32), st.floats(-40, 160, width=32))


def painter_with(tool: Tool, number: int = 1, size: int = 20) -> Painter:
    painter = Painter(WIDTH, HEIGHT)
    painter.use(tool)
    painter.number, painter.size = number, size
    return painter


def test_brush_and_eraser() -> None:
    painter = painter_with(Tool.BRUSH, 3)
    painter.press((40, 40))
    painter.drag((80, 40))
    assert painter.painting
    painter.release()
    assert painter.mask.pixels[40, 30:90].tolist() == [3] * 60
    painter.use(Tool.ERASER)
    painter.press((60, 40))
    painter.release()
    assert not painter.mask.pixels[40, 52:68].any()
    painter.undo()
    assert (painter.mask.pixels[40, 30:90] == 3).all()


def test_a_stroke_is_one_step() -> None:
    painter = painter_with(Tool.BRUSH)
    painter.press((10, 10))
    for x in range(11, 60):
        painter.drag((x, 10))
    painter.release()
    painter.undo()
    assert not painter.mask.pixels.any()
    assert not painter.mask.can_undo


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (1, 1), (57, 57), (200, 200), (999, 200)])
def test_sizes(asked: int, got: int) -> None:
    assert painter_with(Tool.BRUSH, size=asked).size == got


def test_a_polygon_closes_by_enter_and_goes_by_escape() -> None:
    painter = painter_with(Tool.POLYGON, 2)
    for point in ((10, 10), (50, 10), (50, 40), (10, 40)):
        assert painter.press(point).sketched
    painter.escape()
    assert painter.points == []
    for point in ((10, 10), (50, 10), (50, 40), (90, 90)):
        painter.press(point)
    painter.undo()
    effect = painter.enter()
    assert effect.dirty == Rect(10, 10, 41, 31)
    assert painter.mask.pixels[20, 40] == 2
    assert painter.mask.pixels[30, 12] == 0
    assert painter.enter() == Effect()


def test_two_corners_close_nothing() -> None:
    painter = painter_with(Tool.POLYGON)
    painter.press((10, 10))
    painter.press((50, 10))
    assert painter.enter() == Effect()
    assert len(painter.points) == 2


@pytest.mark.parametrize(
    ("one", "other", "mark"),
    [
        pytest.param((10.2, 20.9), (30.1, 40.0), (10, 20, 21, 21), id="whole pixels"),
        pytest.param((30.0, 40.0), (10.0, 20.0), (10, 20, 21, 21), id="any two corners"),
        pytest.param((150.0, 100.0), (400.0, 300.0), (150, 100, 10, 20), id="beyond the image"),
        pytest.param((30.0, 40.0), (30.2, 40.2), None, id="no box"),
    ],
)
def test_a_box_asks_for_a_proposal(one: tuple[float, float], other: tuple[float, float], mark: tuple[int, ...] | None) -> None:
    painter = painter_with(Tool.BOX)
    painter.press(one)
    painter.drag(other)
    assert painter.release().mark == (None if mark is None else Mark(Tool.BOX, mark))
    assert painter.points == []


def test_a_click_asks_for_a_proposal_on_the_image_only() -> None:
    painter = painter_with(Tool.CLICK)
    mark = painter.press((12.9, 7.1)).mark
    assert mark is not None
    assert mark.params() == {"click": [12, 7]}
    assert painter.press((-1, 5)).mark is None


def test_a_proposal_is_taken_by_enter_and_dropped_by_escape() -> None:
    painter = painter_with(Tool.CLICK, 4)
    where = np.zeros((HEIGHT, WIDTH), np.bool_)
    where[20:30, 40:60] = True
    painter.propose(where)
    painter.escape()
    assert not painter.mask.pixels.any()
    painter.propose(where)
    assert painter.proposal is not None
    assert (painter.proposal.area, painter.proposal.box) == (200, Rect(40, 20, 20, 10))
    assert painter.enter().dirty == Rect(40, 20, 20, 10)
    np.testing.assert_array_equal(painter.mask.pixels == 4, where)
    painter.undo()
    assert not painter.mask.pixels.any()
    with pytest.raises(ValueError, match="160 x 120"):
        painter.propose(np.zeros((5, 5), np.bool_))


Action = Callable[[Painter], object]
actions: list[st.SearchStrategy[Action]] = [
    st.builds(lambda tool: lambda painter: painter.use(tool), st.sampled_from(list(Tool))),
    st.builds(lambda point: lambda painter: painter.press(point), spot),
    st.builds(lambda point: lambda painter: painter.drag(point), spot),
    st.sampled_from([Painter.release, Painter.enter, Painter.escape, Painter.back, Painter.clear, Painter.undo, Painter.redo]),
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(actions), max_size=40))
def test_whatever_is_done_undo_comes_back_to_the_beginning_and_redo_to_the_end(done: list[Action]) -> None:
    painter = painter_with(Tool.BRUSH, 2)
    for action in done:
        action(painter)
    painter.use(Tool.BRUSH)
    while painter.mask.redo():
        pass
    end = painter.mask.pixels.copy()
    while painter.mask.undo():
        pass
    assert not painter.mask.pixels.any()
    assert not painter.mask.dirty
    while painter.mask.redo():
        pass
    np.testing.assert_array_equal(painter.mask.pixels, end)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("deep_scratch", ClassProblem.NONE),
        ("hole", ClassProblem.NONE),
        ("", ClassProblem.LETTERS),
        ("a b", ClassProblem.LETTERS),
        ("../up", ClassProblem.LETTERS),
        ("Riß", ClassProblem.LETTERS),
        ("x" * 65, ClassProblem.LETTERS),
        ("Good", ClassProblem.NORMAL),
    ],
)
def test_names_of_classes(name: str, problem: ClassProblem) -> None:
    classes = Classes()
    classes.learn(["hole"])
    assert classes.problem(name) is problem


def test_classes_keep_their_numbers() -> None:
    classes = Classes()
    classes.learn(["hole", "crack", "hole"])
    classes.learn(["dent", "crack"])
    assert classes.names == ["hole", "crack", "dent"]
    assert classes.number("dent") == 3
    classes.learn(f"c{n}" for n in range(300))
    assert len(classes.names) == 255
    assert classes.problem("another") is ClassProblem.TOO_MANY


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=12, max_size=12), st.permutations(["a", "b", "c", "d"]))
def test_what_is_put_comes_back_whatever_order_classes_have_by_then(values: list[int], order: list[str]) -> None:
    names = ["a", "b", "c", "d"]
    pixels = np.array(values, np.uint8).reshape(3, 4)
    params = put_params(pixels, names)
    assert params["classes"] == [name for number, name in enumerate(names, 1) if number in values]
    later = Classes()
    later.learn(order[:2])
    found = stored_mask(base64.b64decode(params["mask"]), params["classes"], later)
    said = [["", *later.names][number] for number in found.ravel()]
    assert said == [["", *names][number] for number in values]


def test_a_class_without_a_name_is_not_put() -> None:
    with pytest.raises(ValueError, match="class 3 of 2"):
        put_params(np.full((2, 2), 3, np.uint8), ["a", "b"])


@pytest.mark.parametrize("png", [b"", b"no picture", cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()])
def test_a_stored_mask_that_is_none(png: bytes) -> None:
    with pytest.raises(ValueError, match="no grey PNG"):
        stored_mask(png, ["a"], Classes())


def test_a_proposal_is_read() -> None:
    mask = np.zeros((6, 5), np.uint8)
    mask[2, 3] = 255
    found = proposed_mask(cv2.imencode(".png", mask)[1].tobytes())
    np.testing.assert_array_equal(found, mask > 0)
    with pytest.raises(ValueError, match="no picture"):
        proposed_mask(b"")
