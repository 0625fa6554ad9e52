"""What a brush covers: discs and strokes as spans of pixels, exact to the pixel's centre.

Points are (x, y) in pixels of the image as the screen has them: pixel (0, 0) covers 0 <= x, y < 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Marks = NDArray[np.uint8]  # (H, W), 0 = normal, i = class i

SMALLEST, LARGEST = 1, 200  # px, a brush's diameter
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rect:
    """Whole pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.w <= 0 or self.h <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Of an array (H, W)."""
        return slice(self.y, self.y + self.h), slice(self.x, self.x + self.w)

    def joined(self, other: Rect | None) -> Rect:
        """The least that holds both."""
        if other is None or other.empty:
            return self
        if self.empty:
            return other
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.x + self.w, other.x + other.w) - x, max(self.y + self.h, other.y + other.h) - y)

    def clipped(self, width: int, height: int) -> Rect:
        """What of it lies on an image."""
        x, y = max(0, self.x), max(0, self.y)
        return Rect(x, y, max(0, min(width, self.x + self.w) - x), max(0, min(height, self.y + self.h) - y))


@dataclass(frozen=True, slots=True)
class Spans:
    """One run of pixels a row, from row ``top`` on: ``left`` to ``right``, both included; none where left > right. int64 (rows,)."""

    top: int
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def on(self, width: int, height: int) -> Spans:
        """What of them lies on an image."""
        first, last = max(0, -self.top), max(0, min(len(self.left), height - self.top))
        return Spans(self.top + first, np.maximum(self.left[first:last], 0), np.minimum(self.right[first:last], width - 1))

    @property
    def box(self) -> Rect:
        """The least rectangle that holds them."""
        some = self.left <= self.right
        if not some.any():
            return Rect(0, 0, 0, 0)
        rows = np.flatnonzero(some)
        x = int(self.left[some].min())
        return Rect(x, self.top + int(rows[0]), int(self.right[some].max()) - x + 1, int(rows[-1] - rows[0]) + 1)


def fill(marks: Marks, spans: Spans, value: int) -> Rect:
    """Paint; what it may have changed."""
    inside = spans.on(marks.shape[1], marks.shape[0])
    for row, (left, right) in enumerate(zip(inside.left.tolist(), inside.right.tolist(), strict=True), inside.top):
        if left <= right:
            marks[row, left : right + 1] = value
    return inside.box


def snapped(point: Point, size: int) -> Point:
    """The nearest centre of a brush that covers whole pixels, in units where pixel i has its centre at i: an odd brush sits on a pixel,
    an even one between four."""
    if size % 2:
        return math.floor(point[0]), math.floor(point[1])
    return math.floor(point[0] + 0.5) - 0.5, math.floor(point[1] + 0.5) - 0.5


def stroke(one: Point, other: Point, size: int) -> Spans:
    """The pixels whose centres lie within ``size`` / 2 of the way between two points; a disc where they are the same."""
    (ax, ay), (bx, by) = snapped(one, size), snapped(other, size)
    radius = size / 2.0
    top, bottom = math.ceil(min(ay, by) - radius - _ROUNDING), math.floor(max(ay, by) + radius + _ROUNDING)
    rows = np.arange(top, bottom + 1, dtype=np.float64)
    pieces = [_disc(rows, ax, ay, radius), _disc(rows, bx, by, radius)]
    length = math.hypot(bx - ax, by - ay)
    if length:
        nx, ny = -(by - ay) / length * radius, (bx - ax) / length * radius
        corners = [(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)]
        pieces += [_edge(rows, corners[i - 1], corners[i]) for i in range(4)]
    left = np.min([piece[0] for piece in pieces], axis=0)
    right = np.max([piece[1] for piece in pieces], axis=0)
    none = ~np.isfinite(left)
    starts = np.ceil(np.where(none, 0.0, left) - _ROUNDING).astype(np.int64)
    ends = np.floor(np.where(none, -1.0, right) + _ROUNDING).astype(np.int64)
    return Spans(top, starts, ends)


_Reach = tuple[NDArray[np.float64], NDArray[np.float64]]


def _disc(rows: NDArray[np.float64], x: float, y: float, radius: float) -> _Reach:
    room = radius * radius - (rows - y) ** 2
    half = np.sqrt(np.maximum(room, 0.0))
    inside = room >= -_ROUNDING
    return np.where(inside, x - half, np.inf), np.where(inside, x + half, -np.inf)


def _edge(rows: NDArray[np.float64], one: Point, other: Point) -> _Reach:
    """Where a side crosses the rows; a level side is bounded by its neighbours' ends."""
    (ax, ay), (bx, by) = one, other
    if abs(by - ay) < _ROUNDING:
        return np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    inside = (rows >= min(ay, by) - _ROUNDING) & (rows <= max(ay, by) + _ROUNDING)
    x = ax + (rows - ay) * ((bx - ax) / (by - ay))
    return np.where(inside, x, np.inf), np.where(inside, x, -np.inf)


def corners(points: Iterable[Point]) -> NDArray[np.int32]:
    """The pixels that points lie on, int32 (n, 2), for OpenCV."""
    return np.array([(math.floor(x), math.floor(y)) for x, y in points], np.int32).reshape(-1, 2)
