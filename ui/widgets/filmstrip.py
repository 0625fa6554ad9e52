"""The last parts that were not accepted, as small pictures; a click shows one in review."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ui.model.live import Kind, kind_of
from ui.model.picture import Pixels
from ui.theme import DARK, Theme
from ui.widgets.picture import image_of
from ui.widgets.symbols import kind_icon
from ui.words import kind_word, reason_word

SHOWN = 8
SIDE = 76  # px
KEPT = 40


class Filmstrip(QWidget):
    """Newest at the left. ``wanted`` asks for a picture that no preview has brought."""

    chosen = Signal(str)
    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._thumbs: OrderedDict[str, QPixmap] = OrderedDict()
        self._parts: list[dict[str, Any]] = []
        self._asked: set[str] = set()
        self.setAccessibleName(self.tr("last rejects"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._empty = QLabel(self.tr("No rejects yet."))
        self._empty.setProperty("role", "dim")
        layout.addWidget(self._empty)
        self._buttons = [QToolButton() for _ in range(SHOWN)]
        for place, button in enumerate(self._buttons):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(SIDE, SIDE))
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            button.setFixedSize(SIDE + 22, SIDE + 52)
            button.clicked.connect(lambda _checked=False, place=place: self._choose(place))
            button.hide()
            layout.addWidget(button)
        layout.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Colours."""
        self._theme = theme
        self.show_parts(self._parts, fresh=True)

    def add_picture(self, part_id: str, image: Pixels) -> None:
        """The picture of a part that is, or soon will be, in the strip."""
        step = max(1, max(image.shape[:2]) // (4 * SIDE))  # of a large picture every so many pixels will do
        image = np.ascontiguousarray(image[::step, ::step])
        scale = SIDE / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._thumbs[part_id] = QPixmap.fromImage(image_of(small))
        while len(self._thumbs) > KEPT:
            self._thumbs.popitem(last=False)
        self.show_parts(self._parts, fresh=True)

    def ask_again(self) -> None:
        """Whoever has the pictures may have come only now."""
        self._asked.clear()
        self.show_parts(self._parts, fresh=True)

    def show_parts(self, parts: Sequence[dict[str, Any]], *, fresh: bool = False) -> None:
        """Newest first."""
        if not fresh and [part["n"] for part in parts] == [part["n"] for part in self._parts]:
            return
        self._parts = list(parts)[:SHOWN]
        self._asked &= {str(part["part_id"]) for part in self._parts}
        self._empty.setVisible(not self._parts)
        for place, button in enumerate(self._buttons):
            button.setVisible(place < len(self._parts))
            if place < len(self._parts):
                self._dress(button, self._parts[place])

    def _dress(self, button: QToolButton, part: dict[str, Any]) -> None:
        kind, part_id = kind_of(part), str(part["part_id"])
        thumb = self._thumbs.get(part_id)
        button.setIcon(QIcon(thumb) if thumb else kind_icon(kind, self._theme.dim, SIDE))
        score = "–" if part.get("score") is None else f"{part['score']:.3f}"
        button.setText(f"{_shape(kind)} {part['trigger_count']}\n{score}")
        said = f"{kind_word(kind)} {part_id}: {reason_word(str(part['reason']))}"
        button.setToolTip(said)
        button.setAccessibleName(said)
        if thumb is None and part_id not in self._asked:
            self._asked.add(part_id)
            self.wanted.emit(part_id)

    def _choose(self, place: int) -> None:
        self.chosen.emit(str(self._parts[place]["part_id"]))


def _shape(kind: Kind) -> str:
    return {Kind.REVIEW: "?", Kind.MISSED: "∅"}.get(kind, "✕")
