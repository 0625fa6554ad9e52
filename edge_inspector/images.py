"""Image files and buffers: decode, encode, colour and bit depth, the one resize, and the overlay for people.

Images are uint8 (H, W, 3) RGB or (H, W, 1) grey, 0..255, C-contiguous. Files are PNG, JPEG, BMP and TIFF, 8 or 16 bit,
grey or colour. Pixels are taken as stored (an EXIF orientation is not applied, so that masks and images agree), alpha is dropped, of
several pages the first is read.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import ImageError
from edge_inspector.records import AnomalyMap, Image, Mask, Region

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
_HEAT = ((0.0, (255, 236, 170)), (0.5, (244, 150, 60)), (1.0, (205, 32, 38)))  # pale amber to red
_CONTOUR = (255, 255, 255)
_BOX = (205, 32, 38)


# ---------------------------------------------------------------------------------------------------------------- decode


def decode(path: Path, bits: int = 16) -> Image:
    """Read an image file as uint8 (H, W, 3) RGB or (H, W, 1) grey.

    16-bit content becomes 8 bit by ``value >> (bits - 8)``: the full 16-bit range, unless ``bits`` says that the camera stored
    9..15 significant bits (12: ``>> 4``); then a value beyond these bits is an error. Raises ImageError naming the file: absent,
    unreadable, truncated, unsupported.
    """
    return decode_bytes(_read(path), str(path), bits)


def decode_bytes(data: bytes, name: str = "image", bits: int = 16) -> Image:
    """The same from a buffer; ``name`` is what errors call it."""
    return _to_8_bit(_decode_raw(data, name), bits, name)


def decode_mask(path: Path) -> Mask:
    """Read a mask as bool (H, W): True where any channel is not zero (in a lossy JPEG: at least half of full scale). Raises ImageError."""
    data = _read(path)
    raw = _decode_raw(data, str(path))
    least = 128 if data.startswith(_JPEG) else 1
    return np.ascontiguousarray((raw >= least).any(axis=2))


def size_of(path: Path) -> tuple[int, int]:
    """(height, width) of an image file, from its header where that is quick. Raises ImageError as `decode`, but finds less damage."""
    data = _read(path)
    found = None
    with suppress(struct.error, IndexError):
        found = _png_size(data) if data.startswith(_PNG) else _jpeg_size(data) if data.startswith(_JPEG) else None
    if found is None or 0 in found:
        height, width, _ = decode_bytes(data, str(path)).shape
        return height, width
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {error.strerror}") from error


def _decode_raw(data: bytes, name: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Pixels as stored, (H, W, 1) grey or (H, W, 3) RGB, uint8 or uint16."""
    check = next((check for magic, check in _CHECKS.items() if data.startswith(magic)), None)
    if check is None:
        raise ImageError(f"{name}: not a PNG, JPEG, BMP or TIFF image ({len(data)} bytes)")
    try:
        damage = check(data)
    except (struct.error, IndexError):
        damage = "the file ends inside its header"
    if damage:
        raise ImageError(f"{name}: damaged or truncated: {damage}")
    try:
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError) as error:
        raise ImageError(f"{name}: cannot be decoded: {error}") from error
    if raw is None or raw.size == 0:
        raise ImageError(f"{name}: cannot be decoded; the pixel data are damaged or of an unsupported form")
    return _to_rgb_order(raw, name)


