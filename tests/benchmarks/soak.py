"""What the line must survive, and what it adds to a part's way: soak runs by the product's own command; results go into the ledger.

python -m tests.benchmarks.soak faults     20,000 parts at 50 a second, stub engine, the whole plan of faults        7 minutes
python -m tests.benchmarks.soak memory     the same without SIGKILL: growth of the line's memory                     7 minutes
python -m tests.benchmarks.soak network    3,000 parts at 10 a second, the demo bundle's network, the whole plan     5 minutes
python -m tests.benchmarks.soak overhead   3,000 parts at 50 a second, stub engine, no faults: median of five runs   6 minutes
python -m tests.benchmarks.soak awake      the same, with a loop of idle priority on each core                       6 minutes

On a virtual machine a core that halts comes back when its host pleases, and a line at 50 parts a second halts its cores hundreds of times a
second. A loop that runs only when nothing else would (SCHED_IDLE) keeps them from it, as ``idle=poll`` does on a line PC.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_inspector.rehearsal.faults import Kind, load_plan
from tests.benchmarks import ledger
from tests.benchmarks.line import measure

PLAN = ledger.ROOT / "tests" / "system" / "faults.toml"
BUSY = 1.2  # load average
SPIN = (
    "import os, sys; os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)); os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile 1: pass"
)


def soak(*options: str) -> dict[str, Any]:
    """The JSON of a soak run, broken promises included; ``stolen`` is the share of the time wanted that the host gave to other machines."""
    loaded = os.getloadavg()[0] > BUSY
    command = [sys.executable, "-m", "edge_inspector", "soak", *options, "--json"]
    stolen, used = processor_ticks()
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout)
    stolen, used = (now - before for now, before in zip(processor_ticks(), (stolen, used), strict=True))
    return {**answer, "loaded": loaded, "stolen": round(stolen / max(1, stolen + used), 3)}


def processor_ticks() -> tuple[int, int]:
    """Stolen by the host, and used here, since the start of this machine (proc(5), /proc/stat)."""
    user, nice, system, _idle, _wait, _irq, _soft, stolen = map(
        int, Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    )
    return stolen, user + nice + system


def faults() -> None:
    """Everything at once."""
    measure(
        "soak", {"parts": 20_000, "rate": 50, "engine": "stub"}, lambda: soak("--parts", "20000", "--rate", "50", "--faults", str(PLAN))
    )


def memory() -> None:
    """One process from beginning to end."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "faults.toml"
            plan.write_text(without(Kind.LINE_KILL), encoding="utf-8")
            return soak("--parts", "20000", "--rate", "50", "--faults", str(plan))

    measure("soak-memory", {"parts": 20_000, "rate": 50, "engine": "stub"}, run)


def without(kind: Kind) -> str:
    """The plan shipped as TOML, without one kind of fault."""
    kept = [each for each in load_plan(PLAN).fault if each.kind is not kind]
    return "".join(f'[[fault]]\nkind = "{each.kind.value}"\ncount = {each.count}\nseconds = {each.seconds}\n' for each in kept)


def network() -> None:
    """The real engine."""
    options = ("--parts", "3000", "--rate", "10", "--engine", "bundle", "--faults", str(PLAN))
    measure("soak", {"parts": 3000, "rate": 10, "engine": "bundle"}, lambda: soak(*options))


def overhead() -> None:
    """What the line itself costs a part."""
    measure("soak-overhead", {"parts": 3000, "rate": 50, "runs": 5}, _overhead)


def awake() -> None:
    """The same, and no core halts."""

    def run() -> dict[str, Any]:
        with spinning():
            return _overhead()

    measure("soak-overhead", {"parts": 3000, "rate": 50, "runs": 5, "awake": True}, run)


def _overhead() -> dict[str, Any]:
    loaded = os.getloadavg()[0] > BUSY
    runs = [soak("--parts", "3000", "--rate", "50") for _ in range(5)]
    found: dict[str, Any] = {p: round(statistics.median(r["overhead_ms"][p] for r in runs), 3) for p in ("p50", "p95", "p99", "max")}
    each = {"p99_of_each": [round(r["overhead_ms"]["p99"], 3) for r in runs], "stolen_of_each": [r["stolen"] for r in runs]}
    return {"overhead_ms": found, **each, "loaded": loaded}


@contextmanager
def spinning() -> Iterator[None]:
    """A loop of idle priority on each core that this process may use."""
    loops = [subprocess.Popen([sys.executable, "-c", SPIN, str(core)]) for core in sorted(os.sched_getaffinity(0))]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


COMMANDS: dict[str, Callable[[], None]] = {"faults": faults, "memory": memory, "network": network, "overhead": overhead, "awake": awake}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]]()
