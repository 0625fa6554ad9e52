"""Child processes with what they cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUSY = 1.2  # load average of the last minute above which times mean little


class ChildError(Exception):
    """A child process failed: the message names its command."""


@dataclass(frozen=True)
class Cost:
    """Wall clock from start to end, imports included, and peak resident memory (at least what this process held when it forked)."""

    seconds: float
    peak_mb: float
    threads: int
    loaded: bool

    def as_json(self) -> dict[str, float | int | bool]:
        """For the stage's file."""
        return asdict(self)


def busy() -> bool:
    """Whether other work is running here."""
    return os.getloadavg()[0] > BUSY


def run(command: Sequence[str | Path], threads: int, *, loaded: bool) -> tuple[str, Cost]:
    """What the command wrote to stdout, and its cost. Raises ChildError with its exit status; its stderr is ours."""
    variables = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildError(f"{' '.join(map(str, command))}: exit status {child.returncode}; its own lines above say why")
    return output, Cost(time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6, threads, loaded)