def _to_rgb_order(raw: NDArray[np.generic], name: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if raw.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{name}: pixels are {raw.dtype}; 8 or 16 bit unsigned integers are supported")
    if raw.ndim == 2:
        raw = raw[:, :, np.newaxis]
    if raw.shape[2] not in (1, 3, 4):
        raise ImageError(f"{name}: {raw.shape[2]} channels; grey, RGB or RGBA is supported")
    return raw if raw.shape[2] == 1 else raw[:, :, 2::-1]  # type: ignore[return-value]


def _to_8_bit(raw: NDArray[np.uint8] | NDArray[np.uint16], bits: int, name: str) -> Image:
    if not 9 <= bits <= 16:
        raise ImageError(f"bits = {bits}: a 16-bit image holds 9 to 16 significant bits")
    if raw.dtype == np.uint16:
        peak = int(raw.max())
        if peak >> bits:
            raise ImageError(f"{name}: holds the value {peak}, more than {bits} bits; state its bit depth")
        raw = np.right_shift(raw, bits - 8, dtype=np.uint16)
    return np.ascontiguousarray(raw, np.uint8)


# ----------------------------------------------------- whole or not: OpenCV fills what is missing with grey and says nothing

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # after a scan: neither stuffing, restart nor fill bytes


def _png_damage(data: bytes) -> str:
    """Walk the chunks to IEND, each with its CRC."""
    at = len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        kind = data[at + 4 : at + 8]
        if zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return f"chunk {kind.decode('latin-1')} fails its checksum"
        if kind == b"IEND":
            return ""
        at = end + 4
    return "no IEND chunk"


def _jpeg_damage(data: bytes) -> str:
    """Walk the segments and scans to EOI (an embedded thumbnail's EOI lies inside a segment)."""
    at = 2
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            return f"no marker at byte {at}"
        marker = data[at + 1]
        if marker == 0xD9:
            return ""
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:
            found = _JPEG_MARKER.search(data, at)
            at = found.start() if found else len(data)
    return "no end-of-image marker"


def _bmp_damage(data: bytes) -> str:
    """Hold the file's length against its pixel array; run-length coded forms are held against their stated length."""
    offset, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        width, height, _planes, depth = struct.unpack_from("<HHHH", data, 18)
        stated = 0
        compression = 0
    else:
        width, height, _planes, depth, compression, stated = struct.unpack_from("<iiHHII", data, 18)
    size = stated if compression in (1, 2) else (width * depth + 31) // 32 * 4 * abs(height)
    missing = offset + size - len(data)
    return f"{missing} bytes of pixels are missing" if missing > 0 else ""


def _tiff_damage(data: bytes) -> str:
    """Strips and tiles of the first page lie inside the file. BigTIFF is left to the decoder."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", data, 2)[0] != 42:
        return ""
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (entries,) = struct.unpack_from(order + "H", data, directory)
    struct.unpack_from(order + "I", data, directory + 2 + 12 * entries)  # the directory's own end
    tags = dict(_tiff_tag(data, order, directory + 2 + 12 * i) for i in range(entries))
    offsets, counts = (tags.get(273, ()), tags.get(279, ())) if 273 in tags else (tags.get(324, ()), tags.get(325, ()))
    ends = [offset + count for offset, count in zip(offsets, counts, strict=False)]
    missing = max(ends, default=0) - len(data)
    return f"{missing} bytes of pixels are missing" if missing > 0 else ""


def _tiff_tag(data: bytes, order: str, at: int) -> tuple[int, tuple[int, ...]]:
    """One directory entry: its tag and, for SHORT and LONG, its values."""
    tag, kind, count = struct.unpack_from(order + "HHI", data, at)
    form = {3: "H", 4: "I"}.get(kind)
    if form is None or count > len(data):
        return tag, ()
    where = at + 8
    if count * struct.calcsize(form) > 4:
        (where,) = struct.unpack_from(order + "I", data, where)
    return tag, struct.unpack_from(f"{order}{count}{form}", data, where)


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the frame header, whichever coding it announces (SOF0 to SOF15; DHT, JPG and DAC lie among them)."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


_CHECKS: dict[bytes, Callable[[bytes], str]] = {
    _PNG: _png_damage,
    _JPEG: _jpeg_damage,
    b"BM": _bmp_damage,
    b"II*\0": _tiff_damage,
    b"II+\0": _tiff_damage,
    b"MM\0*": _tiff_damage,
    b"MM\0+": _tiff_damage,
}


# ------------------------------------------------------------------------------------------------------- geometry, colour


def to_rgb(image: Image) -> Image:
    """uint8 (H, W, 3) RGB; grey is repeated over the channels. Raises ImageError for another shape or depth."""
    check_form(image)
    return image if image.shape[2] == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)


def check_form(image: Image) -> None:
    """Raises ImageError for anything but uint8 (H, W, 3) or (H, W, 1) with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or image.size == 0:
        raise ImageError(f"an image is uint8 (H, W, 3) or (H, W, 1); this one is {image.dtype} {image.shape}")


def fit(image: Image, height: int, width: int) -> Image:
    """The image at another size: uint8 (height, width, 3) RGB, C-contiguous; aspect is not kept.

    The one resize of training and run time; ``geometry`` says to which size. Area averaging where neither side grows, else bilinear.
    Raises ImageError as `to_rgb`.
    """
    check_form(image)
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(to_rgb(image))
    # Grey becomes RGB after the resize, with the same result: before it, a large image would be copied threefold
    return to_rgb(_decimated(image, height, width) if _decimates(image, height, width) else _resized(image, height, width))


def _resized(image: Image, height: int, width: int) -> Image:
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8).reshape(height, width, image.shape[2])


_LARGE = 1 << 18  # pixels from which on it pays to decimate by hand
_BAND = 32  # rows of the result at a time: what they are made of stays in the cache


def _decimates(image: Image, height: int, width: int) -> bool:
    """Whether a large image shrinks by whole numbers, and the sum over a pixel's block fits 16 bits; by 2 x 2 OpenCV rounds otherwise."""
    if image.shape[0] % height or image.shape[1] % width or image.shape[0] * image.shape[1] < _LARGE or not image.flags.c_contiguous:
        return False
    rows, columns = image.shape[0] // height, image.shape[1] // width
    # Beyond some 90 columns OpenCV's nearest place is no longer always the block's first.
    return rows * columns <= 256 and columns <= 64 and (rows, columns) != (2, 2)


