"""Image, anomaly map and overlay of a part side by side, at one zoom and place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from ui.model.archived import Archived, Decoded, decoded
from ui.model.picture import View
from ui.theme import GAP
from ui.widgets.linked_picture import Box, Linkage, LinkedPicture
from ui.widgets.notice import Notice
from ui.widgets.picture import STEP

COLOURS = "inferno"
OPACITY = 0.6
Work = Callable[[QObject, Callable[[], Any], Callable[[Any], None]], None]
"""Does something on another thread and hands the result back: ``Bridge.work``."""


class PictureTrio(QWidget):
    """Decodes on another thread what it shows. ``shown`` tells the part_id once all is there, or cannot be."""

    shown = Signal(str)
    again = Signal()
    """Somebody wants the pictures asked for once more."""

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image, self.map, self.overlay = (
            LinkedPicture(name) for name in (self.tr("Image"), self.tr("Anomaly map"), self.tr("Overlay"))
        )
        self.pictures = (self.image, self.map, self.overlay)
        self._linkage = Linkage(self.pictures)
        self.overlay.look(COLOURS, OPACITY, None)
        self._archived = Archived("")
        self._view = 0
        self._work = work
        self._asked: tuple[str, int] | None = None
        self.cameras = QButtonGroup(self)
        self.cameras.idClicked.connect(self.show_camera)
        self.notice = Notice()
        self.notice.again.connect(self.again)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._side_by_side())
        self._stack.addWidget(self.notice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._tools())
        layout.addWidget(self._stack, 1)
        self._stack.setCurrentIndex(1)

    def _side_by_side(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for picture in self.pictures:
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(QLabel(picture.accessibleName()))
            picture.setFrameShape(QFrame.Shape.NoFrame)
            picture.setMinimumSize(160, 140)
            column.addWidget(picture, 1)
            row.addLayout(column, 1)
        return page

    def _tools(self) -> QHBoxLayout:
        self.tools = QHBoxLayout()
        self.tools.setSpacing(GAP)
        choices = (
            (self.tr("Fit"), self.tr("The whole picture (0)"), self.fit),
            (self.tr("1:1"), self.tr("One pixel of the camera on one of the screen (1)"), self.actual_size),
            ("+", self.tr("Nearer (+ or wheel)"), lambda: self._zoom(STEP)),
            ("−", self.tr("Farther (- or wheel)"), lambda: self._zoom(1 / STEP)),
        )
        for text, tip, action in choices:
            button = _button(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(action)
            self.tools.addWidget(button)
        self._camera_row = QHBoxLayout()
        self.tools.addLayout(self._camera_row)
        self.tools.addStretch()
        return self.tools

    # ---- what is shown

    @property
    def view(self) -> int:
        """The camera that is shown, from 0."""
        return self._view

    @property
    def ready(self) -> bool:
        """Whether all there is to see is to be seen."""
        return self._asked is None and self._stack.currentIndex() == 0

    def say(self, text: str) -> None:
        """A message in place of the pictures."""
        self._forget()
        self.notice.say(text)

    def fail(self, text: str) -> None:
        """The same of something that went wrong."""
        self._forget()
        self.notice.fail(text)

    def wait(self, text: str) -> None:
        """A message until the pictures that were asked for are there."""
        self._clear()
        self.notice.say(text)

    def _forget(self) -> None:
        self._asked = None
        self._archived = Archived("")
        self._offer_cameras(())
        self._clear()

    def _clear(self) -> None:
        for picture in self.pictures:
            picture.mark(None)
            picture.show_image(None)
        self._stack.setCurrentIndex(1)

    def show_part(self, archived: Archived, view: int) -> None:
        """The pictures of a part, the given camera first where it has it; whole, wherever the last part was looked at."""
        self._archived = archived
        self._offer_cameras(tuple(files.view for files in archived.files))
        first = archived.of(view) or archived.files[0]
        self.show_camera(first.view)
        self.fit()

    def outline(self, threshold: float | None) -> None:
        """From which map value on regions are outlined; None: no outlines."""
        self.overlay.look(COLOURS, OPACITY, threshold)

    def show_camera(self, view: int) -> None:
        """Another camera of the same part."""
        files = self._archived.of(view)
        if files is None:
            return
        self._view = view
        button = self.cameras.button(view)
        if button is not None:
            button.setChecked(True)
        self.point_at(None)
        self._asked = (self._archived.part_id, view)
        self._work(self, partial(decoded, files), partial(self._show, self._asked))

    def _show(self, asked: tuple[str, int], found: Decoded) -> None:
        if asked != self._asked:
            return
        self._asked = None
        if found.image is None:
            self.fail(self.tr("The archived file is no picture that can be read."))
        else:
            height, width = found.image.shape[:2]
            self._stack.setCurrentIndex(0)
            self.image.show_image(found.image)
            self.map.show_image(found.painted, width, height)
            self.overlay.show_view(View(self._view, "", width, height, found.image, found.anomaly_map))
        self.shown.emit(asked[0])

    def _offer_cameras(self, views: tuple[int, ...]) -> None:
        shown = tuple(self.cameras.id(button) for button in self.cameras.buttons())
        wanted = views if len(views) > 1 else ()
        if shown == wanted:
            return
        for button in self.cameras.buttons():
            self.cameras.removeButton(button)
            button.deleteLater()
        for view in wanted:
            button = _button(self.tr("Camera {}").format(view + 1))
            button.setCheckable(True)
            self.cameras.addButton(button, view)
            self._camera_row.addWidget(button)

    # ---- zoom and place

    def fit(self) -> None:
        """The whole picture."""
        for picture in self.pictures:
            picture.fit()

    def actual_size(self) -> None:
        """One pixel of the camera on one of the screen."""
        self.image.actual_size()

    def _zoom(self, factor: float) -> None:
        self.image.zoom_in_place(factor)

    def point_at(self, box: Box | None) -> None:
        """A box around something, in the middle; None: no box."""
        for picture in self.pictures:
            picture.mark(box)
        if box is not None and self.image.image_size[0]:
            self.image.centre(box)


def _button(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    return button
