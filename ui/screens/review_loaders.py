"""What the review screen asks of the desk: pages of the list, and the pictures of the part that is looked at."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timezone
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from ui.bridge import Bridge
from ui.model.archived import Archived, read
from ui.model.part_list import PartList
from ui.model.wanted import Wanted
from ui.widgets.part_table import PartTableModel

QUERY_S = 10.0  # a filter by area may read a week of regions
PICTURES_S = 10.0  # several cameras of 12 megapixels
KEPT_BYTES = 64 * 1024 * 1024  # files of parts looked at, so that going back shows them at once


class ListLoader(QObject):
    """Fills a table's model with the parts that are wanted. The list there is stays until the new one's first page is there."""

    begun = Signal()
    """Another list is in the table, its first page at least."""
    loaded = Signal()
    """A page is in the table, the first one or a further one."""
    failed = Signal(str, str)
    """Code and message."""

    def __init__(self, bridge: Bridge, model: PartTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._model = model
        self._parts = PartList()
        model.more_wanted.connect(self.more)

    def begin(self, wanted: Wanted) -> None:
        """From the newest part on."""
        self._parts = PartList(wanted.questions(datetime.now(timezone.utc)))
        self._ask()

    @property
    def beginning(self) -> bool:
        """Whether a list is under way of which nothing is in the table."""
        return self._parts is not self._model.parts

    def more(self) -> None:
        """Older parts; nothing where a new list is under way or all are there."""
        if not self.beginning:
            self._ask()

    def _ask(self) -> None:
        parts = self._parts
        for number, params in parts.ask():
            done, failed = partial(self._take, parts, number), partial(self._fail, parts, number)
            self._bridge.ask_desk(self, "history.query", params, done, failed, QUERY_S)

    def _take(self, parts: PartList, number: int, reply: dict[str, Any], _blobs: list[bytes]) -> None:
        if parts is not self._parts:
            return
        rows = parts.take(number, reply)
        if parts.waiting:
            return
        first = self.beginning
        if first:
            self._model.begin(parts)
        self._model.add(rows)
        if first:
            self.begun.emit()
        self.loaded.emit()

    def _fail(self, parts: PartList, number: int, code: str, message: str) -> None:
        parts.failed(number)
        if parts is self._parts and not parts.waiting:
            self.failed.emit(code, message)


class PictureLoader(QObject):
    """Asks for the pictures of one part at a time; whoever pages fast gets those of the last part only."""

    came = Signal(object)
    """``Archived``."""
    failed = Signal(str, str, str)
    """part_id, code and message."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._wanted = ""
        self._busy = False
        self._kept: OrderedDict[str, Archived] = OrderedDict()

    def want(self, part_id: str) -> None:
        """``came`` or ``failed`` tells of it, unless another part is wanted by then. Empty: none is."""
        self._wanted = part_id
        if part_id in self._kept:
            self._kept.move_to_end(part_id)
            self.came.emit(self._kept[part_id])
        elif part_id and not self._busy:
            self._busy = True
            done, failed = partial(self._take, part_id), partial(self._fail, part_id)
            self._bridge.ask_desk(self, "images.get", {"part_id": part_id}, done, failed, PICTURES_S)

    def _take(self, part_id: str, reply: dict[str, Any], blobs: list[bytes]) -> None:
        self._busy = False
        archived = read(reply, blobs)
        if archived.files:  # what is not archived now may be in a moment
            self._keep(part_id, archived)
        if part_id == self._wanted:
            self.came.emit(archived)
        else:
            self.want(self._wanted)

    def _fail(self, part_id: str, code: str, message: str) -> None:
        self._busy = False
        if part_id == self._wanted:
            self.failed.emit(part_id, code, message)
        else:
            self.want(self._wanted)

    def _keep(self, part_id: str, archived: Archived) -> None:
        self._kept[part_id] = archived
        while len(self._kept) > 1 and sum(_size(kept) for kept in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)


def _size(archived: Archived) -> int:
    return sum(len(files.image) + len(files.anomaly_map) for files in archived.files)
