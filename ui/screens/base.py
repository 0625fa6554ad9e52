"""What every screen is: a page that knows the bridge, who sits there, and which services it needs."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ui.bridge import Bridge
from ui.model.session import Session
from ui.theme import DARK, Theme


class Shared(QObject):
    """What all screens of a window share. ``part_wanted``: show this part_id on the review screen; ``said``: a word for the status bar."""

    part_wanted = Signal(str)
    label_wanted = Signal(str, int)
    """Paint defects on this part_id, this view."""
    said = Signal(str)
    session_changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.session = Session()
        self.theme: Theme = DARK


class Screen(QWidget):
    """A page of the window. ``services`` are those of the desk without which it is not shown."""

    services: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared

    def title(self) -> str:
        """On its tab, in the reader's language."""
        raise NotImplementedError

    def entered(self) -> None:
        """It is to be seen from now on."""

    def left(self) -> None:
        """It is not to be seen any more: nothing is asked for in vain."""

    def set_theme(self, theme: Theme) -> None:
        """Colours of what the style sheet does not reach."""

    def unsaved(self) -> str:
        """What would be lost if the window closed now, in words; empty where nothing would."""
        return ""
