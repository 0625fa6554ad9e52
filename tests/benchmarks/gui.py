"""What the operator GUI must reach, on a real line over real sockets; each result goes into the ledger.

python -m tests.benchmarks.gui preview    1080p previews at 15 a second: share of one core, reaction to clicks             2 minutes
python -m tests.benchmarks.gui replay     100,000 status messages, fast: growth of memory, none lost                       1 minute
python -m tests.benchmarks.gui first      start to first picture, with the line up: median of five                         1 minute
python -m tests.benchmarks.gui stopped    the line's overhead with a GUI that is stopped (SIGSTOP), paired: five pairs     11 minutes
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tomli_w

from edge_inspector.rehearsal.processes import LineProcess, TemporaryStation
from edge_inspector.rehearsal.soak import growth
from edge_inspector.store.database import read_database
from edge_inspector.store.queries import Filter, pages, percentiles
from edge_inspector.wire.server import ControlServer, StatusPublisher
from tests.benchmarks.line import measure

MESSAGES = 100_000
WARM = 300  # parts at 20 a second before them: a window that has just been opened still fills its charts
MINUTE_S = 60.0
FAULTY = "edge_inspector.rehearsal.faulty"


@contextmanager
def line(rate: float, width: int, height: int, side: int) -> Iterator[TemporaryStation]:
    """A line with the stub engine over pictures of that size, which paces itself and needs no gate."""
    with tempfile.TemporaryDirectory(prefix="edge-gui-") as folder:
        station = TemporaryStation(Path(folder))
        station.write("ring", 1, "demo")
        pictures(station.folder / "pictures", width, height)
        camera = {"driver": "folder", "path": "pictures", "rate": rate, "repeat": True}
        sockets: dict[str, dict[str, object]] = {
            name: {"endpoint": station.endpoint(name)} for name in ("reject", "status", "control", "desk")
        }
        sockets["reject"]["require_gate"] = False
        sockets["status"] |= {"preview_side": side, "preview_rate": 15.0}
        settings = {"station": "demo", "recipe": "recipe.toml", "camera": [camera], **sockets}
        station.config.write_text(tomli_w.dumps(settings), encoding="utf-8")
        (station.folder / "faults.json").write_text("[]", encoding="utf-8")
        with LineProcess(station, run=(FAULTY, "--faults", str(station.folder / "faults.json"), "--stub")) as process:
            process.wait_for(("Ready", "ContinuousExecution"))
            yield station
            process.stop()


def pictures(folder: Path, width: int, height: int) -> None:
    """Eight pictures with a texture and a defect each, as a camera would bring."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    coarse = rng.integers(90, 150, (height // 16, width // 16, 3), np.uint8)
    for number in range(8):
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        image = cv2.add(image, rng.integers(0, 12, image.shape, np.uint8))
        cv2.circle(image, (width * (number + 1) // 10, height // 2), 40, (30, 30, 200), -1)
        cv2.imwrite(str(folder / f"{number}.bmp"), image)  # quick to decode: the line is to bring 15 a second


def child(endpoint: str, *options: str) -> dict[str, Any]:
    """Run the GUI and return what it told."""
    command = [sys.executable, "-m", "tests.benchmarks.gui_child", "--connect", endpoint, "--started", str(time.monotonic_ns()), *options]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {event.pop("event"): event for event in map(json.loads, told.splitlines())}


def preview() -> None:
    """CPU, frames and clicks."""

    def run() -> dict[str, Any]:
        with line(15.0, 1920, 1080, 1920) as station:
            told = child(station.endpoint("control"), "--seconds", str(MINUTE_S), "--clicks", "200")
        done = told["done"]
        found = percentiles(done["reactions_ms"])
        return {
            "core": round(done["cpu_s"] / done["wall_s"], 3),
            "pictures_per_s": round(done["pictures"] / done["wall_s"], 2),
            "clicks": len(done["reactions_ms"]),
            "reaction_ms": {name: round(value, 1) for name, value in found.items()},
        }

    measure("gui-preview", {"width": 1920, "height": 1080, "rate": 15}, run)


def first() -> None:
    """From the command to the first picture."""

    def run() -> dict[str, Any]:
        with line(10.0, 1280, 1024, 960) as station:
            times = [child(station.endpoint("control"), "--seconds", "6")["first_picture"]["s"] for _ in range(5)]
        return {"seconds": round(statistics.median(times), 2), "of_each": [round(value, 2) for value in times]}

    measure("gui-first-picture", {"runs": 5}, run)


class Replayer:
    """Stands where a line stands, and publishes as fast as the window takes it: parts as a line tells them."""

    def __init__(self, folder: Path) -> None:
        self.control = f"ipc://{folder}/control"
        self._ring: deque[dict[str, Any]] = deque(maxlen=1000)
        self.publisher = StatusPublisher(f"ipc://{folder}/status")
        state = {"station": "demo", "state": "ContinuousExecution", "counts": {}, "conditions": [], "gates": []}
        endpoints = {"status": f"ipc://{folder}/status", "control": self.control, "desk": ""}
        self._server = ControlServer(
            self.control,
            {
                "ping": lambda _params: {"process": "line", "station": "demo", "endpoints": endpoints},
                "status": lambda _params: state,
                "parts": lambda params: self._parts(int(params.get("since", 0)), int(params.get("limit", 1000))),
            },
        )

    def _parts(self, since: int, limit: int) -> dict[str, Any]:
        kept = list(self._ring)
        found = {"parts": [p for p in kept if p["n"] > since][:limit], "run": self.publisher.run}
        return {**found, "oldest": kept[0]["n"] if kept else 0, "newest": kept[-1]["n"] if kept else 0}

    def run(self, stop: threading.Event) -> None:
        """Publish once somebody listens."""
        self.publisher.start()
        self._server.start()
        while not self.publisher.has_subscribers("part") and not stop.wait(0.02):
            continue
        for number in range(1, WARM + MESSAGES + 1):
            bad = number % 9 == 0
            part = {
                "run": self.publisher.run, "n": number, "part_id": f"demo-1-{number}", "trigger_count": number, "serial": "", "lot": "",
                "verdict": "reject" if bad else "accept", "outcome": "rejected" if bad else "accepted",
                "reason": "score" if bad else "none",
                "score": 0.9 if bad else 0.1, "threshold": 0.5, "latency_ms": 30.0, "regions": [], "camera": "cam0",
            }  # fmt: skip
            self._ring.append(part)
            self.publisher.put("part", part)
            if (number <= WARM or number % 400 == 0) and stop.wait(0.05):  # 20 a second, then 8,000
                break

    def close(self) -> None:
        """Let go of the sockets."""
        self.publisher.stop()
        self._server.stop()


def replay() -> None:
    """Memory and completeness."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="edge-gui-") as folder:
            replayer, stop = Replayer(Path(folder)), threading.Event()
            thread = threading.Thread(target=replayer.run, args=(stop,), name="replayer")
            thread.start()
            try:
                told = child(replayer.control, "--seconds", "180", "--until-part", str(WARM + MESSAGES))["done"]
            finally:
                stop.set()
                thread.join()
                replayer.close()
        return {
            "newest": told["newest"],
            "taken": told["taken"],
            "lost": told["lost"],
            "rss_growth": growth([(count - WARM, size) for count, size in told["memory"]], MESSAGES),
        }

    measure("gui-replay", {"messages": MESSAGES, "warm": WARM}, run)


def stopped() -> None:
    """One line throughout; minutes with a stopped GUI and minutes without one in turn."""

    def run() -> dict[str, Any]:
        with line(50.0, 256, 256, 960) as station:
            windows: dict[str, list[tuple[float, float]]] = {"stopped": [], "without": []}
            for turn in range(5):
                for kind in ("stopped", "without") if turn % 2 else ("without", "stopped"):
                    windows[kind].append(_minute(station.endpoint("control"), kind == "stopped"))
            database = read_database(station.database)
            try:
                rows = [(row["triggered_utc"], row["overhead_ms"]) for page in pages(database, Filter()) for row in page]
            finally:
                database.dispose()
        p99 = {kind: [_p99(rows, *window) for window in found] for kind, found in windows.items()}
        ratios = [with_gui / without for with_gui, without in zip(p99["stopped"], p99["without"], strict=True)]
        return {"ratio": round(statistics.median(ratios), 3), "ratios": [round(r, 2) for r in ratios], "p99_ms": p99}

    measure("gui-stopped", {"pairs": 5, "seconds": MINUTE_S, "rate": 50}, run)


def _minute(endpoint: str, with_gui: bool) -> tuple[float, float]:
    """Seconds since the epoch at its beginning and end; a GUI shows pictures first, then it is stopped."""
    process = None
    if with_gui:
        command = [sys.executable, "-m", "tests.benchmarks.gui_child", "--connect", endpoint, "--seconds", "600"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()  # the first picture
        os.kill(process.pid, signal.SIGSTOP)
    began = time.time()
    threading.Event().wait(MINUTE_S)
    ended = time.time()
    if process is not None:
        process.kill()
        process.communicate()
    return began, ended


def _p99(rows: list[tuple[str, float | None]], began: float, ended: float) -> float:
    from datetime import datetime

    found = [ms for utc, ms in rows if ms is not None and began <= datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp() < ended]
    return round(percentiles(found)["p99"], 3)


COMMANDS: dict[str, Callable[[], None]] = {"preview": preview, "replay": replay, "first": first, "stopped": stopped}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]]()
