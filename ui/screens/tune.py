"""Tune: what thresholds would have done to the parts on record, where the picture is inspected, and which regions count."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.model.archived import Archived
from ui.model.effects import beside, effect, scores_from
from ui.model.intervals import clopper_pearson
from ui.model.picture import Preview, View
from ui.model.tune import Problem, Rules, TuneModel, problems, request, rules_from
from ui.screens.base import Screen, Shared
from ui.screens.tune_pictures import PartPictures
from ui.theme import GAP, Theme
from ui.widgets.changes import ChangesDialog, rule_name, wrapped
from ui.widgets.rule_fields import AreaFields
from ui.widgets.score_panel import ScorePanel
from ui.widgets.tune_picture import ABOVE, BELOW, CHOSEN, NEWEST, TunePicture
from ui.workers import NOT_CONNECTED

SCORES_S = 20.0  # 20,000 parts off a slow disk
APPLY_S = 10.0
PICTURE_MS = 300  # nobody draws on pictures that come faster, and their regions cost time


class TuneScreen(Screen):
    """Nothing that is done here takes effect before Apply."""

    loaded = Signal()
    """Scores are there, or it is said why not."""
    services: ClassVar[frozenset[str]] = frozenset({"tune", "recipe"})

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self.model = TuneModel()
        self.pictures = PartPictures(shared.bridge, self.tr("view {number}"), self)
        self._seen = False
        self._asked = 0
        self._parts: list[dict[str, Any]] = []
        self._just_applied = ""
        self._applying = False
        self._newest: Preview | None = None
        self._pause = QTimer(self, singleShot=True, interval=PICTURE_MS)
        self._pause.timeout.connect(self._show_newest)
        self.dialog: ChangesDialog | None = None
        self._make()
        self._build()
        self._connect()
        self.set_theme(shared.theme)
        self._refresh()

    def title(self) -> str:
        """On its tab."""
        return self.tr("Tune")

    # ---- layout

    def _make(self) -> None:
        self.panel, self.picture, self.areas = ScorePanel(), TunePicture(), AreaFields()
        self.torn_message, self.status = wrapped("", "error"), wrapped("")
        self.torn = QFrame()
        self.take_newer = QPushButton(self.tr("Take the &new rules"))
        self.take_newer.setToolTip(self.tr("Your changes are dropped"))
        self.keep_mine = QPushButton(self.tr("&Keep my changes"))
        self.keep_mine.setToolTip(self.tr("The new rules are the base, with your changes on top of them"))
        self.undo, self.discard = QPushButton(self.tr("Undo")), QPushButton(self.tr("Di&scard"))
        self.undo.setToolTip(self.tr("Take back the last step (Ctrl+Z)"))
        self.discard.setToolTip(self.tr("Back to the rules in force"))
        self.apply = QPushButton(self.tr("Appl&y …"))
        self.apply.setProperty("role", "main")

    def _build(self) -> None:
        right = QVBoxLayout()
        right.addWidget(self.picture, 1)
        right.addWidget(self.areas)
        self._body = QWidget()
        body = QHBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(2 * GAP)
        body.addWidget(self.panel, 1)
        body.addLayout(right, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, GAP, 0, 0)
        whole.addWidget(self._body, 1)
        whole.addWidget(self.torn)
        whole.addLayout(self._foot())
        self.torn.hide()

    def _foot(self) -> QHBoxLayout:
        torn = QHBoxLayout(self.torn)
        torn.setContentsMargins(0, 0, 0, 0)
        torn.addWidget(self.torn_message, 1)
        torn.addWidget(self.take_newer)
        torn.addWidget(self.keep_mine)
        foot = QHBoxLayout()
        foot.addWidget(self.status, 1)
        for button in (self.undo, self.discard, self.apply):
            foot.addWidget(button)
        return foot

    def _connect(self) -> None:
        bridge = self.shared.bridge
        bridge.state.connect(self._state)
        bridge.preview.connect(self._preview)
        bridge.line_changed.connect(self._line)
        self.shared.session_changed.connect(self._refresh)
        self.panel.wanted.connect(self.load)
        self.panel.edited.connect(self._edit)
        self.panel.settled.connect(self.model.settle)
        self.areas.edited.connect(self._edit)
        self.picture.drawn.connect(self._drawn)
        self.picture.settled.connect(self.model.settle)
        self.picture.wanted.connect(self._picture_wanted)
        self.pictures.came.connect(self._pictures)
        self.pictures.failed.connect(self._no_pictures)
        self.take_newer.clicked.connect(self._discard)
        self.keep_mine.clicked.connect(self._rebase)
        self.undo.clicked.connect(self._undo)
        self.discard.clicked.connect(self._discard)
        self.apply.clicked.connect(self._confirm)
        keys = QKeySequence(QKeySequence.StandardKey.Undo)
        QShortcut(keys, self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut).activated.connect(self._undo)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self.panel.set_theme(theme)

    # ---- seen or not

    def entered(self) -> None:
        """Scores are fetched anew."""
        self._seen = True
        threading.Thread(target=clopper_pearson, args=(0, 1), name="ui-figures", daemon=True).start()  # loads what the first figures need
        self.shared.bridge.ask_desk(self, "recipe.active", {}, self._active, lambda _code, _message: None)
        self.load()

    def left(self) -> None:
        """Previews are not looked at any more."""
        self._seen = False

    def unsaved(self) -> str:
        """Changes that were not applied."""
        if not self.model.changed:
            return ""
        names = ", ".join(rule_name(change.key) for change in self.model.changed)
        return self.tr("Tuning: changes that are not applied ({names})").format(names=names)

    # ---- scores

    def load(self) -> None:
        """Fetch the scores."""
        self._asked += 1
        asked = self._asked
        params: dict[str, Any] = {"last": self.panel.count}
        if self.model.base is not None:
            params["recipe"] = self.model.base.name
        self.panel.say(self.tr("Loading scores …"))
        self.shared.bridge.ask_desk(
            self,
            "tune.scores",
            params,
            lambda result, _blobs: self._loaded(asked, result),
            lambda _code, text: self._not_loaded(asked, text),
            SCORES_S,
        )

    def _loaded(self, asked: int, result: dict[str, Any]) -> None:
        if asked != self._asked:
            return
        self._parts = list(result.get("parts", ()))
        self._show_scores(str(result.get("recipe") or "–"))
        self._refresh()
        self.loaded.emit()

    def _show_scores(self, recipe: str) -> None:
        """Of the parts that were scored as the version in force would."""
        scores = scores_from(self._parts, self.model.scored_alike)
        self.panel.show_scores(scores)
        empty = self.tr("No scores of recipe {recipe} on record. Let the line inspect some parts, then reload.")
        self.panel.say("" if len(scores) else empty.format(recipe=recipe))

    def _rules_changed(self) -> None:
        if self._parts and self.model.base is not None:
            self._show_scores(self.model.base.label)

    def _not_loaded(self, asked: int, text: str) -> None:
        if asked == self._asked:
            self.loaded.emit()
            self.panel.say(self.tr("The scores could not be loaded: {why} Press Reload to try again.").format(why=_sentence(text)))

    # ---- what is in force

    def _active(self, result: dict[str, Any], _blobs: list[bytes]) -> None:
        decision = result["recipe"]["decision"]
        self.panel.join = str(decision.get("join", "worst"))
        rules = rules_from(decision)
        if self.model.base is None and rules is not None:
            self._told(f"{result['name']}:{result['version']}", rules)

    def _state(self, state: dict[str, Any]) -> None:
        rules = rules_from(state.get("thresholds"))
        if rules is not None and state.get("recipe"):
            self._told(str(state["recipe"]), rules)

    def _told(self, label: str, rules: Rules) -> None:
        before = self.model.base
        if not self.model.told(label, rules, time.monotonic()):
            return
        base = self.model.base
        if before is not None and base is not None and base.label != before.label:
            self.shared.said.emit(self.tr("Recipe {recipe} decides now.").format(recipe=base.label))
            self._rules_changed()
        self._refresh()
        if self._seen and (before is None or (base is not None and base.name != before.name)):
            self.load()

    def _line(self, _up: bool, _why: str) -> None:
        self._refresh()

    # ---- what is proposed

    def _edit(self, key: str, value: float | None) -> None:
        draft = self.model.draft
        if draft is not None and self.model.change(replace(draft, **{key: value}), key):  # type: ignore[arg-type]
            self._refresh()

    def _drawn(self, roi: object, dont_care: object) -> None:
        draft = self.model.draft
        gesture = "polygons" if self.picture.view.editor.held else ""
        if draft is not None and self.model.change(replace(draft, roi=roi, dont_care=dont_care), gesture):  # type: ignore[arg-type]
            self._refresh()

    def _undo(self) -> None:
        self.model.undo()
        self._refresh()

    def _discard(self) -> None:
        self.model.discard()
        self._refresh()

    def _rebase(self) -> None:
        self.model.rebase()
        self._refresh()

    # ---- pictures

    def _preview(self, preview: Preview) -> None:
        self._newest = preview
        if self._seen and not self._pause.isActive():
            self._pause.start()

    def _show_newest(self) -> None:
        preview = self._newest
        if preview is not None and self._seen and self.picture.following:
            self.picture.show_views(preview.views, self.tr("Newest picture: part {part}").format(part=preview.part_id))

    def _picture_wanted(self, source: str) -> None:
        self.pictures.drop()
        if source == NEWEST:
            self._show_newest()
        if source == NEWEST or self.model.draft is None:
            return
        threshold = self.model.draft.accept_threshold
        part = self.picture.part.text().strip() if source == CHOSEN else beside(self.panel.scores, threshold, above=source == ABOVE)
        if not part:
            nothing = {BELOW: self.tr("No part below the accept threshold."), ABOVE: self.tr("No part above the accept threshold.")}
            self.picture.show_views((), nothing.get(source, self.tr("Type a part number.")))
            return
        self.pictures.want(part)

    def _pictures(self, archived: Archived, views: tuple[View, ...]) -> None:
        if views:
            text = self.tr("Part {part}").format(part=archived.part_id)
        else:
            text = self.tr("Part {part} has no picture: {why}").format(part=archived.part_id, why=_sentence(archived.why))
        self.picture.show_views(views, text)

    def _no_pictures(self, why: str) -> None:
        self.picture.show_views((), _sentence(why))

    # ---- applying

    def _confirm(self) -> None:
        base = self.model.base
        if base is None or self.dialog is not None:
            return
        dialog = self.dialog = ChangesDialog(base.label, self.model.changed, self._warnings(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._send)
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self, _result: int) -> None:
        self.dialog = None

    def _warnings(self) -> list[str]:
        base, draft = self.model.base, self.model.draft
        if base is None or draft is None:
            return []
        before, after = (effect(self.panel.scores, rules).escapes.count for rules in (base.rules, draft))
        return [self.tr("More bad parts would have been accepted than by the rules in force.")] if after > before else []

    def _send(self) -> None:
        base, draft = self.model.base, self.model.draft
        if base is None or draft is None or self.model.newer is not None:
            return
        self._applying = True
        self._refresh()
        params = request(base.rules, draft)
        self.shared.bridge.ask_line(
            self, "threshold", params, lambda result, _blobs: self._applied(result, draft), self._not_applied, timeout_s=APPLY_S
        )

    def _applied(self, result: dict[str, Any], draft: Rules) -> None:
        self._applying = False
        rules = rules_from(result.get("thresholds")) or draft
        self.model.applied(str(result["recipe"]), rules, time.monotonic())
        self._just_applied = str(result["recipe"])  # said until something is changed again
        self._rules_changed()
        self._refresh()

    def _not_applied(self, code: str, text: str) -> None:
        self._applying = False
        self._refresh()
        unknown = self.tr("The line did not answer. Whether the changes took effect shows as soon as it is connected again.")
        refused = self.tr("Not applied: {why}").format(why=_sentence(text))
        self.shared.said.emit(unknown if code == NOT_CONNECTED else refused)
        self.status.setText(unknown if code == NOT_CONNECTED else refused)

    # ---- showing

    def _refresh(self) -> None:
        """Everything, from the model."""
        base, draft = self.model.base, self.model.draft
        self._body.setEnabled(base is not None and not self._applying)
        if base is not None and draft is not None:
            self.panel.show_rules(base.rules, draft)
            self.areas.show_rules(draft)
            self.picture.show_rules(draft)
        self._show_foot()

    def _show_foot(self) -> None:
        changed, newer = self.model.changed, self.model.newer
        self.torn.setVisible(newer is not None)
        if newer is not None:
            pattern = self.tr("The recipe was changed elsewhere: {recipe} decides now. Choose what your changes are to stand on.")
            self.torn_message.setText(pattern.format(recipe=newer.label))
            if self.dialog is not None:
                self.dialog.reject()
        obstacle = self._obstacle()
        self.undo.setEnabled(self.model.can_undo and not self._applying)
        self.discard.setEnabled(bool(changed) and not self._applying)
        self.apply.setEnabled(bool(changed) and not obstacle and newer is None and not self._applying)
        self.apply.setToolTip(obstacle or self.tr("Shows the changes and asks once more"))
        self.status.setText(self._status(obstacle))

    def _status(self, obstacle: str) -> str:
        base = self.model.base
        if base is None:
            return self.tr("Waiting for the line to say which rules decide.")
        if self._applying:
            return self.tr("Applying …")
        if obstacle:
            return obstacle
        if not self.model.changed:
            applied, unchanged = self.tr("Applied: recipe {recipe} decides now."), self.tr("Recipe {recipe} decides. Nothing is changed.")
            return (applied if base.label == self._just_applied else unchanged).format(recipe=base.label)
        self._just_applied = ""
        names = ", ".join(rule_name(change.key) for change in self.model.changed)
        return self.tr("Changed, not in force yet: {names}.").format(names=names)

    def _obstacle(self) -> str:
        """Why nothing can be applied, said before one tries."""
        if not self.shared.session.allows("engineer"):
            return self.tr("To apply changes the role engineer is needed. You can try thresholds here all the same.")
        if not self.shared.bridge.connected:
            return self.tr("The line is not connected: nothing can be applied now.")
        draft = self.model.draft
        found = problems(draft, self.picture.inspected_share(draft)) if draft is not None and self.model.changed else ()
        return self._problem(found[0]) if found else ""

    def _problem(self, problem: Problem) -> str:
        return {
            Problem.ORDER: self.tr("The reject threshold is below the accept threshold: raise it, or lower the other."),
            Problem.RANGE: self.tr("Thresholds are between 0 and 1, areas above 0 px."),
            Problem.FLAT: self.tr("A polygon encloses nothing: move its points apart, or delete it."),
            Problem.NOTHING: self.tr("ROI and don't-care areas leave nothing to inspect: every part would be rejected."),
        }[problem]


def _sentence(text: str) -> str:
    """With a full stop, as messages of programs have none."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
