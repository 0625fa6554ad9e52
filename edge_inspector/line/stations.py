"""Several stations in one process: each a line of its own, with its sockets, journal, database and control; they share engines."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edge_inspector.engine.shared import SharedEngines
from edge_inspector.errors import EdgeInspectorError, SettingsError
from edge_inspector.line.equipment import Equipment
from edge_inspector.line.plan import Plan, make_plan
from edge_inspector.line.process import Line, leave_behind_what_hangs
from edge_inspector.line.threads import ThreadOwner, ThreadWatch, keep_opencv_to_one
from edge_inspector.service import Say, notify, status_line, stop_on_signals

log = logging.getLogger(__name__)


def run_lines(configs: Sequence[Path], parts: int | None = None) -> None:
    """Run the lines of several ``station.toml`` until SIGTERM or SIGINT, or until each has had ``parts`` parts.

    A station that cannot start, or fails, does not keep the others from running. Raises SettingsError or BundleError, before any starts,
    for files that do not go together; at the end EdgeInspectorError naming the stations that failed.
    """
    plans = [make_plan(config) for config in configs]
    check_apart(plans)
    stop = stop_on_signals()
    keep_opencv_to_one()
    with ThreadWatch() as threads:
        engines, chorus = SharedEngines(), Chorus([plan.station.station for plan in plans])
        stations = [_Station(plan, parts, engines, threads.owner(), chorus, stop) for plan in plans]
        for station in stations:
            station.start()
        for station in stations:
            station.join()
    failed = [f"station {station.name}: {station.error}" for station in stations if station.error is not None]
    error = EdgeInspectorError("; ".join(failed)) if failed else None
    leave_behind_what_hangs(error)
    if error is not None:
        raise error


def check_apart(plans: Sequence[Plan]) -> None:
    """Refuse stations that would get in each other's way. Raises SettingsError naming both files and what they share."""
    taken: dict[tuple[str, str], Path] = {}
    for plan in plans:
        for what, value in _own(plan):
            other = taken.setdefault((what, value), plan.config)
            if other is not plan.config:
                raise SettingsError(f"{plan.config}: {what} '{value}' is also that of {other}; give each station its own")


def _own(plan: Plan) -> list[tuple[str, str]]:
    """What a station shares with no other. The active recipe is one a database, so a database is one a station."""
    s = plan.station
    sockets = [e for e in (s.reject.endpoint, s.status.endpoint, s.control.endpoint, s.desk.endpoint) if not e.endswith(":*")]
    places = [("station", s.station), ("state", str(s.state)), ("database.url", str(s.database.url)), ("archive.path", str(s.archive.path))]
    return [*places, *(("endpoint", endpoint) for endpoint in sockets)]


class Chorus:
    """What the stations of one process tell the service manager, as one voice; any thread may speak.

    READY once every station is, or has ended, and one at least is; a ping once every station that runs has pinged; STOPPING once all of
    them stop; STATUS is that of each. While one of them still starts, and says how long it may take, each ping asks for that time.
    """

    def __init__(self, names: Sequence[str], say: Say = notify) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._running = set(names)
        self._status: dict[str, str] = {}
        self._heard: dict[str, set[str]] = {"READY": set(), "WATCHDOG": set(), "STOPPING": set()}
        self._told: set[str] = set()
        self._more_time: dict[str, str] = {}  # of stations that are not READY: what they asked for last

    def voice(self, name: str) -> Say:
        """For one station."""
        return partial(self._take, name)

    def failed(self, name: str, error: str) -> None:
        """A station has ended by an error; the others go on."""
        with self._lock:
            self._status[name] = f"ended: {error}"
            self._end(name)

    def ended(self, name: str) -> None:
        """A station has ended as it should; the others go on. Nothing new where it has failed."""
        with self._lock:
            if name in self._running:
                self._end(name)

    def _end(self, name: str) -> None:
        self._running.discard(name)
        self._more_time.pop(name, None)
        self._speak(["STATUS", *(["WATCHDOG"] if self._heard["WATCHDOG"] else [])])  # perhaps it alone had not pinged

    def _take(self, name: str, state: str) -> None:
        fields = dict(line.partition("=")[::2] for line in state.splitlines())
        with self._lock:
            for field in fields.keys() & self._heard.keys():
                self._heard[field].add(name)
            if "STATUS" in fields:
                self._status[name] = fields["STATUS"]
            if "EXTEND_TIMEOUT_USEC" in fields:
                self._more_time[name] = fields["EXTEND_TIMEOUT_USEC"]
            if name in self._heard["READY"]:
                self._more_time.pop(name, None)
            self._speak(list(fields))

    def _speak(self, fields: Sequence[str]) -> None:
        lines = []
        if self._all("READY") and self._heard["READY"] and "READY" not in self._told:
            self._told.add("READY")
            lines.append("READY=1")
        if "WATCHDOG" in fields and self._running and self._all("WATCHDOG"):
            self._heard["WATCHDOG"].clear()
            more_time = max(self._more_time.values(), key=int, default=None) if "READY" not in self._told else None
            lines += ["WATCHDOG=1", *([f"EXTEND_TIMEOUT_USEC={more_time}"] if more_time else [])]
        if self._all("STOPPING") and self._heard["STOPPING"] and "STOPPING" not in self._told:
            self._told.add("STOPPING")
            lines.append("STOPPING=1")
        if "STATUS" in fields:
            lines.append(status_line("; ".join(f"{name}: {text}" for name, text in sorted(self._status.items()))))
        if lines:
            self._say("\n".join(lines))

    def _all(self, field: str) -> bool:
        return self._running <= self._heard[field]


class _Station:
    """One line in a thread of its own."""

    def __init__(
        self, plan: Plan, parts: int | None, engines: SharedEngines, owner: ThreadOwner, chorus: Chorus, stop: threading.Event
    ) -> None:
        self.name = plan.station.station
        self.error: Exception | None = None
        self._plan = plan
        self._parts = parts
        self._engines = engines
        self._owner = owner
        self._chorus = chorus
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name=f"line-{self.name}")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._owner.starting(), contextlib.ExitStack() as stages:
                equipment = Equipment(engine=self._engines.open)
                line = Line(self._plan, stages, self._parts, equipment, self._owner, self._chorus.voice(self.name))
                line.run(self._stop)
        except Exception as error:  # noqa: BLE001 - whatever ends one station, the others go on
            self.error = error
            log.error("station %s has ended: %s: %s; the others go on", self.name, type(error).__name__, error)
            self._chorus.failed(self.name, str(error))
        finally:
            self._chorus.ended(self.name)
