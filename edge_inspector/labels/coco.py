"""COCO JSON: one file for all images. Polygons where a region has no hole, uncompressed run lengths where it has; a bbox alone is a box.

Vertices are pixel centres at whole numbers, as OpenCV's contours are. ``sha256`` of an image and ``author`` of an annotation are our own
keys, which others' readers pass over. Scribbles and clicks have no place in COCO.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, FiniteFloat

from edge_inspector.errors import LabelError
from edge_inspector.labels.contours import of_run_lengths, polygons, run_lengths
from edge_inspector.labels.files import parse
from edge_inspector.labels.record import Label, Mark, checked
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble, drawn
from edge_inspector.settings.manifest import Sha256


class RunLengths(BaseModel):
    """``counts`` down the columns of ``size`` (height, width)."""

    counts: list[int]
    size: tuple[int, int]


class CocoImage(BaseModel):
    """An entry of ``images``."""

    id: int
    file_name: str
    height: Annotated[int, Field(gt=0, le=100_000)]
    width: Annotated[int, Field(gt=0, le=100_000)]
    sha256: Sha256 | None = None


class Annotation(BaseModel):
    """An entry of ``annotations``."""

    image_id: int
    category_id: int
    segmentation: list[list[FiniteFloat]] | RunLengths | None = None
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    author: str = ""


class Category(BaseModel):
    """An entry of ``categories``."""

    id: int
    name: str


class Coco(BaseModel):
    """What we read of a file; other keys are passed over."""

    images: list[CocoImage]
    annotations: list[Annotation]
    categories: list[Category]


def from_coco(values: object, where: str = "COCO") -> tuple[Label, ...]:
    """One label an image, in the file's order. Raises LabelError naming ``where`` and the key that is wrong."""
    coco = parse(Coco, values, where)
    names = {category.id: category.name for category in coco.categories}
    by_image: dict[int, list[Annotation]] = {image.id: [] for image in coco.images}
    for number, annotation in enumerate(coco.annotations):
        if annotation.image_id not in by_image or annotation.category_id not in names:
            raise LabelError(
                f"{where}: annotations.{number}: image {annotation.image_id} or category {annotation.category_id} is not listed"
            )
        by_image[annotation.image_id].append(annotation)
    return tuple(_label(image, by_image[image.id], names, where) for image in coco.images)


def _label(image: CocoImage, annotations: Sequence[Annotation], names: dict[int, str], where: str) -> Label:
    place = f"{where}: {image.file_name}"
    marks = [
        parse(Mark, {"shape": shape, "defect": names[annotation.category_id]}, place)
        for annotation in annotations
        for shape in _shapes(annotation, image, place)
    ]
    author = next((a.author for a in annotations if a.author), "")
    return checked(
        Label(image=image.file_name, sha256=image.sha256, height=image.height, width=image.width, author=author, marks=tuple(marks)),
        where,
    )


def _shapes(annotation: Annotation, image: CocoImage, place: str) -> Iterable[Polygon | Box]:
    found = annotation.segmentation
    if isinstance(found, RunLengths):
        if found.size != (image.height, image.width):
            raise LabelError(f"{place}: run lengths of {found.size}; the image has {(image.height, image.width)} (height, width)")
        try:
            return polygons(of_run_lengths(found.counts, image.height, image.width))
        except LabelError as error:
            raise LabelError(f"{place}: {error}") from None
    if found:
        return [_polygon(ring, place) for ring in found]
    if annotation.bbox is None:
        raise LabelError(f"{place}: an annotation has neither segmentation nor bbox")
    x, y, w, h = (round(value) for value in annotation.bbox)
    return [Box(x=x, y=y, w=w, h=h)]


def _polygon(flat: Sequence[float], place: str) -> Polygon:
    if len(flat) < 2 or len(flat) % 2:
        raise LabelError(f"{place}: a polygon of {len(flat)} numbers; x and y in turn are expected")
    return Polygon(rings=(tuple(zip(flat[::2], flat[1::2], strict=True)),))


def to_coco(labels: Sequence[Label]) -> dict[str, Any]:
    """The COCO object of these labels. Raises LabelError for a scribble or a click: propose a mask first."""
    defects = sorted({mark.defect for label in labels for mark in label.marks})
    numbers = {defect: number for number, defect in enumerate(defects, 1)}
    annotations: list[dict[str, Any]] = []
    for image_id, label in enumerate(labels, 1):
        for mark in label.marks:
            entry = {"id": len(annotations) + 1, "image_id": image_id, "category_id": numbers[mark.defect], "author": label.author}
            annotations.append({**entry, **_segmentation(mark, label)})
    return {
        "images": [_image(number, label) for number, label in enumerate(labels, 1)],
        "annotations": annotations,
        "categories": [{"id": number, "name": defect} for defect, number in numbers.items()],
    }


def _image(number: int, label: Label) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": number, "file_name": label.image, "height": label.height, "width": label.width}
    return entry if label.sha256 is None else {**entry, "sha256": label.sha256}


def _segmentation(mark: Mark, label: Label) -> dict[str, Any]:
    shape = mark.shape
    if isinstance(shape, Scribble | Click):
        raise LabelError(f"{label.image}: COCO has no {shape.kind}; turn it into a mask first")
    if isinstance(shape, Box):
        return {"bbox": [shape.x, shape.y, shape.w, shape.h], "area": shape.w * shape.h, "iscrowd": 0}
    mask = drawn(shape, label.size)
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    x, y = int(columns[0]), int(rows[0])
    entry = {"bbox": [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1], "area": int(mask.sum())}
    if len(shape.rings) == 1 and len(shape.rings[0]) >= 3:
        return {**entry, "iscrowd": 0, "segmentation": [[value for point in shape.rings[0] for value in point]]}
    # Polygons of COCO have no holes, and at least three points.
    return {**entry, "iscrowd": 1, "segmentation": {"counts": run_lengths(mask), "size": list(label.size)}}
