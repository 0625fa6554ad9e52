"""The label service: masks proposed from marks, and painted masks stored for retraining."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from edge_inspector.desk.archived import ArchivedParts
from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import Params
from edge_inspector.desk.label_folder import Drawn, IndexMask, LabelFolder, LabelRecord
from edge_inspector.desk.proposals import Marks, proposed
from edge_inspector.errors import LabelError, StateError
from edge_inspector.images import decode_bytes, encode_png, size_of
from edge_inspector.labels.record import Defect
from edge_inspector.records import Caller
from edge_inspector.service import utc_text
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.store import audit
from edge_inspector.wire.server import Handler, Reply

_UNSAFE = re.compile(r"[^A-Za-z0-9_\-]")
_NORMAL = "good"  # the layout's folder of parts without a defect
_PNG = b"\x89PNG\r\n\x1a\n"
_GREY_8 = b"\x08\x00"  # bit depth and colour type


class ViewOf(Settings):
    """Which picture."""

    part_id: Annotated[str, Field(min_length=1)]
    view: Annotated[int, Field(ge=0)] = 0

    @property
    def stem(self) -> str:
        """What its files are called, as in the archive."""
        stem = _UNSAFE.sub("_", self.part_id)
        return stem if self.view == 0 else f"{stem}.{self.view}"


class Painted(ViewOf):
    """``mask``: base64 of an 8-bit grey PNG of the image's size, 0 = normal, i = ``classes[i - 1]``."""

    classes: Annotated[tuple[Defect, ...], Field(max_length=255)]
    mask: str


class Nothing(Settings):
    """No parameter."""


class LabelService:
    """Answers ``labels.propose``, ``.put``, ``.get``, ``.list`` and ``.classes``, used by one thread; labels lie in ``root``."""

    def __init__(self, database: DeskDatabase, parts: ArchivedParts, root: Path) -> None:
        self._database = database
        self._parts = parts
        self._kept = LabelFolder(root)

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {
            "labels.propose": self.propose,
            "labels.get": self.get,
            "labels.list": self.list,
            "labels.classes": self.classes,
            "labels.put": self.put,
        }

    def propose(self, params: Params) -> Reply:
        """The mask that one mark means (see `Marks`): ``area``, ``box`` [x, y, w, h], and frame 0, an 8-bit grey PNG 0 / 255.

        Raises SettingsError, StateError (no such part or picture), LabelError (a mark outside the image), ImageError, StoreError.
        """
        asked = {name: value for name, value in params.items() if name in ViewOf.model_fields}
        picture = parse_model(ViewOf, asked, "labels.propose")
        marks = parse_model(Marks, {name: value for name, value in params.items() if name not in asked}, "labels.propose")
        scores = self._parts.view(picture.part_id, picture.view).map
        return proposed(self._picture(picture), scores, marks)

    def put(self, params: Params, caller: Caller) -> Params:
        """Store what was painted, in place of what was there; a mask of zeros says that nothing is wrong. Classes that mark nothing
        are left out.

        Raises SettingsError, StateError (no such part or picture), LabelError (mask or classes), ImageError, StoreError.
        """
        painted = parse_model(Painted, params, "labels.put")
        folder = self._folder()
        image = self._picture(painted)
        mask = _decoded(painted, size_of(image))
        drawn = _drawn(painted, mask, image.read_bytes(), caller.name)
        self._store(painted.stem, drawn)
        summary = {"view": painted.view, "classes": list(drawn.record.classes), "area": sum(drawn.record.areas)}
        return {"part_id": painted.part_id, **summary, "folder": str(folder.root)}

    def get(self, params: Params) -> Reply:
        """``classes``, ``author``, ``at_utc`` and frame 0, the mask as it was put.

        No frame where there are no classes: nothing is wrong here, says the author; without an author there is no label.
        """
        picture = parse_model(ViewOf, params, "labels.get")
        folder = self._folder()
        record = folder.get(picture.stem)
        if record is None:
            return Reply({"classes": []})
        masks = (encode_png(folder.mask(picture.stem, record)[:, :, None]),) if record.classes else ()
        return Reply({"classes": list(record.classes), "author": record.author, "at_utc": record.at_utc}, masks)

    def list(self, params: Params) -> Params:
        """``labels``, the newest last, and their ``folder``."""
        parse_model(Nothing, params, "labels.list")
        folder = self._folder()
        return {"labels": [_listed(record) for record in folder.all()], "folder": str(folder.root)}

    def classes(self, params: Params) -> Params:
        """``classes``: every defect class of a label, sorted."""
        parse_model(Nothing, params, "labels.classes")
        return {"classes": sorted({name for record in self._folder().all() for name in record.classes})}

    def _folder(self) -> LabelFolder:
        """What a crash, or a disk that was full, left unfinished is finished first."""
        self._kept.settle()
        return self._kept

    def _picture(self, picture: ViewOf) -> Path:
        """The archived image, or what a label keeps of one that has left the archive."""
        archived = self._parts.view(picture.part_id, picture.view).image
        if archived is not None:
            return archived
        record = self._folder().get(picture.stem)
        kept = self._folder().image(picture.stem, record) if record else None
        if kept is None:
            raise StateError(f"view {picture.view} of part {picture.part_id} is not archived: there is no picture to label")
        return kept

    def _store(self, stem: str, drawn: Drawn) -> None:
        """Label and audit entry, both or neither; the slow writing comes before the transaction, which the recorder would wait for."""
        record = drawn.record
        draft = self._kept.lay_ready(stem, drawn)
        detail = {"view": record.view, "classes": list(record.classes), "area": sum(record.areas), "sha256": record.sha256}
        try:
            with self._database.writing() as engine, audit.noting(engine, record.author, "label.put", record.part_id, detail):
                self._kept.validate(draft)
        except BaseException:
            self._kept.discard(draft)
            raise
        self._kept.settle()


