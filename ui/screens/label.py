"""Label: paint on an archived picture where a part is defective, for retraining."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QWidget

from ui.model.label import ClassProblem, Mark, Tool
from ui.screens.base import Shared
from ui.screens.label_page import LabelPage
from ui.screens.label_texts import labelled_entry, queue_entry
from ui.screens.label_work import LabelWork, Opened, Place
from ui.widgets.ask import ask

ROLE = "engineer"
Then = Callable[[], object]


class LabelScreen(LabelPage):
    """The queue of parts to label, the canvas, the classes. What is painted and not stored is never lost without a question."""

    services: ClassVar[frozenset[str]] = frozenset({"images", "labels", "history"})

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self.work = LabelWork(shared.bridge, self)
        self._after_save: Then | None = None
        self._again: Then = lambda: None
        self._here = False
        self._trouble = ""
        self._wire()
        self._wire_keys()
        self._show_notice()
        self._show_state()

    # ---- what happens when

    def _wire(self) -> None:
        work, canvas, tools, strip = self.work, self.canvas, self.tools, self.strip
        work.lists_changed.connect(self._show_lists)
        work.opened.connect(self._show_picture)
        work.gone.connect(self._show_gone)
        work.proposed.connect(self._show_proposal)
        work.stored.connect(self._stored)
        work.busy_changed.connect(self._busy)
        work.failed.connect(self._failed)
        canvas.worked.connect(self._worked)
        canvas.proposal_wanted.connect(self._propose)
        canvas.dropped.connect(work.drop_proposal)
        tools.show_size(work.painter.size)
        tools.tool_chosen.connect(self._use)
        tools.size_chosen.connect(canvas.set_size)
        tools.opacity_chosen.connect(canvas.set_opacity)
        tools.map_wanted.connect(lambda _on: self._show_map())
        tools.pan_chosen.connect(self._use_hand)
        tools.zoom_wanted.connect(canvas.zoom_in_place)
        tools.fit_wanted.connect(canvas.fit)
        tools.actual_wanted.connect(canvas.actual_size)
        strip.taken.connect(lambda: canvas.take(work.painter.enter()))
        strip.dropped.connect(canvas.drop)
        strip.again.connect(self._ask_again)
        self._wire_lists()
        self._wire_actions()

    def _wire_lists(self) -> None:
        self.classes.chosen.connect(self._choose_class)
        self.classes.wanted.connect(self._add_class)
        self.waiting.chosen.connect(lambda part_id, _view: self.open(part_id, self.work.queue.next_view(part_id)))
        self.waiting.further_wanted.connect(self.work.look_further)
        self.waiting.model.more_wanted.connect(self.work.more)
        self.made.chosen.connect(self.open)
        self.views.activated.connect(self._choose_view)
        self.shared.label_wanted.connect(self.open)
        self.shared.session_changed.connect(self._show_notice)
        self.shared.bridge.desk_changed.connect(self._desk_changed)

    def _wire_actions(self) -> None:
        pairs: tuple[tuple[QPushButton, Then], ...] = (
            (self.undo, self._undo),
            (self.redo, self._redo),
            (self.clear, lambda: self.canvas.take(self.work.painter.clear())),
            (self.good, self.nothing_wrong),
            (self.save, self.store),
            (self.previous, lambda: self._go(self.work.before())),
            (self.next, lambda: self._go(self.work.after())),
        )
        for button, action in pairs:
            button.clicked.connect(lambda _checked=False, action=action: action())

    def _wire_keys(self) -> None:
        keys: dict[str, Then] = {
            "B": lambda: self._use(Tool.BRUSH),
            "E": lambda: self._use(Tool.ERASER),
            "P": lambda: self._use(Tool.POLYGON),
            "X": lambda: self._use(Tool.BOX),
            "C": lambda: self._use(Tool.CLICK),
            "H": self._use_hand,
            "[": lambda: self._resize(-1),
            "]": lambda: self._resize(1),
            "Q": lambda: self.classes.step(1),
            "Shift+Q": lambda: self.classes.step(-1),
            "M": self.tools.map.toggle,
            "J": self.next.click,
            "K": self.previous.click,
            "Ctrl+S": self.save.click,
            "Ctrl+Z": self.undo.click,
            "Ctrl+Shift+Z": self.redo.click,
            "Ctrl+Y": self.redo.click,
        }
        for key, action in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    # ---- as a screen

    def title(self) -> str:
        """On its tab."""
        return self.tr("Label")

    def entered(self) -> None:
        """Ask anew what there is to label."""
        self._here = True
        self.work.refresh()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def left(self) -> None:
        """What is not stored is asked about; it stays as it is until there is an answer. "Stay" comes back here."""
        self._here = False
        picture = self.work.picture
        if picture is not None and self.work.unsaved and not self.work.storing_all:
            self._ask_unsaved(lambda: None, lambda: self.shared.label_wanted.emit(picture.part_id, picture.view))

    def may_leave(self, then: Then) -> None:
        """Call ``then`` once nothing would be lost; never, where somebody wants to stay."""
        if self.work.busy == "saving":
            self._after_save = then
        elif self.work.unsaved:
            self._ask_unsaved(then, lambda: None)
        else:
            then()

    def unsaved(self) -> str:
        """What would be lost."""
        picture = self.work.picture
        if picture is None or not self.work.unsaved:
            return ""
        return self.tr("The defects painted on part {part} are not saved.").format(part=picture.part_id)

    def _desk_changed(self, up: bool, _why: str) -> None:
        if up and self._here:
            self.work.refresh()

    # ---- which picture

    def open(self, part_id: str, view: int) -> None:
        """Show this picture; asks first where another would be lost."""
        picture = self.work.picture
        if picture is None or (picture.part_id, picture.view) != (part_id, view):
            self.may_leave(lambda: self.work.open(part_id, view))

    def _go(self, place: Place | None) -> None:
        if place is not None:
            self.open(*place)

    def _choose_view(self, row: int) -> None:
        if self.work.picture is not None:
            self.open(self.work.picture.part_id, int(self.views.itemData(row)))
            self.views.setCurrentIndex(self.views.findData(self.work.picture.view))

    def _show_picture(self, picture: Opened) -> None:
        self.views.clear()
        for view in picture.views:
            self.views.addItem(self.tr("View {number}").format(number=view + 1), view)
        self.views.setCurrentIndex(self.views.findData(picture.view))
        self.canvas.show_painter(self.work.painter)
        self.canvas.show_image(picture.image)
        self._show_map()
        self.canvas.fit()
        self.classes.show_classes(self.work.classes.names, self.work.painter.number)
        self._show_state()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_gone(self, why: str) -> None:
        self._show_nothing()
        self.strip.say(self.tr("There is no picture of this part: {why}").format(why=why))

    def _show_map(self) -> None:
        picture = self.work.picture
        self.canvas.show_map(picture.anomaly_map if picture and self.tools.map.isChecked() else None)

    def _show_lists(self) -> None:
        queue = self.work.queue
        waiting = queue.open
        self.waiting.show_entries([queue_entry(row) for row in waiting], queue.more is not None and not self.work.paused)
        self.waiting.offer(self.texts.none_so_far(queue.seen) if self.work.paused else "")
        self.made.show_entries([labelled_entry(label) for label in queue.labels])
        self.classes.show_classes(self.work.classes.names, self.work.painter.number)
        if self.work.picture is None and not self.work.busy and waiting and self._here:
            self._go(self.work.after())
        self._show_state()

    # ---- painting

    def _use(self, tool: Tool) -> None:
        self.work.drop_proposal()
        self.canvas.use(tool)
        self.tools.show_tool(tool)
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _use_hand(self) -> None:
        self.canvas.use_hand()
        self.tools.show_pan()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _resize(self, way: int) -> None:
        """By a tenth, a pixel at least."""
        size = self.work.painter.size
        self.canvas.set_size(size + way * max(1, size // 10))
        self.tools.show_size(self.work.painter.size)

    def _choose_class(self, number: int) -> None:
        self.work.painter.number = number
        self.canvas.refresh()

    def _add_class(self, name: str) -> None:
        problem = self.work.classes.problem(name)
        if problem is ClassProblem.NONE:
            self.work.classes.learn([name])
            self.work.painter.number = self.work.classes.number(name)
            self.classes.show_classes(self.work.classes.names, self.work.painter.number)
        self.classes.refuse(problem)

    def _undo(self) -> None:
        self.canvas.take(self.work.painter.undo())

    def _redo(self) -> None:
        self.canvas.take(self.work.painter.redo())

    def _propose(self, mark: Mark) -> None:
        self.canvas.take(self.work.painter.escape())
        self.work.propose(mark)

    def _show_proposal(self, where: NDArray[np.bool_]) -> None:
        self.work.painter.propose(where)
        self.canvas.refresh()
        self._show_state()

    def _worked(self) -> None:
        if not self.work.painter.painting:
            self._show_state()

    # ---- what can be done now

    def _show_state(self) -> None:
        picture, mask, busy = self.work.picture, self.work.painter.mask, self.work.busy
        self.heading.setText(picture.part_id if picture else self.tr("No part open"))
        self.detail.setText(self.texts.detail(self.work))
        self.views.setVisible(picture is not None and len(picture.views) > 1)
        self.previous.setEnabled(self.work.before() is not None)
        self.next.setEnabled(self.work.after() is not None)
        self.undo.setEnabled(picture is not None and (mask.can_undo or bool(self.work.painter.points)))
        self.redo.setEnabled(picture is not None and mask.can_redo)
        self.clear.setEnabled(picture is not None)
        allowed = picture is not None and not busy and self.shared.session.allows(ROLE)
        self.good.setEnabled(allowed)
        self.save.setEnabled(allowed and mask.dirty)
        if picture is not None:
            self.waiting.mark(picture.part_id, 0)
            self.made.mark(picture.part_id, picture.view)
        self._show_strip()

    def _show_strip(self) -> None:
        painter = self.work.painter
        if self._trouble and not painter.points and painter.proposal is None:
            self.strip.complain(self._trouble)
        else:
            self.texts.fill_strip(self.strip, self.work)

    def _busy(self, busy: str) -> None:
        if busy:
            self._trouble = ""
        self._show_state()

    def _show_notice(self) -> None:
        self.notice.setText(self.texts.why_not_save())
        self.notice.setVisible(bool(self.notice.text()))
        self._show_state()

    # ---- saving

    def store(self) -> None:
        """Save the mask; an empty one asks first."""
        if not self.work.painter.mask.pixels.any():
            self.nothing_wrong()
        elif self.shared.session.allows(ROLE):
            self.work.save()

    def nothing_wrong(self) -> None:
        """Save an empty mask, after a question."""
        if self.work.picture is None:
            return
        words = (self.tr("Save"), self.tr("Cancel"))
        ask(self, self.tr("Nothing wrong here"), self.texts.sure_of_nothing(self.work.marked_area()), words, self._answered_nothing)

    def _answered_nothing(self, answer: int) -> None:
        if answer == 0:
            self.canvas.take(self.work.painter.clear())
            self.work.save()
        else:
            self._after_save = None

    def _ask_unsaved(self, then: Then, stay: Then) -> None:
        may_save = self.shared.session.allows(ROLE) and not self.work.busy
        words = (self.tr("Save"), self.tr("Discard"), self.tr("Stay"))
        answers: tuple[Then, ...] = (lambda: self._store_then(then), lambda: self._discard_then(then), stay)
        chosen = slice(0 if may_save else 1, None)
        ask(self, self.tr("Not saved"), self.unsaved(), words[chosen], lambda answer: answers[chosen][answer]())

    def _store_then(self, then: Then) -> None:
        self._after_save = then
        self.store()

    def _discard_then(self, then: Then) -> None:
        self.work.close()
        self._show_nothing()
        then()

    def _show_nothing(self) -> None:
        self.canvas.show_image(None)
        self.canvas.show_painter(self.work.painter)
        self._show_state()

    def _stored(self, part_id: str) -> None:
        self.shared.said.emit(self.tr("Label of part {part} saved.").format(part=part_id))
        self._show_state()
        then, self._after_save = self._after_save, None
        if then is not None:
            self.may_leave(then)

    def _failed(self, message: str, again: Then) -> None:
        self._after_save = None
        self._again, self._trouble = again, message
        if not self._here and self.work.unsaved:
            self.shared.said.emit(message)
        self._show_state()

    def _ask_again(self) -> None:
        self._trouble = ""
        self._again()
        self._show_state()
