from __future__ import annotations

import numpy as np
import pytest

from ui.model.patterns import CELL, COLOURS, RIM, Window, colour_of, outlined, pattern_of, rendered, sampled

MARKS = np.zeros((60, 80), np.uint8)
MARKS[10:30, 20:50] = 3


def test_the_first_sixty_four_classes_look_different_and_eight_even_without_colours() -> None:
    looks = {(colour_of(number), pattern_of(number).tobytes()) for number in range(1, 65)}
    assert len(looks) == 64
    assert len({pattern_of(number).tobytes() for number in range(1, 9)}) == 8
    assert len(set(COLOURS)) == 8


@pytest.mark.parametrize("number", range(1, 9))
def test_every_pattern_has_strokes_and_gaps(number: int) -> None:
    assert 0.2 < pattern_of(number).mean() < 0.8


def test_a_pixel_of_the_screen_shows_the_image_below_it() -> None:
    found = sampled(MARKS, Window(0, 0, 200, 150, 10.0, 5.0, 2.0))
    rows, columns = np.nonzero(found)
    assert (columns.min(), columns.max()) == (10 + 40, 10 + 99)
    assert (rows.min(), rows.max()) == (5 + 20, 5 + 59)
    assert set(np.unique(found)) == {0, 3}


def test_a_thin_mark_is_seen_from_afar() -> None:
    marks = np.zeros((1000, 1000), np.uint8)
    marks[501, 100:900] = 1
    found = sampled(marks, Window(0, 0, 100, 100, 0.0, 0.0, 0.1))
    assert np.count_nonzero(found.max(axis=0)) >= 80


@pytest.mark.parametrize(("scale", "x", "y"), [(0.37, 9, 4), (1.0, 12, 9), (3.3, 60, 30)])
def test_a_piece_looks_as_it_does_in_the_whole(scale: float, x: int, y: int) -> None:
    whole = rendered(MARKS, Window(0, 0, 240, 180, 7.25, 3.5, scale), 0.5)
    piece = rendered(MARKS, Window(x, y, 30, 40, 7.25, 3.5, scale), 0.5)
    assert whole is not None
    assert piece is not None
    np.testing.assert_array_equal(piece, whole[y : y + 40, x : x + 30])


def test_fill_pattern_outline_and_rim() -> None:
    shown = rendered(MARKS, Window(0, 0, 320, 240, 0.0, 0.0, 4.0), 0.5)
    assert shown is not None
    inside = shown[48:112, 88:192]
    assert len(np.unique(inside)) == 2
    np.testing.assert_array_equal(inside[:CELL, :CELL] == inside.max(), pattern_of(3))
    assert shown[40, 100] >> 24 == 255
    assert shown[39, 100] == RIM
    assert shown[30, 100] == 0


def test_without_fill_the_outline_stays() -> None:
    shown = rendered(MARKS, Window(0, 0, 320, 240, 0.0, 0.0, 4.0), 0.0)
    assert shown is not None
    assert not shown[60, 120]
    assert shown[40, 100]


def test_a_proposal_has_a_broken_line() -> None:
    shown = outlined(MARKS, Window(0, 0, 320, 240, 0.0, 0.0, 4.0))
    assert shown is not None
    assert set(shown[40, 90:190].tolist()) == {0xFFFFFFFF, 0xFF000000}


@pytest.mark.parametrize(
    "window", [Window(0, 0, 50, 30, 0.0, 0.0, 1.0), Window(0, 0, 10, 10, 900.0, 0.0, 1.0), Window(-50, -50, 20, 20, 0.0, 0.0, 1.0)]
)
def test_where_nothing_is_marked_nothing_is_painted(window: Window) -> None:
    marks = np.zeros((40, 60), np.uint8)
    assert rendered(marks, window, 0.5) is None
    assert outlined(marks, window) is None
