"""Review: parts of the history that somebody should look at, with everything the machine saw, and the person's verdict beside its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ui.model.archived import Archived
from ui.model.part_facts import CONFIRM, ESCAPE, FALSE_REJECT, NONE
from ui.model.part_list import Part
from ui.model.wanted import Wanted
from ui.screens.base import Screen, Shared
from ui.screens.review_loaders import ListLoader, PictureLoader
from ui.theme import GAP, Theme
from ui.widgets.filter_bar import FilterBar
from ui.widgets.notice import Notice
from ui.widgets.part_details import PartDetails
from ui.widgets.part_table import PartTable
from ui.words import person_word

ROLE = "operator"
MOST_NEW = 1000
AHEAD = 10  # rows before the end at which older ones are asked for
PATIENCE_MS = 150  # so long the last part's pictures may stand while the next one's come
TRIES = 10  # a part is on record a moment after its verdict has left
TRY_MS = 300


class ReviewScreen(Screen):
    """The list at the left, the part that is looked at at the right."""

    services: ClassVar[frozenset[str]] = frozenset({"history", "images", "review"})

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self._wanted = Wanted()
        self._loaded = False
        self._failed = False
        self._first_wanted = False  # whether the list's first part is to be shown once it is there
        self._new: set[str] = set()
        self._awaited = ""  # the part that another screen wants shown
        self._seen = ""  # the part whose pictures, or the lack of them, are to be seen
        self._storing = False
        self._judged: list[str] = []
        self._lay_out()
        self.loader = ListLoader(shared.bridge, self.table.parts, self)
        self.pictures = PictureLoader(shared.bridge, self)
        self._pause = QTimer(self, singleShot=True, interval=QApplication.doubleClickInterval())
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._connect()
        self._bind_keys()
        self._show_rights()
        self.details.trio.say(self.tr("Choose a part from the list."))

    def _lay_out(self) -> None:
        self.filters, self.table, self.notice, self.count = FilterBar(), PartTable(), Notice(), QLabel()
        self.count.setProperty("role", "dim")
        self.details = PartDetails(self.shared.bridge.work)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.notice)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.count)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.details)
        split.setStretchFactor(1, 1)
        split.setSizes([440, 820])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.filters)
        layout.addWidget(split, 1)

    def _connect(self) -> None:
        bridge, trio = self.shared.bridge, self.details.trio
        self.filters.changed.connect(self._filter)
        self.filters.refresh_wanted.connect(self.reload)
        self.notice.again.connect(self.reload)
        self.table.chosen.connect(self._show)
        self.loader.begun.connect(self._listed)
        self.loader.loaded.connect(self._count)
        self.loader.failed.connect(self._list_failed)
        self.pictures.came.connect(self._picture)
        self.pictures.failed.connect(self._picture_failed)
        trio.again.connect(self._ask_pictures)
        trio.shown.connect(self._saw)
        self._pause.timeout.connect(self._let_judge)
        self._patience.timeout.connect(lambda: trio.wait(self.tr("Loading the pictures …")))
        self.details.step_wanted.connect(self.step)
        self.details.label_wanted.connect(self.shared.label_wanted)
        self.details.judge.judged.connect(self._judge)
        self.shared.part_wanted.connect(self.show_part)
        self.shared.session_changed.connect(self._show_rights)
        bridge.parts.connect(self._arrived)
        bridge.state.connect(self.details.set_state)
        bridge.desk_changed.connect(self._desk_changed)

    def _bind_keys(self) -> None:
        judge, trio = self.details.judge, self.details.trio
        actions: dict[str, Callable[[], object]] = {
            "J": lambda: self.step(1),
            "K": lambda: self.step(-1),
            "C": lambda: judge.judge(CONFIRM),
            "F": lambda: judge.judge(FALSE_REJECT),
            "E": lambda: judge.judge(ESCAPE),
            "U": lambda: judge.judge(NONE),
            "Ctrl+Z": self.undo,
            "N": judge.note.setFocus,
            "P": self.details.paint_defects,
            "Ctrl+R": self.reload,
            "0": trio.fit,
            "1": trio.actual_size,
        }
        for keys, action in actions.items():
            shortcut = QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(keys in "JK")
            shortcut.activated.connect(action)
        judge.note.returnPressed.connect(self.table.setFocus)

    # ---- what every screen does

    def title(self) -> str:
        """On its tab."""
        return self.tr("Review")

    def entered(self) -> None:
        """The list is asked for when it is first looked at."""
        if not self._loaded:
            self._first_wanted = not self._awaited and self.details.part is None
            self.reload()
        self.table.setFocus()

    def set_theme(self, theme: Theme) -> None:
        """Symbols are drawn in the theme's colours."""
        self.table.parts.set_theme(theme)
        self.details.set_theme(theme)

    def unsaved(self) -> str:
        """A verdict is stored when it is given; only a note without one would be lost."""
        parts = ", ".join(self.details.judge.drafts)
        return self.tr("notes without a verdict, on: {parts}").format(parts=parts) if parts else ""

    # ---- the list

    def reload(self) -> None:
        """Ask again, from the newest part on."""
        self._new.clear()
        self.filters.show_new(0)
        self.count.setText(self.tr("Asking the history …"))
        self.loader.begin(self._wanted)
        if "recipe" in self.shared.bridge.services:
            self.shared.bridge.ask_desk(self, "recipe.list", {}, self._recipes, lambda _code, _message: None)

    def _filter(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._first_wanted = True
        self.reload()

    def _listed(self) -> None:
        parts, part = self.table.parts.parts, self.details.part
        self._loaded, self._failed = True, False
        self._stack.setCurrentIndex(0 if parts.rows else 1)
        if not parts.rows:
            self.notice.say(self._why_empty())
        here = None if part is None else parts.index(part["part_id"])
        first, self._first_wanted = self._first_wanted, False
        if here is not None or (first and parts.rows):
            self.table.go(0 if here is None else here)
        elif first:
            self._show(None)

    def _count(self) -> None:
        parts = self.table.parts.parts
        pattern = self.tr("{} parts") if parts.complete else self.tr("{} parts, older ones as you scroll")
        self.count.setText(pattern.format(len(parts.rows)) if parts.rows else "")
        self.filters.offer_recipes({str(row["recipe"]).partition(":")[0] for row in parts.rows})

    def _why_empty(self) -> str:
        narrowed = self._wanted != Wanted(self._wanted.span, self._wanted.since, self._wanted.until)
        if narrowed:
            return self.tr("No part of this time fits the filters. Choose a longer time or fewer filters.")
        return self.tr("No rejects, missed or borderline parts in this time. Choose a longer one, or show all parts.")

    def _list_failed(self, _code: str, message: str) -> None:
        said = self.tr("The list could not be loaded: {}").format(message)
        if not self.loader.beginning:  # what is there stays
            self.count.setText(said)
            return
        self._failed = True
        self.count.setText("")
        self.notice.fail(said)
        self._stack.setCurrentIndex(1)

    def _desk_changed(self, up: bool, _why: str) -> None:
        if up and self._failed:
            self.reload()

    def _recipes(self, reply: dict[str, Any], _blobs: list[bytes]) -> None:
        self.filters.offer_recipes(str(recipe["name"]) for recipe in reply.get("recipes", ()))

    def _arrived(self, parts: list[Part]) -> None:
        if not self._loaded:
            return
        now = datetime.now(timezone.utc)
        fitting = [str(part["part_id"]) for part in parts if self._wanted.fits(part, now)]
        self._new.update(part_id for part_id in fitting[-MOST_NEW:] if self.table.parts.parts.index(part_id) is None)
        if fitting and len(self._new) <= MOST_NEW:
            self.filters.show_new(len(self._new))

    # ---- the part that is looked at

    def step(self, by: int) -> None:
        """To the next part (1) or the one before (-1)."""
        parts, part = self.table.parts.parts, self.details.part
        wanted = (0 if parts.rows else None) if part is None else parts.beside(part, by)
        if wanted is not None:
            self.table.go(wanted)
        if by > 0 and (wanted is None or wanted > len(parts.rows) - AHEAD) and not parts.complete:
            self.loader.more()

    def show_part(self, part_id: str) -> None:
        """Whatever the filters say."""
        self._awaited = part_id
        self._fetch(part_id, TRIES)

    def _fetch(self, part_id: str, tries: int) -> None:
        if part_id != self._awaited:
            return
        done = partial(self._fetched, part_id, tries)
        self.shared.bridge.ask_desk(self, "history.part", {"part_id": part_id}, done, partial(self._not_fetched, part_id))

    def _fetched(self, part_id: str, tries: int, reply: dict[str, Any], _blobs: list[bytes]) -> None:
        if part_id != self._awaited:
            return
        part = reply.get("part")
        if part is not None:
            self._show(part)
            here = self.table.parts.parts.index(part_id)
            self.table.go(here)
        elif tries > 1:
            QTimer.singleShot(TRY_MS, self, partial(self._fetch, part_id, tries - 1))
        else:
            self._not_fetched(part_id, "", self.tr("it is not on record"))

    def _not_fetched(self, part_id: str, _code: str, message: str) -> None:
        if part_id == self._awaited:
            self._show(None)
            self._awaited = part_id
            self.details.trio.fail(self.tr("Part {part} cannot be shown: {why}").format(part=part_id, why=message))

    def _show(self, part: Part | None) -> None:
        shown = self.details.part
        self._awaited = ""
        self.details.show_part(part)
        if part is not None and shown is not None and shown["part_id"] == part["part_id"]:
            return
        self._seen = ""
        self.details.judge.quiet()
        self.details.judge.wait()
        self._ask_pictures()

    def _ask_pictures(self) -> None:
        part = self.details.part
        self._patience.stop()
        if part is not None:
            self._patience.start()
            self.pictures.want(str(part["part_id"]))
        elif self._awaited:
            self.show_part(self._awaited)
        else:
            self.pictures.want("")
            self.details.trio.say(self.tr("Choose a part from the list."))

    def _picture(self, archived: Archived) -> None:
        self.details.paint.setEnabled(bool(archived.files))
        if archived.files:
            self.details.trio.show_part(archived, self.details.largest_view())
        else:
            self.details.trio.say(self.tr("No pictures of this part: {}").format(archived.why or self.tr("it is not archived")))
            self._saw(archived.part_id)

    def _picture_failed(self, part_id: str, _code: str, message: str) -> None:
        self.details.trio.fail(self.tr("The pictures could not be loaded: {}").format(message))
        self._saw(part_id)

    def _saw(self, part_id: str) -> None:
        self._patience.stop()
        self._seen = part_id
        self._let_judge()

    # ---- the person's verdict

    def _show_rights(self) -> None:
        session = self.shared.session
        why = ""
        if session.login_needed:
            why = self.tr("Log in to judge parts.")
        elif not session.allows(ROLE):
            why = self.tr("Judging parts needs the role operator.")
        self.details.judge.switch_off(why)

    def _let_judge(self) -> None:
        """A part can be judged once it is to be seen, and not by the second tap of a double one."""
        if not self._storing and not self._pause.isActive() and self._is_shown(self._seen):
            self.details.judge.go_on()

    def _judge(self, verdict: str, note: str) -> None:
        part = self.details.part
        if part is not None:
            self.table.setFocus()  # else the button that is switched off hands the keys on to the note
            self._store(str(part["part_id"]), verdict, note, partial(self._stored, verdict))

    def undo(self) -> None:
        """Withdraw the last verdict given here and show its part again."""
        if self._judged and not self._storing and not self.details.judge.off:
            self._store(self._judged[-1], NONE, "", self._undone)

    def _store(self, part_id: str, verdict: str, note: str, done: Callable[[Part], None]) -> None:
        self._storing = True
        self.details.judge.wait()
        params = {"part_id": part_id, "verdict": verdict, **({"note": note} if note and verdict != NONE else {})}

        def stored(reply: dict[str, Any], _blobs: list[bytes]) -> None:
            self._storing = False
            self.table.parts.replace(reply["part"])
            done(reply["part"])

        self.shared.bridge.ask_desk(self, "review.set", params, stored, self._not_stored)

    def _stored(self, verdict: str, part: Part) -> None:
        part_id = str(part["part_id"])
        self.details.judge.forget(part_id)
        self._judged = [other for other in self._judged if other != part_id] + ([part_id] if verdict != NONE else [])
        self.shared.said.emit(self.tr("Part {part}: {verdict}").format(part=part_id, verdict=person_word(verdict)))
        self._pause.start()
        if self._is_shown(part_id):
            self.details.show_part(part)
            self.details.judge.quiet()
            if verdict != NONE:
                self.step(1)

    def _undone(self, part: Part) -> None:
        part_id = str(part["part_id"])
        self._judged = [other for other in self._judged if other != part_id]
        self.shared.said.emit(self.tr("Verdict withdrawn: part {}").format(part_id))
        self._pause.start()
        self._show(part)
        self.table.go(self.table.parts.parts.index(part_id))

    def _not_stored(self, _code: str, message: str) -> None:
        self._storing = False
        self.details.judge.fail(self.tr("The verdict was not stored: {}").format(message))
        self._let_judge()

    def _is_shown(self, part_id: str) -> bool:
        return self.details.part is not None and self.details.part["part_id"] == part_id
