"""Every screen of the GUI as a picture, on a simulated line with the demo bundle: real processes, real sockets, real parts."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEventLoop, QSettings
from PySide6.QtWidgets import QApplication, QWidget

from edge_inspector.rehearsal.belt import BeltPlan
from edge_inspector.rehearsal.processes import BeltProcess, LineProcess, RehearsalError, TemporaryStation
from edge_inspector.wire.client import ControlClient
from ui.app import Desk, Options
from ui.screens.live import LiveScreen
from ui.screens.login import LoginDialog

SIZES = ((1280, 800), (1920, 1080))
PARTS, RATE = 60, 4.0
PATIENCE_S = 60.0


class Studio:
    """One application on one line; pictures by name."""

    def __init__(self, application: QApplication, desk: Desk, out: Path) -> None:
        self._application = application
        self.desk = desk
        self._out = out

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Let the window work until ``ready``. Raises SystemExit where that takes too long."""
        until = time.monotonic() + PATIENCE_S
        while not ready():
            if time.monotonic() > until:
                sys.exit(f"error: waited in vain for {what}")
            self._application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    def rest(self, seconds: float) -> None:
        """Let the window work."""
        until = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > until, "time")

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """A picture at each size; of a dialog at its own."""
        for width, height in SIZES if widget is None else SIZES[:1]:
            if widget is None:
                self.desk.window.resize(width, height)
            self.rest(0.7)
            path = self._out / f"{name}-{width}x{height}.png"
            if not (widget or self.desk.window).grab().save(str(path)):
                sys.exit(f"error: {path} cannot be written")
            sys.stderr.write(f"{path}\n")


def shoot(studio: Studio, rejected: str) -> None:
    """Every screen, with something on it."""
    window = studio.desk.window
    live, review, label, tune = window.screens
    assert isinstance(live, LiveScreen)
    studio.wait(lambda: len(live.model.rejects) > 6 and live.picture.image_size[0] > 0, "parts")
    studio.take("live")
    window.shared.part_wanted.emit(rejected)
    studio.rest(2.0)
    studio.take("review")
    window.shared.label_wanted.emit(rejected, 0)
    studio.rest(2.0)
    studio.take("label")
    window.go_to(tune)
    studio.rest(2.0)
    studio.take("tune")
    window.go_to(live)
    dialog = LoginDialog(window.shared, window)
    dialog.open()
    studio.take("login", dialog)
    dialog.reject()
    dialog.deleteLater()
    del review, label


def judged(station: TemporaryStation) -> str:
    """Some parts judged by a person, as after an hour's work; returns one that was rejected."""
    with ControlClient(station.endpoint("desk")) as desk:
        until = time.monotonic() + PATIENCE_S
        while len(rows := desk.call("history.query", {"limit": 60})["rows"]) < PARTS // 2:
            if time.monotonic() > until:
                sys.exit("error: waited in vain for parts on record")
            threading.Event().wait(0.2)
        for row in rows[10:]:
            if row["score"] is not None:
                desk.call("review.set", {"part_id": row["part_id"], "verdict": "confirm"})
        while not (archived := [row for row in rows if row["outcome"] == "rejected" and row["archive"]]):
            if time.monotonic() > until:
                sys.exit("error: waited in vain for a rejected part in the archive")
            threading.Event().wait(0.2)
            rows = desk.call("history.query", {"limit": 200})["rows"]
        return str(max(archived, key=lambda row: row["score"] or 0.0)["part_id"])


def _carry(belt: BeltProcess) -> None:
    with contextlib.suppress(RehearsalError):  # it is ended before its last part
        belt.account()


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/gui"))
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--language", default="en")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="edge-pictures-") as folder:
        station = TemporaryStation(Path(folder))
        station.write("ring", 1, "demo", bad_fraction=0.35)
        belt = BeltPlan(station.endpoint("trigger"), station.endpoint("reject"), 400, RATE, seed=1, bad_fraction=0.35)
        with LineProcess(station) as line:
            line.wait_for(("Ready",))
            with BeltProcess(belt) as process:
                threading.Thread(target=_carry, args=(process,), name="belt", daemon=True).start()
                settings = QSettings(str(Path(folder) / "ui.ini"), QSettings.Format.IniFormat)
                desk = Desk(application, Options(station.endpoint("control"), asked.language, asked.theme), settings)
                desk.start()
                try:
                    shoot(Studio(application, desk, asked.out), judged(station))
                finally:
                    desk.window.leave()
                    desk.stop()
            line.stop()


if __name__ == "__main__":
    main()
