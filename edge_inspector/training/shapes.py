"""Masks M of simulated anomalies: thresholded Perlin noise, from a few pixels to a third of the part, round to hair-thin; and cracks."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import Mask
from edge_inspector.training.perlin import drawn_grid, perlin

AREA = (0.0004, 0.35)  # of the part, log-uniform: the smallest defect that matters to the largest
SCATTER, CRACK = 0.2, 0.2  # shares of scattered masks and of cracks; the others are one shape


def simulated_mask(part: Mask, rng: np.random.Generator, area: tuple[float, float] = AREA) -> Mask:
    """bool (H, W), True inside the anomaly, only where ``part`` is; may be empty where nothing fell on the part."""
    choice = rng.random()
    if choice < SCATTER:
        return scattered(part, rng)
    return crack(part, rng) if choice < SCATTER + CRACK else single(part, rng, area)


def scattered(part: Mask, rng: np.random.Generator) -> Mask:
    """Noise above half its peak over the whole part: several pieces of one make."""
    height, width = part.shape
    noise = perlin(height, width, *drawn_grid(height, width, rng), rng)
    return np.asarray((noise > rng.uniform(0.5, 0.8) * noise.max()) & part)


def single(part: Mask, rng: np.random.Generator, shares: tuple[float, float] = AREA) -> Mask:
    """One shape around a drawn point, of an area drawn from these ``shares`` of the part: noise minus a distance, cut to that area."""
    inside = np.flatnonzero(part)
    area = max(4.0, float(np.exp(rng.uniform(math.log(shares[0]), math.log(shares[1])))) * inside.size)
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


def crack(part: Mask, rng: np.random.Generator) -> Mask:
    """A thin line that wanders, one to three pixels wide, up to half the part long, at times forked. Noise makes no such shape."""
    canvas = np.zeros(part.shape, np.uint8)
    inside = np.flatnonzero(part)
    start = np.array(divmod(int(inside[rng.integers(inside.size)]), part.shape[1]), np.float64)[::-1]  # x, y
    length = float(np.exp(rng.uniform(math.log(8.0), math.log(0.5 * math.sqrt(inside.size) + 8.0))))
    heading, width = rng.uniform(0, 2 * math.pi), int(rng.integers(1, 4))
    path = _walk(start, heading, length, rng)
    cv2.polylines(canvas, [path], False, 1, width)
    if rng.random() < 0.3:
        fork = path[len(path) // 2].astype(np.float64)
        cv2.polylines(canvas, [_walk(fork, heading + rng.uniform(-1.2, 1.2), 0.5 * length, rng)], False, 1, max(1, width - 1))
    return np.asarray((canvas > 0) & part)


def _walk(start: NDArray[np.float64], heading: float, length: float, rng: np.random.Generator) -> NDArray[np.int32]:
    """Points (P, 2) int32 (x, y) of a line in steps of four pixels that turns a little at each."""
    steps = max(2, round(length / 4.0))
    headings = heading + np.cumsum(rng.normal(0, rng.uniform(0.05, 0.45), steps))
    points = start + 4.0 * np.cumsum(np.stack([np.cos(headings), np.sin(headings)], 1), axis=0)
    return np.asarray(np.round(np.vstack([start, points])), np.int32)


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
