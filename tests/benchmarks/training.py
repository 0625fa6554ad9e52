"""Where a training step's time goes: ``python -m tests.benchmarks.training [--steps 20] [--device cpu] [--threads N] [--torch] [--again]``.

Each stage's median over the steps, in milliseconds and as a share, of the wall clock and of the processor (what counts on a busy machine);
on MVTec bottle with ten seen anomalies where $EDGE_DATA is there, else on simulated rings. Synthesis is timed alone here; in a training it
runs beside the steps, in a thread of its own: see the step as trained. A Markdown table on stdout, an entry in the ledger.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edge_inspector.camera.simulator.dataset import Plan, write_dataset
from edge_inspector.prn.head import Head
from edge_inspector.prn.loss import prn_loss
from edge_inspector.training import fit
from edge_inspector.training.batches import Batch, Batches, make_batch
from edge_inspector.training.fit import Trainer, to_input
from edge_inspector.training.geometry import SQUARE
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import _Run
from edge_inspector.training.schedule import PEAK_RATE, Budget
from edge_inspector.training.synthesis import Sources
from tests.benchmarks.ledger import known, record

STAGES = ("synthesis", "backbone forward", "residual", "head forward", "loss", "head backward", "optimiser and average")
Lap = dict[str, float]
SEEN, WARM_UP, RATE = 10, 3, 0.1 * PEAK_RATE


class Clock:
    """Laps by name, in seconds of the wall and of the processor, all threads together; on CUDA a lap ends when the device is done."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.laps: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._mark = (0.0, 0.0)

    def now(self) -> tuple[float, float]:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter(), time.process_time()

    def begin(self) -> None:
        self._mark = self.now()

    def lap(self, name: str) -> None:
        now = self.now()
        self.laps[name].append((now[0] - self._mark[0], now[1] - self._mark[1]))
        self._mark = now

    def median(self, name: str) -> Lap:
        """Milliseconds of wall and processor."""
        wall, cpu = zip(*self.laps[name][WARM_UP:], strict=True)
        return {"ms": round(statistics.median(wall) * 1e3, 2), "cpu_ms": round(statistics.median(cpu) * 1e3, 2)}


def staged(trainer: Trainer, batch: Batch, clock: Clock) -> None:
    """``Trainer.step`` with a lap after each stage."""
    network = trainer.network
    network.train()
    clock.begin()
    features = trainer.features(to_input(batch.images, trainer.device))
    clock.lap("backbone forward")
    apart = trainer.residuals(features)
    clock.lap("residual")
    with torch.autocast(trainer.device.type, torch.bfloat16, enabled=trainer.reduced):
        logits = network.head(features, apart)
    clock.lap("head forward")
    loss = prn_loss(logits.float(), torch.from_numpy(batch.masks).to(trainer.device), trainer.loss, trainer.near)
    loss.item()
    clock.lap("loss")
    trainer.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    clock.lap("head backward")
    trainer.update(batch.step, RATE)
    clock.lap("optimiser and average")


@contextmanager
def timed_parts(head: Head, device: torch.device) -> Iterator[Clock]:
    """The forward time of each of the head's parts, while the context lasts."""
    clock = Clock(device)
    parts = [(name, module) for name, module in head.named_children() if not isinstance(module, nn.ModuleList)]
    parts += [
        (f"{name} {n}", module) for name, each in head.named_children() if isinstance(each, nn.ModuleList) for n, module in enumerate(each)
    ]
    handles = []
    for name, module in parts:
        handles.append(module.register_forward_pre_hook(lambda *_: clock.begin()))
        handles.append(module.register_forward_hook(lambda *_, name=name: clock.lap(name)))
    try:
        yield clock
    finally:
        for handle in handles:
            handle.remove()


def measured(trainer: Trainer, sources: Sources, settings: TrainSettings, steps: int) -> dict[str, Any]:
    """Times of each stage, of the head's parts, and of a step as trained."""
    clock = Clock(trainer.device)
    with timed_parts(trainer.network.head, trainer.device) as parts:
        for number in range(WARM_UP + steps):
            clock.begin()
            batch = make_batch(sources, settings.batch, settings.seed, number)
            clock.lap("synthesis")
            staged(trainer, batch, clock)
    return {
        "steps": steps,
        "load": round(os.getloadavg()[0], 1),
        "stages": {name: clock.median(name) for name in STAGES},
        "head_forward": {name: parts.median(name) for name in parts.laps},
        "as_trained": as_trained(trainer, sources, settings, steps),
    }


def as_trained(trainer: Trainer, sources: Sources, settings: TrainSettings, steps: int) -> Lap:
    """A step with its batches made beside it."""
    clock = Clock(trainer.device)
    with Batches(sources, settings.batch, settings.seed, 0) as batches:
        for _ in range(WARM_UP + steps):
            clock.begin()
            trainer.step(batches.take(), RATE)
            clock.lap("step")
    return clock.median("step")


def table(found: dict[str, Any]) -> str:
    """Markdown: the stages with their shares, the step as trained, and the parts of the head's forward."""
    whole = {unit: sum(lap[unit] for lap in found["stages"].values()) for unit in ("ms", "cpu_ms")}
    rows = [_row(name, lap, whole) for name, lap in found["stages"].items()]
    rows += [_row("sum", whole, whole), _row("step as trained", found["as_trained"], whole)]
    rows += [_row(f"head forward: {name}", lap, whole) for name, lap in found["head_forward"].items()]
    return "\n".join(["| stage | ms | share | CPU ms | share |", "|---|---|---|---|---|", *rows])


def _row(name: str, lap: Lap, whole: Lap) -> str:
    return f"| {name} | " + " | ".join(f"{lap[unit]:.1f} | {100 * lap[unit] / whole[unit]:.1f} %" for unit in ("ms", "cpu_ms")) + " |"


def data_set(folder: Path) -> tuple[str, Path]:
    """MVTec bottle, or rings drawn into ``folder``."""
    real = Path(os.environ.get("EDGE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "mvtec_bottle"
    if real.is_dir():
        return "mvtec_bottle", real
    write_dataset(folder / "ring", Plan(good=60, test_good=2, bad=2 * SEEN))
    return "ring", folder / "ring"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's default")
    parser.add_argument("--torch", action="store_true", help="the backbone by torch even where OpenVINO would run it")
    parser.add_argument("--again", action="store_true", help="measure even where this commit was measured")
    options = parser.parse_args(words)
    if options.torch:
        vars(fit)["WORTH"] = sys.maxsize
    if options.threads:
        torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        name, data = data_set(Path(folder))
        settings = check(TrainSettings(data, "mvtec", Path(folder) / "out", SEEN, device=options.device, size=SQUARE))
        key = {
            "set": name,
            "batch": settings.batch,
            "size": list(SQUARE),
            "device": settings.device,
            "threads": torch.get_num_threads(),
        }
        if options.torch:
            key["backbone"] = "torch"
        entry = None if options.again else known("training step", key)
        if entry is None:
            ready = _Run(settings, Silent(), Budget(None)).prepare()
            entry = record("training step", key, measured(ready.trainer, ready.sources, settings, options.steps))
    sys.stdout.write(f"{key}, {entry['result']['steps']} steps, commit {entry['commit']}\n\n{table(entry['result'])}\n")


if __name__ == "__main__":
    main()
