"""Images on the network's input and maps back on images, whatever the shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector import images
from edge_inspector.errors import ImageError
from edge_inspector.geometry import PADDING, Window, on_canvas, on_image, whole, window_of
from edge_inspector.settings.manifest import InputForm

SIDES = st.integers(1, 700)
CANVASES = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(lambda n: InputForm(height=32 * n[0], width=32 * n[1], fit="letterbox"))


def letterbox(height: int, width: int) -> InputForm:
    return InputForm(height=height, width=width, fit="letterbox")


WINDOWS = {  # image, canvas -> x, y, w, h
    "square in square": ((50, 50), (64, 64), (0, 0, 64, 64)),
    "twice as wide": ((50, 100), (64, 64), (0, 16, 64, 32)),
    "twice as high": ((100, 50), (64, 64), (16, 0, 32, 64)),
    "rounded to even sides": ((47, 100), (64, 64), (0, 16, 64, 30)),
    "a canvas of the same aspect": ((30, 120), (64, 256), (0, 0, 256, 64)),
    "nearly a line": ((3, 4000), (64, 64), (0, 30, 64, 2)),
    "one pixel": ((1, 1), (64, 128), (32, 0, 64, 64)),
    "an odd canvas": ((65, 65), (65, 65), (0, 0, 65, 65)),
}


@pytest.mark.parametrize(("image", "canvas", "expected"), WINDOWS.values(), ids=WINDOWS.keys())
def test_windows(image: tuple[int, int], canvas: tuple[int, int], expected: tuple[int, ...]) -> None:
    window = window_of(image, letterbox(*canvas))
    assert (window.x, window.y, window.w, window.h) == expected
    assert window.canvas == canvas


def test_a_stretched_image_has_no_padding() -> None:
    form = InputForm(height=64, width=96)
    values = np.zeros((32, 48), np.float32)
    assert window_of((10, 500), form) == whole((64, 96))
    assert on_image(values, (10, 500), form) is values
    pixels = np.random.default_rng(0).integers(0, 256, (10, 500, 3), np.uint8)
    np.testing.assert_array_equal(on_canvas(pixels, form), images.fit(pixels, 64, 96))


@settings(max_examples=150, deadline=None)
@given(height=SIDES, width=SIDES, form=CANVASES)
def test_the_aspect_is_kept_and_nothing_of_the_image_is_lost(height: int, width: int, form: InputForm) -> None:
    window = window_of((height, width), form)
    assert window.w == form.width or window.h == form.height
    assert 0 <= window.x <= window.x + window.w <= form.width
    assert 0 <= window.y <= window.y + window.h <= form.height
    assert not any(n % 2 for n in (window.x, window.y, window.w, window.h))
    scale = min(form.height / height, form.width / width)
    assert window.w == pytest.approx(max(2.0, width * scale), abs=1.001)
    assert window.h == pytest.approx(max(2.0, height * scale), abs=1.001)
    assert abs(2 * window.x + window.w - form.width) <= 2
    assert abs(2 * window.y + window.h - form.height) <= 2


@settings(max_examples=100, deadline=None)
@given(height=SIDES, width=SIDES, form=CANVASES, channels=st.sampled_from([1, 3]))
def test_what_was_letterboxed_is_cut_out_again(height: int, width: int, form: InputForm, channels: int) -> None:
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, channels), np.uint8)
    canvas = on_canvas(pixels, form)
    window = window_of((height, width), form)
    assert canvas.shape == (form.height, form.width, 3)
    assert canvas.dtype == np.uint8
    assert canvas.flags.c_contiguous
    np.testing.assert_array_equal(window.cut(canvas), images.fit(pixels, window.h, window.w))
    around = window.pad(np.zeros((window.h, window.w), np.bool_), True)
    assert (canvas[around] == PADDING).all()
    half = np.ascontiguousarray(canvas[::2, ::2, 0]).astype(np.float32)
    np.testing.assert_array_equal(on_image(half, (height, width), form), window.cut(canvas)[::2, ::2, 0])


@settings(max_examples=100, deadline=None)
@given(height=SIDES, width=SIDES, form=CANVASES, at=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_place_on_the_image_is_found_again_by_the_usual_scaling(
    height: int, width: int, form: InputForm, at: tuple[float, float]
) -> None:
    """A painted half of the image is the same half of the cut map."""
    row, column = min(int(at[0] * height), height - 1), min(int(at[1] * width), width - 1)
    pixels = np.zeros((height, width, 1), np.uint8)
    pixels[row:, column:] = 255
    canvas = on_canvas(pixels, form)[:, :, 0].astype(np.float32)
    cut = on_image(canvas, (height, width), form)
    ys, xs = np.nonzero(cut >= 128)
    blur_y, blur_x = 1.5 * (1 + height / cut.shape[0]), 1.5 * (1 + width / cut.shape[1])
    if ys.size:
        assert abs(ys.min() * height / cut.shape[0] - row) <= blur_y
        assert abs(xs.min() * width / cut.shape[1] - column) <= blur_x
    else:
        assert height - row <= blur_y or width - column <= blur_x


MAPS = {  # map (h, w) of a 64 x 64 canvas, window -> shape of the cut
    "of the canvas's size": ((64, 64), (0, 16, 64, 32), (32, 64)),
    "half": ((32, 32), (0, 30, 64, 2), (1, 32)),
    "an eighth": ((8, 8), (0, 30, 64, 2), (1, 8)),
    "one pixel": ((1, 1), (16, 0, 32, 64), (1, 1)),
    "at the far end": ((4, 4), (62, 0, 2, 64), (4, 1)),
}


@pytest.mark.parametrize(("shape", "at", "expected"), MAPS.values(), ids=MAPS.keys())
def test_at_least_a_pixel_of_a_map_is_left(shape: tuple[int, int], at: tuple[int, int, int, int], expected: tuple[int, int]) -> None:
    assert Window((64, 64), *at).cut(np.zeros(shape, np.float32)).shape == expected


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (0, 4, 3)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="uint8"):
        on_canvas(np.zeros(shape, np.uint8), letterbox(64, 64))
