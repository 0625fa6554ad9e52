"""The line is killed with SIGKILL at random moments and started again, while the belt goes on; then every trigger must have its outcome."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_inspector.rehearsal.belt import BeltPlan
from edge_inspector.rehearsal.processes import BeltProcess, LineProcess, TemporaryStation


@dataclass(frozen=True, slots=True)
class CrashPlan:
    """``kills`` kills, each at a random moment of the line's life, drawn by ``seed``."""

    kills: int = 10
    rate: float = 10.0
    seed: int = 1
    bundle: str = "demo"
    backend: str = "auto"
    alive_s: tuple[float, float] = (0.5, 4.0)  # how long a line that runs parts may live


def run_crashes(plan: CrashPlan, folder: Path, progress: Callable[[int], None] = lambda _kills: None) -> dict[str, Any]:
    """Kill and restart, and return the belt's account with what the database says afterwards.

    Keys beside the account's: ``kills``, ``recovered_s`` (seconds from each kill until parts run again), ``rows``, ``unique_numbers``,
    ``integrity``. Raises RehearsalError where a process does not start.
    """
    station = TemporaryStation(folder)
    station.write("ring", plan.seed, plan.bundle, backend=plan.backend)
    draw = random.Random(plan.seed)
    belt = BeltPlan(station.endpoint("trigger"), station.endpoint("reject"), 1_000_000, plan.rate, seed=plan.seed)
    recovered: list[float] = []
    with BeltProcess(belt) as process:
        account = _Follower(process)
        line = LineProcess(station)
        try:
            line.wait_for(("ContinuousExecution",))
            for kill in range(plan.kills):
                threading.Event().wait(draw.uniform(*plan.alive_s))
                line.kill()
                began = time.monotonic()
                line = LineProcess(station)
                line.wait_for(("ContinuousExecution",))
                recovered.append(round(time.monotonic() - began, 2))
                progress(kill + 1)
            process.stop_triggering()
            result = account.result()
            line.stop()
        finally:
            line.__exit__()
    return {**result, "kills": plan.kills, "recovered_s": recovered, **_database(station)}


class _Follower(threading.Thread):
    """Reads the belt's events while the main thread kills lines."""

    def __init__(self, process: BeltProcess) -> None:
        super().__init__(name="belt-follower")
        self._process = process
        self._account: dict[str, Any] | Exception | None = None
        self.start()

    def run(self) -> None:
        """The belt's account, once it is made."""
        try:
            self._account = self._process.account()
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            self._account = error

    def result(self) -> dict[str, Any]:
        """Wait for the account. Raises what kept it from being made."""
        self.join()
        if isinstance(self._account, Exception):
            raise self._account
        return self._account or {}


def _database(station: TemporaryStation) -> dict[str, Any]:
    path = station.folder / "state" / "results.db"
    connection = sqlite3.connect(path)
    try:
        rows, numbers = connection.execute("select count(*), count(distinct epoch || '-' || seq) from inspections").fetchone()
        reused = connection.execute("select count(*) - count(distinct seq) from inspections").fetchone()[0]
        integrity = connection.execute("pragma integrity_check").fetchone()[0]
    finally:
        connection.close()
    return {"rows": rows, "unique_numbers": numbers, "reused_seq": reused, "integrity": integrity}
