"""The screen at the line: the part, its verdict, the trend, what is wrong."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.model.archived import read
from ui.model.live import Kind, LiveModel, kind_of
from ui.model.picture import Pixels, Preview, decode_image
from ui.screens.base import Screen, Shared
from ui.theme import Theme
from ui.widgets.banner import BannerWidget
from ui.widgets.conditions import ConditionsWidget
from ui.widgets.counters import CountersWidget, HoursWidget
from ui.widgets.filmstrip import Filmstrip
from ui.widgets.health import HealthWidget
from ui.widgets.overlay import OverlayControls
from ui.widgets.picture import PictureView
from ui.widgets.scorebar import ScoreBar
from ui.widgets.trend import TrendWidget
from ui.words import kind_word

TICK_MS = 66  # the banner and the figures
SLOW_TICKS = 4  # the trend once in so many: nobody reads points at 15 a second
HOURS_MS = 20_000
ARCHIVED_MS = 800  # a part is on disk and on record soon after its verdict
RIGHT = 400  # px


class LiveScreen(Screen):
    """Needs no service of the desk: it shows what the line tells; the desk adds yield by hour and pictures of rejects."""

    services: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self.model = LiveModel()
        self._preview: Preview | None = None
        self._next: Preview | None = None  # waits until what is shown has been seen
        self._shown_bad = False
        self._camera = ""
        self._ticks = 0
        self._lost = 0
        self._dirty = True
        self.picture = PictureView(self.tr("picture of the newest part"))
        self.caption = QLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setWordWrap(True)
        self.cameras = QComboBox()
        self.cameras.setAccessibleName(self.tr("camera"))
        self.cameras.hide()
        self.overlay = OverlayControls()
        self.banner, self.score, self.counters, self.hours = BannerWidget(), ScoreBar(), CountersWidget(), HoursWidget()
        self.health, self.conditions, self.trend, self.strip = HealthWidget(), ConditionsWidget(), TrendWidget(), Filmstrip()
        self._build()
        self._connect()

    def title(self) -> str:
        """On its tab."""
        return self.tr("&Live")

    # ---- layout

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.addLayout(self._left(), 1)
        layout.addWidget(self._right())

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(self.picture, 5)
        row = QHBoxLayout()
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.caption, 1)
        row.addWidget(self.cameras)
        row.addWidget(self.overlay)
        column.addLayout(row)
        self.trend.setMinimumHeight(120)
        column.addWidget(self.trend, 2)
        column.addWidget(self.strip)
        return column

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """The banner grows with the window: it is read from three metres."""
        super().resizeEvent(event)
        self._side.setFixedWidth(max(RIGHT, round(0.3 * self.width())))
        self.banner.setFixedHeight(max(132, round(0.19 * self.height())))

    def _right(self) -> QWidget:
        self._side = frame = QFrame()
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        self.conditions.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        for widget, share in (
            (self.banner, 0),
            (self.score, 0),
            (self.conditions, 1),
            (self.counters, 0),
            (self.hours, 0),
            (self.health, 0),
        ):
            column.addWidget(widget, share)
        return frame

    def _connect(self) -> None:
        bridge = self.shared.bridge
        bridge.parts.connect(self._parts)
        bridge.begun.connect(self._begun)
        bridge.state.connect(self._state)
        bridge.preview.connect(self._picture)
        bridge.line_changed.connect(self._line)
        bridge.desk_changed.connect(self._desk)
        self.overlay.changed.connect(self._look)
        self.overlay.zoom.connect(self.picture.zoom_in_place)
        self.overlay.fit.connect(self.picture.fit)
        self.overlay.actual_size.connect(self.picture.actual_size)
        self.cameras.currentTextChanged.connect(self._choose_camera)
        self.conditions.acknowledged.connect(self._acknowledge)
        self.conditions.confirmed.connect(self._confirm)
        self.strip.chosen.connect(self.shared.part_wanted)
        self.strip.wanted.connect(lambda part_id: QTimer.singleShot(ARCHIVED_MS, self, lambda: self._ask_picture(part_id)))
        why = QAction(self.tr("Why was the last part not accepted?"), self, shortcut=QKeySequence(Qt.Key.Key_F2))
        why.triggered.connect(self._why)
        self.addAction(why)
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._paint)
        self._tick.start()
        self._hours_timer = QTimer(self, interval=HOURS_MS)
        self._hours_timer.timeout.connect(self._ask_hours)
        self._hours_timer.start()

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        for widget in (self.banner, self.score, self.hours, self.conditions, self.trend, self.strip):
            widget.set_theme(theme)

    # ---- what comes

    def _parts(self, parts: list[dict[str, Any]]) -> None:
        self.model.take(parts, time.monotonic())
        self._dirty = True
        lost = self.shared.bridge.lost
        if lost != self._lost:
            self._lost = lost
            text = self.tr("{count} parts came faster than this window could take them; they are in the history.")
            self.shared.said.emit(text.format(count=lost))

    def _state(self, state: dict[str, Any]) -> None:
        self.model.state = state
        self._dirty = True

    def _line(self, up: bool, why: str) -> None:
        self.model.connected = up
        self._dirty = True
        self.health.setEnabled(up)
        self.counters.setEnabled(up)
        self.trend.setEnabled(up)
        if not up:
            self.caption.setText(self.tr("Not connected, retrying: {why}").format(why=why))
            self._forget_picture()
            self.score.show_score(None, None, None)

    def _begun(self) -> None:
        """What was shown is of an earlier run of the line."""
        self.model.forget()
        self._forget_picture()
        self.caption.clear()
        self._dirty = True

    def _forget_picture(self) -> None:
        self.picture.show_image(None)
        self._preview = self._next = None
        self._shown_bad = False

    def _desk(self, up: bool, _why: str) -> None:
        if up:
            self._ask_hours()
            self.strip.ask_again()

    def _picture(self, preview: Preview) -> None:
        """A picture of a part that was not accepted stays as long as the banner speaks of it."""
        if not self.model.connected:
            return
        part = self.model.part(preview.n)
        bad = part is not None and kind_of(part) is not Kind.ACCEPT
        if self._shown_bad and not bad and self.model.holds(time.monotonic()):
            self._next = preview
            return
        self._shown_bad, self._next = bad, None
        self._show(preview, part)
        if bad:
            view = preview.views[0]
            self.strip.add_picture(preview.part_id, view.image)

    def _show(self, preview: Preview, part: dict[str, Any] | None) -> None:
        self._preview = preview
        names = [view.camera for view in preview.views]
        if names != [self.cameras.itemText(i) for i in range(self.cameras.count())]:
            self._offer(names)
        view = next((view for view in preview.views if view.camera == self._camera), preview.views[0])
        self._look(*self.overlay.look)
        if self.isVisible():
            self.picture.show_view(view)
        self._caption(preview, part)

    def _caption(self, preview: Preview, part: dict[str, Any] | None) -> None:
        words = [self.tr("Part {number}").format(number=preview.part_id)]
        if part is not None:
            words.append(kind_word(kind_of(part)))
            words += [f"{part[name]}" for name in ("serial", "lot") if part.get(name)]
        self.caption.setText(" · ".join(words))

    def _offer(self, names: list[str]) -> None:
        self.cameras.blockSignals(True)
        self.cameras.clear()
        self.cameras.addItems(names)
        self.cameras.setCurrentText(self._camera if self._camera in names else names[0])
        self.cameras.blockSignals(False)
        self.cameras.setVisible(len(names) > 1)

    def _choose_camera(self, name: str) -> None:
        self._camera = name
        if self._preview is not None:
            self._show(self._preview, self.model.part(self._preview.n))

    def _look(self, colours: str, opacity: float, outlines: bool) -> None:
        self.picture.look(colours, opacity, self.model.region_threshold if outlines else None)

    # ---- painting

    def _paint(self) -> None:
        """At a steady pace, however many parts come."""
        if not self.isVisible():
            return
        now = time.monotonic()
        banner = self.model.banner(now)
        self.banner.show_banner(banner)
        if self._next is not None and not self.model.holds(now):
            self._picture(self._next)
        self._ticks += 1
        if not self._dirty and self._ticks % (4 * SLOW_TICKS):
            return
        shown = banner.part or self.model.newest or {}
        if self.model.connected:
            self.score.show_score(shown.get("score"), *self.model.thresholds)
        self.counters.show_counters(self.model.counters())
        self.conditions.show_conditions(self.model.conditions() if self.model.state else None, connected=self.model.connected)
        self.strip.show_parts(self.model.rejects)
        if self._ticks % SLOW_TICKS == 0:
            self._dirty = False
            _, scores, kinds = self.model.scores()
            self.trend.show_scores(scores, kinds, self.model.thresholds)
            self.health.show_line(self.model, now)

    # ---- asking

    def _ask_hours(self) -> None:
        if "history" in self.shared.bridge.services:
            self.shared.bridge.ask_desk(self, "history.hours", {"hours": 12}, self._show_hours, _ignore)

    def _show_hours(self, result: dict[str, Any], _blobs: list[bytes]) -> None:
        self.hours.show_hours(result["hours"])

    def _ask_picture(self, part_id: str) -> None:
        if "images" in self.shared.bridge.services:
            self.shared.bridge.ask_desk(self, "images.get", {"part_id": part_id, "view": 0}, self._show_picture, _ignore)

    def _show_picture(self, result: dict[str, Any], blobs: list[bytes]) -> None:
        """Decoded beside Qt's thread: a camera's picture takes long."""
        archived = read(result, blobs)
        if archived.files:
            job = partial(decode_image, archived.files[0].image)
            self.shared.bridge.work(self, job, partial(self._add_picture, archived.part_id))

    def _add_picture(self, part_id: str, image: Pixels | None) -> None:
        if image is not None:
            self.strip.add_picture(part_id, image)

    def _acknowledge(self, name: str) -> None:
        self.shared.bridge.ask_line(self, "acknowledge", {"condition": name}, self._answered, self._refused)

    def _confirm(self, name: str) -> None:
        by = self.shared.session.user or "local"
        self.shared.bridge.ask_line(self, "confirm", {"condition": name, "by": by}, self._answered, self._refused)

    def _answered(self, state: dict[str, Any], _blobs: list[bytes]) -> None:
        self._state(state)

    def _refused(self, code: str, message: str) -> None:
        self.shared.said.emit(message if code != "login_needed" else self.tr("Log in first: {message}").format(message=message))

    def _why(self) -> None:
        if self.model.rejects:
            self.shared.part_wanted.emit(str(self.model.rejects[0]["part_id"]))


def _ignore(_code: str, _message: str) -> None:
    """What the desk cannot give now is asked for again, or done without."""
