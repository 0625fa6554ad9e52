"""Scores on record, the thresholds over them, and what these would have done."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.model.effects import Effect, Scores, bars, effect, scores_from
from ui.model.tune import UNSCORED_KEYS, Rules, changes
from ui.theme import GAP, Theme
from ui.widgets.changes import rule_name, wrapped
from ui.widgets.effects import EffectTable
from ui.widgets.histogram import ScoreHistogram, dotted, looks, swatch
from ui.widgets.rule_fields import ThresholdFields

PARTS = (200, 500, 1000, 2000, 5000, 10_000, 20_000)
USUAL_PARTS = 2000


class ScorePanel(QWidget):
    """``edited``: a key of the rules and its new value; ``settled``: a drag has ended; ``wanted``: the scores of so many parts."""

    edited = Signal(str, object)
    settled = Signal()
    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores: Scores = scores_from(())
        self.join = "worst"
        """How views make a part's verdict, as the recipe says."""
        self._top = 0.0
        self.histogram, self.thresholds, self.table = ScoreHistogram(), ThresholdFields(), EffectTable()
        self.last, self.logarithmic = QComboBox(), QCheckBox(self.tr("L&ogarithmic"))
        self.reload = QPushButton(self.tr("R&eload"))
        self.legend = {name: (QLabel(), QLabel()) for name in ("good", "bad", "unknown", "forced")}
        self.notes, self.message = wrapped("", "dim"), wrapped("", "error")
        self.message.hide()
        self._build()
        self.thresholds.edited.connect(self.edited.emit)
        self.histogram.dragged.connect(self.edited.emit)
        self.histogram.released.connect(self.settled.emit)
        self.logarithmic.toggled.connect(self.histogram.show_logarithmic)
        self.last.currentIndexChanged.connect(lambda _index: self.wanted.emit())
        self.reload.clicked.connect(lambda _checked: self.wanted.emit())

    def _build(self) -> None:
        for count in PARTS:
            self.last.addItem(self.tr("last {count} parts").format(count=count), count)
        self.last.setCurrentIndex(PARTS.index(USUAL_PARTS))
        self.last.setAccessibleName(self.tr("How many parts"))
        self.logarithmic.setToolTip(self.tr("Count axis in logarithms, so that few parts are seen beside many"))
        self.reload.setToolTip(self.tr("Fetch the scores anew"))
        self.legend["forced"][1].setText(self.tr("in force"))
        top, legend = QHBoxLayout(), QHBoxLayout()
        for widget in (self.last, self.logarithmic):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.reload)
        for picture, label in self.legend.values():
            legend.addWidget(picture)
            legend.addWidget(label)
            legend.addSpacing(GAP // 2)
        legend.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.message)
        column.addWidget(self.histogram, 1)
        column.addLayout(legend)
        for part in (self.thresholds, self.table, self.notes):
            column.addWidget(part)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.histogram.set_theme(theme)
        for name, look in looks(theme).items():
            self.legend[name][0].setPixmap(swatch(look))
        self.legend["forced"][0].setPixmap(dotted(theme))

    @property
    def count(self) -> int:
        """How many parts are wanted."""
        return int(self.last.currentData())

    def say(self, text: str) -> None:
        """What is the matter with the scores; empty: nothing."""
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def show_scores(self, scores: Scores) -> None:
        """Other parts; ``show_rules`` paints them."""
        self.scores = scores
        self._top = 0.0

    def show_rules(self, forced: Rules, draft: Rules) -> None:
        """The rules in force and those proposed, and what both would have done."""
        self._show_bars(forced, draft)
        self.thresholds.show_rules(draft)
        before, after = effect(self.scores, forced), effect(self.scores, draft)
        self.table.show_effects(before, after)
        unknown = [rule_name(change.key) for change in changes(forced, draft) if change.key in UNSCORED_KEYS]
        self.notes.setText("\n".join(self._notes(before, after, unknown)))

    def _show_bars(self, forced: Rules, draft: Rules) -> None:
        needed = max(forced.reject_threshold, draft.reject_threshold, draft.accept_threshold)
        if needed > self._top or not self._top:
            self._top = min(1.0, 1.2 * needed)
            self.histogram.show_bars(bars(self.scores, self._top))
            self._show_legend()
        old, new = ((rules.accept_threshold, rules.reject_threshold) for rules in (forced, draft))
        self.histogram.show_thresholds(old, new)

    def _show_legend(self) -> None:
        words = {
            "good": (self.tr("good: {count}"), self.scores.good),
            "bad": (self.tr("bad: {count}"), self.scores.bad),
            "unknown": (self.tr("not judged: {count}"), self.scores.unknown),
        }
        for name, (pattern, which) in words.items():
            self.legend[name][1].setText(pattern.format(count=int(which.sum())))

    def _notes(self, before: Effect, after: Effect, unknown: list[str]) -> list[str]:
        """What the figures leave out."""
        notes = [self.tr("Parts without a score are not among these. False rejects and escapes: of the parts that people have judged.")]
        if self.scores.missed or self.scores.unscored:
            pattern = self.tr("Left out, as no threshold changes them: {missed} missed, {unscored} without a score.")
            notes.append(pattern.format(missed=self.scores.missed, unscored=self.scores.unscored))
        if self.scores.otherwise:
            pattern = self.tr(
                "Left out, as ROI, areas or the region threshold were or may have been others: {count} parts of other versions."
            )
            notes.append(pattern.format(count=self.scores.otherwise))
        if before.by_region or after.by_region:
            pattern = self.tr("Rejected by a region's area whatever the score: {before} in force, {after} proposed.")
            notes.append(pattern.format(before=before.by_region, after=after.by_region))
        if unknown:
            pattern = self.tr("Stored scores cannot tell what these will do, only new parts can: {names}.")
            notes.append(pattern.format(names=", ".join(unknown)))
        if self.join != "worst":
            notes.append(self.tr("The recipe does not join views by the worst one: parts of several views are counted roughly."))
        return notes
