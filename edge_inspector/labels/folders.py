"""Labels as folders: a data set's masks as labels, labels as masks in the mvtec layout, and the JSON formats by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from edge_inspector.errors import DatasetError, LabelError
from edge_inspector.evaluation.layouts import load_dataset, sha256_file
from edge_inspector.images import decode, decode_mask, write_png
from edge_inspector.labels.coco import from_coco, to_coco
from edge_inspector.labels.contours import polygons
from edge_inspector.labels.files import read_json, write_json
from edge_inspector.labels.labelme import from_labelme, to_labelme
from edge_inspector.labels.marks import keep_marks
from edge_inspector.labels.propose import propose
from edge_inspector.labels.record import Label, Mark
from edge_inspector.records import Image, Mask

Format = Literal["mvtec", "coco", "labelme"]
FORMATS: tuple[Format, ...] = ("mvtec", "coco", "labelme")


def dataset_labels(root: Path, layout: str) -> Iterator[Label]:
    """A label for each image of a data set that has a mask. Raises DatasetError, ImageError, LabelError."""
    for sample in load_dataset(root, layout).samples:
        if sample.mask is None:
            continue
        mask = decode_mask(sample.mask)
        if mask.shape != decode(sample.path).shape[:2]:
            raise LabelError(f"{sample.mask}: the mask has another size than its image {sample.path}")
        marks = tuple(Mark(shape=polygon, defect=sample.defect) for polygon in polygons(mask))
        name = sample.path.relative_to(root).as_posix()
        yield Label(image=name, sha256=sha256_file(sample.path), height=mask.shape[0], width=mask.shape[1], marks=marks)


def read_labels(source: Path, form: Format) -> tuple[Label, ...]:
    """The labels of a COCO file, a LabelMe file or folder, or an mvtec folder. Raises LabelError, DatasetError, ImageError."""
    if form == "mvtec":
        return tuple(dataset_labels(source, "mvtec"))
    if form == "coco":
        return from_coco(read_json(source), str(source))
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    if not files:
        raise LabelError(f"{source}: holds no .json file")
    return tuple(from_labelme(read_json(path), str(path)) for path in files)


def write_labels(labels: Iterable[Label], images: Path, out: Path, form: Format) -> int:
    """Write labels as a COCO file, a folder of LabelMe files, or masks and images in the mvtec layout; returns how many.

    Raises LabelError, ImageError.
    """
    listed = tuple(labels)
    if form == "coco":
        write_json(out, to_coco(listed))
    elif form == "labelme":
        for label in listed:
            write_json(out / Path(label.image).with_suffix(".json"), to_labelme(label))
    else:
        write_masks(listed, images, out)
    return len(listed)


def write_masks(labels: Sequence[Label], images: Path, out: Path) -> int:
    """Add labelled images to an mvtec folder: test/<defect>/NAME and ground_truth/<defect>/NAME_mask.png; returns how many had marks.

    Boxes, scribbles and clicks become proposed masks, and are kept beside them: training draws those masks again. An image with marks of
    several classes goes where most of its area belongs, with all of them. Raises LabelError: an image is missing, is another than was
    labelled, or a file of its name is there already; ImageError.
    """
    written = 0
    for label in labels:
        if not label.marks:
            continue
        path = image_file(label, images)
        _add(path, label, out)
        written += 1
    return written


def image_file(label: Label, images: Path) -> Path:
    """The image that a label is of, found below ``images`` by its name. Raises LabelError unless it is that very image."""
    for path in (images / label.image, images / Path(label.image).name):
        if path.is_file() and path.resolve().is_relative_to(images.resolve()):
            break
    else:
        raise LabelError(f"{images / label.image}: no such image; name the folder that holds it with --images")
    try:
        same = label.sha256 is None or sha256_file(path) == label.sha256
    except DatasetError as error:
        raise LabelError(str(error)) from error
    if not same:
        raise LabelError(f"{path}: not the image that was labelled: its sha256 is another")
    return path


def mask_of(label: Label, image: Image) -> Mask:
    """The mask that a label's marks mean: bool (H, W). Raises LabelError where the image has another size than was labelled."""
    if image.shape[:2] != label.size:
        raise LabelError(f"{label.image}: labelled at {label.size}, its image has {image.shape[:2]} (height, width)")
    return propose(image, [mark.shape for mark in label.marks])


def _add(path: Path, label: Label, out: Path) -> None:
    image = decode(path)
    mask = mask_of(label, image)
    defect = _main_defect(label, image)
    target = out / "test" / defect / path.name
    marked = out / "ground_truth" / defect / f"{path.stem}_mask.png"
    for file in (target, marked):
        if file.exists():
            raise LabelError(f"{file}: already there; give another folder with --out")
    try:
        for file in (target, marked):
            file.parent.mkdir(parents=True, exist_ok=True)
        write_png(marked, np.ascontiguousarray(mask[:, :, None] * np.uint8(255)))
        keep_marks(marked, label)
        shutil.copyfile(path, target)  # last: an image without its mask would be a defect that nothing marks
    except OSError as error:
        raise LabelError(f"{target}: cannot be written: {error.strerror}") from error


def _main_defect(label: Label, image: Image) -> str:
    defects = sorted({mark.defect for mark in label.marks})
    if len(defects) == 1:
        return defects[0]
    areas = {d: int(propose(image, [m.shape for m in label.marks if m.defect == d]).sum()) for d in defects}
    return max(defects, key=lambda defect: areas[defect])
