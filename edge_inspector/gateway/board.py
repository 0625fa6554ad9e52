"""What the OPC UA server shows and is told: the client's side of a gateway without its socket.

Methods of OPC UA clients are called on the server's thread, those of the link (see PlcSide) on the link's; a lock makes each whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_inspector.gateway.counted import CountWord, Word
from edge_inspector.gateway.link import LineView, Outgoing
from edge_inspector.gateway.registers import ErrorId
from edge_inspector.records import Decision, State
from edge_inspector.service import Clock
from edge_inspector.wire.messages import Part, VerdictMessage

FALLEN = (State.ERROR, State.HALTED)
SHOWN_MAX = (
    10_000  # results that may wait for the server's next turn; a monitor that is slower loses the oldest, and sees it by their numbers
)


def result_id(verdict: VerdictMessage) -> str:
    """``epoch/seq``: no other result has it."""
    return f"{verdict.epoch}/{verdict.seq}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The line at one moment, as the server shows it. ``rejects_all``: whatever a result says, the gate rejects."""

    view: LineView
    alive: bool
    error: ErrorId
    ready: bool

    @property
    def rejects_all(self) -> bool:
        """No part may pass: the line is dead, or has not armed this gate."""
        return not self.alive or self.view.armed is None

    @property
    def state(self) -> State | None:
        """The line's state; None where it is not known now."""
        return self.view.state if self.alive else None

    def may_open(self, verdict: VerdictMessage | None) -> bool:
        """Whether the verdict is of the epoch in which the gate is armed now."""
        armed = self.view.armed if self.alive else None
        return verdict is not None and armed is not None and verdict.epoch == armed.epoch

    def verdict(self, verdict: VerdictMessage | None) -> Decision:
        """What the gate is to do by it: reject by default."""
        return verdict.verdict if verdict is not None and self.may_open(verdict) else Decision.REJECT


class Monitor:
    """A client that reads along: there is always somebody to show results to, and nothing to acknowledge."""

    gate = False

    def __init__(self, clock: Clock, alive: Callable[[], bool], limit: int = SHOWN_MAX) -> None:
        self._clock = clock
        self._alive = alive
        self._limit = limit
        self.word = CountWord(clock)
        """The client's count of triggers; a monitor never tells one."""
        self.belt = Word(clock)
        """The client's count of the belt's encoder; likewise."""
        self._lock = threading.Lock()
        self._view = LineView()
        self._fresh: list[VerdictMessage] = []

    def shown(self) -> Shown:
        """The line now."""
        with self._lock:
            alive, error = self._alive(), self._error()
            return Shown(self._view, alive, error, alive and self._view.executing and error is ErrorId.NONE)

    def _error(self) -> ErrorId:
        if not self._alive():
            return ErrorId.NO_LINE
        return ErrorId.LINE_ERROR if self._view.state in FALLEN else ErrorId.NONE

    def fresh(self) -> list[VerdictMessage]:
        """Take the results that came since the last time."""
        with self._lock:
            found, self._fresh = self._fresh, []
            return found

    # ---- the link's side (see PlcSide)

    def present(self) -> bool:
        """Always."""
        return True

    def offer(self, verdict: VerdictMessage) -> None:
        """One more result."""
        with self._lock:
            self._fresh = [*self._fresh[-self._limit + 1 :], verdict]

    def view(self, view: LineView) -> None:
        """The line has changed, or spoken."""
        with self._lock:
            self._view = view

    def outgoing(self) -> Outgoing:
        """Nothing: a monitor settles nothing."""
        return Outgoing()

    def restarts(self) -> bool:
        """Never."""
        return False

    def forget(self) -> None:
        """Nothing is kept."""


class Gate(Monitor):
    """A client that is the gate: there while it calls ``heartbeat`` within ``timeout_ms``, and results are settled by ``acknowledge``.

    Where ``limit`` results are unacknowledged, more are refused; once those are acknowledged, the line sends the rest again.
    """

    gate = True

    def __init__(self, clock: Clock, alive: Callable[[], bool], limit: int = 1000, timeout_ms: int = 1000) -> None:
        super().__init__(clock, alive, limit)
        self._timeout_ns = timeout_ms * 1_000_000
        self._heard_ns: int | None = None
        self._open: dict[str, VerdictMessage] = {}
        self._overflow = False
        self._out = Outgoing()

    def _error(self) -> ErrorId:
        if not self.present():
            return ErrorId.PLC_SILENT
        return ErrorId.OVERFLOW if self._overflow and self._alive() else super()._error()

    # ---- the client's methods

    def heartbeat(self, trigger_count: int | None) -> None:
        """The client is there, and has counted so many triggers (None: it does not count)."""
        with self._lock:
            self._heard_ns = self._clock.monotonic_ns()
            self.word.tell(trigger_count)

    def encoder(self, counts: int) -> None:
        """The belt is there, by its encoder."""
        self.belt.tell(counts)

    def acknowledge(self, identity: str) -> bool:
        """The client has taken the result ``epoch/seq``; whether it was one that waited for this."""
        with self._lock:
            taken = self._open.pop(identity, None)
            if taken is not None:
                self._out = replace(self._out, taken=(*self._out.taken, taken))
                if self._view.armed is not None and taken.epoch == self._view.armed.epoch:
                    self.word.at_least(taken.trigger_count)
            return taken is not None

    def fired(self, trigger_count: int) -> None:
        """The gate moved for this part."""
        with self._lock:
            self._out = replace(self._out, fired=(*self._out.fired, trigger_count))

    def part(self, trigger_count: int, serial: str, lot: str) -> None:
        """What the client knows of a part."""
        told = Part(trigger_count=trigger_count, serial=serial, lot=lot)
        with self._lock:
            self._out = replace(self._out, parts=(*self._out.parts, told))

    # ---- the link's side

    def present(self) -> bool:
        """Whether the client's last heartbeat is young enough."""
        return self._heard_ns is not None and self._clock.monotonic_ns() - self._heard_ns <= self._timeout_ns

    def offer(self, verdict: VerdictMessage) -> None:
        """One more result, kept until it is acknowledged."""
        with self._lock:
            self._overflow = self._overflow or len(self._open) >= self._limit
            if not self._overflow:
                self._open[result_id(verdict)] = verdict
                self._fresh = [*self._fresh, verdict]

    def outgoing(self) -> Outgoing:
        """Take what is for the line."""
        with self._lock:
            out, self._out = self._out, Outgoing()
            return out

    def restarts(self) -> bool:
        """Whether some were refused, and what stood before them is acknowledged."""
        with self._lock:
            return self._overflow and not self._open and not self._out.taken

    def forget(self) -> None:
        """Drop what is not acknowledged; it comes again."""
        with self._lock:
            self._open.clear()
            self._fresh = []
            self._overflow = False