def _listed(record: LabelRecord) -> Params:
    names = {"classes": list(record.classes), "author": record.author, "at_utc": record.at_utc, "area": sum(record.areas)}
    return {"part_id": record.part_id, "view": record.view, **names}


def _drawn(painted: Painted, mask: IndexMask, image: bytes, author: str) -> Drawn:
    areas = np.bincount(mask.ravel(), minlength=256)
    used = {name: index for index, name in enumerate(painted.classes, 1) if areas[index]}
    record = LabelRecord(
        part_id=painted.part_id,
        view=painted.view,
        classes=tuple(used),
        areas=tuple(int(areas[index]) for index in used.values()),
        author=author,
        at_utc=utc_text(datetime.now(timezone.utc)),
        sha256=hashlib.sha256(image).hexdigest(),
    )
    masks = {name: encode_png(((mask == index) * np.uint8(255))[:, :, None]) for name, index in used.items()}
    return Drawn(record, image, masks)


def _decoded(painted: Painted, size: tuple[int, int]) -> IndexMask:
    """The mask, (H, W) of ``size``, each value one of the classes. Raises LabelError, ImageError."""
    _check_classes(painted.classes)
    try:
        data = base64.b64decode(painted.mask, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LabelError(f"labels.put: mask: not base64: {error}") from None
    if not data.startswith(_PNG) or data[24:26] != _GREY_8:
        raise LabelError("labels.put: mask: not an 8-bit grey PNG")
    width, height = struct.unpack_from(">II", data, 16)
    if (height, width) != size:
        raise LabelError(f"labels.put: the mask has {width} x {height} pixels, its image {size[1]} x {size[0]}")
    mask: IndexMask = decode_bytes(data, "labels.put: mask")[:, :, 0]
    if mask.max() > len(painted.classes):
        raise LabelError(f"labels.put: the mask holds the value {mask.max()}; {len(painted.classes)} classes are named")
    return mask


def _check_classes(classes: Sequence[str]) -> None:
    twice = [name for name in classes if classes.count(name) > 1]
    if twice:
        raise LabelError(f"labels.put: class '{twice[0]}' is named twice")
    if _NORMAL in classes:
        raise LabelError(f"labels.put: '{_NORMAL}' is no defect class: it stands for parts without a defect; choose another name")
