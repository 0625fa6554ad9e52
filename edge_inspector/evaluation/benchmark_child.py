"""The process of its own in which `benchmark` opens one row: ``python -m edge_inspector.evaluation.benchmark_child SUBJECT``.

Prints `Cold` as JSON. The memory is the peak of this process less what was resident before the backend's package was imported.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from edge_inspector.errors import EdgeInspectorError
from edge_inspector.evaluation.benchmark import Opened, Subject

_KB = 1024


def main() -> int:
    """Open, run once, tell."""
    values = json.loads(sys.argv[1])
    graph = Path(values.pop("graph")) if values["graph"] else values.pop("graph")
    subject = Subject(**{**values, "bundle": Path(values["bundle"]), "size": tuple(values["size"])}, graph=graph)
    before = _memory_mb("VmRSS")
    try:
        _imported(subject)
        started = time.perf_counter()
        opened = Opened(subject)
        opened.run()
        took = time.perf_counter() - started
        opened.close()
    except EdgeInspectorError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(json.dumps({"cold_ms": round(took * 1e3, 1), "rss_mb": round(_memory_mb("VmHWM") - before, 1)}))
    return 0


def _imported(subject: Subject) -> None:
    """Python's part of opening is the program's start, not the engine's."""
    from edge_inspector.engine.registry import engine_class

    engine_class(subject.backend)


def _memory_mb(field: str) -> float:
    """A field of /proc/self/status (resource.getrusage would tell the peak of whoever started this process)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{field}:"))) / _KB


if __name__ == "__main__":
    sys.exit(main())
