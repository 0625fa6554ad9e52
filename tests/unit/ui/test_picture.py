"""Decoding, colours of the map, outlines."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from ui.model.picture import COLOUR_MAPS, coloured, contours, decode_image, decode_map


def png(array: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", array)[1])


def test_an_image_comes_back_as_it_was() -> None:
    image = np.random.default_rng(0).integers(0, 255, (12, 20, 3), np.uint8)
    decoded = decode_image(png(image))
    assert decoded is not None
    assert np.array_equal(decoded, image)


def huge() -> bytes:
    """A PNG that claims 10,000 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("data", [b"", b"not a picture", huge()], ids=["nothing", "text", "more pixels than can be taken"])
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert decode_image(data) is None
    assert decode_map(data) is None


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 255), (np.uint16, 65535)])
def test_maps_of_both_depths_are_0_to_1(dtype: type, most: int) -> None:
    decoded = decode_map(png(np.array([[0, most]], dtype)))
    assert decoded is not None
    assert decoded.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("name", list(COLOUR_MAPS))
def test_colours_are_premultiplied_and_low_values_clear(name: str) -> None:
    laid = coloured(np.array([[0.0, 0.5, 1.0]], np.float32), name, 0.5)[0]
    alpha = laid >> 24
    assert alpha[0] == 0
    assert alpha[2] == 128
    for shift in (0, 8, 16):
        assert ((laid >> shift) & 255 <= alpha).all()


def test_a_value_that_is_no_number_is_shown_as_the_worst() -> None:
    laid = coloured(np.array([[np.nan, 1.0]], np.float32), "inferno", 1.0)[0]
    assert laid[0] == laid[1]


def test_outlines_are_in_pixels_of_the_image() -> None:
    anomaly_map = np.zeros((10, 10), np.float32)
    anomaly_map[4:6, 4:6] = 0.9
    (outline,) = contours(anomaly_map, 0.5, 1000, 500)
    assert outline[:, 0].min() >= 400
    assert outline[:, 0].max() <= 600
    assert outline[:, 1].max() <= 300
    assert contours(anomaly_map, 0.95, 1000, 500) == []
