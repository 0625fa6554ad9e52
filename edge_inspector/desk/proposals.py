"""One mark on one picture -> the mask it means, as an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from edge_inspector.errors import LabelError
from edge_inspector.images import decode, encode_png
from edge_inspector.labels.propose import propose
from edge_inspector.labels.shapes import Box, Click, Scribble
from edge_inspector.outputs.archive import decode_map
from edge_inspector.records import AnomalyMap, Mask
from edge_inspector.settings.model import Settings
from edge_inspector.wire.server import Reply

Point = tuple[float, float]


class Marks(Settings):
    """One of the three, in pixels of the image; a box may reach beyond it."""

    box: tuple[float, float, float, float] | None = None  # x, y, w, h
    click: Point | None = None
    scribble: Annotated[tuple[Point, ...], Field(min_length=1, max_length=10_000)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Marks:
        if sum(mark is not None for mark in (self.box, self.click, self.scribble)) != 1:
            raise ValueError("give a box, a click or a scribble, one of the three")
        return self

    def shape(self, height: int, width: int) -> Box | Click | Scribble:
        """The mark on an image of that size. Raises LabelError for a box that lies outside."""
        if self.box is not None:
            return _clipped(self.box, height, width)
        if self.click is not None:
            return Click(x=int(self.click[0]), y=int(self.click[1]))
        return Scribble(points=self.scribble or ())


def proposed(picture: Path, scores: Path | None, marks: Marks) -> Reply:
    """``area``, ``box`` [x, y, w, h] and the mask. Raises LabelError, ImageError."""
    image = decode(picture)
    height, width = image.shape[:2]
    mask = propose(image, [marks.shape(height, width)], _map(scores))
    return Reply({"area": int(mask.sum()), "box": _box(mask)}, (encode_png((mask * np.uint8(255))[:, :, None]),))


def _map(path: Path | None) -> AnomalyMap | None:
    """The archived map, which lies over the whole image; None where it is not there any more."""
    try:
        return decode_map(path.read_bytes()) if path else None
    except OSError:
        return None


def _box(mask: Mask) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]


def _clipped(box: tuple[float, float, float, float], height: int, width: int) -> Box:
    """The whole pixels of what lies on the image."""
    x, y, w, h = box
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(width, round(x + w)), min(height, round(y + h))
    if right <= left or bottom <= top:
        raise LabelError(f"the box {x:g},{y:g},{w:g},{h:g} holds no pixel of the image of {width} x {height} pixels")
    return Box(x=left, y=top, w=right - left, h=bottom - top)
