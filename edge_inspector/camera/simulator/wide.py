"""The textured product as a monochrome camera of up to 20 Mpixel sees it: frames of any size, with specks of a few pixels in them.

The same cloth as ``texture``, its weave at the tile's own resolution, PITCH pixels a thread, whatever the size of the frame: 160 x 117
threads at 4096 x 3000. A speck is a square that is darker or brighter than the clean cloth by a stated share; its mask is that square.
Everything follows from (seed, number, size), bit for bit in any process of one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, sin

import cv2
import numpy as np

from edge_inspector.camera.simulator import texture
from edge_inspector.camera.simulator.render import READ_NOISE, SHOT_NOISE
from edge_inspector.camera.simulator.spec import Lighting, PartSpec, Pose, generator, made_spec
from edge_inspector.camera.simulator.surface import F32, f32, noise_tile
from edge_inspector.records import Image, Mask

Size = tuple[int, int]  # (height, width)
WIDE: Size = (3000, 4096)
PITCH = texture.TILE / (2 * texture.THREADS)  # pixels a thread
SIDE, CONTRAST = 8, 0.15  # of a speck: pixels, and share of the clean cloth's light
MARGIN = 16  # pixels from the frame's edge that no speck comes nearer than
_SPECK, _GRAIN = 40, 41  # streams of random numbers
_NUMBERS = 1 << 23  # of a stock of noise
_COARSE, _CELL = 128, 64  # side of the tiles that slow changes are drawn on, and the pixels of a frame that one of theirs becomes


@dataclass(frozen=True, slots=True)
class Speck:
    """A square defect: its left, top and side in pixels, and what share of the light it takes (negative) or adds."""

    x: int
    y: int
    side: int
    contrast: float


@dataclass(frozen=True, slots=True)
class Wide:
    """One frame: uint8 (H, W, 1), the mask of its specks bool (H, W), and the specks."""

    image: Image
    mask: Mask
    specks: tuple[Speck, ...]


def render_wide(seed: int, number: int, count: int = 0, size: Size = WIDE) -> Wide:
    """Frame ``number`` of the web ``seed`` with ``count`` specks; with and without them it is the same cloth and the same noise.

    Raises ValueError for a negative number, or a size that a speck does not fit into.
    """
    if min(size) < 2 * MARGIN + SIDE:
        raise ValueError(f"size {size}: at least {2 * MARGIN + SIDE} pixels each way")
    spec = made_spec("texture", seed, number, ())
    light = cloth(spec, size)
    specks = _specks(seed, number, count, size)
    mask = np.zeros(size, np.bool_)
    for speck in specks:
        square = (slice(speck.y, speck.y + speck.side), slice(speck.x, speck.x + speck.side))
        light[square] = np.multiply(light[square], np.float32(1.0 + speck.contrast))
        mask[square] = True
    return Wide(_sensed(spec, light), mask, specks)


def cloth(spec: PartSpec, size: Size) -> F32:
    """The lit cloth without sensor noise, grey 0..255, float32 (H, W)."""
    pose = spec.pose
    x, y = _axes(size)
    density = 1.0 / pose.scale
    c, s = np.float32(cos(pose.rotation) * density), np.float32(sin(pose.rotation) * density)
    sag = _slow(955, pose.phase, size) * np.float32(0.1 * PITCH)
    first, second = (np.float32(phase * texture.TILE) for phase in pose.phase)
    column, row = x * c + (y * s + first), y * c + (second - x * s)
    column += sag
    row -= sag
    grey = f32(cv2.remap(texture.weave(), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))
    uneven = np.float32(0.022) * _slow(953, pose.phase[::-1], size) + np.float32(0.018) * _streaks(pose, column)
    grey *= 1.0 + uneven
    grey *= _light(spec.lighting, size)
    return grey


@lru_cache(maxsize=2)
def _axes(size: Size) -> tuple[F32, F32]:
    """Pixel centres from the frame's middle, x (1, W) and y (H, 1), float32."""
    height, width = size
    x = np.arange(width, dtype=np.float32)[None] - (width - 1) / 2
    y = np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2
    return f32(x), f32(y)


def _slow(stream: int, phase: tuple[float, float], size: Size) -> F32:
    """Slow changes over the cloth, of deviation about 1 and as slow in a small frame: a coarse tile, enlarged; float32 (H, W)."""
    tile = noise_tile(_COARSE, (3.0, 3.0), stream)
    height, width = (ceil(side / _CELL) for side in size)
    left, top = (int(p * _COARSE) for p in phase)
    window = np.take(np.take(tile, range(top, top + height), 0, mode="wrap"), range(left, left + width), 1, mode="wrap")
    enlarged = cv2.resize(window, (width * _CELL, height * _CELL), interpolation=cv2.INTER_CUBIC)
    return f32(enlarged[: size[0], : size[1]])


def _streaks(pose: Pose, column: F32) -> F32:
    """Thicker and thinner yarns: bands along the warp, by where in the weave each pixel lies."""
    bands = noise_tile(512, (1.5, 40.0), 956)[int(pose.phase[0] * 511)]
    along = np.asarray(column * np.float32(1.0 / PITCH * 4.0), np.int32) & 511
    return f32(bands[along])


def _light(lighting: Lighting, size: Size) -> F32:
    """Exposure, gradient and the lens's fall-off, float32 (H, W)."""
    x, y = _axes(size)
    height, width = size
    gx, gy = lighting.gradient
    slope = 1.0 + x * np.float32(gx / width) + y * np.float32(gy / height)
    fall = (1.02 - 0.05 * (x / width) ** 2 * 4) + (-0.05 * (y / height) ** 2 * 4)
    return f32(slope * fall * np.float32(lighting.exposure))


def _specks(seed: int, number: int, count: int, size: Size) -> tuple[Speck, ...]:
    """Anywhere but near the edge; darker and brighter ones in turn over the numbers."""
    rng = generator("texture", seed, number, _SPECK)
    found = []
    for place in range(count):
        x = int(rng.integers(MARGIN, size[1] - MARGIN - SIDE + 1))
        y = int(rng.integers(MARGIN, size[0] - MARGIN - SIDE + 1))
        found.append(Speck(x, y, SIDE, CONTRAST if (number + place) % 2 else -CONTRAST))
    return tuple(found)


def _sensed(spec: PartSpec, light: F32) -> Image:
    """Add shot and read noise and quantise to uint8 (H, W, 1)."""
    rng = generator(spec.product, spec.seed, spec.number, _GRAIN)
    stock, height = _stock(), light.shape[0]
    light = np.maximum(light, 0.0)
    deviation = cv2.sqrt(np.float32(SHOT_NOISE) * light + np.float32(READ_NOISE**2))
    # Rows from places of their own in a stock drawn once: as good as new to the eye and the network, and twice as fast as drawing them.
    starts = rng.integers(_NUMBERS - light.shape[1], size=height)
    grain = np.stack([stock[start : start + light.shape[1]] for start in starts])
    deviation *= grain
    deviation += light
    return np.asarray(cv2.convertScaleAbs(np.maximum(deviation, 0.0)), np.uint8)[..., None]


@lru_cache(maxsize=1)
def _stock() -> F32:
    stock = np.random.default_rng(np.random.SeedSequence((70_411, 991))).standard_normal(_NUMBERS, dtype=np.float32)
    stock.flags.writeable = False
    return stock
