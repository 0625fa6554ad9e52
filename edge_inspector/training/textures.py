"""Sources A of simulated anomalies: procedural textures, the product's own images changed, a user's texture folder."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.geometry import Size
from edge_inspector.images import fit
from edge_inspector.records import Image
from edge_inspector.training.perlin import drawn_grid, perlin

Field = NDArray[np.float32]  # (H, W, 3), 0..255


def _colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour, mostly greyish: industrial defects seldom are vivid."""
    grey = rng.uniform(0, 255)
    return np.asarray(np.clip(grey + rng.normal(0, rng.choice((3.0, 40.0)), 3), 0, 255), np.float32)


def flat(height: int, width: int, rng: np.random.Generator) -> Field:
    """One colour with a little grain: stains, holes, missing material."""
    grain = rng.standard_normal((height, width, 1), np.float32) * np.float32(rng.uniform(0, 12))
    return np.asarray(_colour(rng) + grain, np.float32)


def clouds(height: int, width: int, rng: np.random.Generator) -> Field:
    """Noise of several octaves between two colours: dirt, rust, fibres when the cells are uneven."""
    rows, columns = drawn_grid(height, width, rng)
    noise = perlin(height, width, rows, columns, rng) + 0.5 * perlin(height, width, rows * 2, columns * 2, rng)
    mix = np.clip(noise * rng.uniform(0.7, 2.5) + 0.5, 0, 1)[:, :, None]
    return np.asarray(mix * _colour(rng) + (1 - mix) * _colour(rng), np.float32)


def stripes(height: int, width: int, rng: np.random.Generator) -> Field:
    """Waves between two colours at any angle: scratches, machining marks where none should be."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(3, 40)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * np.float32(2 * np.pi / period) + rng.uniform(0, 6.28))
    mix = (0.5 + 0.5 * np.clip(wave * rng.uniform(1, 4), -1, 1))[:, :, None]
    return np.asarray(mix * _colour(rng) + (1 - mix) * _colour(rng), np.float32)


def speckle(height: int, width: int, rng: np.random.Generator) -> Field:
    """Coarse or fine random grain around a colour: corrosion, pores, chips."""
    cell = int(rng.integers(1, 9))
    grain = rng.standard_normal((height // cell + 1, width // cell + 1, 1), np.float32) * np.float32(rng.uniform(15, 60))
    grown = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown[:, :, None] + _colour(rng), np.float32)


PROCEDURAL: tuple[Callable[[int, int, np.random.Generator], Field], ...] = (flat, flat, clouds, stripes, speckle)


def procedural(height: int, width: int, rng: np.random.Generator) -> Field:
    """One of the procedural textures, float32 (height, width, 3) in about 0..255."""
    return PROCEDURAL[int(rng.integers(len(PROCEDURAL)))](height, width, rng)


def covering(image: Image, height: int, width: int) -> Image:
    """The middle of an image, uint8 (height, width, 3), as large as the size's aspect allows: what is round or thin in it stays so."""
    rows, columns = image.shape[:2]
    h, w = min(rows, max(1, round(columns * height / width))), min(columns, max(1, round(rows * width / height)))
    y, x = (rows - h) // 2, (columns - w) // 2
    return fit(image[y : y + h, x : x + w], height, width)


def borrowed(image: Image, size: Size, rng: np.random.Generator) -> Field:
    """Another image of the product or of the user's folder, turned, rolled and changed in colour: wrong material in the right style.

    uint8 (h, w, 3) of any size -> float32 (*size, 3), its aspect kept.
    """
    source = covering(image, *size).astype(np.float32)
    source = np.rot90(source, int(rng.integers(4))) if source.shape[0] == source.shape[1] else source[::-1, ::-1]
    source = np.roll(source, (int(rng.integers(source.shape[0])), int(rng.integers(source.shape[1]))), (0, 1))
    return recolour(np.ascontiguousarray(source), rng)


def recolour(image: Field, rng: np.random.Generator) -> Field:
    """Inverted, posterised, blurred, or with other gain and offset; float32 (H, W, 3)."""
    choice = int(rng.integers(4))
    if choice == 0:
        return np.asarray(255.0 - image, np.float32)
    if choice == 1:
        step = float(rng.integers(32, 96))
        return np.asarray(np.floor(image / step) * step, np.float32)
    if choice == 2:
        blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(2, 6)))
        return np.asarray(blurred + rng.choice((-1, 1)) * rng.uniform(12, 60), np.float32)
    return np.asarray((image - 128) * rng.uniform(0.3, 1.7) + 128 + rng.choice((-1, 1)) * rng.uniform(12, 80), np.float32)
