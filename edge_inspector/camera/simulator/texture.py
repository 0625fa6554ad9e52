"""A woven technical cloth that fills the view: 2/1 twill of light yarn over a dark backing, at any phase and a jittered direction.

The weave is drawn once a size as a periodic tile; a part is a window of it, turned, shifted and slightly warped, with streaks of its own.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, sin

import cv2
import numpy as np

from edge_inspector.camera.simulator.spec import PartSpec
from edge_inspector.camera.simulator.surface import F32, Surface, f32, grid, noise, noise_tile, tinted

THREADS = 30  # of warp across the image
YARN = (1.02, 1.0, 0.94)
BACKING = (1.0, 0.97, 0.92)
TILE = 1536  # largest side of the tile, pixels


@lru_cache(maxsize=4)
def _tile(size: int) -> F32:
    """The weave, grey 0..255, float32 (side, side), periodic; 2 image sides wide, sampled coarser beyond ``TILE``."""
    side = min(2 * size, TILE)
    count = 2 * THREADS
    axis = (np.arange(side, dtype=np.float32) + 0.5) * (count / side)
    u, v = np.meshgrid(axis, axis)
    over = (np.floor(u) + np.floor(v)) % 3
    warp_on_top = over != 0
    along = f32(np.where(warp_on_top, v, u))
    across = f32(np.where(warp_on_top, u, v)) % 1 - 0.5
    float_place = np.where(warp_on_top, (along % 1 + (2 - over)) / 2, along % 1)  # 0..1 along the visible float
    round_ = np.sqrt(np.maximum(1.0 - (across / 0.56) ** 2, 0.0))
    dive = np.sin(np.pi * np.clip(float_place, 0.0, 1.0)) ** 0.6
    fibres = np.where(warp_on_top, noise_tile(side, (0.7, 3.0), 951), noise_tile(side, (3.0, 0.7), 952))
    level = np.where(warp_on_top, 168.0, 138.0) * (0.42 + 0.58 * round_ * (0.55 + 0.45 * dive)) + 5.0 * fibres
    tile = np.ascontiguousarray(cv2.GaussianBlur(level.astype(np.float32), (0, 0), 0.6, borderType=cv2.BORDER_REFLECT))
    tile.flags.writeable = False
    return tile


def weave() -> F32:
    """The weave at its own resolution: grey 0..255, float32 (TILE, TILE), periodic, 2 * THREADS threads each way."""
    return _tile(TILE // 2)


def surface(spec: PartSpec, size: int) -> Surface:
    """The cloth of ``spec`` without defects and sensor noise. It has no edge in view: ``part`` is the whole image, ``inside`` None."""
    column, row = _place(spec, size)
    tile = _tile(size)
    grey = f32(cv2.remap(tile, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))
    phase = spec.pose.phase
    grey *= 1.0 + 0.022 * noise(size, (10.0, 10.0), 953, phase) + 0.018 * _streaks(spec, size)
    behind = tinted(30.0 + 2.0 * noise(size, (1.0, 1.0), 954, phase), BACKING)
    return Surface(clean=tinted(grey, YARN), behind=behind, part=np.ones((size, size), dtype=np.bool_), inside=None)


def _place(spec: PartSpec, size: int) -> tuple[F32, F32]:
    """Where in the tile each pixel lies, columns and rows."""
    x, y = grid(size)
    density = len(_tile(size)) / (2.0 * size * spec.pose.scale)
    c, s = cos(spec.pose.rotation) * density, sin(spec.pose.rotation) * density
    wave = 0.008 * size * density / 3
    sag = noise(size, (24.0, 24.0), 955, spec.pose.phase) * wave
    side = len(_tile(size))
    column = x * c + y * s + (spec.pose.phase[0] * side) + sag
    row = y * c - x * s + (spec.pose.phase[1] * side) + sag[::-1, ::-1]
    return column, row


def _streaks(spec: PartSpec, size: int) -> F32:
    """Thicker and thinner yarns: bands along the warp, turned with the cloth."""
    x, y = grid(size)
    turn = spec.pose.rotation
    across = (x * (cos(turn)) + y * (sin(turn))) * (256 / size)
    column = across + (256 * spec.pose.phase[1])
    row = np.full_like(column, spec.pose.phase[0] * 511)
    return f32(cv2.remap(noise_tile(512, (1.5, 40.0), 956), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))
