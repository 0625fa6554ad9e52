"""The folder of painted labels, in the mvtec layout, ready for ``retrain --add FOLDER --layout mvtec``:

    test/CLASS/STEM.png                     the image as archived
    ground_truth/CLASS/STEM_mask.png        where that class is, 0 or 255
    records/STEM.json                       who painted it when, on which very image

An image with two classes stands under both, each with its own mask; one that somebody found nothing wrong in has a record alone. A
label is written whole or not at all: everything is laid ready in a folder of its own (``.ready/STEM``), which one rename makes valid;
from there the files go to their places, after a crash when the folder is next used. Used by one thread of one process.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import LabelError
from edge_inspector.images import decode_mask
from edge_inspector.labels.files import parse, read_json
from edge_inspector.labels.record import Defect
from edge_inspector.settings.manifest import Sha256
from edge_inspector.settings.model import Settings

log = logging.getLogger(__name__)

IndexMask = NDArray[np.uint8]  # (H, W), 0 = normal, i = the i-th class
RECORD = "record.json"
IMAGE = "image.png"


class LabelRecord(Settings):
    """One label. ``areas`` are the pixels of each of ``classes``, in their order; none of them: nothing is wrong here."""

    part_id: str
    view: int
    classes: tuple[Defect, ...]
    areas: tuple[int, ...]
    author: str
    at_utc: str
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Drawn:
    """A label that is to be stored: the image file's content, and a PNG 0 / 255 for each class."""

    record: LabelRecord
    image: bytes
    masks: Mapping[str, bytes]


class LabelFolder:
    """The labels below ``root``, made when the first is put. Every method raises LabelError naming the file that cannot be used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ready = root / ".ready"
        self._records = root / "records"
        self._damaged: set[Path] = set()

    def get(self, stem: str) -> LabelRecord | None:
        """The record of a label, or None."""
        path = self._records / f"{stem}.json"
        return parse(LabelRecord, read_json(path), str(path)) if path.is_file() else None

    def all(self) -> list[LabelRecord]:
        """Every label, the newest last; a record that is damaged is left out with a warning, once."""
        found = [record for path in self._records.glob("*.json") if (record := self._whole(path))]
        return sorted(found, key=lambda record: (record.at_utc, record.part_id, record.view))

    def _whole(self, path: Path) -> LabelRecord | None:
        try:
            record = parse(LabelRecord, read_json(path), str(path))
        except LabelError as error:
            if path not in self._damaged:
                log.warning("a label is left out: %s; put it again, or restore its record", error)
            self._damaged.add(path)
            return None
        self._damaged.discard(path)
        return record

    def image(self, stem: str, record: LabelRecord) -> Path | None:
        """The labelled image's own copy; None where the label has no classes."""
        return self._image(record.classes[0], stem) if record.classes else None

    def mask(self, stem: str, record: LabelRecord) -> IndexMask:
        """The mask of a label with classes, as it was put. Raises ImageError too."""
        masks = [decode_mask(self._mask(name, stem)) for name in record.classes]
        put = np.zeros(masks[0].shape, np.uint8)
        for index, mask in enumerate(masks, 1):
            put[mask] = index
        return put

    def lay_ready(self, stem: str, drawn: Drawn) -> Path:
        """Write all of a label where it is not valid yet; hand the result to ``validate`` or ``discard``."""
        draft = self._ready / f"{stem}.part"
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            for name, data in _files(drawn).items():
                _write_durably(draft / name, data)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise _unwritable(draft, error) from error
        return draft

    def validate(self, draft: Path) -> None:
        """From this moment on the label counts, whatever happens."""
        try:
            shutil.rmtree(draft.with_suffix(""), ignore_errors=True)
            draft.rename(draft.with_suffix(""))
            _sync_folder(self._ready)
        except OSError as error:
            raise _unwritable(draft, error) from error

    def discard(self, draft: Path) -> None:
        """Forget what was laid ready, validated or not. Idempotent."""
        for folder in (draft, draft.with_suffix("")):
            shutil.rmtree(folder, ignore_errors=True)

    def settle(self) -> None:
        """Bring every valid label to its place; what was not valid yet is removed."""
        try:
            for folder in sorted(self._ready.iterdir()) if self._ready.is_dir() else ():
                if folder.suffix != ".part":
                    self._place(folder)
                shutil.rmtree(folder)
        except OSError as error:
            raise _unwritable(self.root, error) from error

    def _place(self, folder: Path) -> None:
        """Every step may be done again."""
        stem = folder.name
        path = folder / RECORD
        record = parse(LabelRecord, read_json(path), str(path))
        self._clear("test", f"{stem}.png", record)  # first: an image without its mask would be a defect that nothing marks
        self._clear("ground_truth", f"{stem}_mask.png", record)
        for name in record.classes:
            _move(folder / f"{name}.mask", self._mask(name, stem))
            _copy(folder / IMAGE, self._image(name, stem))
        _copy(path, self._records / f"{stem}.json")

    def _clear(self, kind: str, file: str, record: LabelRecord) -> None:
        """Of classes that the picture no longer has; found by the files, as the record before may be damaged."""
        for path in (self.root / kind).glob(f"*/{file}"):
            if path.parent.name not in record.classes:
                path.unlink(missing_ok=True)

    def _image(self, name: str, stem: str) -> Path:
        return self.root / "test" / name / f"{stem}.png"

    def _mask(self, name: str, stem: str) -> Path:
        return self.root / "ground_truth" / name / f"{stem}_mask.png"


def _files(drawn: Drawn) -> dict[str, bytes]:
    masks = {f"{name}.mask": data for name, data in drawn.masks.items()}
    return {IMAGE: drawn.image, **masks, RECORD: json.dumps(drawn.record.model_dump(mode="json")).encode()}


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move(source: Path, target: Path) -> None:
    """By rename, unless that is done already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.exists():
        source.replace(target)


def _copy(source: Path, target: Path) -> None:
    """A second name of the same content: nobody writes into these files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)
    os.link(source, unfinished)
    unfinished.replace(target)
    unfinished.unlink(missing_ok=True)  # a rename onto another name of the same file leaves both


def _unwritable(path: Path, error: OSError) -> LabelError:
    return LabelError(f"{path}: a label cannot be written ({error.strerror}); free space there, or let the desk's user write to it")
