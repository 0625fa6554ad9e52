"""The regions of a part; one that is selected is pointed at in the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from ui.widgets.row_table import RowTable

Index = QModelIndex | QPersistentModelIndex
Region = dict[str, Any]
ROOT = QModelIndex()
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RegionTableModel(QAbstractTableModel):
    """Number, camera, area, peak and box of each region, as the line recorded them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.regions: tuple[Region, ...] = ()

    def begin(self, regions: Sequence[Region]) -> None:
        """Those of another part."""
        self.beginResetModel()
        self.regions = tuple(regions)
        self.endResetModel()

    @property
    def cameras(self) -> int:
        """How many cameras saw one."""
        return len({region["view"] for region in self.regions})

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        """One a region."""
        return 0 if parent.isValid() else len(self.regions)

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802 - Qt's name
        """Five."""
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401, N802 - Qt's name and type
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                self.tr("Region, in the order of the verdict"),
                self.tr("Camera that saw it"),
                self.tr("Area in pixels"),
                self.tr("Largest value of the anomaly map"),
                self.tr("Left, top, width and height in pixels"),
            )[section]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return ("#", self.tr("Camera"), self.tr("Area"), self.tr("Peak"), self.tr("Box"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's type
        """A cell."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(RIGHT)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        region = self.regions[index.row()]
        peak = "–" if region["peak"] is None else f"{region['peak']:.3f}"
        box = f"{region['x']:.0f}, {region['y']:.0f}, {region['w']:.0f}×{region['h']:.0f}"
        return (str(index.row() + 1), str(region["view"] + 1), f"{region['area']:.0f}", peak, box)[index.column()]


class RegionTable(RowTable):
    """One row a region."""

    chosen = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.regions = RegionTableModel()
        super().__init__(self.regions, parent)
        self.regions.setParent(self)
        self.setAccessibleName(self.tr("Regions"))
        self.setMinimumWidth(330)
        self.selectionModel().currentRowChanged.connect(self._current)
        self.clicked.connect(self._current)

    def show_regions(self, regions: Sequence[Region]) -> None:
        """Those of another part; the camera is named where there are several."""
        self.regions.begin(regions)
        self.setColumnHidden(1, self.regions.cameras < 2)

    def _current(self, now: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.regions.regions[now.row()])
