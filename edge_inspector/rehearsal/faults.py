"""The plan of faults that a soak run suffers: which kinds, how many, how long, and the moments, drawn by seed."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Annotated

from pydantic import Field

from edge_inspector.settings import load_toml, parse_model
from edge_inspector.settings.model import Settings

PER_PARTS = 20_000  # the counts of a plan are for so many parts
_APART_S = 0.7  # for the line to recover before the next fault
_RESTART_S = 5.0  # the same after a kill: a process has to start
_SPREAD = 0.2  # of a fault's slot, by which its moment is drawn


class Kind(str, Enum):
    """What goes wrong. ``LINE_KILL`` is SIGKILL and a restart, as a service manager would do it."""

    CAMERA_UNPLUG = "camera_unplug"
    FAILED_GRAB = "failed_grab"
    COUNTER_GAP = "counter_gap"
    FROZEN_FRAME = "frozen_frame"
    ENGINE_EXCEPTION = "engine_exception"
    ENGINE_STALL = "engine_stall"
    NAN_SCORE = "nan_score"
    SLOW_DISK = "slow_disk"
    FULL_DISK = "full_disk"
    CLOCK_STEP = "clock_step"
    STOPPED_SUBSCRIBER = "stopped_subscriber"
    PLC_GONE = "plc_gone"
    NETWORK_GARBAGE = "network_garbage"
    LINE_KILL = "line_kill"


OUTSIDE = (Kind.STOPPED_SUBSCRIBER, Kind.PLC_GONE, Kind.NETWORK_GARBAGE, Kind.LINE_KILL)  # what happens around the line, not in it


class PlannedFault(Settings):
    """One kind: ``count`` faults in PER_PARTS parts (at least one in any run), each lasting ``seconds``."""

    kind: Kind
    count: Annotated[int, Field(ge=1, le=1000)] = 10
    seconds: Annotated[float, Field(ge=0.0, le=60.0)] = 0.0


class FaultPlan(Settings):
    """A TOML file of ``[[fault]]`` tables."""

    seed: int = 1
    fault: tuple[PlannedFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault begins when trigger ``at`` is given (the line's own at the first frame from then on), and lasts ``seconds``.

    ``number`` counts the faults of a kind from 0.
    """

    kind: Kind
    at: int
    seconds: float
    number: int


def load_plan(path: Path) -> FaultPlan:
    """Read a plan. Raises SettingsError naming the file, the key, and what is allowed."""
    return parse_model(FaultPlan, load_toml(path), str(path))


def draw(plan: FaultPlan, parts: int, rate: float) -> tuple[Fault, ...]:
    """The faults of a run of ``parts`` at ``rate`` a second, by their moments. Each has a slot of the run, so that they do not overlap
    as long as there is room for all; which comes when, and where in its slot, is drawn by the plan's seed."""
    rng = random.Random(plan.seed)
    waiting = [(each, number) for each in plan.fault for number in range(max(1, round(each.count * parts / PER_PARTS)))]
    rng.shuffle(waiting)
    slots = [_slot_s(each) for each, _ in waiting]
    scale = 0.95 * parts / max(sum(slots), 1e-9)  # parts for each second of a slot; the end is left for recovery
    found, before = [], 0.03 * parts
    for (each, number), slot in zip(waiting, slots, strict=True):
        at = before + rng.uniform(0.0, _SPREAD) * slot * scale
        found.append(Fault(each.kind, max(1, min(parts, round(at))), min(each.seconds, _longest(scale, rate, slot)), number))
        before += 0.97 * slot * scale
    return tuple(sorted(found, key=lambda fault: fault.at))


def _slot_s(fault: PlannedFault) -> float:
    return fault.seconds + (_RESTART_S if fault.kind is Kind.LINE_KILL else _APART_S)


def _longest(scale: float, rate: float, slot: float) -> float:
    """Seconds that a fault may last: half of its slot, in a run too short for its plan."""
    return 0.5 * slot * scale / rate


def write_faults(faults: Iterable[Fault], path: Path) -> None:
    """For the processes of the run."""
    path.write_text(json.dumps([{**asdict(fault), "kind": fault.kind.value} for fault in faults]), encoding="utf-8")


def read_faults(path: Path) -> tuple[Fault, ...]:
    """What ``write_faults`` wrote."""
    return tuple(Fault(Kind(each["kind"]), each["at"], each["seconds"], each["number"]) for each in json.loads(path.read_text("utf-8")))


class Schedule:
    """Which fault is due, by the trigger count reached. Any thread may ask; each fault is given out once.

    Where the first count is not 1, the process was started again: the faults before it were its predecessor's.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._waiting = {kind: deque(sorted((f for f in faults if f.kind is kind), key=lambda f: f.at)) for kind in Kind}
        self._count: int | None = None
        self._lock = Lock()

    def reach(self, count: int) -> None:
        """Trigger ``count`` was given."""
        with self._lock:
            if self._count is None:
                for waiting in self._waiting.values():
                    while waiting and waiting[0].at < count:
                        waiting.popleft()
            self._count = max(count, self._count or 0)

    def due(self, *kinds: Kind) -> Fault | None:
        """The next fault of these kinds whose moment has come; None where there is none."""
        with self._lock:
            for kind in kinds:
                waiting = self._waiting[kind]
                if self._count is not None and waiting and waiting[0].at <= self._count:
                    return waiting.popleft()
        return None
