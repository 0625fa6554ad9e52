"""Painting defects on one picture: the tools, the defect classes, what a mark proposes."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ui.model.mask import PaintMask
from ui.model.strokes import LARGEST, SMALLEST, Marks, Point, Rect, stroke

MOST_CLASSES = 255
CLASS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}")  # the desk names a folder after it
NORMAL = "good"  # the name of the folder of parts without a defect


class Tool(str, Enum):
    """What the pointer does."""

    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"
    BOX = "box"
    CLICK = "click"


class ClassProblem(str, Enum):
    """Why a class cannot be called so."""

    NONE = "none"
    LETTERS = "letters"
    NORMAL = "normal"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mask is to be proposed for: ``box`` [x, y, w, h] or ``click`` [x, y], whole pixels."""

    kind: Tool
    values: tuple[int, ...]

    def params(self) -> dict[str, Any]:
        """For ``labels.propose``."""
        return {self.kind.value: list(self.values)}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a movement of the pointer did: pixels that may have changed, a mark to propose for, whether the sketch is another."""

    dirty: Rect | None = None
    mark: Mark | None = None
    sketched: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mask that was proposed, until it is taken or dropped: bool (H, W), its bounding box, its pixels."""

    where: NDArray[np.bool_]
    box: Rect
    area: int


NOTHING = Effect()


class Classes:
    """The defect classes in the order of their numbers, from 1; a class once known keeps its number, so its colour and pattern."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def learn(self, names: Iterable[str]) -> None:
        """Add those not yet known."""
        self.names += [name for name in dict.fromkeys(names) if name not in self.names][: MOST_CLASSES - len(self.names)]

    def number(self, name: str) -> int:
        """From 1. Raises ValueError for an unknown one."""
        return self.names.index(name) + 1

    def problem(self, name: str) -> ClassProblem:
        """Why a new class cannot be called so."""
        if not CLASS_NAME.fullmatch(name):
            return ClassProblem.LETTERS
        if name.lower() == NORMAL:
            return ClassProblem.NORMAL
        full = name not in self.names and len(self.names) >= MOST_CLASSES
        return ClassProblem.TOO_MANY if full else ClassProblem.NONE


class Painter:
    """The tools over one mask. Points are in pixels of the image; the screen repaints what an ``Effect`` names."""

    def __init__(self, width: int, height: int) -> None:
        self.mask = PaintMask(width, height)
        self.tool = Tool.BRUSH
        self.number = 1
        """The class that is painted."""
        self.points: list[Point] = []
        """The polygon so far, or the box's two corners."""
        self.proposal: Proposal | None = None
        self._size = 20
        self._last: Point | None = None

    @property
    def size(self) -> int:
        """Diameter of brush and eraser in pixels."""
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        self._size = min(LARGEST, max(SMALLEST, size))

    def use(self, tool: Tool) -> None:
        """Take another tool; what was sketched with the last one is dropped."""
        self.release()
        self.tool = tool
        self.points = []

    @property
    def painting(self) -> bool:
        """Whether a brush or eraser is down."""
        return self._last is not None

    # ---- the pointer

    def press(self, point: Point) -> Effect:
        """The pointer goes down."""
        if self.tool in (Tool.BRUSH, Tool.ERASER):
            self._last = point
            return Effect(dirty=self._stroke(point, point))
        if self.tool is Tool.POLYGON:
            self.points.append(self._inside(point))
            return Effect(sketched=True)
        if self.tool is Tool.BOX:
            self.points = [self._inside(point)] * 2
            return Effect(sketched=True)
        return Effect(mark=self._click(point))

    def drag(self, point: Point) -> Effect:
        """The pointer moves while it is down."""
        if self._last is not None:
            last, self._last = self._last, point
            return Effect(dirty=self._stroke(last, point))
        if self.tool is Tool.BOX and self.points:
            self.points[1] = self._inside(point)
            return Effect(sketched=True)
        return NOTHING

    def release(self) -> Effect:
        """The pointer goes up: a stroke is one step; a box asks for its proposal."""
        if self._last is not None:
            self._last = None
            self.mask.commit()
            return NOTHING
        if self.tool is Tool.BOX and len(self.points) == 2:
            box = box_of(self.points, *self.mask.size)
            self.points = []
            return Effect(mark=Mark(Tool.BOX, (box.x, box.y, box.w, box.h)) if box.w > 1 and box.h > 1 else None, sketched=True)
        return NOTHING

    def _stroke(self, one: Point, other: Point) -> Rect:
        return self.mask.fill(stroke(one, other, self._size), self.number if self.tool is Tool.BRUSH else 0)

    def _click(self, point: Point) -> Mark | None:
        x, y = math.floor(point[0]), math.floor(point[1])
        width, height = self.mask.size
        return Mark(Tool.CLICK, (x, y)) if 0 <= x < width and 0 <= y < height else None

    def _inside(self, point: Point) -> Point:
        width, height = self.mask.size
        return min(max(point[0], 0.0), width - 0.01), min(max(point[1], 0.0), height - 0.01)

    # ---- keys

    def enter(self) -> Effect:
        """Take the proposal, else close the polygon."""
        if self.proposal is not None:
            proposal, self.proposal = self.proposal, None
            return self._step(self.mask.fill_where(proposal.where, proposal.box, self.number))
        if self.tool is Tool.POLYGON and len(self.points) >= 3:
            points, self.points = self.points, []
            return self._step(self.mask.fill_polygon(points, self.number))
        return NOTHING

    def escape(self) -> Effect:
        """Drop the proposal and what is sketched."""
        dropped, self.proposal, self.points = self.proposal, None, []
        return Effect(dirty=dropped.box if dropped else None, sketched=True)

    def back(self) -> Effect:
        """One point of the polygon less."""
        if not self.points or self.tool is not Tool.POLYGON:
            return NOTHING
        self.points.pop()
        return Effect(sketched=True)

    def propose(self, where: NDArray[np.bool_]) -> Effect:
        """Show a proposed mask bool (H, W) until ``enter`` or ``escape``. Raises ValueError where its size is another."""
        if where.shape != self.mask.pixels.shape:
            raise ValueError(f"the proposal is {where.shape[1]} x {where.shape[0]}, the image {self.mask.size[0]} x {self.mask.size[1]}")
        before = self.proposal.box if self.proposal else None
        box = Rect(*cv2.boundingRect(where.view(np.uint8)))
        self.proposal = Proposal(where, box, int(np.count_nonzero(where)))
        return Effect(dirty=box.joined(before))

    def clear(self) -> Effect:
        """Everything normal."""
        self.escape()
        return self._step(self.mask.clear())

    def undo(self) -> Effect:
        """Take one step back; a polygon that is open loses a point instead."""
        if self.points:
            return self.back()
        self.release()
        return Effect(dirty=self.mask.undo())

    def redo(self) -> Effect:
        """The other way."""
        self.release()
        return Effect(dirty=self.mask.redo())

    def _step(self, dirty: Rect) -> Effect:
        self.mask.commit()
        return Effect(dirty=dirty, sketched=True)


