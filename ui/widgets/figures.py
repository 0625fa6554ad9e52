"""Every figure of a part, name beside value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from ui.model.part_facts import largest_area, margin, moment_text
from ui.theme import GAP

Part = Mapping[str, Any]
VALUE = 130  # px; a value that has less is broken too often


class Figures(QScrollArea):
    """Names at the left of values, in two columns; values can be marked and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Figures of the part"))
        self._names: list[QLabel] = []
        self._values: list[QLabel] = []
        page = QWidget()
        self._grid = QGridLayout(page)
        self._grid.setContentsMargins(GAP, GAP, GAP, GAP)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.setWidget(page)
        self._lines: list[tuple[str, str]] = []
        self._columns = 2

    def show_part(self, part: Part | None, reject_threshold: float | None) -> None:
        """``reject_threshold``: that of the part's recipe, None where it is not known."""
        self._lines = [] if part is None else [line for line in self._all(part, reject_threshold) if line[1]]
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """One column where two would be too narrow."""
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._fill()

    def _fitting(self) -> int:
        widest = max((self.fontMetrics().horizontalAdvance(name) for name, _ in self._lines), default=0)
        return 2 if self.viewport().width() >= 2 * (widest + VALUE + 3 * GAP) else 1

    def _fill(self) -> None:
        self._columns = self._fitting()
        self._make_room(len(self._lines))
        self._grid.setColumnStretch(3, self._columns - 1)
        rows = -(-len(self._lines) // self._columns)
        for number, (name, value) in enumerate(self._lines):
            row, column = (number % rows, number // rows)
            self._grid.addWidget(self._names[number], row, 2 * column, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(self._values[number], row, 2 * column + 1, Qt.AlignmentFlag.AlignTop)
            self._names[number].setText(name)
            self._values[number].setText(value)
            self._values[number].setAccessibleName(name)
        self._grid.setRowStretch(rows, 1)

    def _make_room(self, count: int) -> None:
        while len(self._names) < count:
            name, value = QLabel(self.widget()), QLabel(self.widget())
            name.setProperty("role", "dim")
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._names.append(name)
            self._values.append(value)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        for number, labels in enumerate(zip(self._names, self._values, strict=True)):
            for label in labels:
                label.setVisible(number < count)

    def _all(self, part: Part, reject_threshold: float | None) -> list[tuple[str, str]]:
        return [*self._decision(part, reject_threshold), *self._identity(part), *self._times(part)]

    def _decision(self, part: Part, reject_threshold: float | None) -> list[tuple[str, str]]:
        off = margin(part)
        regions = part.get("regions") or ()
        return [
            (self.tr("Detail"), str(part.get("detail") or "")),
            (self.tr("Score"), _figure(part.get("score"), "{:.4f}")),
            (self.tr("Threshold"), _figure(part.get("threshold"), "{:.4f}")),
            (self.tr("Reject threshold"), _figure(reject_threshold, "{:.4f}")),
            (self.tr("Off threshold"), _figure(None if off is None else off * 100.0, "{:+.1f} %")),
            (
                self.tr("Regions"),
                self.tr("{count}, largest {area:.0f} px").format(count=len(regions), area=largest_area(part)) if regions else "0",
            ),
        ]

    def _identity(self, part: Part) -> list[tuple[str, str]]:
        return [
            (self.tr("Serial"), str(part.get("serial") or "")),
            (self.tr("Lot"), str(part.get("lot") or "")),
            (self.tr("Recipe"), str(part.get("recipe") or "")),
            (self.tr("Bundle"), _short(str(part.get("model") or ""))),
            (self.tr("Camera"), str(part.get("camera") or "")),
            (self.tr("Part"), _short(str(part["part_id"]))),
            (self.tr("Trigger"), str(part.get("trigger_count", ""))),
        ]

    def _times(self, part: Part) -> list[tuple[str, str]]:
        acked = part.get("acked")
        answers = {True: self.tr("yes"), False: self.tr("no")}
        return [
            (self.tr("Triggered"), moment_text(part.get("triggered_utc"))),
            (self.tr("Gate moved"), moment_text(part.get("fired_utc"))),
            (self.tr("Acknowledged"), "" if acked is None else answers[bool(acked)]),
            (self.tr("Late"), answers[True] if part.get("late") else ""),
            (self.tr("Latency"), _figure(part.get("latency_ms"), "{:.1f} ms")),
            (self.tr("Engine"), _figure(part.get("engine_ms"), "{:.1f} ms")),
            (self.tr("Overhead"), _figure(part.get("overhead_ms"), "{:.1f} ms")),
            (self.tr("Deadline left"), _figure(part.get("deadline_ms"), "{:.1f} ms")),
        ]


def _figure(value: object, pattern: str) -> str:
    return pattern.format(float(value)) if isinstance(value, int | float) else ""


def _short(name: str) -> str:
    """Breaks of long names where Qt finds none by itself."""
    return name.replace("-", "-\u200b").replace("_", "_\u200b")
