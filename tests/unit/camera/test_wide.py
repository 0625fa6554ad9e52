"""Wide frames: the same numbers give the same bytes, and a speck is what it is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from edge_inspector.camera.simulator.spec import made_spec
from edge_inspector.camera.simulator.wide import CONTRAST, MARGIN, SIDE, cloth, render_wide

SIZE = (240, 330)


def test_the_same_numbers_give_the_same_bytes_and_others_another_frame() -> None:
    one, same, other = (render_wide(3, number, 1, SIZE) for number in (4, 4, 5))
    assert one.image.shape == (*SIZE, 1) and one.image.dtype == np.uint8
    assert (one.image == same.image).all() and one.specks == same.specks
    assert (one.image != other.image).mean() > 0.5


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_speck_changes_its_own_pixels_by_its_contrast_and_no_other(number: int) -> None:
    good, bad = render_wide(1, number, 0, SIZE), render_wide(1, number, 1, SIZE)
    assert not good.mask.any() and good.specks == ()
    (speck,) = bad.specks
    assert int(bad.mask.sum()) == SIDE * SIDE and bad.mask[speck.y : speck.y + SIDE, speck.x : speck.x + SIDE].all()
    assert (good.image == bad.image)[~bad.mask].all()
    assert MARGIN <= speck.x <= SIZE[1] - MARGIN - SIDE and MARGIN <= speck.y <= SIZE[0] - MARGIN - SIDE
    light = cloth(made_spec("texture", 1, number, ()), SIZE)[bad.mask]
    change = bad.image[bad.mask][:, 0].astype(np.float64) - good.image[bad.mask][:, 0]
    assert change.mean() / light.mean() == pytest.approx(speck.contrast, abs=0.01)
    assert abs(speck.contrast) == CONTRAST


def test_darker_and_brighter_specks_take_turns() -> None:
    assert {render_wide(1, number, 1, SIZE).specks[0].contrast for number in range(2)} == {-CONTRAST, CONTRAST}


def test_the_weave_is_as_fine_whatever_the_size_of_the_frame() -> None:
    small, large = (render_wide(1, 0, 0, size).image[..., 0].astype(np.float32) for size in ((240, 240), (480, 720)))
    assert np.abs(np.diff(small, axis=1)).mean() == pytest.approx(np.abs(np.diff(large, axis=1)).mean(), rel=0.15)


@pytest.mark.parametrize("size", [(20, 300), (300, 39)])
def test_a_frame_without_room_for_a_speck_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 40"):
        render_wide(1, 0, 1, size)
