"""The picture that rules are drawn on: which part's, the tools, and what becomes of its regions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.model.picture import View
from ui.model.regions import Fate, inspected, regions
from ui.model.shapes import Polygons, Sort
from ui.model.tune import Rules
from ui.widgets.picture import STEP
from ui.widgets.polygons import FATE_LOOKS, PolygonView

NEWEST, BELOW, ABOVE, CHOSEN = "newest", "below", "above", "chosen"
ROUGH = (128, 128)  # how finely polygons are looked at where there is no map


class TunePicture(QWidget):
    """Emits what the person draws and which part's picture is wanted; shows whatever rules it is given."""

    drawn = Signal(object, object)
    """ROI and don't-care polygons, in pixels of the camera image."""
    settled = Signal()
    wanted = Signal(str)
    """Where the picture is to come from: ``NEWEST``, ``BELOW`` or ``ABOVE`` the accept threshold, or ``CHOSEN``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views: tuple[View, ...] = ()
        self._rules: Rules | None = None
        self._caption = ""
        self.view = PolygonView(self.tr("Picture with ROI and don't-care polygons"), self)
        self.view.look("inferno", 0.35, None)
        self.view.setMinimumSize(320, 200)
        self.source, self.part, self.camera, self.sort = QComboBox(), QLineEdit(), QComboBox(), QComboBox()
        self.held = self._button(self.tr("&Hold"), self.tr("Keep this picture while parts arrive"))
        self.held.setCheckable(True)
        self.caption, self.legend = QLabel(), _Legend()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._source_row())
        layout.addLayout(self._tool_row())
        layout.addWidget(self.view, 1)
        self.caption.setWordWrap(True)
        self.caption.setProperty("role", "dim")
        layout.addWidget(self.caption)
        layout.addWidget(self.legend)
        self._connect()
        self._tell()

    # ---- layout

    def _source_row(self) -> QHBoxLayout:
        for key, word in (
            (NEWEST, self.tr("newest picture")),
            (BELOW, self.tr("part just below the accept threshold")),
            (ABOVE, self.tr("part just above the accept threshold")),
            (CHOSEN, self.tr("part by its number")),
        ):
            self.source.addItem(word, key)
        self.source.setAccessibleName(self.tr("Which part's picture"))
        self.source.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.source.setMinimumContentsLength(12)
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.part.setPlaceholderText(self.tr("part number, Enter"))
        self.part.setAccessibleName(self.tr("Part number"))
        self.part.hide()
        self.camera.setAccessibleName(self.tr("Camera"))
        self.camera.hide()
        fit = self._button(self.tr("F&it"), self.tr("Whole picture (0)"), self.view.fit)
        actual = self._button(self.tr("&1:1"), self.tr("Actual size (1)"), self.view.actual_size)
        farther = self._button("−", self.tr("Farther (- or wheel)"), lambda: self.view.zoom_in_place(1 / STEP))
        farther.setAccessibleName(self.tr("Farther"))
        nearer = self._button("+", self.tr("Nearer (+ or wheel)"), lambda: self.view.zoom_in_place(STEP))
        nearer.setAccessibleName(self.tr("Nearer"))
        return _row(self.source, self.part, self.camera, self.held, farther, nearer, fit, actual)

    def _tool_row(self) -> QHBoxLayout:
        self.sort.addItem(self.tr("ROI"), Sort.ROI)
        self.sort.addItem(self.tr("don't care"), Sort.DONT_CARE)
        self.sort.setAccessibleName(self.tr("What to draw"))
        self.sort.setToolTip(self.tr("ROI: only inside is inspected. Don't care: inside nothing counts."))
        tips = (
            self.tr("Click point by point; Enter or a click on the first point closes, Escape drops"),
            self.tr("A rectangle in the middle, to be pushed into place"),
            self.tr("A point behind the selected one (Insert)"),
            self.tr("The selected point or polygon (Delete)"),
        )
        self.draw_button = self._button(self.tr("&Draw"), tips[0], lambda: self.view.begin(self._chosen_sort()))
        self.rectangle_button = self._button(self.tr("Re&ctangle"), tips[1], lambda: self.view.add_rectangle(self._chosen_sort()))
        self.insert_button = self._button(self.tr("Add point"), tips[2], self.view.insert)
        self.delete_button = self._button(self.tr("Delete"), tips[3], self.view.delete)
        return _row(self.sort, self.draw_button, self.rectangle_button, self.insert_button, self.delete_button)

    def _button(self, text: str, tip: str, action: Callable[[], object] | None = None) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        if action is not None:
            button.clicked.connect(lambda _checked: action())
        return button

    def _connect(self) -> None:
        self.source.currentIndexChanged.connect(self._source_changed)
        self.part.returnPressed.connect(lambda: self.wanted.emit(CHOSEN))
        self.camera.currentIndexChanged.connect(self._show_view)
        self.view.edited.connect(self._edited)
        self.view.settled.connect(self.settled.emit)
        self.view.mode_changed.connect(self._tell)

    # ---- what comes

    @property
    def following(self) -> bool:
        """Whether the newest picture is to be shown now: not while somebody draws on this one."""
        editor = self.view.editor
        return self.source.currentData() == NEWEST and not self.held.isChecked() and editor.drawing is None and not editor.held

    def show_views(self, views: tuple[View, ...], caption: str) -> None:
        """Pictures of one part; none: ``caption`` says why."""
        self._views = views
        names = [view.camera for view in views]
        if names != [self.camera.itemText(i) for i in range(self.camera.count())]:
            self.camera.blockSignals(True)
            self.camera.clear()
            self.camera.addItems(names)
            self.camera.blockSignals(False)
            self.camera.setVisible(len(names) > 1)
        self._caption = caption
        self._show_view()

    def show_rules(self, rules: Rules) -> None:
        """The rules proposed."""
        self._rules = rules
        self.view.show_polygons(rules.roi, rules.dont_care)
        self._show_regions()

    def inspected_share(self, rules: Rules) -> float | None:
        """How much of the picture is inspected, 0..1; None without a picture."""
        view = self._view
        if view is None:
            return None
        size = ROUGH if view.anomaly_map is None else (view.anomaly_map.shape[0], view.anomaly_map.shape[1])
        return float(inspected(rules.roi, rules.dont_care, (view.width, view.height), size).mean())

    @property
    def _view(self) -> View | None:
        return self._views[max(0, self.camera.currentIndex())] if self._views else None

    def _show_view(self) -> None:
        self.view.show_view(self._view)
        self._show_regions()
        self._tell()

    def _show_regions(self) -> None:
        view, rules = self._view, self._rules
        found = []
        if view is not None and rules is not None and view.anomaly_map is not None:
            found = regions(view.anomaly_map, rules, (view.width, view.height))
        self.view.show_regions(found)
        self.legend.show_counts({fate: sum(region.fate is fate for region in found) for fate in Fate})

    # ---- what the person does

    def _chosen_sort(self) -> Sort:
        return Sort(self.sort.currentData())

    def _source_changed(self) -> None:
        source = self.source.currentData()
        self.part.setVisible(source == CHOSEN)
        self.held.setEnabled(source == NEWEST)
        if source == CHOSEN:
            self.part.setFocus()
        else:
            self.wanted.emit(source)

    def _edited(self) -> None:
        roi: Polygons = self.view.editor.polygons(Sort.ROI)
        self.drawn.emit(roi, self.view.editor.polygons(Sort.DONT_CARE))

    def _tell(self) -> None:
        """What the tools can do now, and what the person can."""
        editor, there = self.view.editor, self._view is not None
        self.draw_button.setEnabled(there)
        self.rectangle_button.setEnabled(there)
        self.insert_button.setEnabled(editor.selected is not None)
        self.delete_button.setEnabled(editor.selected is not None)
        if editor.drawing is not None:
            self.caption.setText(self.tr("Click points. Enter closes the polygon, Escape drops it."))
        elif editor.selected is not None:
            self.caption.setText(self.tr("Drag or push with the arrow keys (Shift: 10 px). Page Down: next point."))
        else:
            self.caption.setText(self._caption)


class _Legend(QWidget):
    """The three fates of regions, each in its line, with how many there are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = {
            Fate.REJECTS: self.tr("rejects: {count}"),
            Fate.COUNTS: self.tr("counts: {count}"),
            Fate.IGNORED: self.tr("too small: {count}"),
        }
        self.labels = {fate: QLabel() for fate in self._words}
        lines = []
        for fate, label in self.labels.items():
            line = QLabel()
            line.setPixmap(_line(*FATE_LOOKS[fate]))
            lines += [line, label]
        row = _row(*lines)
        row.addStretch(1)
        self.setLayout(row)
        self.show_counts({})

    def show_counts(self, counts: dict[Fate, int]) -> None:
        """Regions by fate."""
        for fate, label in self.labels.items():
            label.setText(self._words[fate].format(count=counts.get(fate, 0)))


def _line(colour: str, width: float, style: Qt.PenStyle) -> QPixmap:
    pixmap = QPixmap(32, 16)
    pixmap.fill(QColor("#303030"))
    painter = QPainter(pixmap)
    painter.setPen(QPen(QColor(colour), width, style))
    painter.drawLine(3, 8, 29, 8)
    painter.end()
    return pixmap


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    return row
