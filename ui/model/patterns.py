"""How a mask looks: each class has a colour of its own and a pattern of its own, so that nobody needs to see colours.

Patterns and outlines are of the screen, not of the picture: they look the same however near one is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ui.model.strokes import Marks

CELL = 8  # screen pixels a pattern repeats after
# Okabe and Ito's colours ("Color universal design", 2008), which people of any colour vision tell apart.
COLOURS = ("#e69f00", "#56b4e9", "#d55e00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#f4f4f4")
FAINT = 0.25  # of the opacity, between a pattern's strokes
RIM = np.uint32(0xC0000000)  # a dark rim is seen on any ground
Argb = NDArray[np.uint32]  # (h, w), premultiplied


def _patterns() -> NDArray[np.bool_]:
    """(8, CELL, CELL): strokes rising, dots, level, falling, grid, upright, lattice, chequers."""
    y, x = np.indices((CELL, CELL))
    rising, falling = (x + y) % CELL < 3, (x - y) % CELL < 3
    level, upright = y % CELL < 3, x % CELL < 3
    dots = (x - 3.5) ** 2 + (y - 3.5) ** 2 < 5.5
    return np.stack([rising, dots, level, falling, level | upright, upright, rising | falling, (x // 4 + y // 4) % 2 == 0])


PATTERNS = _patterns()


def colour_of(number: int) -> str:
    """Of a class, from 1, as #rrggbb."""
    return COLOURS[(number - 1) % len(COLOURS)]


def pattern_of(number: int) -> NDArray[np.bool_]:
    """Of a class, from 1: bool (CELL, CELL). Sixty-four classes go by before colour and pattern meet again."""
    return np.asarray(PATTERNS[(number - 1 + (number - 1) // len(COLOURS)) % len(PATTERNS)])


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the screen and where the image lies: screen pixel (x, y) shows the image at ((x, y) + 0.5 - (left, top)) / scale."""

    x: int
    y: int
    w: int
    h: int
    left: float
    top: float
    scale: float


@lru_cache(maxsize=16)
def _fills(opacity: float) -> Argb:
    """(256 * CELL * CELL,): by class and place in the pattern."""
    table = np.zeros((256, CELL, CELL), np.uint32)
    for number in range(1, 256):
        strong, faint = _premultiplied(colour_of(number), opacity), _premultiplied(colour_of(number), opacity * FAINT)
        table[number] = np.where(pattern_of(number), strong, faint)
    return table.reshape(-1)


def _premultiplied(colour: str, alpha: float) -> int:
    red, green, blue = (round(int(colour[at : at + 2], 16) * alpha) for at in (1, 3, 5))
    return round(alpha * 255) << 24 | red << 16 | green << 8 | blue


_EDGES = np.array([0, *(_premultiplied(colour_of(number), 1.0) for number in range(1, 256))], np.uint32)


def sampled(marks: Marks, window: Window) -> Marks:
    """The class at each pixel of the screen, uint8 (h, w), 0 beside the image. Shrunk, the highest class of what a pixel covers counts:
    no thin mark vanishes."""
    height, width = marks.shape
    columns = np.floor((np.arange(window.x, window.x + window.w) + 0.5 - window.left) / window.scale).astype(np.intp)
    rows = np.floor((np.arange(window.y, window.y + window.h) + 0.5 - window.top) / window.scale).astype(np.intp)
    right, low = (columns >= 0) & (columns < width), (rows >= 0) & (rows < height)
    found = np.zeros((window.h, window.w), np.uint8)
    if not right.any() or not low.any():
        return found
    columns, rows = columns[right], rows[low]
    covers = math.ceil(1.0 / window.scale)
    x, y = max(0, columns[0] - covers), max(0, rows[0] - covers)
    part = marks[y : rows[-1] + covers + 1, x : columns[-1] + covers + 1]
    if not part.any():
        return found
    if covers > 1:
        part = np.asarray(cv2.dilate(part, np.ones((covers, covers), np.uint8)), np.uint8)
    found[np.ix_(low, right)] = np.take(np.take(part, rows - y, axis=0), columns - x, axis=1)
    return found


def rendered(marks: Marks, window: Window, opacity: float) -> Argb | None:
    """Fill, outline in the class's colour and a dark rim around it; None where nothing is marked."""
    wide = Window(window.x - 2, window.y - 2, window.w + 4, window.h + 4, window.left, window.top, window.scale)
    classes = sampled(marks, wide)
    if not classes.any():
        return None
    shown = _filled(classes, wide, opacity)
    inner, outer = _borders(classes)
    shown[outer] = RIM
    shown[inner] = _EDGES[classes[inner]]
    return np.ascontiguousarray(shown[2:-2, 2:-2])


def outlined(marks: Marks, window: Window) -> Argb | None:
    """A mask that is only proposed: a broken line, black and white, and little of the class's own colour; None where nothing is marked."""
    wide = Window(window.x - 2, window.y - 2, window.w + 4, window.h + 4, window.left, window.top, window.scale)
    classes = sampled(marks, wide)
    if not classes.any():
        return None
    shown = _filled(classes, wide, 0.45)
    inner, outer = _borders(classes)
    rows, columns = np.nonzero(inner | outer)
    light = (rows + columns + int(wide.x - math.floor(wide.left)) + int(wide.y - math.floor(wide.top))) // 5 % 2 == 0
    shown[rows, columns] = np.where(light, np.uint32(0xFFFFFFFF), np.uint32(0xFF000000))
    return np.ascontiguousarray(shown[2:-2, 2:-2])


def _filled(classes: Marks, window: Window, opacity: float) -> Argb:
    """The pattern lies fast on the picture while one pans."""
    columns = (np.arange(window.x, window.x + window.w) - math.floor(window.left)) % CELL
    rows = (np.arange(window.y, window.y + window.h) - math.floor(window.top)) % CELL
    places = (rows[:, None] * CELL + columns[None, :]).astype(np.uint16)
    return np.asarray(np.take(_fills(round(opacity, 2)), classes.astype(np.uint16) * np.uint16(CELL * CELL) + places), np.uint32)


def _borders(classes: Marks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Marked pixels at another class's or the normal's side, and normal pixels at a mark's side."""
    around = np.ones((3, 3), np.uint8)
    border = np.asarray(cv2.dilate(classes, around) != cv2.erode(classes, around), np.bool_)
    marked = classes > 0
    return border & marked, border & ~marked
