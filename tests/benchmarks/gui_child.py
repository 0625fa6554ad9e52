"""The GUI as the benchmarks run it: the real application, offscreen unless a display is given, that tells of itself as JSON lines.

python -m tests.benchmarks.gui_child --connect ENDPOINT --seconds S [--started NS] [--clicks N] [--until-part N] [--size 1920x1080]

``first_picture`` when the first picture has been painted; ``done`` with CPU seconds, reaction times of clicks, memory samples, newest part.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ui.app import Desk, Options
from ui.screens.live import LiveScreen

SAMPLE_MS = 500
CLICK_MS = 200


def say(event: str, **more: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """One line."""
    sys.stdout.write(json.dumps({"event": event, **more}) + "\n")
    sys.stdout.flush()


class Watch(QObject):
    """Sees what is painted, clicks, samples memory, and ends the application.

    Another thread says when a click is due, so that the wait for a busy event loop counts, up to the first paint that shows its effect.
    """

    due = Signal(object)

    def __init__(self, desk: Desk, plan: argparse.Namespace) -> None:
        super().__init__()
        self._desk, self._plan = desk, plan
        live = desk.window.screens[0]
        assert isinstance(live, LiveScreen)
        self._live = live
        self._pictures = 0
        self._newest = 0
        self._taken = 0
        self._clicked: int | None = None
        self._reactions: list[float] = []
        self._memory: list[tuple[int, int]] = []
        self._first = False
        self._cpu_before = 0.0
        self._wall_before = 0.0
        desk.bridge.parts.connect(self._parts)
        desk.bridge.preview.connect(self._preview)
        live.picture.viewport().installEventFilter(self)
        timer = QTimer(self, interval=SAMPLE_MS)
        timer.timeout.connect(self._sample)
        timer.start()
        self._ended = threading.Event()
        self.due.connect(self._click, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._hand, name="hand", daemon=True).start()
        QTimer.singleShot(int(plan.seconds * 1000), self, self._end)

    def _parts(self, parts: list[dict[str, Any]]) -> None:
        self._newest = parts[-1]["n"]
        self._taken += len(parts)
        if self._plan.until_part and self._newest >= self._plan.until_part:
            QTimer.singleShot(1000, self, self._end)
            self._plan.until_part = 0

    def _preview(self, _preview: object) -> None:
        self._pictures += 1

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """After a paint of the picture: the first one, and the one that shows what a click did."""
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self, self._painted)
        return super().eventFilter(watched, event)

    def _painted(self) -> None:
        if not self._first and self._pictures:
            self._first = True
            say("first_picture", s=(time.monotonic_ns() - self._plan.started) / 1e9)
            usage = resource.getrusage(resource.RUSAGE_SELF)
            self._cpu_before, self._wall_before = usage.ru_utime + usage.ru_stime, time.monotonic()
        if self._clicked is not None:
            self._reactions.append((time.monotonic_ns() - self._clicked) / 1e6)
            self._clicked = None

    def _hand(self) -> None:
        while not self._ended.wait(CLICK_MS / 1e3):
            self.due.emit(time.monotonic_ns())

    def _click(self, due_ns: int) -> None:
        """The outlines on or off: the picture has to be painted anew."""
        if len(self._reactions) < self._plan.clicks and self._first and self._clicked is None:
            self._clicked = due_ns
            box = self._live.overlay.outlines
            QTest.mouseClick(box, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(14, box.height() // 2))

    def _sample(self) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self._memory.append((self._newest, pages * resource.getpagesize()))

    def _end(self) -> None:
        self._ended.set()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        say(
            "done",
            cpu_s=usage.ru_utime + usage.ru_stime - self._cpu_before,
            wall_s=time.monotonic() - self._wall_before,
            pictures=self._pictures,
            newest=self._newest,
            taken=self._taken,
            lost=self._desk.bridge.lost,
            reactions_ms=self._reactions,
            memory=self._memory,
        )
        self._desk.window.leave()


def main() -> None:
    """Run as asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connect", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--started", type=int, default=time.monotonic_ns())
    parser.add_argument("--clicks", type=int, default=0)
    parser.add_argument("--until-part", type=int, default=0)
    parser.add_argument("--size", default="1920x1080")
    plan = parser.parse_args()
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "ui.ini"), QSettings.Format.IniFormat)
        desk = Desk(application, Options(connect=plan.connect, language="en", theme="dark"), settings)
        desk.start()
        desk.window.resize(*(int(side) for side in plan.size.split("x")))
        watch = Watch(desk, plan)
        application.exec()
        desk.stop()
        watch.deleteLater()


if __name__ == "__main__":
    main()
