"""What the tune screen asks of the archive: one part's pictures, decoded beside Qt's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from ui.bridge import Bridge
from ui.model.archived import Archived, read
from ui.model.picture import View, decode_image, decode_map

PICTURES_S = 10.0  # several cameras of 12 megapixels


class PartPictures(QObject):
    """Used on Qt's thread. Only what was asked for last is told of."""

    came = Signal(object, object)
    """``Archived``, and a tuple of ``View``: files that are no pictures are left out."""
    failed = Signal(str)
    """Why not."""

    def __init__(self, bridge: Bridge, pattern: str, parent: QObject | None = None) -> None:
        """``pattern`` makes a camera's name of its ``{number}``, from 1."""
        super().__init__(parent)
        self._pattern = pattern
        self._bridge = bridge
        self._turn = 0

    def want(self, part_id: str) -> None:
        """``came`` or ``failed`` tells of it."""
        self.drop()
        turn = self._turn

        def answered(reply: Mapping[str, Any], blobs: Sequence[bytes]) -> None:
            if turn == self._turn:
                archived = read(reply, blobs)
                self._bridge.work(self, lambda: shown(archived, self._pattern), lambda found: self._told(turn, archived, found))

        def refused(_code: str, message: str) -> None:
            if turn == self._turn:
                self.failed.emit(message)

        self._bridge.ask_desk(self, "images.get", {"part_id": part_id}, answered, refused, PICTURES_S)

    def drop(self) -> None:
        """Whatever is on its way is not wanted any more."""
        self._turn += 1

    def _told(self, turn: int, archived: Archived, found: tuple[View, ...]) -> None:
        if turn == self._turn:
            self.came.emit(archived, found)


def shown(archived: Archived, pattern: str) -> tuple[View, ...]:
    """The files' pixels, each camera named after ``pattern``. Takes half a second for 12 megapixels."""
    found = ((files, decode_image(files.image)) for files in archived.files)
    return tuple(
        View(files.view, pattern.format(number=files.view + 1), image.shape[1], image.shape[0], image, decode_map(files.anomaly_map))
        for files, image in found
        if image is not None
    )
