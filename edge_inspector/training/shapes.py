"""Masks M of simulated anomalies: thresholded Perlin noise, from a few pixels to a tenth of the part, round to hair-thin."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import Mask
from edge_inspector.training.perlin import drawn_grid, perlin

AREA = (0.0005, 0.10)  # of the part, log-uniform: the smallest defect that matters to the largest
_SCATTER = 0.25  # share of scattered masks; the others are one shape


def simulated_mask(part: Mask, rng: np.random.Generator) -> Mask:
    """bool (H, W), True inside the anomaly, only where ``part`` is; may be empty where nothing fell on the part."""
    return scattered(part, rng) if rng.random() < _SCATTER else single(part, rng)


def scattered(part: Mask, rng: np.random.Generator) -> Mask:
    """Noise above half its peak over the whole part: several pieces of one make."""
    height, width = part.shape
    noise = perlin(height, width, *drawn_grid(height, width, rng), rng)
    return np.asarray((noise > rng.uniform(0.5, 0.8) * noise.max()) & part)


def single(part: Mask, rng: np.random.Generator) -> Mask:
    """One shape of a drawn area around a drawn point: noise minus a distance, cut at the level that gives the area."""
    inside = np.flatnonzero(part)
    area = max(4.0, float(np.exp(rng.uniform(math.log(AREA[0]), math.log(AREA[1])))) * inside.size)
    height, width = part.shape
    centre = int(inside[rng.integers(inside.size)])
    radius = math.sqrt(area / math.pi)
    distance = _distance(height, width, divmod(centre, width), radius, rng)
    cell = rng.uniform(0.7, 3.0) * radius
    rows, columns = (int(np.clip(side / cell, 2, max(2, side // 3))) for side in (height, width))
    field = rng.uniform(0.3, 1.5) * perlin(height, width, rows, columns, rng) - distance
    field[~part] = -np.inf
    count = min(int(area), inside.size - 1)
    return np.asarray(field > np.partition(field.ravel(), field.size - count - 1)[field.size - count - 1])


def _distance(height: int, width: int, centre: tuple[int, int], radius: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Elliptic distance from ``centre`` in radii; up to 25 times as long as wide, and bent, so that scratches and hairs are among them."""
    aspect = float(np.exp(rng.uniform(0, math.log(25.0)))) if rng.random() < 0.6 else 1.0
    aspect = min(aspect, max(1.0, radius * radius))  # no thinner than two pixels
    angle = rng.uniform(0, math.pi)
    y, x = np.ogrid[0:height, 0:width]
    dy, dx = (y - centre[0]).astype(np.float32), (x - centre[1]).astype(np.float32)
    along = dx * np.float32(math.cos(angle)) + dy * np.float32(math.sin(angle))
    across = dy * np.float32(math.cos(angle)) - dx * np.float32(math.sin(angle))
    across = across + np.float32(rng.uniform(-0.3, 0.3) / (radius * math.sqrt(aspect))) * along * along
    root = math.sqrt(aspect)
    return np.asarray(np.sqrt((along / root) ** 2 + (across * root) ** 2) / radius, np.float32)
