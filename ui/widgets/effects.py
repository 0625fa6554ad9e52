"""What thresholds would have done, in figures: in force, proposed, and the difference in words."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ui.model.effects import Effect, Share

COUNTS = ("accepted", "review", "rejected")
SHARES = ("false_rejects", "escapes")


def number(value: float, digits: int) -> str:
    """As the reader's language writes it."""
    return QLocale().toString(value, "f", digits)


class EffectTable(QWidget):
    """One row a figure; shares with their 95 % confidence interval."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(3)
        self._cells: dict[tuple[str, int], QLabel] = {}
        for column, word in enumerate(("", self.tr("in force"), self.tr("proposed"), self.tr("difference"))):
            self._grid.addWidget(self._label(word, "dim", column), 0, column)
            self._grid.setColumnStretch(column, (3, 4, 4, 3)[column])
        for row, key in enumerate((*COUNTS, *SHARES), 1):
            self._grid.addWidget(self._label(self._word(key), "", 0), row, 0)
            for column in (1, 2, 3):
                cell = self._cells[key, column] = self._label("", "", column)
                self._grid.addWidget(cell, row, column)

    def _label(self, text: str, role: str, column: int) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        side = Qt.AlignmentFlag.AlignLeft if column in (0, 3) else Qt.AlignmentFlag.AlignRight
        label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        return label

    def _word(self, key: str) -> str:
        return {
            "accepted": self.tr("accepted"),
            "review": self.tr("review"),
            "rejected": self.tr("rejected"),
            "false_rejects": self.tr("false rejects\n(95\u00a0% interval)"),
            "escapes": self.tr("escapes\n(95\u00a0% interval)"),
        }[key]

    def text(self, key: str, column: int) -> str:
        """What stands in a cell: column 1 in force, 2 proposed, 3 the difference."""
        return self._cells[key, column].text()

    def show_effects(self, forced: Effect, drafted: Effect) -> None:
        """Both side by side."""
        for key in COUNTS:
            before, after = getattr(forced, key), getattr(drafted, key)
            self._row(key, str(before), str(after), self._difference(after - before))
        for key in SHARES:
            one, other = getattr(forced, key), getattr(drafted, key)
            self._row(key, self._share(key, one), self._share(key, other), self._difference(other.count - one.count) if one.of else "")

    def _row(self, key: str, *texts: str) -> None:
        for column, text in enumerate(texts, 1):
            self._cells[key, column].setText(text)
            self._cells[key, column].setAccessibleName(f"{self._word(key)}: {text}".replace("\n", " "))

    def _share(self, key: str, share: Share) -> str:
        if share.value is None or share.interval is None:
            return self.tr("no part judged good") if key == "false_rejects" else self.tr("no part judged bad")
        low, high = (number(100.0 * end, 2) for end in share.interval)
        pattern = self.tr("{count} of {of} = {value}\u00a0%\n({low} to {high}\u00a0%)")
        return pattern.format(count=share.count, of=share.of, value=number(100.0 * share.value, 2), low=low, high=high)

    def _difference(self, by: int) -> str:
        if by == 0:
            return self.tr("the same")
        return (self.tr("{count} more") if by > 0 else self.tr("{count} fewer")).format(count=abs(by))
