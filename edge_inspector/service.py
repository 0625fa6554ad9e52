"""What line, desk and gateways share as processes: the clock they are given, logging, signals, and what systemd hears from them.

systemd is told by sd_notify(3) datagrams: ``READY=1``, ``STATUS=``, ``STOPPING=1``, and ``WATCHDOG=1`` while every loop comes round. A loop
marks its `Pulse` at each turn, an idle one too; the `Watchdog` looks at all of them and pings for none that hangs.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Protocol

log = logging.getLogger(__name__)

NOTIFY_S = 0.5  # how long a manager that does not read its socket may hold up who tells it something
OURS_ALONE = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # what systemd says to this process, not to its children


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


def utf8_text(text: str) -> str:
    """The same text where UTF-8 can hold it; a lone surrogate (from a file name of another encoding) becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


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
    """An event that SIGTERM and SIGINT set; a second signal ends the process at once. Call it on the main thread.

    SIGABRT, by which systemd's watchdog ends a process that hangs, leaves every thread's stack on stderr: where it hung.
    """
    faulthandler.enable(sys.__stderr__ or sys.stderr)
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
    """Send one sd_notify(3) datagram, a variable a line (``READY=1``, ``STOPPING=1``, ``WATCHDOG=1``, ``STATUS=...``).

    False where no manager listens, or it does not read what it is told. ``NOTIFY_SOCKET`` is a path, or ``@`` and an abstract name.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.settimeout(NOTIFY_S)
        try:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
        except OSError as error:
            log.warning("systemd's notify socket %s does not answer: %s", address, error)
            return False
    return True


def status_line(text: str) -> str:
    """How things stand, for `notify`: one line for people, which ``systemctl status`` shows."""
    return "STATUS=" + " ".join(text.split())


def children_environment() -> dict[str, str]:
    """This process's environment for a child, which must not speak to systemd in this process's name."""
    return {name: value for name, value in os.environ.items() if name not in OURS_ALONE}


def watchdog_timeout_s() -> float | None:
    """How long systemd waits for a ping before it ends this process, s; None where it waits for none (sd_watchdog_enabled(3))."""
    usec, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not os.environ.get("NOTIFY_SOCKET") or not usec.isdecimal() or int(usec) == 0 or pid != str(os.getpid()):
        return None
    return int(usec) / 1e6


class Pulse:
    """The turns of one loop: its thread marks them, a watchdog reads them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: tuple[int, int] | None = None  # when the last turn began, and what it may take beyond a watchdog's bound, ns

    def mark(self, allowance_s: float = 0.0) -> None:
        """A turn begins, or goes on; until the next mark it may take ``allowance_s`` longer than other turns."""
        self._due = (self._clock.monotonic_ns(), int(allowance_s * 1e9))

    def end(self) -> None:
        """The loop ends in order: no turn is due any more."""
        self._due = None

    def late_s(self, bound_s: float) -> float | None:
        """For how long the present turn has gone on, s, where that is longer than it may take; None where all is well."""
        due = self._due
        if due is None:
            return None
        began, allowance = due
        taken = self._clock.monotonic_ns() - began
        return taken / 1e9 if taken > bound_s * 1e9 + allowance else None


Say = Callable[[str], object]  # takes an sd_notify(3) state, as ``notify`` does


class Watchdog:
    """Pings systemd from a thread of its own while every loop has come round within half the time-out. Without a time-out it does nothing.

    Until ``started`` it also asks for more time to start: warming an engine, or waiting for a camera, takes as long as it takes.
    """

    def __init__(self, pulses: Mapping[str, Pulse], timeout_s: float | None, say: Say = notify) -> None:
        self._pulses = pulses
        self._say = say
        self._timeout_s = timeout_s or 0.0
        self._starting = True
        self._hanging: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog")

    def start(self) -> None:
        """Start the thread, where there is anything to do."""
        if self._timeout_s:
            self._thread.start()

    def started(self) -> None:
        """The process is ready."""
        self._starting = False

    def stop(self, timeout_s: float) -> bool:
        """Ping no more; whether the thread ended in time. Idempotent."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(self._timeout_s / 3):
            self.look()

    def look(self) -> None:
        """Ping, unless a loop hangs: then its name goes to the log and to systemd's status, once."""
        late = {name: taken for name, pulse in self._pulses.items() if (taken := pulse.late_s(self._timeout_s / 2)) is not None}
        if tuple(late) != self._hanging:
            self._hanging = tuple(late)
            self._tell_hanging(late)
        if not late:
            self._say("WATCHDOG=1" + (f"\nEXTEND_TIMEOUT_USEC={int(self._timeout_s * 1e6)}" if self._starting else ""))

    def _tell_hanging(self, late: Mapping[str, float]) -> None:
        if not late:
            log.info("every loop comes round again")
            self._say(status_line("every loop comes round again"))
            return
        text = ", ".join(f"{name} for {taken:.1f} s" for name, taken in late.items())
        log.error("no turn of the loop of %s; systemd is not pinged until there is one", text)
        self._say(status_line(f"hanging: no turn of the loop of {text}"))
