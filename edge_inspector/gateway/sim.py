"""A PLC without a belt: it takes every verdict, acknowledges it, and counts."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict

from edge_inspector.errors import SettingsError
from edge_inspector.wire.client import LinkDown, LinkUp, RejectClient
from edge_inspector.wire.gate import Event
from edge_inspector.wire.keys import ClientKeys
from edge_inspector.wire.messages import Error

log = logging.getLogger(__name__)

TURN_S = 0.1


def run_plc_sim(
    endpoint: str,
    parts: int | None = None,
    timeout_s: float | None = None,
    stop: threading.Event | None = None,
    keys: ClientKeys | None = None,
    name: str = "plc-sim",
) -> dict[str, int]:
    """Be the gate at ``endpoint`` until ``parts`` verdicts have come and are acknowledged, the time is over, or ``stop`` is set.

    It waits for a line that is not there yet, and comes back to one that restarts. It has no count of triggers of its own. Returns
    ``verdicts = accepts + rejects + missed`` (``reviews`` are rejects too), ``acks``, ``duplicates``, ``out_of_order``.
    Raises WireError for an endpoint that is none, SettingsError for a senseless number.
    """
    if parts is not None and parts < 1:
        raise SettingsError(f"parts = {parts}: at least 1")
    stop = stop or threading.Event()
    until = None if timeout_s is None else time.monotonic() + timeout_s
    with RejectClient(endpoint, name, keys=keys) as client:
        while not _done(client, parts, until) and not stop.is_set():
            for event in client.poll(TURN_S):
                _report(endpoint, event)
        return asdict(client.stats)


def _done(client: RejectClient, parts: int | None, until: float | None) -> bool:
    enough = parts is not None and client.stats.verdicts >= parts
    return enough or (until is not None and time.monotonic() >= until)


def _report(endpoint: str, event: Event) -> None:
    if isinstance(event, LinkUp):
        log.info("link to %s is up", endpoint)
    elif isinstance(event, LinkDown):
        log.info("link to %s is down: %s", endpoint, event.reason)
    elif isinstance(event, Error):
        log.info("the line refused a message (%s): %s", event.code, event.message)
