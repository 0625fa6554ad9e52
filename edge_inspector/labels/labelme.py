"""LabelMe JSON: one file an image. It knows polygon, rectangle, linestrip or line (a scribble), point (a click) and mask.

A polygon with holes is written as ``mask``: a PNG in base64 over its bounding box. ``sha256`` and ``author`` are our own keys, which
LabelMe keeps; the width of a scribble has no place.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, FiniteFloat

from edge_inspector.errors import ImageError, LabelError
from edge_inspector.images import decode_bytes, encode_png
from edge_inspector.labels.contours import polygons
from edge_inspector.labels.files import parse
from edge_inspector.labels.record import Label, Mark, checked
from edge_inspector.labels.shapes import Box, Click, Point, Polygon, Scribble, drawn
from edge_inspector.settings.manifest import Sha256

VERSION = "5.5.0"  # of the format as written


class LabelMeShape(BaseModel):
    """An entry of ``shapes``."""

    label: str
    shape_type: str = "polygon"
    points: Annotated[list[tuple[FiniteFloat, FiniteFloat]], Field(min_length=1)]
    mask: str | None = None


class LabelMe(BaseModel):
    """What we read of a file; other keys are passed over."""

    image_path: Annotated[str, Field(alias="imagePath")]
    height: Annotated[int, Field(alias="imageHeight", gt=0, le=100_000)]
    width: Annotated[int, Field(alias="imageWidth", gt=0, le=100_000)]
    shapes: list[LabelMeShape]
    sha256: Sha256 | None = None
    author: str = ""


def from_labelme(values: object, where: str = "LabelMe") -> Label:
    """The label of one file. Raises LabelError naming ``where`` and what is wrong."""
    found = parse(LabelMe, values, where)
    size = (found.height, found.width)
    marks = [parse(Mark, {"shape": shape, "defect": entry.label}, where) for entry in found.shapes for shape in _shapes(entry, size, where)]
    name = found.image_path.replace("\\", "/")
    return checked(
        Label(image=name, sha256=found.sha256, height=found.height, width=found.width, author=found.author, marks=tuple(marks)), where
    )


Reader = Callable[[Sequence[Point]], Polygon | Box | Scribble | Click]


def _shapes(entry: LabelMeShape, size: tuple[int, int], where: str) -> Sequence[Polygon | Box | Scribble | Click]:
    if entry.shape_type == "mask":
        return _mask(entry, size, where)
    reader = _READERS.get(entry.shape_type)
    if reader is None:
        raise LabelError(f"{where}: shape_type '{entry.shape_type}' is not supported; one of {', '.join((*_READERS, 'mask'))}")
    return [reader(entry.points)]


def _rectangle(points: Sequence[Point]) -> Box:
    xs, ys = [round(x) for x, _ in points], [round(y) for _, y in points]
    return Box(x=min(xs), y=min(ys), w=max(xs) - min(xs) + 1, h=max(ys) - min(ys) + 1)


_READERS: dict[str, Reader] = {
    "polygon": lambda points: Polygon(rings=(tuple(points),)),
    "rectangle": _rectangle,
    "linestrip": lambda points: Scribble(points=tuple(points)),
    "line": lambda points: Scribble(points=tuple(points)),
    "point": lambda points: Click(x=round(points[0][0]), y=round(points[0][1])),
}


def _mask(entry: LabelMeShape, size: tuple[int, int], where: str) -> Sequence[Polygon]:
    try:
        stored = decode_bytes(base64.b64decode(entry.mask or "", validate=True), where)
    except (binascii.Error, ImageError) as error:
        raise LabelError(f"{where}: a shape of type mask holds no PNG: {error}") from None
    x, y = (round(value) for value in entry.points[0])
    height, width = stored.shape[:2]
    if x < 0 or y < 0 or y + height > size[0] or x + width > size[1]:
        raise LabelError(f"{where}: a mask of {width} x {height} pixels at {x},{y} leaves the image of {size[1]} x {size[0]}")
    whole = np.zeros(size, np.bool_)
    whole[y : y + height, x : x + width] = stored.any(axis=2)
    return polygons(whole)


def to_labelme(label: Label) -> dict[str, Any]:
    """The LabelMe object of a label."""
    entry: dict[str, Any] = {"version": VERSION, "flags": {}, "imagePath": label.image, "imageData": None}
    entry |= {"imageHeight": label.height, "imageWidth": label.width, "author": label.author}
    if label.sha256 is not None:
        entry["sha256"] = label.sha256
    return {**entry, "shapes": [_entry(mark, label.size) for mark in label.marks]}


def _entry(mark: Mark, size: tuple[int, int]) -> dict[str, Any]:
    common: dict[str, Any] = {"label": mark.defect, "group_id": None, "flags": {}}
    return {**common, **_form(mark.shape, size)}


def _form(shape: Polygon | Box | Scribble | Click, size: tuple[int, int]) -> dict[str, Any]:
    if isinstance(shape, Box):
        return {"shape_type": "rectangle", "points": [[shape.x, shape.y], [shape.x + shape.w - 1, shape.y + shape.h - 1]]}
    if isinstance(shape, Click):
        return {"shape_type": "point", "points": [[shape.x, shape.y]]}
    if isinstance(shape, Scribble):
        return {"shape_type": "linestrip", "points": [list(point) for point in shape.points]}
    if len(shape.rings) == 1 and len(shape.rings[0]) >= 3:
        return {"shape_type": "polygon", "points": [list(point) for point in shape.rings[0]]}
    mask = drawn(shape, size)
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    piece = np.ascontiguousarray(mask[top : bottom + 1, left : right + 1, None] * np.uint8(255))
    return {"shape_type": "mask", "points": [[left, top], [right, bottom]], "mask": base64.b64encode(encode_png(piece)).decode()}
