"""The desk process: settings -> a control socket with every service of the desk."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import cv2

from edge_inspector import service
from edge_inspector.desk.access import METHODS
from edge_inspector.desk.archived import ArchivedParts
from edge_inspector.desk.audit import AuditService
from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.handlers import prefixes
from edge_inspector.desk.history import HistoryService
from edge_inspector.desk.images import ImageService
from edge_inspector.desk.labels import LabelService
from edge_inspector.desk.recipes import RecipeService
from edge_inspector.desk.review import ReviewService
from edge_inspector.desk.tune import TuneService
from edge_inspector.desk.users import UserService
from edge_inspector.settings import Station, load_station
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
        cv2.setNumThreads(1)  # beside the line, whose cores these are
        threading.Thread(target=_await_end_of_input, args=(stop,), name="parent", daemon=True).start()
    pulse = service.Pulse(service.SystemClock())
    watchdog = service.Watchdog({"desk": pulse}, service.watchdog_timeout_s())
    url, keys = str(station.database.url), keys_beyond_loopback(station.desk.endpoint, station.reject)
    database, accounts = DeskDatabase(url), StoredAccounts(url)
    server = ControlServer(
        station.desk.endpoint,
        desk_handlers(station, database),
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
        database.close()
        accounts.close()


def desk_handlers(station: Station, database: DeskDatabase) -> dict[str, Handler]:
    """Every method of the desk of ``station``, settings resolved."""
    parts = ArchivedParts(database, station.archive.path or station.state / "archive")
    review, labels = ReviewService(database), LabelService(database, parts, station.state / "labels")
    handlers: dict[str, Handler] = {
        **HistoryService(database).handlers(),
        **ImageService(parts).handlers(),
        **labels.handlers(),
        **TuneService(database).handlers(),
        **RecipeService(database).handlers(),
        **AuditService(database).handlers(),
        **UserService(str(station.database.url), station.station, station.state).handlers(),
        **review.handlers(),
    }
    answer = {"process": "desk", "station": station.station, "services": prefixes(handlers)}
    return {"ping": lambda _params: answer, **handlers}


def _await_end_of_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    stop.set()
