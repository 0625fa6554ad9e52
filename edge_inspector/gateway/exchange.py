"""What the Modbus registers say and do: the PLC's side of a gateway without its socket.

``read`` and ``write`` are called on the server's thread, the rest on the link's; a lock makes each request whole. Whether the line lives is
asked at each read, so that neither a dead line nor a hung link thread leaves an accept standing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from edge_inspector.gateway.counted import CountWord, Word
from edge_inspector.gateway.handshake import Handshake
from edge_inspector.gateway.link import LineView, Outgoing
from edge_inspector.gateway.registers import (
    BLANK,
    IN,
    NONE32,
    OUT,
    OUT_SIZE,
    STATES,
    Control,
    ErrorId,
    Image,
    Orders,
    Status,
    known,
    result_fields,
)
from edge_inspector.records import State
from edge_inspector.service import Clock
from edge_inspector.wire.messages import Part, VerdictMessage

FALLEN = (State.ERROR, State.HALTED)


class Exchange:
    """The registers of one PLC. ``plc_timeout_ms``: after so long without a new value of its heartbeat the PLC is gone."""

    def __init__(self, clock: Clock, alive: Callable[[], bool], limit: int = 1000, plc_timeout_ms: int = 1000) -> None:
        self._clock = clock
        self._alive = alive
        self._timeout_ns = plc_timeout_ms * 1_000_000
        self._lock = threading.Lock()
        self._handshake = Handshake(limit)
        self._words = list(BLANK)
        self._orders = Orders.read(self._words)
        self.word = CountWord(clock)
        """The PLC's count of triggers."""
        self.belt = Word(clock)
        """The PLC's count of the belt's encoder."""
        self._plc_ns: int | None = None  # when the PLC's heartbeat last moved
        self._view = LineView()
        self._beats = 0
        self._forgiven = 0  # refusals of the line that the PLC has reset
        self._highest = -1  # the highest trigger count of the armed epoch that has a result
        self._restarts = False
        self._out = Outgoing()

    # ---- the PLC's requests

    def read(self) -> list[int]:
        """All registers from ``OUT`` to the last that the PLC writes."""
        with self._lock:
            gap = [0] * (IN - OUT - OUT_SIZE)
            return self._image().words() + gap + self._words

    def write(self, address: int, values: list[int]) -> None:
        """Take what the PLC writes; ``address`` and all ``values`` lie in its own registers."""
        with self._lock:
            at = address - IN
            self._words[at : at + len(values)] = values
            before, self._orders = self._orders, Orders.read(self._words)
            self._obey(before, self._orders)

    def _obey(self, before: Orders, now: Orders) -> None:
        if now.heartbeat != before.heartbeat:
            self._plc_ns = self._clock.monotonic_ns()
        if now.heartbeat != before.heartbeat or now.trigger_count != before.trigger_count:
            self.word.tell(known(now.trigger_count))
        if now.heartbeat != before.heartbeat or now.encoder != before.encoder:
            self.belt.tell(known(now.encoder))
        if (taken := self._handshake.ack(bool(now.control & Control.ACK))) is not None:
            self._out = replace(self._out, taken=(*self._out.taken, taken))
        if now.control & Control.RESET and not before.control & Control.RESET:
            self._reset()
        if now.part_strobe != before.part_strobe and now.part_count != NONE32:
            part = Part(trigger_count=now.part_count, serial=now.serial, lot=now.lot)
            self._out = replace(self._out, parts=(*self._out.parts, part))
        if now.fired not in (before.fired, NONE32):
            self._out = replace(self._out, fired=(*self._out.fired, now.fired))

    def _reset(self) -> None:
        self._restarts = self._handshake.overflow
        self._forgiven = self._view.refusals

    # ---- what the PLC reads

    def _image(self) -> Image:
        view, alive, error = self._view, self._alive(), self._error()
        shown = self._handshake.shown
        armed = view.armed if alive else None
        may_open = shown is not None and armed is not None and shown.epoch == armed.epoch
        image = Image(
            status=self._status(alive, error, may_open),
            state=STATES.index(view.state if alive else None),
            heartbeat=self._beats,
            line_heartbeats=view.heartbeats,
            error=error,
            waiting=self._handshake.waiting,
            conditions=len(view.conditions),
            armed_after32=armed.trigger_count & NONE32 if armed else NONE32,
            armed_epoch32=armed.epoch & NONE32 if armed else 0,
            line_count32=NONE32 if view.trigger_count is None else view.trigger_count & NONE32,
        )
        return image if shown is None else replace(image, **result_fields(shown, may_open))

    def _status(self, alive: bool, error: ErrorId, may_open: bool) -> Status:
        shown = self._handshake.shown
        held = {
            Status.READY: alive and self._view.executing and error is ErrorId.NONE,
            Status.BUSY: alive and self._busy(),
            Status.VALID: shown is not None,
            Status.COMPLETED: self._handshake.completed,
            Status.FAULT: error is not ErrorId.NONE,
            Status.CONNECTED: alive,
            Status.MAY_OPEN: may_open,
            Status.LATE: shown is not None and shown.late,
        }
        return Status(sum(flag for flag, holds in held.items() if holds))

    def _busy(self) -> bool:
        """Whether a part was triggered since the arming that has no result; by the PLC's count, else by the line's last heartbeat."""
        counted = self._view.trigger_count if self.word.latest is None else self.word.latest
        armed = self._view.armed
        return counted is not None and armed is not None and counted > max(armed.trigger_count, self._highest)

    def _error(self) -> ErrorId:
        found = {
            ErrorId.PLC_SILENT: not self.present(),
            ErrorId.NO_LINE: not self._alive(),
            ErrorId.LINE_ERROR: self._view.state in FALLEN,
            ErrorId.OVERFLOW: self._handshake.overflow,
            ErrorId.REFUSED: self._view.refusals > self._forgiven,
        }
        return next((error for error, holds in found.items() if holds), ErrorId.NONE)

    # ---- the link's side (see PlcSide)

    def present(self) -> bool:
        """Whether the PLC's heartbeat has moved within its time-out."""
        return self._plc_ns is not None and self._clock.monotonic_ns() - self._plc_ns <= self._timeout_ns

    def offer(self, verdict: VerdictMessage) -> None:
        """One more result for the PLC."""
        with self._lock:
            self._handshake.put(verdict)
            armed = self._view.armed
            if armed is not None and verdict.epoch == armed.epoch:
                self._highest = max(self._highest, verdict.trigger_count)

    def view(self, view: LineView) -> None:
        """The line has changed, or spoken."""
        with self._lock:
            if view.armed != self._view.armed:
                self._highest = -1
            self._view = view

    def outgoing(self) -> Outgoing:
        """Take what is for the line; called at each turn of the link's thread, whose heartbeat this is."""
        with self._lock:
            out, self._out = self._out, Outgoing()
            self._beats = (self._clock.monotonic_ns() // 100_000_000) & 0xFFFF
            return out

    def restarts(self) -> bool:
        """Whether the PLC has reset an overflow since the last time."""
        with self._lock:
            wished, self._restarts = self._restarts, False
            return wished

    def forget(self) -> None:
        """Drop results that have not been taken; the line sends them again."""
        with self._lock:
            self._handshake.clear()
