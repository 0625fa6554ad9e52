"""How long a simulated part takes: ``python -m tests.benchmarks.simulator``. Median of five runs, milliseconds a part, one JSON object."""

from __future__ import annotations

import json
import statistics
import sys
import time

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import PRODUCTS, part_spec

PARTS, SIZE = 60, 256


def milliseconds(product: str) -> float:
    """Median over five runs of the mean time of one render, spec included; a third of the parts bears defects."""
    render(part_spec(product, 1, 0), SIZE)
    return round(statistics.median(_run(product) for _ in range(5)), 2)


def _run(product: str) -> float:
    begin = time.perf_counter()
    for number in range(PARTS):
        render(part_spec(product, 1, number), SIZE)
    return (time.perf_counter() - begin) * 1000.0 / PARTS


if __name__ == "__main__":
    json.dump({f"{product}_ms": milliseconds(product) for product in PRODUCTS}, sys.stdout)
    sys.stdout.write("\n")
