"""Cyclic garbage is collected on Qt's thread alone.

Python collects on whichever thread happens to allocate. A widget that a worker frees leaves its timers behind ("Timers cannot be stopped
from another thread", says QObject), which Qt's thread then calls: the window ends in a segmentation fault.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 500


class Collector(QObject):
    """Collects what Python's own collector would, at its thresholds, but in the event loop; from ``start`` to ``stop``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(look)

    def start(self) -> None:
        """From now on no other thread collects."""
        self._was_on = gc.isenabled()
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """As it was before ``start``, once. Idempotent."""
        if self._timer.isActive():
            self._timer.stop()
            if self._was_on:
                gc.enable()


def look() -> None:
    """Collect the oldest generation that is due."""
    for generation, (count, most) in reversed(list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))):
        if count > most > 0:
            gc.collect(generation)
            return
