"""Natural variation: what a normal part may look like another day. Mild, because whatever is drawn here the model learns to ignore."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import Image

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Variation:
    """Ranges of one draw; shifts are shares of the image's side, gain a factor, offset and noise are grey levels of 255."""

    shift: float = 0.015
    turn_degrees: float = 1.5
    gain: float = 0.06
    offset: float = 6.0
    noise: float = 2.5


def vary(image: Image, mask: Field | None, rng: np.random.Generator, variation: Variation) -> tuple[Image, Field | None]:
    """A variation of ``image`` uint8 (H, W, 3), and of ``mask`` float32 (H, W) by the same geometry."""
    height, width = image.shape[:2]
    # The ends of a long part move as far, in shares of its width, as the corners of a square one.
    turn = variation.turn_degrees * (min(height, width) / max(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1, 1) * turn, 1.0)
    matrix = shifted(matrix, rng.uniform(-1, 1, 2) * variation.shift * (width, height))
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved_mask = None if mask is None else cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return _light(moved, rng, variation), moved_mask  # type: ignore[return-value]


def shifted(matrix: NDArray[np.generic], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """An affine 2 x 3 matrix followed by a shift (x, y) in pixels."""
    moved = np.array(matrix, np.float64)
    moved[:, 2] += by
    return moved


def blurred(mask: Field, sigma: float) -> Field:
    """A mask (H, W) with softer edges, still in 0..1."""
    return np.asarray(np.clip(cv2.GaussianBlur(mask, (0, 0), sigma), 0.0, 1.0), np.float32)


def _light(image: NDArray[np.generic], rng: np.random.Generator, variation: Variation) -> Image:
    gain = 1.0 + rng.uniform(-1, 1) * variation.gain
    offset = rng.uniform(-1, 1) * variation.offset
    lit = image.astype(np.float32) * np.float32(gain) + np.float32(offset)
    sigma = rng.uniform(0, variation.noise)
    lit += rng.standard_normal(image.shape[:2], np.float32)[:, :, None] * np.float32(sigma)
    return np.asarray(np.clip(lit, 0, 255).astype(np.uint8))
