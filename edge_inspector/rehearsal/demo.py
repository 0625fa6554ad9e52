"""The demo: a simulated line on the demo bundle, with the belt, the PLC and the gate in a process of their own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_inspector.rehearsal.belt import BeltPlan
from edge_inspector.rehearsal.processes import BeltProcess, GuiProcess, LineProcess, RehearsalError, TemporaryStation
from edge_inspector.store.database import read_database
from edge_inspector.store.queries import timings

UNTIL_CLOSED = 1_000_000  # parts: more than anybody watches
ACCOUNT = ("accepted", "rejected", "review", "missed", "late", "escapes", "false_rejects")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to show."""

    parts: int = 100
    rate: float = 10.0
    seed: int = 1
    product: str = "ring"
    bundle: str = "demo"
    gui: bool = False


def run_demo(plan: DemoPlan, progress: Callable[[int], None] = lambda _triggers: None) -> dict[str, Any]:
    """Run the line over ``plan.parts`` parts and return the demo's JSON (design, section 8), with ``bad`` and ``unaccounted`` added.

    With ``gui`` the operator GUI is opened on it; closing its window ends the triggering, and the line runs until then.
    Raises RehearsalError where a process does not do its part.
    """
    with tempfile.TemporaryDirectory(prefix="edge-demo-") as folder:
        station = TemporaryStation(Path(folder))
        station.write(plan.product, plan.seed, plan.bundle)
        with contextlib.ExitStack() as stack:
            line = stack.enter_context(LineProcess(station))
            gui = stack.enter_context(GuiProcess(station)) if plan.gui else None
            status = line.wait_for(("Ready",))
            account = _carry(plan, station, gui, progress)
            if (status_code := line.stop()) != 0:
                raise RehearsalError(f"the line ended with exit status {status_code}:\n{line.log_tail()}")
            if account["triggers"] != plan.parts and gui is None:
                raise RehearsalError(f"the belt carried {account['triggers']} of {plan.parts} parts:\n{line.log_tail()}")
        database = read_database(station.database)
        try:
            times = timings(database)
        finally:
            database.dispose()
    return {
        "parts": account["triggers"],
        **{name: account[name] for name in ACCOUNT},
        "bad": account["bad"],
        "unaccounted": account["unaccounted"],
        "duplicated": account["duplicated"],
        "passed_uninspected": account["passed_uninspected"],
        "backend": status["backend"],
        **times,
    }


def _carry(plan: DemoPlan, station: TemporaryStation, gui: GuiProcess | None, progress: Callable[[int], None]) -> dict[str, Any]:
    """The belt's account. A window that is closed ends the triggering; one that is open after the last part is waited for."""
    belt = BeltPlan(station.endpoint("trigger"), station.endpoint("reject"), plan.parts, plan.rate, plan.product, plan.seed)
    with BeltProcess(belt) as process:

        def reached(triggers: int) -> None:
            progress(triggers)
            if gui is not None and gui.closed:
                process.stop_triggering()

        account = process.account(reached)
    if gui is not None:
        gui.wait()
    return account
