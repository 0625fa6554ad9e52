"""What line, desk and gateways share as processes: the clock they are given, logging, signals, and readiness towards systemd."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from datetime import datetime, timezone
from typing import Protocol

log = logging.getLogger(__name__)


class Clock(Protocol):
    """Where a process takes its time from; injected, so that a stepped wall clock can be tested."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC, ns: for durations and deadlines."""

    def utc(self) -> datetime:
        """Aware UTC: for people."""


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC, ns."""
        return time.monotonic_ns()

    def utc(self) -> datetime:
        """Aware UTC."""
        return datetime.now(timezone.utc)


def utc_text(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def setup_logging(verbose: bool = False) -> None:
    """Log to stderr, one line a record, in the journal's own order of fields."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s",
    )


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; a second signal ends the process at once. Call it on the main thread."""
    stop = threading.Event()

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def notify(state: str) -> bool:
    """Send one sd_notify(3) datagram (``READY=1``, ``STOPPING=1``, ``WATCHDOG=1``, ``STATUS=...``); False where no manager listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
        except OSError as error:
            log.warning("systemd's notify socket %s does not answer: %s", address, error)
            return False
    return True
