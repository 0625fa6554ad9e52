"""Several stations in one process: each a line of its own, with its sockets, journal, database and control; they share engines."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from edge_inspector.engine.shared import SharedEngines
from edge_inspector.errors import EdgeInspectorError, SettingsError
from edge_inspector.line.plan import Plan, make_plan
from edge_inspector.line.process import Line
from edge_inspector.line.threads import ThreadOwner, ThreadWatch
from edge_inspector.service import notify, stop_on_signals

log = logging.getLogger(__name__)


def run_lines(configs: Sequence[Path], parts: int | None = None) -> None:
    """Run the lines of several ``station.toml`` until SIGTERM or SIGINT, or until each has had ``parts`` parts.

    A station that cannot start, or fails, does not keep the others from running. Raises SettingsError or BundleError, before any starts,
    for files that do not go together; at the end EdgeInspectorError naming the stations that failed.
    """
    plans = [make_plan(config) for config in configs]
    check_apart(plans)
    stop = stop_on_signals()
    with ThreadWatch() as threads:
        engines, ready = SharedEngines(), Readiness(len(plans))
        stations = [_Station(plan, parts, engines, threads.owner(), ready, stop) for plan in plans]
        for station in stations:
            station.start()
        for station in stations:
            station.join()
    notify("STOPPING=1")
    failed = [f"station {station.name}: {station.error}" for station in stations if station.error is not None]
    if failed:
        raise EdgeInspectorError("; ".join(failed))


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


class Readiness:
    """Tells the service manager once, when every station is ready or has failed, and at least one is ready."""

    def __init__(self, stations: int) -> None:
        self._lock = threading.Lock()
        self._waiting = stations
        self._any = False

    def ready(self) -> None:
        """One more station is ready for the first time."""
        with self._lock:
            self._any = True
            self._settle()

    def failed(self) -> None:
        """One that has not been ready will not be."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        self._waiting -= 1
        if self._waiting == 0 and self._any:
            notify("READY=1")


class _Station:
    """One line in a thread of its own."""

    def __init__(
        self, plan: Plan, parts: int | None, engines: SharedEngines, owner: ThreadOwner, ready: Readiness, stop: threading.Event
    ) -> None:
        self.name = plan.station.station
        self.error: Exception | None = None
        self._plan = plan
        self._parts = parts
        self._engines = engines
        self._owner = owner
        self._ready = ready
        self._stop = stop
        self._was_ready = False
        self._thread = threading.Thread(target=self._run, name=f"line-{self.name}")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            with contextlib.ExitStack() as stages:
                with self._owner.starting():
                    line = Line(self._plan, stages, self._parts, self._engines.open, self._owner, self._told_ready)
                line.run(self._stop)
        except Exception as error:  # noqa: BLE001 - whatever ends one station, the others go on
            self.error = error
            log.error("station %s has ended: %s: %s; the others go on", self.name, type(error).__name__, error)
            if not self._was_ready:
                self._ready.failed()

    def _told_ready(self) -> None:
        self._was_ready = True
        self._ready.ready()
