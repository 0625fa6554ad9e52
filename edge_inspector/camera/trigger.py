"""What tells a replayed or simulated camera that a part is there: its own clock, or a belt's trigger messages."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

import zmq

from edge_inspector.errors import CameraError, MessageError
from edge_inspector.service import Clock, SystemClock
from edge_inspector.wire.messages import MAX_BYTES, Trigger, decode

log = logging.getLogger(__name__)

BACKLOG = 100_000  # triggers that may wait in the socket while the camera thread is busy
COMPLAIN_EVERY_NS = 5_000_000_000


def encoder_of(trigger: Trigger) -> int | None:
    """The belt's encoder count at the trigger; None where the belt does not tell it."""
    return trigger.encoder if "encoder" in trigger.model_fields_set else None


class TriggerSource(Protocol):
    """Used by the camera's thread alone, which also opens and closes it."""

    @property
    def free_running(self) -> bool:
        """True where the camera paces itself."""

    def open(self) -> None:
        """Get ready. Raises CameraError."""

    def arm(self, trigger_count: int) -> None:
        """The next trigger is ``trigger_count + 1`` where the source counts itself."""

    def wait(self, timeout_s: float) -> Trigger | None:
        """The next trigger, which was now at the latest, or None when none came in time."""

    def close(self) -> None:
        """Let go. Idempotent."""


class FreeTrigger:
    """A clock: ``rate`` parts a second on a grid that does not drift; ``part`` numbers go up from 0 with the count.

    Where the reader comes more than one period too late the grid starts anew: a camera that paces itself never runs faster than its rate.
    """

    free_running = True

    def __init__(self, rate: float, clock: Clock | None = None) -> None:
        self._period_ns = round(1e9 / rate)
        self._clock: Clock = clock or SystemClock()
        self._never = threading.Event()
        self._due_ns = 0
        self._count = 0

    def open(self) -> None:
        """Nothing to connect."""
        self.arm(0)

    def arm(self, trigger_count: int) -> None:
        """Count on from ``trigger_count``; the first part comes one period from now."""
        self._count = trigger_count
        self._due_ns = self._clock.monotonic_ns() + self._period_ns

    def wait(self, timeout_s: float) -> Trigger | None:
        """Wait for the next due time, at most ``timeout_s``."""
        early_s = (self._due_ns - self._clock.monotonic_ns()) / 1e9
        if early_s > 0.0:
            self._never.wait(min(early_s, max(0.0, timeout_s)))
        now = self._clock.monotonic_ns()
        if now < self._due_ns:
            return None
        late = now - self._due_ns > self._period_ns
        self._due_ns = (now if late else self._due_ns) + self._period_ns
        self._count += 1
        return Trigger(trigger_count=self._count, triggered_ns=now, part=self._count - 1)

    def close(self) -> None:
        """Nothing to let go."""


