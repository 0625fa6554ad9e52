"""A part's files in the archive, found through the result log alone: nobody names a path to the desk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.errors import StateError, StoreError
from edge_inspector.store.queries import part

_NAME = re.compile(r"[^.]+(?:\.(?P<view>\d+))?(?P<map>\.map)?\.png")
NOT_KEPT = (
    "not archived: every part that was not accepted is kept, and a sample of the others (archive.rejects, archive.accepts_every), "
    "the oldest until the archive is full; files come a moment after the verdict"
)
GONE = "its files are no longer in the archive"


@dataclass(frozen=True, slots=True)
class ViewFiles:
    """What is kept of one view: the image as captured, and its map as a 16-bit grey PNG; None what is not there."""

    view: int
    image: Path | None = None
    map: Path | None = None


class ArchivedParts:
    """The archive below ``root``, by the result log's word."""

    def __init__(self, database: DeskDatabase, root: Path) -> None:
        self._database = database
        self._root = root.resolve()

    def part(self, part_id: str) -> dict[str, Any]:
        """The row of a part. Raises StateError where it is not on record, StoreError."""
        with self._database.reading() as engine:
            found = part(engine, part_id)
        if found is None:
            raise StateError(f"no part '{part_id}' is on record; a part is recorded a moment after its verdict has left")
        return found

    def views(self, part_id: str) -> tuple[list[ViewFiles], str]:
        """The views of which something is there, in order, and why there is none. Raises as `part`; StoreError for a path outside."""
        listed: Sequence[str] = self.part(part_id)["archive"]
        files = [path for path in map(self._inside, listed) if path.is_file()]
        return _by_view(files), "" if files else GONE if listed else NOT_KEPT

    def view(self, part_id: str, view: int) -> ViewFiles:
        """The files of one view, none where there are none. Raises as `views`."""
        found, _ = self.views(part_id)
        return next((files for files in found if files.view == view), ViewFiles(view))

    def _inside(self, relative: str) -> Path:
        path = (self._root / relative).resolve()
        if not path.is_relative_to(self._root):
            raise StoreError(f"archived file {relative!r} lies outside the archive folder {self._root}; the result log was tampered with")
        return path


def _by_view(files: Iterable[Path]) -> list[ViewFiles]:
    views: dict[int, ViewFiles] = {}
    for path in files:
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        view = int(name["view"] or 0)
        known = views.get(view, ViewFiles(view))
        views[view] = replace(known, map=path) if name["map"] else replace(known, image=path)
    return [views[view] for view in sorted(views)]