def box_of(points: Sequence[Point], width: int, height: int) -> Rect:
    """The whole pixels that two corners span on an image."""
    (ax, ay), (bx, by) = points
    x, y = math.floor(min(ax, bx)), math.floor(min(ay, by))
    return Rect(x, y, math.floor(max(ax, bx)) - x + 1, math.floor(max(ay, by)) - y + 1).clipped(width, height)


def put_params(pixels: Marks, names: Sequence[str]) -> dict[str, Any]:
    """``classes`` and ``mask`` for ``labels.put``: only classes that mark something, numbered from 1 in their order.

    Raises ValueError where the mask holds a class without a name.
    """
    counts = np.asarray(cv2.calcHist([pixels], [0], None, [256], [0, 256])).ravel()
    used = [int(number) for number in np.flatnonzero(counts) if number]
    if used and used[-1] > len(names):
        raise ValueError(f"the mask holds class {used[-1]} of {len(names)}")
    table = np.zeros(256, np.uint8)
    table[used] = range(1, len(used) + 1)
    written, png = cv2.imencode(".png", cv2.LUT(pixels, table), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not written:
        raise ValueError("the mask cannot be packed as PNG")
    return {"classes": [names[number - 1] for number in used], "mask": base64.b64encode(png.tobytes()).decode()}


def stored_mask(png: bytes, names: Sequence[str], classes: Classes) -> Marks:
    """The mask of ``labels.get``, uint8 (H, W), in the numbers of ``classes``, which learns what it does not know. Raises ValueError."""
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if found is None or found.ndim != 2 or found.dtype != np.uint8:
        raise ValueError("the stored mask is no grey PNG of 8 bits")
    classes.learn(names)
    table = np.zeros(256, np.uint8)
    table[1 : len(names) + 1] = [classes.number(name) for name in names]
    return np.asarray(table[found], np.uint8)


def proposed_mask(png: bytes) -> NDArray[np.bool_]:
    """The frame of ``labels.propose`` as bool (H, W). Raises ValueError."""
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE) if png else None
    if found is None:
        raise ValueError("the proposal is no picture")
    return np.asarray(found > 127, np.bool_)
