"""Decoding whatever lies in a folder of images: right, or an error that names the file."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector import images
from edge_inspector.errors import ImageError
from edge_inspector.records import Image, Region

LOSSLESS = (".png", ".bmp", ".tiff")
RNG = np.random.default_rng(5)
COLOUR: Image = RNG.integers(0, 256, (37, 53, 3), np.uint8)
GREY: Image = COLOUR[:, :, :1]


def encoded(suffix: str, pixels: np.ndarray) -> bytes:
    """A file's bytes; colour is given as RGB."""
    stored = pixels if pixels.ndim == 2 or pixels.shape[2] == 1 else np.dstack([pixels[:, :, 2::-1], pixels[:, :, 3:]])
    done, data = cv2.imencode(suffix, stored)
    assert done
    return data.tobytes()


FORMS: dict[str, tuple[str, np.ndarray, Image]] = {
    **{f"colour {s}": (s, COLOUR, COLOUR) for s in LOSSLESS},
    **{f"grey {s}": (s, GREY, GREY) for s in LOSSLESS},
    **{f"16 bit colour {s}": (s, COLOUR.astype(np.uint16) * 256 + 77, COLOUR) for s in (".png", ".tiff")},
    **{f"16 bit grey {s}": (s, GREY.astype(np.uint16) * 256 + 77, GREY) for s in (".png", ".tiff")},
    **{f"alpha {s}": (s, np.dstack([COLOUR, GREY]), COLOUR) for s in LOSSLESS},
}


