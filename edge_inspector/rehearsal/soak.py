"""The soak: a long run at the line's rate, with faults of every kind at seeded moments, accounted for from outside."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge_inspector.errors import SettingsError
from edge_inspector.rehearsal.belt import BeltPlan
from edge_inspector.rehearsal.faults import Fault, FaultPlan, draw, load_plan, write_faults
from edge_inspector.rehearsal.processes import BeltProcess, LineProcess, RehearsalError, TemporaryStation
from edge_inspector.store.database import read_database
from edge_inspector.store.queries import timings

COUNTS = ("triggers", "accepted", "rejected", "missed", "late", "unaccounted", "duplicated", "passed_uninspected")
DISTINCT = 64  # parts that the camera shows in turn: rendering is no part of what is measured
SETTLE_S = 30.0
EngineChoice = Literal["stub", "bundle"]
ENGINE_CHOICES: tuple[EngineChoice, ...] = ("stub", "bundle")
_READY = ("Ready", "ContinuousExecution")


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """What to run. ``engine`` "stub" is fast and knows nothing; "bundle" runs the bundle's network."""

    parts: int = 20_000
    rate: float = 50.0
    faults: Path | None = None
    engine: EngineChoice = "stub"
    bundle: str = "demo"
    seed: int = 1

    def drawn(self) -> tuple[Fault, ...]:
        """The faults of this run. Raises SettingsError naming what is wrong in the plan's file."""
        return draw(load_plan(self.faults) if self.faults else FaultPlan(), self.parts, self.rate)


def run_soak(plan: SoakPlan, progress: Callable[[int], None] = lambda _triggers: None, keep: Path | None = None) -> dict[str, Any]:
    """Run it and return the soak's JSON (design, section 8), with ``review``, ``reasons``, ``faults`` and ``unrecovered`` added.

    ``keep`` is a folder for settings, log, journal and database, else they are removed. ``rss_growth`` is the line's resident memory in the
    last tenth of the triggers over that in the second, less 1, medians. Raises SettingsError for a plan of faults that cannot be read,
    RehearsalError where a process does not do its part.
    """
    faults = plan.drawn()
    with tempfile.TemporaryDirectory(prefix="edge-soak-") as folder:
        station = TemporaryStation(keep or Path(folder))
        station.write("ring", plan.seed, plan.bundle, distinct=DISTINCT)
        write_faults(faults, station.folder / "faults.json")
        run = _Run(plan, station)
        try:
            account = run.account(progress)
        finally:
            run.line.__exit__()
        overhead = _overhead(station)
    return {
        **{name: account[name] for name in COUNTS},
        "recovered": account["recovered"],
        "overhead_ms": overhead,
        "rss_growth": growth(run.memory, plan.parts),
        **{name: account[name] for name in ("review", "reasons", "faults", "unrecovered", "unaccounted_triggers")},
    }


def engine_choice(text: str) -> EngineChoice:
    """The engine named. Raises SettingsError."""
    for choice in ENGINE_CHOICES:
        if text == choice:
            return choice
    raise SettingsError(f"--engine {text}: one of {', '.join(ENGINE_CHOICES)}")


class _Run:
    """One line after the other, and the belt beside them."""

    def __init__(self, plan: SoakPlan, station: TemporaryStation) -> None:
        self._plan = plan
        self._station = station
        self.memory: list[tuple[int, int]] = []  # trigger count, resident bytes
        self.line = self._start()

    def _start(self) -> LineProcess:
        stub = ("--stub",) if self._plan.engine == "stub" else ()
        options = ("--faults", str(self._station.folder / "faults.json"), *stub)
        return LineProcess(self._station, run=("edge_inspector.rehearsal.faulty", *options))

    def _restart(self) -> None:
        self.line.kill()
        self.line = self._start()

    def account(self, progress: Callable[[int], None]) -> dict[str, Any]:
        """The belt's, after its last part."""
        plan, at = self._plan, self._station.endpoint

        def reached(triggers: int) -> None:
            self.memory.append((triggers, self.line.resident_bytes))
            progress(triggers)

        self.line.wait_for(_READY)
        faults = str(self._station.folder / "faults.json")
        belt = BeltPlan(
            at("trigger"), at("reject"), plan.parts, plan.rate, seed=plan.seed, settle_s=SETTLE_S, faults=faults,
            status=at("status"), control=at("control"),
        )  # fmt: skip
        with BeltProcess(belt) as process:
            found = process.account(reached, self._restart)
        if found["triggers"] != plan.parts:
            raise RehearsalError(f"the belt carried {found['triggers']} of {plan.parts} parts:\n{self.line.log_tail()}")
        self.line.wait_for(_READY)
        if (status := self.line.stop()) != 0:
            raise RehearsalError(f"the line ended with exit status {status}:\n{self.line.log_tail()}")
        return found


def growth(memory: Sequence[tuple[int, int]], parts: int) -> float:
    """Median of the bytes in the last tenth of ``parts`` over that in the second tenth, less 1; 0.0 where a tenth has no sample."""
    second = [size for count, size in memory if 0.1 * parts < count <= 0.2 * parts and size]
    last = [size for count, size in memory if count > 0.9 * parts and size]
    return round(statistics.median(last) / statistics.median(second) - 1.0, 4) if second and last else 0.0


def _overhead(station: TemporaryStation) -> dict[str, float]:
    database = read_database(station.database)
    try:
        return timings(database)["overhead_ms"]
    finally:
        database.dispose()
