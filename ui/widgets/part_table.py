"""Parts of the history as a table that grows as it is scrolled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from ui.model.live import Kind, kind_of
from ui.model.part_facts import NONE, clock, person_verdict
from ui.model.part_list import Part, PartList
from ui.theme import DARK, Theme
from ui.widgets.badge import badge_icon
from ui.widgets.row_table import RowTable
from ui.words import kind_word, person_word

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
KINDS = (Kind.ACCEPT, Kind.REJECT, Kind.REVIEW, Kind.MISSED)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PartTableModel(QAbstractTableModel):
    """Rows of a ``PartList``: the machine's verdict, time, score, the person's verdict."""

    more_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts = PartList()
        self._icons: dict[Kind, QIcon] = {}
        self._now = datetime.now(timezone.utc)
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Colours of the symbols."""
        self._icons = {kind: badge_icon(kind, theme) for kind in KINDS}
        self.layoutChanged.emit()

    def begin(self, parts: PartList) -> None:
        """Another list."""
        self.beginResetModel()
        self.parts = parts
        self._now = datetime.now(timezone.utc)
        self.endResetModel()

    def add(self, rows: list[Part]) -> None:
        """Below those there are."""
        if rows:
            first = len(self.parts.rows)
            self.beginInsertRows(ROOT, first, first + len(rows) - 1)
            self.parts.rows.extend(rows)
            self.endInsertRows()

    def replace(self, part: Part) -> None:
        """What has become of a row; nothing where it is not listed."""
        row = self.parts.index(part["part_id"])
        if row is not None:
            self.parts.rows[row] = part
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        """Those that have come."""
        return 0 if parent.isValid() else len(self.parts.rows)

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        """Four."""
        return 0 if parent.isValid() else 4

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802 - Qt's name
        """Whether older parts are left to ask for."""
        return not parent.isValid() and not self.parts.complete and not self.parts.waiting

    def fetchMore(self, parent: Index) -> None:  # noqa: N802 - Qt's name
        """The view has come to its end."""
        del parent
        self.more_wanted.emit()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401, N802 - Qt's name and type
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Machine"), self.tr("Time"), self.tr("Score"), self.tr("Person"))[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                self.tr("The machine's verdict"),
                self.tr("When the part was triggered, local time"),
                self.tr("Image score"),
                self.tr("The person's verdict"),
            )[section]
        return int(RIGHT if section == 2 else LEFT) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's type
        """A cell."""
        part = self.parts.rows[index.row()]
        answers: dict[int, Callable[[], Any]] = {
            Qt.ItemDataRole.DisplayRole: lambda: self._text(part, index.column()),
            Qt.ItemDataRole.DecorationRole: lambda: self._icons[kind_of(part)] if index.column() == 0 else None,
            Qt.ItemDataRole.TextAlignmentRole: lambda: int(RIGHT if index.column() == 2 else LEFT),
            Qt.ItemDataRole.AccessibleTextRole: lambda: self._text(part, index.column()),
        }
        answer = answers.get(role)
        return None if answer is None else answer()

    def _text(self, part: Part, column: int) -> str:
        if column == 0:
            return kind_word(kind_of(part))
        if column == 1:
            return clock(part["triggered_utc"], self._now)
        if column == 2:
            return "" if part["score"] is None else f"{part['score']:.3f}"
        said = person_verdict(part)
        return "" if said == NONE else person_word(said)


class PartTable(RowTable):
    """One row a part; the arrow keys go from part to part."""

    chosen = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.parts = PartTableModel()
        super().__init__(self.parts, parent)
        self.parts.setParent(self)
        self.setAccessibleName(self.tr("Parts"))
        self.setIconSize(QSize(26, 26))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(420)
        self.horizontalHeader().setResizeContentsPrecision(50)  # rows that are looked at for it: some more than a screen shows
        self.selectionModel().currentRowChanged.connect(self._current)

    def _current(self, now: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.parts.parts.rows[now.row()])

    def go(self, row: int | None) -> None:
        """Select a row and show it; None: none."""
        if row is None:
            self.selectionModel().clear()
        else:
            self.selectRow(row)
            self.scrollTo(self.parts.index(row, 0))
