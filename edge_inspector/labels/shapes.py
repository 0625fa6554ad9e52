"""The marks of a label. Pixels of the camera image; x to the right, y down; a whole number is a pixel's centre."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_inspector.errors import LabelError
from edge_inspector.records import Mask
from edge_inspector.settings.model import Settings

Point = tuple[float, float]  # x, y
Size = tuple[int, int]  # height, width


class Polygon(Settings):
    """An area by its rings: the first is the outline, or one of several; rings inside rings are holes (even-odd)."""

    kind: Literal["polygon"] = "polygon"
    rings: Annotated[tuple[tuple[Point, ...], ...], Field(min_length=1)]


class Box(Settings):
    """Pixels x .. x + w - 1, y .. y + h - 1: a defect lies in it, and nearly fills its sides."""

    kind: Literal["box"] = "box"
    x: int
    y: int
    w: int
    h: int


class Scribble(Settings):
    """A stroke on the defect: its points, joined by lines ``width`` pixels wide."""

    kind: Literal["scribble"] = "scribble"
    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    width: Annotated[int, Field(ge=1)] = 3


class Click(Settings):
    """One point on the defect."""

    kind: Literal["click"] = "click"
    x: int
    y: int


Shape = Annotated[Polygon | Box | Scribble | Click, Field(discriminator="kind")]


def check(shape: Polygon | Box | Scribble | Click, size: Size) -> None:
    """Raise LabelError unless the mark says something of an image of ``size`` (height, width) and lies in it."""
    if isinstance(shape, Box) and (shape.w <= 0 or shape.h <= 0):
        raise LabelError(f"the box {shape.x},{shape.y},{shape.w},{shape.h} is empty: width and height must be at least 1")
    points = corners(shape)
    if not np.isfinite(points).all():
        raise LabelError(f"the {shape.kind} has a coordinate that is no number")
    low, high = points.min(axis=0), points.max(axis=0)
    height, width = size
    if low.min() < 0 or high[0] > width - 1 or high[1] > height - 1:
        raise LabelError(
            f"the {shape.kind} reaches from {low[0]:g},{low[1]:g} to {high[0]:g},{high[1]:g}, "
            f"outside the image of {width} x {height} pixels (x,y from 0)"
        )


def corners(shape: Polygon | Box | Scribble | Click) -> NDArray[np.float64]:
    """The points of a mark, (n, 2) x, y; of a box its first and last pixel."""
    if isinstance(shape, Polygon):
        found = [point for ring in shape.rings for point in ring]
    elif isinstance(shape, Box):
        found = [(shape.x, shape.y), (shape.x + shape.w - 1, shape.y + shape.h - 1)]
    elif isinstance(shape, Scribble):
        found = list(shape.points)
    else:
        found = [(shape.x, shape.y)]
    if not found:
        raise LabelError(f"the {shape.kind} has no points")
    return np.array(found, np.float64)


def drawn(shape: Polygon | Box | Scribble | Click, size: Size) -> Mask:
    """The pixels that a mark itself covers: bool (H, W)."""
    canvas = np.zeros(size, np.uint8)
    if isinstance(shape, Polygon):
        rings = [np.rint(np.array(ring)).astype(np.int32) for ring in shape.rings if ring]
        cv2.fillPoly(canvas, rings, 1)
    elif isinstance(shape, Box):
        canvas[shape.y : shape.y + shape.h, shape.x : shape.x + shape.w] = 1
    elif isinstance(shape, Scribble):
        line = np.rint(np.array(shape.points)).astype(np.int32)
        cv2.polylines(canvas, [line], False, 1, shape.width)
        canvas[line[:, 1], line[:, 0]] = 1  # a line of one point draws nothing
    else:
        canvas[shape.y, shape.x] = 1
    return canvas.astype(np.bool_)
