"""Camera pixels to images: the stated rule for each format, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector.camera.pixels import pixel_format
from edge_inspector.errors import CameraError

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("name", "value", "grey"),
    [
        ("Mono8", 200, 200),
        ("Mono10", 0x3FF, 255),
        ("Mono10", 0x203, 0x80),
        ("Mono12", 0xFFF, 255),
        ("Mono12", 0x80F, 0x80),  # cut off, not rounded
        ("Mono12", 0x00F, 0),
        ("Mono14", 0x2000, 0x80),
        ("Mono16", 0x80FF, 0x80),
    ],
)
def test_the_upper_eight_bits_are_kept(name: str, value: int, grey: int) -> None:
    data = np.full((4, 6), value, np.uint8 if name == "Mono8" else np.dtype("<u2"))
    image = pixel_format(name).image(data.view(np.uint8).ravel(), 6, 4)
    assert image.shape == (4, 6, 1)
    assert image.dtype == np.uint8
    assert np.all(image == grey)


@pytest.mark.parametrize(
    ("name", "order", "channels"),
    [
        ("RGB8", (0, 1, 2), 3),
        ("RGB8Packed", (0, 1, 2), 3),
        ("BGR8", (2, 1, 0), 3),
        ("BGR8Packed", (2, 1, 0), 3),
        ("RGBa8", (0, 1, 2), 4),
        ("BGRa8", (2, 1, 0), 4),
        ("BGRA8Packed", (2, 1, 0), 4),
    ],
)
def test_colours_come_in_the_order_red_green_blue(name: str, order: tuple[int, int, int], channels: int) -> None:
    raw = RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8)
    image = pixel_format(name).image(raw.ravel(), 7, 5)
    assert np.array_equal(image, raw[:, :, order])


def test_colours_of_twelve_bits_are_cut_like_grey() -> None:
    raw = RNG.integers(0, 4096, (5, 7, 3), dtype=np.uint16)
    image = pixel_format("RGB12").image(raw.view(np.uint8).ravel(), 7, 5)
    assert np.array_equal(image, raw >> 4)


def _mosaic(pattern: str, colour: tuple[int, int, int], shape: tuple[int, int], bits: int) -> NDArray[np.uint16]:
    """What a sensor behind this mosaic sees of an even colour: the first row alternates the two letters named."""
    second = {"RG": "GB", "BG": "GR", "GR": "BG", "GB": "RG"}[pattern]
    mosaic = np.empty(shape, np.uint16)
    for y, row in enumerate((pattern, second)):
        for x, letter in enumerate(row):
            mosaic[y::2, x::2] = colour["RGB".index(letter)] << (bits - 8)
    return mosaic


@pytest.mark.parametrize("pattern", ["RG", "BG", "GR", "GB"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_mosaic_becomes_the_colour_it_saw(pattern: str, bits: int) -> None:
    colour = (200, 120, 40)
    raw = _mosaic(pattern, colour, (8, 10), bits)
    data = raw.astype(np.uint8) if bits == 8 else raw.view(np.uint8)
    image = pixel_format(f"Bayer{pattern}{bits}").image(data.ravel(), 10, 8)
    assert np.array_equal(image, np.broadcast_to(np.array(colour, np.uint8), (8, 10, 3)))


def test_bytes_after_each_line_are_left_out() -> None:
    raw = RNG.integers(0, 256, (5, 11), dtype=np.uint8)
    image = pixel_format("Mono8").image(raw.ravel()[:-3], 8, 5, padding_x=3)
    assert np.array_equal(image[:, :, 0], raw[:, :8])


def test_the_buffer_can_go_back_at_once() -> None:
    raw = RNG.integers(0, 256, 64, dtype=np.uint8)
    for name, width in (("Mono8", 64), ("Mono12", 32), ("RGB8", 21), ("BayerRG8", 32)):
        height = 64 // (width * pixel_format(name).bytes_per_pixel)
        image = pixel_format(name).image(raw, width, max(1, height))
        assert not np.shares_memory(image, raw), name
        assert image.flags.c_contiguous, name


@pytest.mark.parametrize("name", ["Mono12p", "Mono12Packed", "YUV422_8", "BayerRG12Packed", "Coord3D_ABC32f", "BGR12", "mono8"])
def test_another_format_names_those_that_there_are(name: str) -> None:
    with pytest.raises(CameraError, match=f"pixel format {name} is not supported; set pixel_format to one of: Mono8, "):
        pixel_format(name)


def test_a_buffer_cut_short_is_an_error_not_a_crash() -> None:
    with pytest.raises(CameraError, match="a buffer of 99 bytes holds no Mono8 image of 10 x 10 pixels"):
        pixel_format("Mono8").image(np.zeros(99, np.uint8), 10, 10)
