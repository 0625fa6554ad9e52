"""What the line must reach, measured by the product's own commands; each result goes into the ledger.

python -m tests.benchmarks.line demo       100 parts, seeds 1 to 5: accounts, escapes, false rejects, overhead
python -m tests.benchmarks.line unseen     the same, seeds 101 to 104, which nobody looks at while a demo bundle is made
python -m tests.benchmarks.line overhead   overhead_ms at 10 parts a second: median of five runs
python -m tests.benchmarks.line bottle     train on MVTec bottle (seen 10, seed 0, at most 12 minutes), then evaluate
python -m tests.benchmarks.line folder     the folder camera over bottle's 83 test images, with plc-sim
python -m tests.benchmarks.line kill       SIGKILL and restart, ten times
python -m tests.benchmarks.line install    a fresh clone: scripts/demo, the first time and again
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edge_inspector.gateway.sim import run_plc_sim
from edge_inspector.rehearsal.crash import CrashPlan, run_crashes
from edge_inspector.rehearsal.processes import LineProcess, TemporaryStation
from tests.benchmarks import ledger

ROOT = ledger.ROOT
DATA = Path(os.environ.get("EDGE_DATA", ROOT.parent / "shared" / "data"))


def edge(*arguments: str) -> dict[str, Any]:
    """The JSON of an ``edge-inspector`` command."""
    command = [sys.executable, "-m", "edge_inspector", *arguments, "--json"]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return answer


def measure(name: str, key: dict[str, Any], run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a measurement unless the ledger has it for this commit; print it."""
    entry = ledger.known(name, key) or ledger.record(name, key, run())
    sys.stdout.write(f"{name} {key}: {json.dumps(entry['result'])}\n")
    sys.stdout.flush()
    result: dict[str, Any] = entry["result"]
    return result


def demo(seeds: Sequence[int] = range(1, 6)) -> None:
    """The demo of each seed."""
    results = [measure("demo", {"seed": s}, lambda s=s: edge("demo", "--parts", "100", "--seed", str(s))) for s in seeds]  # type: ignore[misc]
    for result in results:
        assert result["parts"] == result["accepted"] + result["rejected"] + result["missed"]
    total = {name: sum(r[name] for r in results) for name in ("bad", "missed", "escapes", "false_rejects")}
    sys.stdout.write(
        f"over {len(seeds)} seeds: {total}; overhead p95 median {statistics.median(r['overhead_ms']['p95'] for r in results):.2f} ms\n"
    )


def overhead() -> None:
    """Overhead and latency, the median of five runs."""

    def run() -> dict[str, Any]:
        runs = [edge("demo", "--parts", "100", "--seed", "1") for _ in range(5)]
        names = ("overhead_ms", "engine_ms", "latency_ms")
        return {n: {p: round(statistics.median(r[n][p] for r in runs), 3) for p in ("p50", "p95", "p99", "max")} for n in names}

    measure("overhead", {"rate": 10, "parts": 100, "runs": 5}, run)


def bottle() -> None:
    """Real parts: train, then evaluate."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "bottle"
            data = ("--data", str(DATA / "mvtec_bottle"), "--layout", "mvtec")
            trained = edge("train", *data, "--seen", "10", "--seed", "0", "--max-minutes", "12", "--out", str(out))
            size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            return {**edge("evaluate", "--model", str(out), *data), "train": trained, "bundle_mb": round(size / 1e6, 1)}

    measure("bottle", {"seen": 10, "seed": 0, "max_minutes": 12}, run)


def folder() -> None:
    """83 real images through the whole line."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            station = TemporaryStation(Path(name))
            station.write("ring", 1, "demo")
            text = station.config.read_text()
            camera = f'[[camera]]\ndriver = "folder"\npath = "{DATA / "mvtec_bottle" / "test"}"\nrate = 10.0\n'
            begin, end = text.index("[[camera]]"), text.index("\n[", text.index("[[camera]]") + 2)
            station.config.write_text(text[:begin] + camera + text[end:])
            with LineProcess(station) as line:
                counts = run_plc_sim(station.endpoint("reject"), 83, timeout_s=120)
                line.stop()
            with sqlite3.connect(Path(name) / "state" / "results.db") as database:
                rows = database.execute("select trigger_count, seq from inspections order by id").fetchall()
            database.close()
        in_order = [r[0] for r in rows] == list(range(1, 84)) and [r[1] for r in rows] == sorted({r[1] for r in rows})
        return {**counts, "rows": len(rows), "rows_in_order_once": in_order}

    measure("folder", {"images": 83, "rate": 10}, run)


def kill() -> None:
    """Ten kills."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            return run_crashes(CrashPlan(kills=10), Path(name), lambda kills: print(f"{kills} kills", file=sys.stderr))  # noqa: T201

    measure("kill", {"kills": 10, "rate": 10}, run)


def install() -> None:
    """The README's first command on a fresh clone, twice."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            clone = Path(name) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            seconds = []
            for _ in range(2):
                began = time.monotonic()
                subprocess.run([str(clone / "scripts" / "demo"), "--parts", "100", "--json"], check=True, stdout=subprocess.PIPE)
                seconds.append(round(time.monotonic() - began, 1))
            torch = shutil.which("python", path=str(clone / ".venv" / "bin"))
            found = subprocess.run([str(torch), "-c", "import torch"], check=False, capture_output=True).returncode == 0
        return {"first_s": seconds[0], "again_s": seconds[1], "torch_installed": found}

    measure("install", {"parts": 100}, run)


COMMANDS: dict[str, Callable[[], None]] = {
    "demo": demo,
    "unseen": partial(demo, range(101, 105)),
    "overhead": overhead,
    "bottle": bottle,
    "folder": folder,
    "kill": kill,
    "install": install,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]]()
