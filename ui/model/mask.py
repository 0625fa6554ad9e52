"""A mask that is painted on, with its undo and redo."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ui.model.strokes import Marks, Point, Rect, Spans, corners, fill

TILE = 128  # px; a step keeps the tiles it has changed
STEPS = 100  # at least so many can be undone
SPARE_BYTES = 32 * 2**20  # older ones are kept as long as all steps together need less
_Key = tuple[int, int]  # row and column of a tile


@dataclass(frozen=True, slots=True)
class Step:
    """What one step changed: each tile as it is on the other side of the step, packed."""

    number: int
    tiles: dict[_Key, bytes]

    @property
    def size(self) -> int:
        """Bytes it needs."""
        return sum(map(len, self.tiles.values()))


class PaintMask:
    """uint8 (H, W): 0 = normal, i = class i. What is painted between two ``commit`` is one step."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Marks = np.zeros((height, width), np.uint8)
        self._before: dict[_Key, Marks] = {}
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._number = 0
        self._oldest = 0
        self._saved = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    # ---- painting

    def fill(self, spans: Spans, value: int) -> Rect:
        """Paint rows of pixels; what may have changed."""
        self._keep(spans.on(*self.size).box)
        return fill(self.pixels, spans, value)

    def fill_polygon(self, points: Sequence[Point], value: int) -> Rect:
        """Paint the inside of a polygon and its border; what may have changed."""
        outline = corners(points)
        box = Rect(*cv2.boundingRect(outline)).clipped(*self.size)
        if not box.empty:
            self._keep(box)
            cv2.fillPoly(self.pixels[box.slices], [outline - np.array([box.x, box.y], np.int32)], value)
        return box

    def fill_where(self, where: NDArray[np.bool_], box: Rect, value: int) -> Rect:
        """Paint inside ``box`` where ``where`` bool (H, W) says so; what may have changed."""
        box = box.clipped(*self.size)
        self._keep(box)
        self.pixels[box.slices][where[box.slices]] = value
        return box

    def clear(self) -> Rect:
        """All normal; what may have changed."""
        everything = Rect(0, 0, *self.size)
        self._keep(everything)
        self.pixels[:] = 0
        return everything

    def _keep(self, box: Rect) -> None:
        for key in _tiles(box):
            if key not in self._before:
                self._before[key] = self._tile(key).copy()

    def _tile(self, key: _Key) -> Marks:
        row, column = key
        return self.pixels[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]

    # ---- steps

    def commit(self) -> bool:
        """End the step; whether it changed anything. What was undone cannot come back after that."""
        changed = {key: _packed(before) for key, before in self._before.items() if not np.array_equal(before, self._tile(key))}
        self._before = {}
        if not changed:
            return False
        self._number += 1
        self._done.append(Step(self._number, changed))
        self._undone = []
        self._forget()
        return True

    def _forget(self) -> None:
        held = self.held
        while len(self._done) > STEPS and held > SPARE_BYTES:
            oldest = self._done.pop(0)
            held -= oldest.size
            self._oldest = oldest.number

    def undo(self) -> Rect | None:
        """Take the last step back; what has changed, None where there is none."""
        self.commit()
        return self._cross(self._done, self._undone)

    def redo(self) -> Rect | None:
        """Do again what was undone last; what has changed, None where there is nothing."""
        self.commit()
        return self._cross(self._undone, self._done)

    def _cross(self, source: list[Step], target: list[Step]) -> Rect | None:
        if not source:
            return None
        step = source.pop()
        other = {key: _packed(self._tile(key)) for key in step.tiles}
        for key, packed in step.tiles.items():
            tile = self._tile(key)
            tile[:] = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(tile.shape)
        target.append(Step(step.number, other))
        return _box_of(step.tiles).clipped(*self.size)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._done or self._before)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._undone)

    @property
    def held(self) -> int:
        """Bytes that undo and redo need."""
        return sum(step.size for step in (*self._done, *self._undone))

    # ---- what is stored elsewhere

    @property
    def version(self) -> int:
        """Names the mask as it is after its last step: undo and redo come back to the same one."""
        return self._done[-1].number if self._done else self._oldest

    def saved(self, version: int) -> None:
        """That version is stored."""
        self._saved = version

    @property
    def dirty(self) -> bool:
        """Whether it is another than the stored one."""
        return self.version != self._saved or bool(self._before)

    def load(self, pixels: Marks) -> None:
        """Begin with what is stored: nothing to undo. Raises ValueError where the size is another."""
        if pixels.shape != self.pixels.shape:
            raise ValueError(f"the stored mask is {pixels.shape[1]} x {pixels.shape[0]}, its image {self.size[0]} x {self.size[1]}")
        self.pixels[:] = pixels
        self._before, self._done, self._undone = {}, [], []
        self._oldest = self._saved = self._number


def _tiles(box: Rect) -> Iterable[_Key]:
    if box.empty:
        return []
    rows = range(box.y // TILE, (box.y + box.h - 1) // TILE + 1)
    columns = range(box.x // TILE, (box.x + box.w - 1) // TILE + 1)
    return [(row, column) for row in rows for column in columns]


def _box_of(keys: Iterable[_Key]) -> Rect:
    found = Rect(0, 0, 0, 0)
    for row, column in keys:
        found = found.joined(Rect(column * TILE, row * TILE, TILE, TILE))
    return found


def _packed(tile: Marks) -> bytes:
    return zlib.compress(tile.tobytes(), 1)
