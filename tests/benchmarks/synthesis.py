"""What a batch costs made on the host and made on a device: ``python -m tests.benchmarks.synthesis [--device cuda] [--batches 20]``.

Median milliseconds a batch until it is there, of the wall clock and of the processor, and until the host may go on: what a device still
works on then runs beside the host. Once with seen anomalies and once without; on MVTec bottle where $EDGE_DATA is there, else on simulated
rings. A Markdown table on stdout, an entry in the ledger. ``--device cpu`` compares the two forms on the processor alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from edge_inspector.training.batches import make_batch
from edge_inspector.training.data import load_training_data
from edge_inspector.training.device.batches import device_batch
from edge_inspector.training.device.stock import uploaded
from edge_inspector.training.evidence import sources_of
from edge_inspector.training.geometry import SQUARE
from edge_inspector.training.synthesis import Sources
from tests.benchmarks.ledger import known, record
from tests.benchmarks.training import SEEN, WARM_UP, Clock, data_set

BATCH, SEED = 16, 0
Made = Callable[[int], object]  # makes the batch of a step


def measured(sources: Sources, device: torch.device, batches: int) -> dict[str, Any]:
    """Times by form, with seen anomalies and without."""
    found: dict[str, Any] = {"batches": batches, "load": round(os.getloadavg()[0], 1), "upload_ms": upload_ms(sources, device)}
    for title, each in (("seen", sources), ("none seen", replace(sources, seen=(), weights=()))):
        stock = uploaded(each, device)
        forms: dict[str, Made] = {
            "host": lambda step, each=each: make_batch(each, BATCH, SEED, step),  # type: ignore[misc]
            "device": lambda step, stock=stock: device_batch(stock, BATCH, SEED, step),  # type: ignore[misc]
        }
        found[title] = {name: timed(make, device, batches) for name, make in forms.items()}
    return found


def timed(make: Made, device: torch.device, batches: int) -> dict[str, float]:
    """Medians over ``batches``, after some to warm up."""
    clock, until_free = Clock(device), []
    for step in range(WARM_UP + batches):
        clock.begin()
        begun = time.perf_counter()
        make(step)
        until_free.append(time.perf_counter() - begun)
        clock.lap("batch")
    return {**clock.median("batch"), "free_ms": round(statistics.median(until_free[WARM_UP:]) * 1e3, 2)}


def upload_ms(sources: Sources, device: torch.device) -> float:
    """Of normals, seen anomalies and textures, once a run."""
    clock = Clock(device)
    clock.begin()
    uploaded(sources, device)
    clock.lap("upload")
    return round(clock.laps["upload"][0][0] * 1e3, 1)


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    rows = [
        f"| {title} | {name} | {times['ms']:.1f} | {times['cpu_ms']:.1f} | {times['free_ms']:.1f} |"
        for title in ("seen", "none seen")
        for name, times in found[title].items()
    ]
    return "\n".join(["| anomalies | form | ms a batch | CPU ms | ms until the host may go on |", "|---|---|---|---|---|", *rows])


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's default")
    parser.add_argument("--again", action="store_true", help="measure even where this commit was measured")
    options = parser.parse_args(words)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        name, root = data_set(Path(folder))
        shown = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        key = {"set": name, "batch": BATCH, "size": list(SQUARE), "device": shown, "threads": torch.get_num_threads()}
        entry = None if options.again else known("synthesis", key)
        if entry is None:
            data = load_training_data(root, "mvtec", SEEN, SEED, SQUARE)
            entry = record("synthesis", key, measured(sources_of(data), device, options.batches))
    sys.stdout.write(f"{key}, {entry['result']['batches']} batches, commit {entry['commit']}\n\n{table(entry['result'])}\n")


if __name__ == "__main__":
    main()
