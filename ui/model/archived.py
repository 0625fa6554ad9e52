"""The archived pictures of a part: files as they came, decoded when they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ui.model.picture import COLOUR_MAPS, Map, Pixels, decode_image, decode_map


@dataclass(frozen=True, slots=True)
class Files:
    """PNG files of one camera; empty where there is none."""

    view: int
    image: bytes
    anomaly_map: bytes


@dataclass(frozen=True, slots=True)
class Archived:
    """What ``images.get`` answered. ``why`` says why there is nothing."""

    part_id: str
    files: tuple[Files, ...] = ()
    why: str = ""

    def of(self, view: int) -> Files | None:
        """The files of one camera; None where it has none."""
        return next((files for files in self.files if files.view == view), None)


def read(reply: Mapping[str, Any], blobs: Sequence[bytes]) -> Archived:
    """The answer of ``images.get``; a view without an image is left out."""

    def blob(index: int | None) -> bytes:
        return blobs[index] if index is not None and 0 <= index < len(blobs) else b""

    found = (Files(int(told["view"]), blob(told.get("image")), blob(told.get("map"))) for told in reply.get("views", ()))
    return Archived(str(reply["part_id"]), tuple(files for files in found if files.image), str(reply.get("why") or ""))


@dataclass(frozen=True, slots=True)
class Decoded:
    """One camera's pictures; ``image`` is None where its file is no picture, the others where there is no map."""

    image: Pixels | None
    anomaly_map: Map | None
    painted: Pixels | None


def decoded(files: Files) -> Decoded:
    """The files' pixels. Takes half a second for 12 megapixels."""
    anomaly_map = decode_map(files.anomaly_map)
    return Decoded(decode_image(files.image), anomaly_map, None if anomaly_map is None else painted(anomaly_map))


def painted(anomaly_map: Map, name: str = "inferno") -> Pixels:
    """The map in full colours, (h, w, 3) BGR; what is no number is as bright as 1."""
    grey = np.rint(np.clip(np.nan_to_num(anomaly_map, nan=1.0), 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(grey, COLOUR_MAPS[name]), np.uint8)
