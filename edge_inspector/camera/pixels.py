"""Pixels as a camera sends them to uint8 images, by one stated rule a format.

More than 8 bits become 8 by ``value >> (bits - 8)``: the upper bits, cut off and not rounded, the same rule as for image files. Bayer
mosaics become RGB by OpenCV's bilinear demosaicing, after that shift. Formats are named as in the GenICam pixel format naming convention
(and in pylon's older style, such as BGR8Packed). Values of more than 8 bits stand in the lower bits of 16, little-endian.

Each image is made in one pass from the driver's buffer into memory of its own, so that the buffer goes back to the driver at once; Bayer
of more than 8 bits takes a second pass over a mosaic of one byte a pixel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import CameraError
from edge_inspector.records import Image

# OpenCV's constants of this spelling name the mosaic's upper left 2 x 2 pixels, as GenICam does by its first two
_MOSAICS = {
    "RG": cv2.COLOR_BayerRGGB2RGB,
    "BG": cv2.COLOR_BayerBGGR2RGB,
    "GR": cv2.COLOR_BayerGRBG2RGB,
    "GB": cv2.COLOR_BayerGBRG2RGB,
}
_ORDERS = {"BGR": cv2.COLOR_BGR2RGB, "RGBa": cv2.COLOR_RGBA2RGB, "BGRa": cv2.COLOR_BGRA2RGB, "BGRA": cv2.COLOR_BGRA2RGB}
_NAME = re.compile(r"(Mono|RGB|BGR|RGBa|BGRa|BGRA|Bayer(RG|BG|GR|GB))(8|10|12|14|16)(Packed)?")
SUPPORTED = "Mono8, Mono10, Mono12, Mono14, Mono16, BayerRG8 (10, 12, 16; RG, BG, GR, GB), RGB8, BGR8, RGBa8, BGRa8, RGB10 (12, 16)"

Raw = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How one camera's pixels lie in memory: ``channels`` values of ``bits`` significant bits a pixel."""

    name: str
    bits: int
    channels: int
    make: Callable[[Raw, int], Image]

    @property
    def bytes_per_pixel(self) -> int:
        """In the driver's buffer."""
        return self.channels * (1 if self.bits == 8 else 2)

    def image(self, data: NDArray[np.uint8], width: int, height: int, padding_x: int = 0) -> Image:
        """The image uint8 (height, width, 1 or 3) of a buffer uint8 (bytes,), which is only read; ``padding_x`` bytes follow each line.

        Raises CameraError where the buffer is shorter than its image.
        """
        line = width * self.bytes_per_pixel
        stride = line + padding_x
        if data.size < stride * height - padding_x or width < 1 or height < 1:
            raise CameraError(f"a buffer of {data.size} bytes holds no {self.name} image of {width} x {height} pixels")
        rows = np.lib.stride_tricks.as_strided(data, (height, line), (stride, 1), writeable=False)
        raw = rows if self.bits == 8 else rows.view(np.dtype("<u2"))
        return self.make(raw.reshape(height, width, self.channels), self.bits)


def pixel_format(name: str) -> PixelFormat:
    """The format of this name. Raises CameraError naming what there is."""
    match = _NAME.fullmatch(name)
    kind, mosaic, bits, packed = match.groups() if match else ("", None, "0", None)
    known = match is not None and not (packed and kind in ("Mono", "RGBa", "BGRa")) and not (packed and mosaic)
    if not known or (kind in _ORDERS and bits != "8"):
        raise CameraError(f"pixel format {name} is not supported; set pixel_format to one of: {SUPPORTED}")
    channels = 1 if kind == "Mono" or mosaic else len(kind)
    return PixelFormat(name, int(bits), channels, _maker(kind, mosaic))


def _maker(kind: str, mosaic: str | None) -> Callable[[Raw, int], Image]:
    if mosaic is not None:
        return lambda raw, bits: _demosaic(raw, bits, _MOSAICS[mosaic])
    if kind in _ORDERS:
        return lambda raw, _bits: _reorder(raw, _ORDERS[kind])
    return _upper_bits


def _upper_bits(raw: Raw, bits: int) -> Image:
    """The upper 8 of ``bits`` bits, in memory of its own; one pass, nothing in between."""
    image = np.empty(raw.shape, np.uint8)
    if bits == 8:
        np.copyto(image, raw, casting="unsafe")
    else:
        np.right_shift(raw, bits - 8, out=image, casting="unsafe")
    return image


def _demosaic(raw: Raw, bits: int, code: int) -> Image:
    mosaic = raw if bits == 8 else _upper_bits(raw, bits)
    image = np.empty((*raw.shape[:2], 3), np.uint8)
    cv2.cvtColor(mosaic, code, dst=image)
    return image


def _reorder(raw: Raw, code: int) -> Image:
    image = np.empty((*raw.shape[:2], 3), np.uint8)
    cv2.cvtColor(raw, code, dst=image)
    return image
