"""Lists beside the canvas: the parts that wait for a label, and the labels already made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.theme import GAP, TOUCH

Index = QModelIndex | QPersistentModelIndex
NONE = QModelIndex()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: which picture, and what is said of it."""

    part_id: str
    view: int
    text: str


class EntryModel(QAbstractListModel):
    """Entries; ``more`` is asked for when the reader comes to the end."""

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.more = False

    def show_entries(self, entries: Sequence[Entry], more: bool) -> None:
        """All of them anew; ``more``: whether there are others to ask for."""
        self.more = more
        if list(entries) != self.entries:
            self.beginResetModel()
            self.entries = list(entries)
            self.endResetModel()

    def rowCount(self, parent: Index = NONE) -> int:  # noqa: N802 - Qt's name
        """How many."""
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Its text; everything as the tool tip; a height to touch."""
        if not index.isValid():
            return None
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{entry.part_id}\n{entry.text}"
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, TOUCH + 8)
        return entry.text if role == Qt.ItemDataRole.DisplayRole else None

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802 - Qt's name
        """Whether there are others."""
        return not parent.isValid() and self.more

    def fetchMore(self, parent: Index) -> None:  # noqa: N802 - Qt's name
        """Ask once."""
        del parent
        self.more = False
        self.more_wanted.emit()


class EntryList(QWidget):
    """A list, or what is to be said where it is empty."""

    chosen = Signal(str, int)
    """part_id and view that somebody wants to see."""
    further_wanted = Signal()

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = EntryModel(self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setAccessibleName(name)
        self.view.setSpacing(1)
        self.view.setUniformItemSizes(True)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.clicked.connect(self._choose)
        self.view.activated.connect(self._choose)
        self.nothing = QLabel(empty)
        self.nothing.setWordWrap(True)
        self.nothing.setProperty("role", "dim")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.nothing.setMargin(12)
        self._empty = empty
        self.further = QPushButton(self.tr("Look further"))
        self.further.clicked.connect(lambda _checked: self.further_wanted.emit())
        self.further.hide()
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nothing)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._stack, 1)
        column.addWidget(self.further)

    def show_entries(self, entries: Sequence[Entry], more: bool = False) -> None:
        """All of them anew."""
        self.model.show_entries(entries, more)
        self._stack.setCurrentWidget(self.view if entries else self.nothing)

    def offer(self, why: str) -> None:
        """Let somebody ask for more; ``why`` nothing else came by itself. Empty: there is nothing to ask for."""
        self.further.setVisible(bool(why))
        self.further.setToolTip(self.tr("Look at older parts"))
        self.nothing.setText(why or self._empty)

    def mark(self, part_id: str, view: int) -> None:
        """Show which one is open."""
        rows = [row for row, entry in enumerate(self.model.entries) if (entry.part_id, entry.view) == (part_id, view)]
        if rows:
            self.view.setCurrentIndex(self.model.index(rows[0]))
        else:
            self.view.clearSelection()
            self.view.setCurrentIndex(NONE)

    def _choose(self, index: QModelIndex) -> None:
        entry = self.model.entries[index.row()]
        self.chosen.emit(entry.part_id, entry.view)


class ListSwitch(QWidget):
    """Several lists in one place, one shown: buttons large enough to touch choose it."""

    def __init__(self, lists: Sequence[tuple[str, EntryList]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: list[QPushButton] = []
        self._group = QButtonGroup(self)
        self._pages = QStackedWidget()
        row = QHBoxLayout()
        row.setSpacing(GAP)
        for number, (text, page) in enumerate(lists):
            button = QPushButton(text)
            button.setCheckable(True)
            self._group.addButton(button, number)
            self._pages.addWidget(page)
            self.buttons.append(button)
            row.addWidget(button, 1)
        self.buttons[0].setChecked(True)
        self._group.idClicked.connect(self._pages.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(row)
        column.addWidget(self._pages, 1)
