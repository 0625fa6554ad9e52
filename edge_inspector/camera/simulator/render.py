"""From a part's spec to its picture: surface, defects, light, sensor. The mask is where the defects changed it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from edge_inspector.camera.simulator import defects, ring, texture
from edge_inspector.camera.simulator.spec import NOISE, PartSpec, generator
from edge_inspector.camera.simulator.surface import F32, Surface, f32, grey, grid, on_channels
from edge_inspector.records import Image, Mask

SURFACES = {"ring": ring.surface, "texture": texture.surface}
READ_NOISE, SHOT_NOISE = 1.1, 0.016  # deviation at black, and variance a grey level
NOISE_STOCK = 1 << 22
CHROMA = 0.35  # share of the noise that differs between the channels


@dataclass(frozen=True, slots=True)
class Layers:
    """One part before the sensor: float32 (size, size, 3), 0..255. ``mask``: where ``marked`` (with defects) differs from ``clean``."""

    clean: F32
    marked: F32
    mask: Mask
    part: Mask


@dataclass(frozen=True, slots=True)
class Rendered:
    """The picture, uint8 (size, size, 3) RGB; ``mask`` of its defects and ``part`` (where the bare part is), bool (size, size)."""

    image: Image
    mask: Mask
    part: Mask


def layers(spec: PartSpec, size: int) -> Layers:
    """The part with and without its defects, lit, without sensor noise."""
    surface = SURFACES[spec.product](spec, size)
    marked = surface.clean
    for defect in spec.defects:
        marked = defects.apply(defect, spec, surface, marked)
    return _lit(spec, surface, marked, size)


def _lit(spec: PartSpec, surface: Surface, marked: F32, size: int) -> Layers:
    light = on_channels(_light(spec, size))
    clean = f32(np.minimum(surface.clean * light, 255.0))
    if marked is surface.clean:
        return Layers(clean, clean, np.zeros_like(surface.part), surface.part)
    lit = f32(np.minimum(marked * light, 255.0))
    mask = np.abs(grey(lit) - grey(clean)) >= defects.NOTICEABLE
    return Layers(clean, lit, mask, surface.part)


def _light(spec: PartSpec, size: int) -> F32:
    """Exposure, gradient and the lens's fall-off, float32 (size, size)."""
    x, y = grid(size)
    gx, gy = spec.lighting.gradient
    light = 1.0 + x * (gx / size) + y * (gy / size)
    return f32(light * (_fall_off(size) * spec.lighting.exposure))


@lru_cache(maxsize=8)
def _fall_off(size: int) -> F32:
    x, y = grid(size)
    fall = 1.02 - 0.10 * (x * x + y * y) / (size * size)
    fall.flags.writeable = False
    return fall


def render(spec: PartSpec, size: int) -> Rendered:
    """The part as the camera sees it: ``size`` pixels square. The same spec gives the same bytes."""
    drawn = layers(spec, size)
    return Rendered(_sensed(spec, drawn.marked), drawn.mask, drawn.part)


def _sensed(spec: PartSpec, light: F32) -> Image:
    """Add shot and read noise and quantise to uint8."""
    rng = generator(spec.product, spec.seed, spec.number, NOISE)
    pixels = light.shape[0] * light.shape[1]
    common = _normal(rng, pixels).reshape(light.shape[:2])
    single = _normal(rng, 3 * pixels).reshape(light.shape)
    deviation = cv2.sqrt(SHOT_NOISE * light + (READ_NOISE**2))
    noisy = light + deviation * (on_channels(common) + CHROMA * single)
    return np.asarray(cv2.convertScaleAbs(np.maximum(noisy, 0.0)), dtype=np.uint8)


def _normal(rng: np.random.Generator, count: int) -> F32:
    """``count`` numbers of mean 0 and deviation 1: a window of a stock drawn once, four times as fast as drawing them."""
    if count > NOISE_STOCK // 4:
        return rng.standard_normal(count, dtype=np.float32)
    start = int(rng.integers(NOISE_STOCK - count))
    return _stock()[start : start + count]


@lru_cache(maxsize=1)
def _stock() -> F32:
    stock = np.random.default_rng(np.random.SeedSequence((70_411, 990))).standard_normal(NOISE_STOCK, dtype=np.float32)
    stock.flags.writeable = False
    return stock
