from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.model import mask as module
from ui.model.mask import PaintMask
from ui.model.strokes import Point, Rect, stroke

WIDTH, HEIGHT = 300, 200
Action = Callable[[PaintMask], object]
coordinate = st.floats(-30, 330, width=32)
spot = st.tuples(coordinate, coordinate)
values = st.integers(0, 4)


def is_dirty(mask: PaintMask) -> bool:
    """Asked anew each time."""
    return mask.dirty


def blob(box: Rect, value: int) -> Action:
    where = np.zeros((HEIGHT, WIDTH), np.bool_)
    where[box.slices] = np.indices((HEIGHT, WIDTH)).sum(axis=0)[box.slices] % 2 == 0
    return lambda mask: mask.fill_where(where, box, value)


def brushed(one: Point, other: Point, size: int, value: int) -> Action:
    return lambda mask: mask.fill(stroke(one, other, size), value)


def polygon(points: list[Point], value: int) -> Action:
    return lambda mask: mask.fill_polygon(points, value)


actions = st.one_of(
    st.builds(brushed, spot, spot, st.integers(1, 200), values),
    st.builds(polygon, st.lists(spot, min_size=3, max_size=6), values),
    st.builds(blob, st.builds(Rect, st.integers(0, 250), st.integers(0, 150), st.integers(1, 90), st.integers(1, 90)), values),
    st.just(lambda mask: mask.clear()),
)


def painted(steps: list[list[Action]]) -> tuple[PaintMask, list[np.ndarray]]:
    """A mask after these steps, and how it looked after each that changed it, the empty one first."""
    mask = PaintMask(WIDTH, HEIGHT)
    looks = [mask.pixels.copy()]
    for step in steps:
        for action in step:
            action(mask)
        if mask.commit():
            looks.append(mask.pixels.copy())
    return mask, looks


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(actions, min_size=1, max_size=3), max_size=8))
def test_undo_gives_back_each_look_and_redo_the_other_way(steps: list[list[Action]]) -> None:
    mask, looks = painted(steps)
    for look in reversed(looks[:-1]):
        before = mask.pixels.copy()
        box = mask.undo()
        assert box is not None
        np.testing.assert_array_equal(mask.pixels, look)
        outside = mask.pixels != before
        outside[box.slices] = False
        assert not outside.any()
    assert mask.undo() is None
    assert not is_dirty(mask)
    for look in looks[1:]:
        assert mask.redo() is not None
        np.testing.assert_array_equal(mask.pixels, look)
    assert mask.redo() is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(actions, min_size=1, max_size=2), min_size=1, max_size=5), st.lists(st.booleans(), max_size=12), actions)
def test_any_way_through_undo_and_redo_comes_back(steps: list[list[Action]], ways: list[bool], last: Action) -> None:
    mask, looks = painted(steps)
    at = len(looks) - 1
    for back in ways:
        moved = mask.undo() if back else mask.redo()
        at = max(0, min(len(looks) - 1, at + (-1 if back else 1))) if moved else at
        np.testing.assert_array_equal(mask.pixels, looks[at])
    last(mask)
    if mask.commit():
        assert not mask.can_redo
        mask.undo()
    np.testing.assert_array_equal(mask.pixels, looks[at])


@settings(max_examples=60, deadline=None)
@given(actions)
def test_what_an_action_says_it_changed_holds_every_change(action: Action) -> None:
    mask = PaintMask(WIDTH, HEIGHT)
    mask.pixels[::3] = 2
    before = mask.pixels.copy()
    box = action(mask)
    assert isinstance(box, Rect)
    changed = mask.pixels != before
    changed[box.slices] = False
    assert not changed.any()


def test_a_polygon_over_the_border_paints_what_lies_on_the_image() -> None:
    mask = PaintMask(WIDTH, HEIGHT)
    mask.fill_polygon([(-50, -50), (20.5, -50), (20.5, 10.5), (-50, 10.5)], 1)
    assert mask.pixels[:11, :21].all()
    assert int(mask.pixels.sum()) == 11 * 21


def test_a_hundred_steps_can_be_undone_and_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPARE_BYTES", 0)
    mask = PaintMask(640, 512)
    looks = []
    for step in range(130):
        looks.append(mask.pixels.copy())
        mask.fill(stroke((step * 4.5, 0.0), (640 - step * 4.5, 511.0), 60), step % 5)
        mask.commit()
    assert mask.held < 2**20
    for look in looks[:-101:-1]:
        assert mask.undo() is not None
        np.testing.assert_array_equal(mask.pixels, look)
    assert mask.undo() is None
    assert is_dirty(mask)


def test_saved_is_the_version_that_was_stored() -> None:
    mask = PaintMask(WIDTH, HEIGHT)
    assert not is_dirty(mask)
    mask.fill(stroke((10, 10), (10, 10), 5), 1)
    assert is_dirty(mask)
    mask.commit()
    version = mask.version
    mask.fill(stroke((50, 50), (50, 50), 5), 1)
    mask.commit()
    mask.saved(version)
    assert is_dirty(mask)
    mask.undo()
    assert not is_dirty(mask)
    mask.undo()
    assert is_dirty(mask)
    mask.redo()
    assert not is_dirty(mask)


def test_what_changes_nothing_is_no_step() -> None:
    mask = PaintMask(WIDTH, HEIGHT)
    mask.fill(stroke((10, 10), (90, 90), 5), 0)
    assert not mask.commit()
    assert not is_dirty(mask)
    assert not mask.can_undo


def test_a_stored_mask_is_the_beginning() -> None:
    mask = PaintMask(4, 3)
    mask.load(np.full((3, 4), 2, np.uint8))
    assert not is_dirty(mask)
    assert mask.undo() is None
    mask.clear()
    mask.commit()
    assert is_dirty(mask)
    with pytest.raises(ValueError, match="4 x 3"):
        mask.load(np.zeros((3, 5), np.uint8))