def _decimated(image: Image, height: int, width: int) -> Image:
    """Area averaging by whole numbers: bit for bit what ``_resized`` gives, in two thirds of the time, as it adds many pixels at once.

    Sums of rows, then sums of as many neighbours at every place, of which each block's first is taken.
    """
    rows, columns, channels = image.shape[0] // height, image.shape[1] // width, image.shape[2]
    line = image.shape[1] * channels
    blocks, sums = image.reshape(height, rows, line), np.empty((height, width, channels), np.uint16)
    first, *spare = (np.empty(min(_BAND, height) * line, np.uint16) for _ in range(3))
    for top in range(0, height, _BAND):
        some = blocks[top : top + _BAND]
        added = first[: len(some) * line]
        np.add.reduce(some, axis=1, dtype=np.uint16, out=added.reshape(len(some), line))
        across = _added(added, columns, channels, spare)[: added.size].reshape(len(some), image.shape[1], channels)
        # The nearest to the left: every place that is a multiple of ``columns``.
        cv2.resize(across, (width, len(some)), dst=sums[top : top + _BAND], interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.convertScaleAbs(sums, alpha=1.0 / (rows * columns)), np.uint8).reshape(height, width, channels)


def _added(values: NDArray[np.uint16], count: int, step: int, spare: list[NDArray[np.uint16]]) -> NDArray[np.uint16]:
    """At each place the sum of ``count`` values, ``step`` apart, from it on; in one of ``spare``. Beyond the last whole sum lies anything.

    By doubling: 5 = 2 * 2 + 1 takes three additions.
    """
    sums, have, length = values, 1, values.size
    for digit in f"{count:b}"[1:]:
        other = spare[sums is spare[0]]
        length -= have * step
        np.add(sums[:length], sums[have * step : have * step + length], out=other[:length])
        sums, have = other, 2 * have
        if digit == "1":
            length -= step
            np.add(sums[:length], values[have * step : have * step + length], out=sums[:length])
            have += 1
    return sums


# ---------------------------------------------------------------------------------------------------------------- encode


def encode_png(image: Image) -> bytes:
    """PNG of a uint8 (H, W, 3) RGB or (H, W, 1) grey image. Raises ImageError for another shape or depth."""
    if image.ndim == 3 and image.shape[2] == 1 and image.dtype == np.uint8:
        stored: NDArray[np.uint8] = image
    else:
        stored = to_rgb(image)[:, :, ::-1]
    # Level 1: an archive that keeps up with the line matters more than the last tenth of the size.
    done, data = cv2.imencode(".png", np.ascontiguousarray(stored), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ImageError(f"an image of shape {image.shape} cannot be encoded as PNG")
    return data.tobytes()


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """JPEG of a uint8 (H, W, 3) RGB or (H, W, 1) grey image, for screens: it loses. Raises ImageError for another shape or depth."""
    grey = image.ndim == 3 and image.shape[2] == 1 and image.dtype == np.uint8
    stored = image if grey else cv2.cvtColor(to_rgb(image), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ImageError(f"an image of shape {image.shape} cannot be encoded as JPEG")
    return data.tobytes()


def write_png(path: Path, image: Image) -> None:
    """Write a PNG whole or not at all (a temporary file beside it, then a rename).

    Raises ImageError, and OSError where the folder cannot be written.
    """
    data = encode_png(image)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


# --------------------------------------------------------------------------------------------------------------- overlay


def overlay(image: Image, anomaly_map: AnomalyMap, regions: Sequence[Region] = (), threshold: float = 0.5) -> Image:
    """The part with what the map says of it: uint8 (H, W, 3) RGB of the image's size.

    Colour grows with the map (float32 (h, w), 0..1; values that are no number are drawn as 1): nothing below a quarter, at most half
    opaque, so that the part stays readable. White contours stand at ``threshold``, red boxes around ``regions``.
    """
    rgb = to_rgb(image)
    height, width = rgb.shape[:2]
    heat = np.clip(np.nan_to_num(anomaly_map, nan=1.0), 0.0, 1.0).astype(np.float32)
    heat = np.asarray(cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    alpha = (np.clip((heat - 0.25) / 0.75, 0.0, 1.0) * 0.5)[:, :, np.newaxis]
    blended = np.ascontiguousarray((rgb * (1.0 - alpha) + _colours(heat) * alpha + 0.5).astype(np.uint8))
    line = max(1, round(min(height, width) / 400))
    # Lines lie around what they mark: the smallest defects are no larger than a line is wide.
    marked = cv2.dilate((heat >= threshold).astype(np.uint8), np.ones((2 * line + 1, 2 * line + 1), np.uint8))
    contours, _ = cv2.findContours(marked, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(blended, contours, -1, _CONTOUR, line)
    for region in regions:
        low = (region.x - 4 * line, region.y - 4 * line)
        cv2.rectangle(blended, low, (region.x + region.w - 1 + 4 * line, region.y + region.h - 1 + 4 * line), _BOX, line)
    return blended


def _colours(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map's colours, float32 (H, W, 3)."""
    stops = [stop for stop, _ in _HEAT]
    table = np.stack([np.interp(np.linspace(0, 1, 256), stops, [colour[c] for _, colour in _HEAT]) for c in range(3)], axis=1)
    return table.astype(np.float32)[(heat * 255.0).astype(np.uint8)]
