"""One part: the machine's verdict, the person's beside it, pictures, figures, regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from ui.model.live import kind_of
from ui.model.part_facts import clock, largest_area, local_time
from ui.model.part_list import Part
from ui.theme import GAP, Theme
from ui.widgets.badge import Badge
from ui.widgets.figures import Figures
from ui.widgets.judge_panel import JudgePanel
from ui.widgets.picture_trio import PictureTrio, Work
from ui.widgets.region_table import RegionTable
from ui.words import person_word, reason_word


class PartDetails(QWidget):
    """Shows a part; ``state`` of the line gives the thresholds that a record does not hold, where they are of the part's recipe."""

    step_wanted = Signal(int)
    """1: the next part, -1: the one before."""
    label_wanted = Signal(str, int)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._part: Part | None = None
        self._state: Mapping[str, Any] = {}
        self.badge = Badge()
        self.reason, self.person = QLabel(), QLabel()
        self.trio, self.judge, self.figures, self.regions = PictureTrio(work), JudgePanel(), Figures(), RegionTable()
        self.no_regions = QLabel(self.tr("No regions on record."))
        self.no_regions.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.no_regions.setProperty("role", "dim")
        self.paint = QPushButton(self.tr("Paint defects"))
        self.paint.setToolTip(self.tr("Label this picture for retraining (P)"))
        self.paint.clicked.connect(self.paint_defects)
        self.judge.row.addWidget(self.paint)
        self.regions.chosen.connect(self._point_at)
        self._lay_out()
        self.show_part(None)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(self._head())
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.trio, 1)
        column.addWidget(self.judge)
        split.addWidget(above)
        split.addWidget(self._below())
        split.setSizes([420, 230])
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        layout.addWidget(split, 1)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.badge)
        for label in (self.reason, self.person):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            row.addWidget(label, 1)
        self._add_steps()
        return row

    def _add_steps(self) -> None:
        for text, tip, step in (
            (self.tr("Previous"), self.tr("The part above (K)"), -1),
            (self.tr("Next"), self.tr("The part below (J)"), 1),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, step=step: self.step_wanted.emit(step))
            self.trio.tools.addWidget(button)

    def _below(self) -> QWidget:
        page = QSplitter()
        page.setChildrenCollapsible(False)
        page.addWidget(self.figures)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.regions)
        column.addWidget(self.no_regions, 1)
        page.addWidget(side)
        page.setStretchFactor(0, 3)
        page.setStretchFactor(1, 2)
        page.setSizes([520, 340])
        return page

    # ---- what is shown

    @property
    def part(self) -> Part | None:
        """The one that is shown."""
        return self._part

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.badge.set_theme(theme)

    def set_state(self, state: Mapping[str, Any]) -> None:
        """What the line says of itself."""
        before, self._state = self._thresholds(), state
        if self._part is not None and self._thresholds() != before:
            self._show_thresholds()

    def show_part(self, part: Part | None) -> None:
        """Everything but the pictures."""
        same = part is not None and self._part is not None and part["part_id"] == self._part["part_id"]
        self._part = part
        self.badge.show_kind(None if part is None else kind_of(part))
        self.reason.setText("" if part is None else self._why(part))
        self.person.setText("" if part is None else self._said(part))
        self.judge.show_part(part)
        self.paint.setEnabled(False if not same else self.paint.isEnabled())
        self._show_thresholds()
        regions = () if part is None else tuple(part["regions"])
        if not same or regions != self.regions.regions.regions:
            self.regions.show_regions(regions)
        self.regions.setVisible(bool(regions))
        self.no_regions.setVisible(part is not None and not regions)

    def _why(self, part: Part) -> str:
        score, threshold = part.get("score"), part.get("threshold")
        if score is None or threshold is None:
            return reason_word(str(part["reason"]))
        return self.tr("{reason} · score {score:.3f}, threshold {threshold:.3f}").format(
            reason=reason_word(str(part["reason"])), score=score, threshold=threshold
        )

    def _said(self, part: Part) -> str:
        person = part.get("person")
        if not person:
            return self.tr("Person: not judged yet")
        now = local_time(person["at_utc"])
        said = self.tr("Person: {verdict} · {who}, {when}").format(
            verdict=person_word(person["verdict"]), who=person["by"], when="" if now is None else clock(person["at_utc"], now)
        )
        return f"{said}\n{person['note']}" if person.get("note") else said

    def _thresholds(self) -> Mapping[str, Any]:
        part = self._part or {}
        return (self._state.get("thresholds") or {}) if part.get("recipe") == self._state.get("recipe") else {}

    def _show_thresholds(self) -> None:
        told = self._thresholds()
        self.trio.outline(told.get("region_threshold"))
        self.figures.show_part(self._part, told.get("reject_threshold"))

    def largest_view(self) -> int:
        """The camera that saw the largest region, to be shown first."""
        regions = (self._part or {}).get("regions") or ()
        found = next((region["view"] for region in regions if float(region["area"]) == largest_area(self._part or {})), 0)
        return int(found)

    def _point_at(self, region: dict[str, Any]) -> None:
        if region["view"] != self.trio.view:
            self.trio.show_camera(int(region["view"]))
        self.trio.point_at((region["x"], region["y"], region["w"], region["h"]))

    def paint_defects(self) -> None:
        """Ask for the label screen, for the picture that is shown; nothing where there is none."""
        if self._part is not None and self.paint.isEnabled():
            self.label_wanted.emit(str(self._part["part_id"]), self.trio.view)
