"""The desk process: settings -> a control socket with every service of the desk."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

from edge_inspector import service
from edge_inspector.desk.access import METHODS
from edge_inspector.desk.history import HistoryService
from edge_inspector.desk.users import UserService
from edge_inspector.settings import load_station
from edge_inspector.store.users import StoredAccounts
from edge_inspector.wire.access import Access
from edge_inspector.wire.keys import keys_beyond_loopback
from edge_inspector.wire.server import ControlServer, Handler

log = logging.getLogger(__name__)

STOP_S = 5.0


def run_desk(config: Path, with_parent: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C, or with ``with_parent`` until standard input ends (the parent holds its other end).

    Raises SettingsError where the station is wrong, WireError where the socket cannot listen.
    """
    station = load_station(config)
    stop = service.stop_on_signals()
    if with_parent:
        threading.Thread(target=_await_end_of_input, args=(stop,), name="parent", daemon=True).start()
    pulse = service.Pulse(service.SystemClock())
    watchdog = service.Watchdog({"desk": pulse}, service.watchdog_timeout_s())
    url, keys = str(station.database.url), keys_beyond_loopback(station.desk.endpoint, station.reject)
    history, accounts = HistoryService(url), StoredAccounts(url)
    handlers: dict[str, Handler] = {
        "ping": lambda _params: {"process": "desk", "station": station.station},
        **history.handlers(),
        **UserService(url, station.station, station.state).handlers(),
    }
    server = ControlServer(
        station.desk.endpoint,
        handlers,
        "desk",
        keys=keys,
        insecure=station.reject.insecure,
        turn=pulse.mark,
        gatekeeper=Access(station.station, station.state, accounts, METHODS, keys),
    )
    server.start()
    watchdog.start()
    log.info("desk of station %s listens at %s", station.station, server.endpoint)
    watchdog.started()
    service.notify("READY=1\n" + service.status_line(f"answers at {server.endpoint}"))
    try:
        stop.wait()
    finally:
        service.notify("STOPPING=1")
        watchdog.stop(STOP_S)
        server.stop(STOP_S)
        history.close()
        accounts.close()


def _await_end_of_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    stop.set()
