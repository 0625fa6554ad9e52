"""What the products' drawings share: cached grids and noise tiles, and the bare part that they hand to the defects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_inspector.records import Mask

FINEST = 512  # largest image side whose noise is drawn pixel by pixel; the tiles of larger ones would fill the memory
F32 = NDArray[np.floating[Any]]  # float32 throughout; numpy's stubs lose the width in arithmetic


@dataclass(frozen=True, slots=True)
class Surface:
    """A part without defects and without sensor noise.

    ``clean`` float32 (size, size, 3), 0..255; ``behind`` the same without the part (what a hole shows); ``part`` where the part is;
    ``inside`` float32 (size, size): distance to the part's edge in pixels, positive on the part; None where the part has no edge in view.
    """

    clean: F32
    behind: F32
    part: Mask
    inside: F32 | None


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[F32, F32]:
    """Pixel centres x, y, from the middle of the image, in pixels; float32 (size, size), read-only."""
    axis = np.arange(size, dtype=np.float32) - ((size - 1) / 2)
    x, y = (np.ascontiguousarray(a) for a in np.meshgrid(axis, axis))
    x.flags.writeable = y.flags.writeable = False
    return x, y


@lru_cache(maxsize=32)
def noise_tile(side: int, sigma: tuple[float, float], stream: int) -> F32:
    """Periodic smooth noise of mean 0 and deviation 1, float32 (side, side); ``sigma`` is the blur along x and y in pixels. Read-only."""
    rng = np.random.default_rng(np.random.SeedSequence((70_411, stream)))
    white = rng.standard_normal((side, side), dtype=np.float32)
    margin = min(side, int(4 * max(sigma)) + 1)
    padded = cv2.copyMakeBorder(white, margin, margin, margin, margin, cv2.BORDER_WRAP)
    smooth = cv2.GaussianBlur(padded, (0, 0), sigmaX=max(sigma[0], 1e-3), sigmaY=max(sigma[1], 1e-3))[margin:-margin, margin:-margin]
    tile = np.ascontiguousarray((smooth - smooth.mean()) / smooth.std(), dtype=np.float32)
    tile.flags.writeable = False
    return tile


def noise(size: int, sigma: tuple[float, float], stream: int, offset: tuple[float, float]) -> F32:
    """A (size, size) window of a tile twice as wide, at ``offset`` (x, y in 0..1). Beyond ``FINEST`` it is drawn coarser and enlarged."""
    if size > FINEST:
        coarse = noise(FINEST, (sigma[0] * FINEST / size, sigma[1] * FINEST / size), stream, offset)
        return f32(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC))
    tile = noise_tile(2 * size, sigma, stream)
    x, y = (int(o * size) for o in offset)
    return tile[y : y + size, x : x + size]


def f32(values: ArrayLike) -> F32:
    """The values as float32, without a copy where they are."""
    return np.asarray(values, dtype=np.float32)


def smoothstep(low: float, high: float, value: F32) -> F32:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return f32(t * t * (3.0 - 2.0 * t))


def tinted(grey: F32, tint: tuple[float, float, float]) -> F32:
    """Grey (size, size) as (size, size, 3), each channel times its tint."""
    return f32(cv2.merge([grey * t for t in tint]))


def grey(colour: F32) -> F32:
    """Mean of the channels, (size, size)."""
    return f32(cv2.transform(colour, np.full((1, 3), 1.0 / 3.0, dtype=np.float32)))


def on_channels(single: F32) -> F32:
    """(size, size) repeated as (size, size, 3)."""
    return f32(cv2.merge([single, single, single]))
