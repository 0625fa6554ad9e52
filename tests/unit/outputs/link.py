"""A reject link on a real socket, a listener that tests read, and clients: one that behaves, and one that says what it is told."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
import zmq

from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.ledger import OpenPart
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.outputs.reject import LinkStatus, RejectLink
from edge_inspector.records import Decision, Frame, Inspection, Judgement, Missed, Reason, State, Verdict
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.station import RejectSettings
from edge_inspector.wire import messages as m

PATIENCE_S = 30.0
WINDOW_NS = 60_000_000_000
# What nobody acknowledges is sent again after so long, and who is silent for two and a half of it has left: longer than a busy machine
# keeps a test waiting. Tests of silence and of sending again take less, and say so.
HEARTBEAT_MS = 10_000
UTC = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Stepped(SystemClock):
    """The system's clock, some way ahead."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


@dataclass
class Recorded:
    """A listener that keeps what it was told."""

    outcomes: list[Sent] = field(default_factory=list)
    lates: list[OpenPart] = field(default_factory=list)
    told: list[tuple[str, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    broken: bool = False
    acked: int = 0
    faults: list[str] = field(default_factory=list)

    def _tell(self, what: str, value: object) -> None:
        with self.changed:
            self.told.append((what, value))
            self.changed.notify_all()

    def sent(self, sent: Sent) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        self.outcomes.append(sent)
        self._tell("sent", sent.message.trigger_count)

    def late(self, part: OpenPart) -> None:
        self.lates.append(part)

    def gate_joined(self, name: str, hello: m.Hello) -> None:
        self._tell("joined", name)

    def gate_left(self, name: str) -> None:
        self._tell("left", name)

    def gate_armed(self, name: str, arm: m.Arm) -> None:
        self._tell("armed", arm.trigger_count)

    def gate_count(self, trigger_count: int, acked: int) -> None:
        self.acked = acked
        self._tell("count", trigger_count)

    def gate_encoder(self, encoder: int) -> None:
        self._tell("encoder", encoder)

    def recipe_requested(self, name: str, version: int | None) -> None:
        self._tell("recipe", (name, version))

    def gate_fired(self, trigger_count: int) -> None:
        self._tell("fired", trigger_count)

    def fault(self, name: str, message: str | None) -> None:
        self.faults += [message] if message else []
        self._tell("fault" if message else "well", name)

    def wait(self, what: str, value: object, times: int = 1) -> None:
        with self.changed:
            done = self.changed.wait_for(lambda: self.told.count((what, value)) >= times, PATIENCE_S)
        assert done, f"never told {what} {value!r} {times} times; told {self.told}"

    def wait_outcomes(self, number: int) -> list[Sent]:
        with self.changed:
            done = self.changed.wait_for(lambda: len(self.outcomes) >= number, PATIENCE_S)
        assert done, f"{len(self.outcomes)} of {number} outcomes"
        return self.outcomes


@dataclass
class Bench:
    """A running link."""

    link: RejectLink
    journal: Journal
    recovery: Recovery
    listener: Recorded
    clock: Clock

    def judged(
        self,
        count: int,
        decision: Decision = Decision.ACCEPT,
        *,
        reason: Reason = Reason.NONE,
        missed: Reason | None = None,
        window_ns: int = WINDOW_NS,
        score: float = 0.25,
    ) -> Judgement:
        part_id, now = self.part_id(count), self.clock.monotonic_ns()
        view: Frame | Missed = Frame(part_id, "cam0", count, now, UTC, np.zeros((2, 2, 1), np.uint8), now, now + window_ns)
        if missed:
            view = Missed(part_id, "cam0", count, now, now + window_ns, missed, "gone")
            reason, score = missed, math.nan
        return Judgement(Inspection(part_id, count, (view,)), Verdict(decision, reason, score, 0.5))

    def part_id(self, count: int) -> str:
        return f"line1-{self.journal.epoch}-{count}"

    def expect(self, count: int, window_ns: int = WINDOW_NS) -> bool:
        now = self.clock.monotonic_ns()
        return self.link.expect(self.part_id(count), count, now, UTC, now + window_ns)

    def post(self, judgement: Judgement) -> None:
        self.link.post(judgement, "ring:1", "demo")

    def run_part(self, count: int, decision: Decision = Decision.ACCEPT) -> None:
        self.expect(count)
        self.post(self.judged(count, decision))

    def entries(self, kind: str) -> list[dict[str, Any]]:
        return [payload for _, found, payload in self.journal.read() if found == kind]


@contextmanager
def bench(
    folder: Path,
    *,
    require_gate: bool = False,
    heartbeat_ms: int = HEARTBEAT_MS,
    clock: Clock | None = None,
    journal_type: type[Journal] = Journal,
    endpoint: str = "tcp://127.0.0.1:*",
) -> Iterator[Bench]:
    clock = clock or SystemClock()
    journal = journal_type(folder, clock)
    recovery = journal.open()
    journal.start_epoch()
    listener = Recorded()
    settings = RejectSettings(endpoint=endpoint, heartbeat_ms=heartbeat_ms, require_gate=require_gate)
    status = LinkStatus(State.READY, 7, ("camera",))
    link = RejectLink(settings, "line1", journal, clock, listener, recovery=recovery, status=lambda: status)
    try:
        link.start()
        yield Bench(link, journal, recovery, listener, clock)
    finally:
        assert link.stop(10.0)
        journal.close()


class Raw:
    """A DEALER that sends what it is told and keeps what comes; it acknowledges nothing by itself."""

    def __init__(self, endpoint: str, name: str = "plc", role: Literal["gate", "monitor"] = "gate") -> None:
        self.name, self.role = name, role
        self.got: list[m.AnyMessage] = []
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SocketType.DEALER)
        self._socket.linger = 0
        self._socket.connect(endpoint)

    def say(self, message: m.Message) -> None:
        self._socket.send(m.encode(message))

    def say_bytes(self, *frames: bytes) -> None:
        self._socket.send_multipart(frames)

    def hello(self, last_seq: int = 0, trigger_count: int | None = None) -> None:
        self.say(m.Hello(name=self.name, role=self.role, last_seq=last_seq, trigger_count=trigger_count))
        self.until(lambda: any(isinstance(x, m.Heartbeat) for x in self.got))

    def keep_alive(self) -> bool:
        self.say(m.Heartbeat())
        return True

    def ack(self, verdict: m.VerdictMessage) -> None:
        self.say(m.Ack(epoch=verdict.epoch, seq=verdict.seq, trigger_count=verdict.trigger_count))

    def until(self, true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + patience_s
        while not true():
            assert time.monotonic() < end, f"it did not come; got {[type(x).__name__ for x in self.got]}"
            self.read(20)

    def read(self, milliseconds: int) -> None:
        if self._socket.poll(milliseconds):
            self.got.append(m.decode(self._socket.recv()))

    def read_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(10)

    @property
    def verdicts(self) -> list[m.VerdictMessage]:
        return [x for x in self.got if isinstance(x, m.VerdictMessage)]

    @property
    def errors(self) -> list[str]:
        return [x.code for x in self.got if isinstance(x, m.Error)]

    def wait_verdicts(self, number: int) -> list[m.VerdictMessage]:
        self.until(lambda: len(self.verdicts) >= number)
        return self.verdicts

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
