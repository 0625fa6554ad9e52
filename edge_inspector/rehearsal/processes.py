"""The processes of a rehearsal: a line on a temporary station, and the belt beside it."""

from __future__ import annotations

import importlib.util
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from edge_inspector.errors import EdgeInspectorError, WireError
from edge_inspector.rehearsal.belt import BeltPlan
from edge_inspector.wire.client import ControlClient

READY_S = 90.0
END_S = 30.0
BELT_OPTIONS = (
    "trigger", "reject", "parts", "rate", "product", "seed", "bad_fraction", "heartbeat_ms", "settle_s", "faults", "status", "control",
    "gate_s",
)  # fmt: skip


class RehearsalError(EdgeInspectorError):
    """A process of the rehearsal did not start, or ended early; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class TemporaryStation:
    """A station in a folder of its own; its sockets are files in it, so that any number can run at once."""

    folder: Path

    @property
    def config(self) -> Path:
        """station.toml."""
        return self.folder / "station.toml"

    @property
    def database(self) -> str:
        """URL of its result log."""
        return f"sqlite:///{self.folder / 'state' / 'results.db'}"

    def endpoint(self, name: str) -> str:
        """ipc endpoint of reject, status, control, desk or trigger."""
        return f"ipc://{self.folder}/{name}"

    def write(self, product: str, seed: int, bundle: str, bad_fraction: float = 0.3, distinct: int | None = None, **engine: object) -> None:
        """station.toml and recipe.toml: the simulated camera on a belt, a gate required."""
        camera = {
            "driver": "simulated",
            "product": product,
            "seed": seed,
            "bad_fraction": bad_fraction,
            "trigger": self.endpoint("trigger"),
            **({"distinct": distinct} if distinct else {}),
        }
        sockets: dict[str, dict[str, object]] = {
            name: {"endpoint": self.endpoint(name)} for name in ("reject", "status", "control", "desk")
        }
        station = {"station": "demo", "recipe": "recipe.toml", "camera": [camera], "engine": engine, **sockets}
        recipe = {"name": product, "bundle": bundle, "gate": {"reject_window_ms": 450.0}}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(tomli_w.dumps(station), encoding="utf-8")
        (self.folder / "recipe.toml").write_text(tomli_w.dumps(recipe), encoding="utf-8")


class LineProcess:
    """A line as a child, its log in a file of the first station's; questions go to that one.

    What runs is ``edge-inspector run``, or the module and options of ``run``.
    """

    def __init__(self, station: TemporaryStation, *others: TemporaryStation, run: tuple[str, ...] = ("edge_inspector", "run")) -> None:
        self._station = station
        self._log = station.folder / "line.log"
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", *run]
            for each in (station, *others):
                command += ["--config", str(each.config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait_for(self, states: tuple[str, ...], timeout_s: float = READY_S) -> dict[str, Any]:
        """The line's status once it is in one of the states. Raises RehearsalError if it ends, or takes too long."""
        until = time.monotonic() + timeout_s
        with ControlClient(self._station.endpoint("control")) as control:
            while time.monotonic() < until:
                if self._process.poll() is not None:
                    raise RehearsalError(f"the line ended with exit status {self._process.returncode}:\n{self.log_tail()}")
                try:
                    status = control.call("status", {}, 0.5)
                except WireError:
                    continue
                if status["state"] in states:
                    return status
                if status["state"] == "Error":
                    raise RehearsalError(f"the line is in Error:\n{self.log_tail()}")
        raise RehearsalError(f"the line was not {' or '.join(states)} after {timeout_s:g} s:\n{self.log_tail()}")

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds now (resident set); 0 where it has ended."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * resource.getpagesize()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and its exit status; killed if it does not end."""
        return self.end(signal.SIGTERM)

    def end(self, number: int) -> int:
        """Send a signal that ends it; its exit status, minus the signal where that killed it. Killed if it does not end."""
        self._process.send_signal(number)
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RehearsalError(f"the line did not end within {END_S:g} s of signal {number}:\n{self.log_tail()}") from None

    def log_tail(self, lines: int = 20) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def __enter__(self) -> LineProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self.kill()


class GuiProcess:
    """The operator GUI as a child, attached to the station's line."""

    def __init__(self, station: TemporaryStation) -> None:
        if importlib.util.find_spec("PySide6") is None:
            raise RehearsalError("the GUI needs PySide6, which is not installed; install the extra: pip install 'edge-inspector[ui]'")
        self._log = station.folder / "gui.log"
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "ui", "--connect", station.endpoint("control")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def closed(self) -> bool:
        """Whether its window was closed. Raises RehearsalError where it ended in another way."""
        status = self._process.poll()
        if status:
            tail = "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
            raise RehearsalError(f"the GUI ended with exit status {status}; has this session a display?\n{tail}")
        return status is not None

    def wait(self) -> None:
        """Until its window is closed. Raises RehearsalError where it ends in another way."""
        self._process.wait()
        _ = self.closed

    def __enter__(self) -> GuiProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()


class BeltProcess:
    """The belt-and-gate process as a child; its events are read from its stdout."""

    def __init__(self, plan: BeltPlan) -> None:
        command = [sys.executable, "-m", "edge_inspector.rehearsal.belt"]
        for name in BELT_OPTIONS:
            command += [f"--{name.replace('_', '-')}", str(getattr(plan, name))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def stop_triggering(self) -> None:
        """No further part; its account follows once those on the belt are through."""
        self._process.terminate()

    def account(self, progress: Callable[[int], None] = lambda _triggers: None, kill: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Follow it to its end and return its account; ``kill`` is called where the line is to be killed.

        Raises RehearsalError where it ends without one.
        """
        if self._process.stdout is None:
            raise RehearsalError("the belt has no output to read")
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "progress":
                progress(event["triggers"])
            elif event["event"] == "kill":
                kill()
            elif event["event"] == "done":
                self._process.wait()
                return dict(event)
        raise RehearsalError(f"the belt ended with exit status {self._process.wait()} before its account was made")

    def __enter__(self) -> BeltProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