@pytest.mark.parametrize("name", FORMS)
def test_lossless_forms_come_out_as_they_went_in(name: str, tmp_path: Path) -> None:
    suffix, stored, expected = FORMS[name]
    path = tmp_path / f"part{suffix}"
    path.write_bytes(encoded(suffix, stored))
    image = images.decode(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(("pixels", "channels"), [(COLOUR, 3), (GREY, 1)], ids=["colour", "grey"])
def test_jpeg(pixels: Image, channels: int) -> None:
    smooth = cv2.GaussianBlur(pixels, (0, 0), 4).reshape(pixels.shape)
    image = images.decode_bytes(encoded(".jpg", smooth))
    assert image.shape == (37, 53, channels)
    assert np.abs(image.astype(int) - smooth).mean() < 4


@pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg"])
@pytest.mark.parametrize("pixels", [COLOUR, GREY], ids=["colour", "grey"])
def test_the_size_of_a_file_is_its_images(suffix: str, pixels: Image, tmp_path: Path) -> None:
    path = tmp_path / f"part{suffix}"
    path.write_bytes(encoded(suffix, pixels))
    assert images.size_of(path) == images.decode(path).shape[:2] == (37, 53)


def test_the_size_is_the_frames_not_a_thumbnails(tmp_path: Path) -> None:
    inner, outer = encoded(".jpg", GREY[:8, :8]), encoded(".jpg", COLOUR)
    path = tmp_path / "part.jpg"
    path.write_bytes(outer[:2] + b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner + outer[2:])
    assert images.size_of(path) == (37, 53)


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff", encoded(".png", COLOUR)[:18], encoded(".jpg", COLOUR)[:40]])
def test_a_file_without_a_size_is_an_error_that_names_it(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"part\.png"):
        images.size_of(path)


def test_twelve_bits_are_used_in_full_only_when_told() -> None:
    data = encoded(".png", np.array([[0, 16, 4095]], np.uint16))
    assert images.decode_bytes(data, bits=12).ravel().tolist() == [0, 1, 255]
    assert images.decode_bytes(data).ravel().tolist() == [0, 0, 15]


@pytest.mark.parametrize(("bits", "message"), [(12, "more than 12 bits"), (8, "9 to 16"), (17, "9 to 16")])
def test_a_wrong_bit_depth_is_an_error(bits: int, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        images.decode_bytes(encoded(".png", np.full((4, 4), 4096, np.uint16)), bits=bits)


@pytest.mark.parametrize("pixels", [COLOUR, GREY], ids=["colour", "grey"])
@pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg"])
def test_no_truncated_file_is_taken_for_whole(suffix: str, pixels: Image) -> None:
    data = encoded(suffix, pixels)
    cuts = sorted({*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 8, len(data))})
    for cut in cuts:
        with pytest.raises(ImageError, match="part 7"):
            images.decode_bytes(data[:cut], "part 7")


def test_a_thumbnail_does_not_make_a_cut_jpeg_whole() -> None:
    inner = encoded(".jpg", GREY)
    outer = encoded(".jpg", COLOUR)
    segment = b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner
    whole = outer[:2] + segment + outer[2:]
    assert images.decode_bytes(whole).shape == COLOUR.shape
    with pytest.raises(ImageError, match="truncated"):
        images.decode_bytes(whole[:-100])


def test_bytes_after_a_jpeg_are_no_damage() -> None:
    assert images.decode_bytes(encoded(".jpg", COLOUR) + b"\0" * 64).shape == COLOUR.shape


def flipped(data: bytes) -> bytes:
    """The same with one bit in its middle turned over."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not a PNG"),
    "text": (b"hello", "not a PNG"),
    "one bit of a PNG flipped": (flipped(encoded(".png", COLOUR)), "checksum"),
    "float TIFF": (cv2.imencode(".tiff", np.ones((4, 4), np.float32))[1].tobytes(), "float32"),
    "JPEG magic alone": (b"\xff\xd8\xff\xe0", "header"),
    "TIFF pointing nowhere": (b"II*\0\xff\xff\xff\x7f", "header"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_image_is_an_error_that_names_the_file(name: str, tmp_path: Path) -> None:
    data, message = BROKEN[name]
    path = tmp_path / "part.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=message) as caught:
        images.decode(path)
    assert str(path) in str(caught.value)


def test_absent_files_and_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        images.decode(tmp_path / "none.png")
    with pytest.raises(ImageError, match="cannot be read"):
        images.decode(tmp_path)


MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MAGICS), st.binary(max_size=200))
def test_garbage_behind_a_true_magic_is_an_image_error(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError):
        images.decode_bytes(magic + rest)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([".png", ".jpg", ".bmp", ".tiff"]), st.integers(0, 2**31), st.integers(0, 255))
def test_a_damaged_byte_never_raises_anything_else(suffix: str, where: int, value: int) -> None:
    data = bytearray(encoded(suffix, COLOUR))
    data[where % min(len(data), 400)] = value
    try:
        image = images.decode_bytes(bytes(data))
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


def test_masks(tmp_path: Path) -> None:
    marked = np.zeros((20, 30), np.uint8)
    marked[4:8, 5:9] = 1
    for suffix, stored in ((".png", marked), (".bmp", marked), (".jpg", marked * 255), (".png", np.dstack([marked * 9] * 3))):
        path = tmp_path / f"mask{suffix}"
        path.write_bytes(encoded(suffix, stored))
        mask = images.decode_mask(path)
        assert mask.dtype == np.bool_
        assert mask.shape == (20, 30)
        assert (mask == (marked > 0)).mean() > 0.98


# ---- geometry, encode, overlay


@pytest.mark.parametrize("size", [(8, 8), (37, 53), (64, 20), (100, 200)])
@pytest.mark.parametrize("pixels", [COLOUR, GREY], ids=["colour", "grey"])
def test_fit_gives_rgb_of_the_size_asked_for(pixels: Image, size: tuple[int, int]) -> None:
    image = images.fit(pixels, *size)
    assert image.shape == (*size, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    if pixels is GREY:
        assert (image[:, :, 0] == image[:, :, 2]).all()


def test_fit_averages_areas_when_shrinking() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 200
    image = images.fit(board[:, :, None].astype(np.uint8), 16, 16)
    assert (image == 100).all()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (4, 4, 4), (0, 4, 3)])
def test_shapes_that_are_no_image_are_refused(shape: tuple[int, ...]) -> None:
    for use in (images.to_rgb, lambda i: images.fit(i, 8, 8), images.encode_png):
        with pytest.raises(ImageError, match="uint8"):
            use(np.zeros(shape, np.uint8))


def test_other_depths_are_refused() -> None:
    with pytest.raises(ImageError, match="uint16"):
        images.to_rgb(np.zeros((4, 4, 3), np.uint16))


@pytest.mark.parametrize("pixels", [COLOUR, GREY], ids=["colour", "grey"])
def test_png_is_lossless(pixels: Image, tmp_path: Path) -> None:
    path = tmp_path / "part.png"
    images.write_png(path, pixels)
    np.testing.assert_array_equal(images.decode(path), pixels)
    images.write_png(path, pixels[:4])
    assert images.decode(path).shape[0] == 4
    assert [p.name for p in tmp_path.iterdir()] == ["part.png"]


def test_a_png_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "part.png"
    target.mkdir()
    with pytest.raises(OSError, match=r"part\.png"):
        images.write_png(target, COLOUR)
    assert [p.name for p in tmp_path.iterdir()] == ["part.png"]


FIELDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"calm": lambda m: m, "NaN": lambda m: np.where(m > 0, np.nan, m)}


@pytest.mark.parametrize("name", FIELDS)
def test_overlay_changes_what_is_marked_and_nothing_else(name: str) -> None:
    grey = np.full((80, 100, 1), 128, np.uint8)
    field = np.zeros((40, 50), np.float32)
    field[10:20, 10:20] = 0.9
    picture = images.overlay(grey, FIELDS[name](field).astype(np.float32), [Region(20, 20, 20, 20, 400.0, 0.9)])
    assert picture.shape == (80, 100, 3)
    assert picture.dtype == np.uint8
    assert picture[30, 30].tolist() != [128, 128, 128]
    assert int(picture[30, 30, 0]) > int(picture[30, 30, 2])  # towards red
    assert (picture[50:] == 128).all()
    assert (grey == 128).all()


@pytest.mark.parametrize("size", [(256, 256), (60, 90), (120, 180), (40, 60), (400, 30)])
def test_grey_is_fitted_as_the_same_picture_in_rgb(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (120, 180, 1), dtype=np.uint8)
    assert np.array_equal(images.fit(grey, *size), images.fit(images.to_rgb(grey), *size))


# ------------------------------------------------------------------------------------------------ area averaging by hand


@pytest.mark.parametrize("channels", [1, 3])
def test_decimation_is_opencvs_area_averaging_bit_for_bit(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_LARGE", 1)
    rng = np.random.default_rng(channels)
    tried = 0
    for rows in range(1, 17):
        for columns in range(1, 17):
            image = rng.integers(0, 256, (rows * 40, columns * 7, channels), np.uint8)
            image[:rows, :columns] = 255
            if images._decimates(image, 40, 7):
                tried += 1
                assert (images._decimated(image, 40, 7) == images._resized(image, 40, 7)).all(), (rows, columns)
    assert tried == 16 * 16 - 1, "all but 2 x 2, which OpenCV rounds in a way of its own"


FITTED = {
    "whole numbers": (256, 256),
    "other numbers": (250, 300),
    "twice": (512, 640),
    "beside a copy": (1024, 1280),
    "larger": (1100, 1300),
}


@pytest.mark.parametrize("case", FITTED)
@pytest.mark.parametrize("channels", [1, 3])
def test_fit_is_one_function_whatever_way_it_takes(case: str, channels: int) -> None:
    height, width = FITTED[case]
    image = np.random.default_rng(3).integers(0, 256, (1024, 1280, channels), np.uint8)
    found = images.fit(image, height, width)
    shrinks = height <= 1024 and width <= 1280
    plain = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    plain = plain.reshape(height, width, channels)
    assert found.shape == (height, width, 3) and found.flags.c_contiguous
    assert (found == (plain if channels == 3 else np.repeat(plain, 3, axis=2))).all()
