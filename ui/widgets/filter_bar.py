"""Which parts to list: time, outcome, person's verdict; and behind a button recipe, defect area and distance from the threshold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from PySide6.QtCore import QDateTime, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.model.part_facts import CONFIRM, ESCAPE, FALSE_REJECT, NONE
from ui.model.wanted import Span, Wanted, Which
from ui.theme import GAP
from ui.words import person_word

SETTLE_MS = 250  # so that turning a figure asks once
LARGEST_AREA = 100_000_000  # px


class FilterBar(QWidget):
    """``changed`` tells what is wanted now, once the hand rests."""

    changed = Signal(object)
    """``Wanted``."""
    refresh_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = Wanted()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._tell)
        self._make_first()
        self._make_second()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(self._first_row())
        layout.addWidget(self._second)
        self.start_as(Wanted())

    # ---- building

    def _make_first(self) -> None:
        self.span = self._combo(
            self.tr("Time"),
            (
                (self.tr("Last hour"), Span.HOUR),
                (self.tr("Shift (8 h)"), Span.SHIFT),
                (self.tr("Today"), Span.TODAY),
                (self.tr("7 days"), Span.WEEK),
                (self.tr("From – to"), Span.RANGE),
            ),
        )
        self.which = self._combo(
            self.tr("Parts"),
            (
                (self.tr("To be looked at"), Which.ATTENTION),
                (self.tr("Not accepted"), Which.NOT_ACCEPTED),
                (self.tr("Rejects"), Which.REJECTED),
                (self.tr("Reviews"), Which.REVIEW),
                (self.tr("Missed"), Which.MISSED),
                (self.tr("Accepted"), Which.ACCEPTED),
                (self.tr("All"), Which.ALL),
            ),
        )
        self.which.setToolTip(self.tr("To be looked at: rejects, reviews and missed parts, and accepted ones within 10 % of the threshold"))
        verdicts = [(person_word(verdict), verdict) for verdict in (NONE, CONFIRM, FALSE_REJECT, ESCAPE)]
        self.person = self._combo(self.tr("Person's verdict"), ((self.tr("Any"), ""), *verdicts))
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_more)
        self.fresh = QPushButton()
        self.fresh.setToolTip(self.tr("Show the parts that have come since (Ctrl+R)"))
        self.fresh.clicked.connect(self.refresh_wanted)
        self.refresh = QPushButton(self.tr("Refresh"))
        self.refresh.setToolTip(self.tr("Ask the history again (Ctrl+R)"))
        self.refresh.clicked.connect(self.refresh_wanted)
        self.show_new(0)

    def _make_second(self) -> None:
        now = datetime.now().astimezone()
        self.since = self._moment(self.tr("From"), now - timedelta(days=1))
        self.until = self._moment(self.tr("To"), now + timedelta(days=1))
        self.recipe = self._combo(self.tr("Recipe"), ((self.tr("Any"), ""),))
        self.area_min = self._area(self.tr("Smallest defect area"))
        self.area_max = self._area(self.tr("Largest defect area"))
        shares = [(self.tr("within {} %").format(percent), percent / 100) for percent in (5, 10, 20)]
        self.borderline = self._combo(self.tr("Distance from the threshold"), ((self.tr("Any"), None), *shares))
        self.reset = QPushButton(self.tr("Reset"))
        self.reset.setToolTip(self.tr("All filters as they were at the start"))
        self.reset.clicked.connect(self._reset)
        self._second = QWidget()
        times = _row((_label(self.tr("&From"), self.since), self.since, _label(self.tr("t&o"), self.until), self.until))
        times.addStretch()
        self._range = QWidget()
        self._range.setLayout(times)
        figures = _row(
            (
                _label(self.tr("Re&cipe"), self.recipe),
                self.recipe,
                _label(self.tr("Defect &area"), self.area_min),
                self.area_min,
                QLabel("–"),
                self.area_max,
                _label(self.tr("&Borderline"), self.borderline),
                self.borderline,
            )
        )
        figures.addStretch()
        figures.addWidget(self.reset)
        layout = QVBoxLayout(self._second)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(figures)
        layout.addWidget(self._range)
        self._second.hide()

    def _first_row(self) -> QHBoxLayout:
        row = _row(
            (
                _label(self.tr("&Time"), self.span),
                self.span,
                _label(self.tr("&Parts"), self.which),
                self.which,
                _label(self.tr("P&erson"), self.person),
                self.person,
                self.more,
            )
        )
        row.addStretch()
        row.addWidget(self.fresh)
        row.addWidget(self.refresh)
        return row

    def _combo(self, name: str, choices: Iterable[tuple[str, object]]) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for text, value in choices:
            combo.addItem(text, value)
        combo.currentIndexChanged.connect(self._touched)
        return combo

    def _area(self, name: str) -> QSpinBox:
        box = QSpinBox(maximum=LARGEST_AREA, suffix=self.tr(" px"))
        box.setSpecialValueText(self.tr("any"))
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setKeyboardTracking(False)
        box.setMaximumWidth(130)
        box.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        box.valueChanged.connect(self._touched)
        return box

    def _moment(self, name: str, moment: datetime) -> QDateTimeEdit:
        edit = QDateTimeEdit(QDateTime.fromSecsSinceEpoch(int(moment.replace(hour=0, minute=0, second=0).timestamp())))
        edit.setAccessibleName(name)
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        edit.setKeyboardTracking(False)
        edit.dateTimeChanged.connect(self._touched)
        return edit

    # ---- use

    def wanted(self) -> Wanted:
        """As the filters stand."""
        ranged = self.span.currentData() == Span.RANGE
        return Wanted(
            span=Span(self.span.currentData()),
            since=_aware(self.since) if ranged else None,
            until=_aware(self.until) if ranged else None,
            which=Which(self.which.currentData()),
            recipe=str(self.recipe.currentData() or ""),
            area_min=self.area_min.value() or None,
            area_max=self.area_max.value() or None,
            borderline=self.borderline.currentData(),
            person=str(self.person.currentData() or ""),
        )

    def show_new(self, count: int) -> None:
        """How many parts that fit have come since; the button is there while there are some."""
        self.fresh.setText(self.tr("{} new").format(count if count < 1000 else "999+"))
        self.fresh.setVisible(count > 0)

    def offer_recipes(self, names: Iterable[str]) -> None:
        """Recipes to choose from, beside those there are."""
        for name in sorted({name for name in names if name and self.recipe.findData(name) < 0}):
            self.recipe.addItem(name, name)

    def _show_more(self, shown: bool) -> None:
        self._second.setVisible(shown)

    def _touched(self) -> None:
        self._show_range()
        self._settle.start()

    def _show_range(self) -> None:
        ranged = self.span.currentData() == Span.RANGE
        self._range.setVisible(ranged)
        if ranged:
            self.more.setChecked(True)
        wanted = self.wanted()
        hidden = (wanted.recipe, wanted.area_min, wanted.area_max, wanted.borderline)
        active = sum(1 for value in hidden if value)
        self.more.setText(self.tr("More filters ({})").format(active) if active else self.tr("More filters"))

    def _tell(self) -> None:
        wanted = self.wanted()
        if wanted != self._told:
            self._told = wanted
            self.changed.emit(wanted)

    def _reset(self) -> None:
        self._choose(Wanted())
        for combo in (self.recipe, self.borderline):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(0)
        for box in (self.area_min, self.area_max):
            with QSignalBlocker(box):
                box.setValue(0)
        self._touched()

    def start_as(self, wanted: Wanted) -> None:
        """Time, parts and person's verdict, without a word."""
        self._choose(wanted)
        self._told = self.wanted()
        self._show_range()

    def _choose(self, wanted: Wanted) -> None:
        for combo, value in ((self.span, wanted.span), (self.which, wanted.which), (self.person, wanted.person)):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(max(0, combo.findData(value)))


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _row(widgets: Iterable[QWidget]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    row.setSizeConstraint(QLayout.SizeConstraint.SetDefaultConstraint)
    for widget in widgets:
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    return row


def _aware(edit: QDateTimeEdit) -> datetime:
    return datetime.fromtimestamp(edit.dateTime().toSecsSinceEpoch()).astimezone()
