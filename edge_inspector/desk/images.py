"""The image service: the archived pictures and anomaly maps of a part, as the files are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge_inspector.desk.archived import GONE, ArchivedParts, ViewFiles
from edge_inspector.desk.handlers import Params
from edge_inspector.settings import parse_model
from edge_inspector.settings.model import Settings
from edge_inspector.wire.server import Handler, Reply


class PartOf(Settings):
    """Which part, and which ``view`` of it alone; None asks for all."""

    part_id: Annotated[str, Field(min_length=1)]
    view: Annotated[int, Field(ge=0)] | None = None


class ImageService:
    """Answers ``images.get`` from the archive, used by one thread."""

    def __init__(self, parts: ArchivedParts) -> None:
        self._parts = parts

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {"images.get": self.get}

    def get(self, params: Params) -> Reply:
        """``views`` [{view, image, map}] with the index of each one's frame, null where there is none; frames are PNG files.

        With ``view`` that one alone, where it is there. Of a part that is not archived ``views`` is empty, and ``why`` says so.
        Raises SettingsError, StateError, StoreError.
        """
        asked = parse_model(PartOf, params, "images.get")
        part_id = asked.part_id
        archived, why = self._parts.views(part_id)
        found = [files for files in archived if asked.view in (None, files.view)]
        if archived and not found:
            why = f"of view {asked.view} nothing is archived; there is: {', '.join(str(files.view) for files in archived)}"
        blobs: list[bytes] = []
        views = [_view(files, blobs) for files in found]
        if found and not blobs:
            views, why = [], GONE
        return Reply({"part_id": part_id, "views": views, "why": why}, tuple(blobs))


def _view(files: ViewFiles, blobs: list[bytes]) -> Params:
    return {"view": files.view, "image": _add(files.image, blobs), "map": _add(files.map, blobs)}


def _add(path: Path | None, blobs: list[bytes]) -> int | None:
    """The index of the file's frame; None where it is not there, or was removed this very moment."""
    try:
        data = path.read_bytes() if path else None
    except OSError:
        return None
    if data is None:
        return None
    blobs.append(data)
    return len(blobs) - 1
