"""The marks that a mask was proposed from, kept beside it: training draws the mask again by what it has learnt.

    ground_truth/<defect>/<name>_mask.png
    ground_truth/<defect>/<name>_mask.marks.json

They count as long as the mask is the very file that was proposed from them; one that somebody has painted over since is exact.
"""

from __future__ import annotations

from pathlib import Path

from edge_inspector.evaluation.layouts import sha256_file
from edge_inspector.labels.files import parse, read_json, write_json
from edge_inspector.labels.record import Label, checked
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble, Size
from edge_inspector.settings.manifest import Sha256
from edge_inspector.settings.model import Settings

Marked = Polygon | Box | Scribble | Click


class Kept(Settings):
    """A label, and the mask (sha256 of its file) that was proposed from it."""

    label: Label
    mask: Sha256


def keep_marks(mask: Path, label: Label) -> None:
    """Put the label's marks beside its mask; nothing where all of them are outlines, which a mask says as well. Raises LabelError."""
    if any(not isinstance(mark.shape, Polygon) for mark in label.marks):
        kept = Kept(label=label, mask=sha256_file(mask))
        write_json(marks_file(mask), kept.model_dump(mode="json"))


def kept_marks(mask: Path, size: Size) -> tuple[Marked, ...]:
    """The marks kept beside a mask, none where it is exact, as marks on an image of ``size`` (H, W). Raises LabelError naming the file."""
    path = marks_file(mask)
    if not path.is_file():
        return ()
    kept = parse(Kept, read_json(path), str(path))
    if kept.mask != sha256_file(mask):
        return ()
    label = checked(kept.label, str(path))
    return tuple(scaled(mark.shape, label.size, size) for mark in label.marks)


def marks_file(mask: Path) -> Path:
    """Where the marks of a mask lie."""
    return mask.with_suffix(".marks.json")


def scaled(shape: Marked, size: Size, to: Size) -> Marked:
    """A mark on an image of ``size`` as a mark on the same image at another size, (H, W) both; it keeps a pixel at least."""
    if size == to:
        return shape
    down, across = to[0] / size[0], to[1] / size[1]

    def point(x: float, y: float) -> tuple[float, float]:
        return min(to[1] - 1.0, x * across), min(to[0] - 1.0, y * down)

    if isinstance(shape, Box):
        left, top = int(shape.x * across), int(shape.y * down)
        right, bottom = round((shape.x + shape.w) * across), round((shape.y + shape.h) * down)
        return Box(x=left, y=top, w=max(1, right - left), h=max(1, bottom - top))
    if isinstance(shape, Click):
        x, y = point(shape.x, shape.y)
        return Click(x=int(x), y=int(y))
    if isinstance(shape, Scribble):
        width = max(1, round(shape.width * min(down, across)))
        return Scribble(points=tuple(point(x, y) for x, y in shape.points), width=width)
    return Polygon(rings=tuple(tuple(point(x, y) for x, y in ring) for ring in shape.rings))
