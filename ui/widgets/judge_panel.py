"""What a person says of the part: the buttons that fit, a note, and what has been said. Beside the machine's verdict, never over it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ui.model.part_facts import CONFIRM, ESCAPE, FALSE_REJECT, NONE, choices
from ui.model.part_list import Part
from ui.theme import GAP

NOTE_LENGTH = 500
KEYS = {CONFIRM: "C", FALSE_REJECT: "F", ESCAPE: "E", NONE: "U"}


class JudgePanel(QWidget):
    """``judged``: the verdict, "none" to withdraw, and the note."""

    judged = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        texts = {
            CONFIRM: (self.tr("Confirm"), self.tr("The machine is right ({})")),
            FALSE_REJECT: (self.tr("False reject"), self.tr("The part is good ({})")),
            ESCAPE: (self.tr("Escape"), self.tr("The part is bad and was accepted ({})")),
            NONE: (self.tr("Withdraw"), self.tr("Nobody has judged this part; Ctrl+Z takes the last verdict back ({})")),
        }
        self.buttons = {verdict: QPushButton(text) for verdict, (text, _tip) in texts.items()}
        for verdict, button in self.buttons.items():
            button.setToolTip(texts[verdict][1].format(KEYS[verdict]))
            button.clicked.connect(lambda _checked=False, verdict=verdict: self.judge(verdict))
        self.note = QLineEdit(maxLength=NOTE_LENGTH)
        self.note.setPlaceholderText(self.tr("Note (N)"))
        self.note.setAccessibleName(self.tr("Note on the verdict"))
        self.note.setToolTip(self.tr("Kept with the verdict that is given next (N)"))
        self._why = QLabel()
        self._why.setWordWrap(True)
        self._part: Part | None = None
        self._off = ""
        self._waiting = False
        self._drafts: dict[str, str] = {}
        self._lay_out()
        self.show_part(None)

    def _lay_out(self) -> None:
        self.row = QHBoxLayout()
        self.row.setSpacing(GAP)
        for verdict in (CONFIRM, FALSE_REJECT, ESCAPE):
            self.row.addWidget(self.buttons[verdict])
        self.row.addWidget(self.note, 1)
        self.row.addWidget(self.buttons[NONE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self.row)
        layout.addWidget(self._why)

    @property
    def off(self) -> bool:
        """Whether nobody may judge here now."""
        return bool(self._off)

    @property
    def why(self) -> str:
        """What it says beneath the buttons; empty: nothing."""
        return self._why.text()

    def show_part(self, part: Part | None) -> None:
        """The buttons that fit this part."""
        if (part or {}).get("part_id") != (self._part or {}).get("part_id"):
            self._keep_draft()
            self.note.setText(self._drafts.pop(_name(part), _note(part)))
        self._part = part
        fitting = choices(part) if part is not None else (CONFIRM, FALSE_REJECT)
        for verdict in (FALSE_REJECT, ESCAPE):
            self.buttons[verdict].setVisible(verdict in fitting)
        self._switch()

    @property
    def draft(self) -> bool:
        """Whether a note stands here that no verdict has taken along."""
        return self._part is not None and self.note.text().strip() != _note(self._part)

    @property
    def drafts(self) -> list[str]:
        """Every part with such a note, the one that is shown last."""
        return [*self._drafts, *([_name(self._part)] if self.draft else [])]

    def forget(self, part_id: str) -> None:
        """A verdict has taken its note along, or has come without it."""
        self._drafts.pop(part_id, None)

    def _keep_draft(self) -> None:
        """A note begun waits for its part to be shown again."""
        if self.draft:
            self._drafts[_name(self._part)] = self.note.text()

    def switch_off(self, why: str) -> None:
        """No verdict can be given, and why; empty: it can."""
        self._off = why
        self._tell(why, "dim")
        self._switch()

    def wait(self) -> None:
        """No verdict can be given for a moment, which needs no words."""
        self._waiting = True
        self._switch()

    def go_on(self) -> None:
        """The moment is over."""
        self._waiting = False
        self._switch()

    def fail(self, text: str) -> None:
        """A verdict was not stored."""
        self._tell(text, "error")

    def quiet(self) -> None:
        """What failed is done with."""
        self._tell(self._off, "dim")

    def judge(self, verdict: str) -> None:
        """As if its button had been pressed; nothing where it is off or does not fit."""
        button = self.buttons[verdict]
        if button.isEnabled() and button.isVisibleTo(self):
            self.judged.emit(verdict, self.note.text().strip())

    def _switch(self) -> None:
        on = self._part is not None and not self._off
        said = bool((self._part or {}).get("person"))
        for verdict, button in self.buttons.items():
            button.setEnabled(on and not self._waiting and (verdict != NONE or said))
        self.note.setEnabled(on)

    def _tell(self, text: str, role: str) -> None:
        self._why.setText(text)
        self._why.setProperty("role", role)
        self._why.style().polish(self._why)
        self._why.setVisible(bool(text))


def _name(part: Part | None) -> str:
    return "" if part is None else str(part["part_id"])


def _note(part: Part | None) -> str:
    return str(((part or {}).get("person") or {}).get("note") or "")