class BeltTrigger:
    """A SUB socket on the belt's XPUB endpoint; each message is one frame, a ``Trigger``.

    A belt that restarts is found again while ``wait`` is called: ZeroMQ renews a subscription in the thread that reads. It does not renew
    one that ended by a fault in the belt's bytes (too long a message, say), so whatever is disconnected is connected anew here.
    Triggers that arrive between ``open`` and ``close`` are delivered in order, but those that were counted up to the base before ``arm``:
    they may be thousands, have their outcome, and are not worth a picture. A count up to the base that comes later is a count gone back.
    """

    free_running = False

    def __init__(self, endpoint: str, clock: Clock | None = None) -> None:
        self._endpoint = endpoint
        self._clock: Clock = clock or SystemClock()
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None  # says when the belt was disconnected
        self._base = 0
        self._armed_ns = 0
        self._faulty = 0
        self._complained_ns: int | None = None

    def open(self) -> None:
        """Connect; the belt may come later. Raises CameraError naming an endpoint that ZeroMQ cannot use."""
        self.close()
        self._base = self._armed_ns = 0
        self._context = zmq.Context()
        self._connect(self._context)

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._socket = context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.RCVHWM, BACKLOG)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._monitor = self._socket.get_monitor_socket(zmq.Event.DISCONNECTED)
        try:
            self._socket.connect(self._endpoint)
        except zmq.ZMQError as error:
            self.close()
            hint = "give the belt's, such as tcp://127.0.0.1:5580"
            raise CameraError(f"trigger endpoint {self._endpoint} cannot be used: {error}; {hint}") from error

    def _renew(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """After a disconnection, once everything that came before it is read."""
        log.info("belt %s was disconnected; connecting anew", self._endpoint)
        self._disconnect()
        self._connect(context)

    def arm(self, trigger_count: int) -> None:
        """The belt counts, not this; its triggers up to now and up to ``trigger_count`` are passed over."""
        self._base, self._armed_ns = trigger_count, self._clock.monotonic_ns()

    def wait(self, timeout_s: float) -> Trigger | None:
        """The next trigger; one from the future would have no deadline, and is taken as now. Raises CameraError if not open.

        Any other message is ignored. What is wrong is counted, and logged now and then.
        """
        until = self._clock.monotonic_ns() + int(max(0.0, timeout_s) * 1e9)
        while (frames := self._next(until)) is not None:
            trigger = self._read(frames)
            if trigger is not None and not self._is_old(trigger):
                return self._not_after_now(trigger)
            if self._clock.monotonic_ns() >= until:
                break
        return None

    def _next(self, until: int) -> list[bytes] | None:
        """The next message by ``until`` (ns)."""
        while True:
            if self._socket is None or self._monitor is None or self._context is None:
                raise CameraError(f"trigger endpoint {self._endpoint} is not open; open the camera first")
            poller = zmq.Poller()
            poller.register(self._socket, zmq.POLLIN)
            poller.register(self._monitor, zmq.POLLIN)
            ready = dict(poller.poll(max(0, -(-(until - self._clock.monotonic_ns()) // 1_000_000))))
            if self._socket in ready:
                return self._socket.recv_multipart(zmq.NOBLOCK)
            if not ready:
                return None
            self._renew(self._context)

    def _is_old(self, trigger: Trigger) -> bool:
        return trigger.trigger_count <= self._base and trigger.triggered_ns <= self._armed_ns

    def _not_after_now(self, trigger: Trigger) -> Trigger:
        now = self._clock.monotonic_ns()
        if trigger.triggered_ns <= now:
            return trigger
        ahead = (trigger.triggered_ns - now) / 1e6
        self._complain(
            f"trigger {trigger.trigger_count} is {ahead:.0f} ms ahead and taken as now; triggered_ns is this host's CLOCK_MONOTONIC"
        )
        return trigger.model_copy(update={"triggered_ns": now})

    def _read(self, frames: list[bytes]) -> Trigger | None:
        if len(frames) != 1:
            self._complain(f"message ignored: {len(frames)} frames; one is expected")
            return None
        try:
            message = decode(frames[0])
        except MessageError as error:
            self._complain(f"message ignored: {error}")
            return None
        if isinstance(message, Trigger):
            return message
        self._complain(f"message ignored: type {message.type}; trigger is expected")
        return None

    def _complain(self, what: str) -> None:
        """Count a message that is wrong; say so at most every few seconds."""
        self._faulty += 1
        now = self._clock.monotonic_ns()
        if self._complained_ns is None or now - self._complained_ns > COMPLAIN_EVERY_NS:
            self._complained_ns = now
            log.warning("belt %s: %s (%d faulty so far)", self._endpoint, what, self._faulty)

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._disconnect()
        if self._context is not None:
            self._context.term()
            self._context = None

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close(linger=0)
        if self._monitor is not None:
            self._monitor.close(linger=0)
        self._socket = self._monitor = None


def trigger_source(endpoint: str | None, rate: float, clock: Clock | None = None) -> TriggerSource:
    """The belt's triggers where an endpoint is given, else a clock at ``rate`` parts a second."""
    return FreeTrigger(rate, clock) if endpoint is None else BeltTrigger(endpoint, clock)
