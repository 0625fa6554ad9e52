"""The defect classes: each with its pattern; one is painted with; new ones by typing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from ui.model.label import ClassProblem
from ui.theme import GAP, TOUCH
from ui.widgets.mask_item import class_icon


class ClassList(QWidget):
    """Shows classes; tells which one is chosen, and what somebody wants to add."""

    chosen = Signal(int)
    """Its number, from 1."""
    wanted = Signal(str)
    """A class to add."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Defect classes"))
        self.list.setIconSize(QSize(28, 28))
        self.list.currentRowChanged.connect(lambda row: self.chosen.emit(row + 1) if row >= 0 else None)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("New class"))
        self.name.setAccessibleName(self.tr("Name of the new defect class"))
        self.name.setMaxLength(64)
        self.name.returnPressed.connect(self._add)
        self.add = QPushButton(self.tr("Add"))
        self.add.clicked.connect(self._add)
        self.problem = QLabel()
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        column.addWidget(self.problem)

    def show_classes(self, names: Sequence[str], number: int) -> None:
        """All of them, and which one is painted with."""
        self.list.blockSignals(True)
        for at in range(self.list.count(), len(names)):
            item = QListWidgetItem(class_icon(at + 1), names[at])
            item.setSizeHint(QSize(0, TOUCH))
            item.setToolTip(names[at])
            self.list.addItem(item)
        self.list.setCurrentRow(number - 1 if number <= len(names) else -1)
        self.list.blockSignals(False)

    def step(self, by: int) -> None:
        """The next class, or the one before; round at the end."""
        if self.list.count():
            self.list.setCurrentRow((self.list.currentRow() + by) % self.list.count())

    def refuse(self, problem: ClassProblem) -> None:
        """Why a name cannot be taken; none: it was."""
        texts = {
            ClassProblem.LETTERS: self.tr("Use letters (A to Z), digits, _ . or -, for instance: deep_scratch"),
            ClassProblem.NORMAL: self.tr("“good” stands for parts without a defect. Choose another name."),
            ClassProblem.TOO_MANY: self.tr("There are 255 classes already. Use one of them."),
        }
        self.problem.setText(texts.get(problem, ""))
        self.problem.setMinimumHeight(max(0, self.problem.heightForWidth(self.width())))
        self.problem.setVisible(problem is not ClassProblem.NONE)
        if problem is ClassProblem.NONE:
            self.name.clear()
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add(self) -> None:
        text = self.name.text().strip().replace(" ", "_")
        if text:
            self.wanted.emit(text)
