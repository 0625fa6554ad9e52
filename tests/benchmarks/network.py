"""Where the time of a network goes: over its backbone's, by part, and by kind of layer; OpenVINO, one image, by turns.

python -m tests.benchmarks.network models/demo [--threads 2] [--runs 5] [--compare FILE.onnx ...]

``ratios``: medians over ``runs`` runs of `edge-inspector benchmark`, with the least and the greatest: the bundle's time over its backbone's
(and over each compared graph's) at the same precision, and int8's over that of bf16, or of float32 where the processor has no bf16.
``parts``: medians of 200 passes, ms: everything before the prototype search, the search in float32, everything after it. ``layers``: ms a
pass by kind of layer, and how many there are, as OpenVINO's own counters tell them. Int8 is the graph that was calibrated, or one made of
the reference images for its time alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.engine.bundle import Bundle, bundle_hash, load_bundle
from edge_inspector.engine.openvino import Lane, OpenVinoEngine, Options
from edge_inspector.engine.openvino_split import split
from edge_inspector.engine.vino import ov
from edge_inspector.errors import EngineError
from edge_inspector.evaluation.benchmark_rows import Graphs
from edge_inspector.settings.certificate import Precision
from edge_inspector.training.progress import Silent
from tests.benchmarks.accuracy import BUSY
from tests.benchmarks.line import edge, measure

PASSES = 200
PARTS = ("features", "search", "head")
KINDS = 8  # of layers, those that take longest


def ratios(asked: argparse.Namespace, runs: int) -> dict[str, Any]:
    """What is compared: its median, least and greatest ratio, and the median time of the bundle, ms."""
    compared = [part for path in asked.compare for part in ("--compare", str(path))]
    options = ("--model", str(asked.bundle), "--backend", "openvino", "--threads", str(asked.threads), *compared)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs):
        for name, ratio, took in _ratios(edge("benchmark", *options)["rows"]):
            found.setdefault(name, []).append((ratio, took))
    return {name: _spread(*zip(*pairs, strict=True)) for name, pairs in found.items()}


def _ratios(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, float, float]]:
    took = {(row["name"], row["precision"]): float(row["p50_ms"]) for row in rows}
    lower = "bf16" if ("bundle", "bf16") in took else "f32"
    for (name, precision), ms in took.items():
        if name != "bundle" and ("bundle", precision) in took:
            yield f"{precision} over {name}", took["bundle", precision] / ms, took["bundle", precision]
    if ("bundle", "int8") in took:
        yield f"int8 over {lower}", took["bundle", "int8"] / took["bundle", lower], took["bundle", "int8"]


def _spread(ratio: Sequence[float], ms: Sequence[float]) -> dict[str, float]:
    median, least, most = statistics.median(ratio), min(ratio), max(ratio)
    return {"ratio": round(median, 2), "least": round(least, 2), "most": round(most, 2), "ms": round(statistics.median(ms), 2)}


def taken_apart(bundle: Bundle, graph: Path, precision: Precision, threads: int) -> dict[str, Any]:
    """``parts`` and ``layers`` of a bundle's graph in a precision, the search in float32. Raises EngineError where it has none."""
    core, options = ov.Core(), Options(precision, threads)
    model, form = core.read_model(graph), bundle.manifest.input
    model.reshape({0: [1, form.height, form.width, 3]})
    parts = split(model)
    if parts is None:
        raise EngineError(f"{graph}: no prototype search is found in the graph; nothing to take apart")
    hints = (options.hint, "f32", options.hint)
    image = np.random.default_rng(0).integers(0, 256, (1, form.height, form.width, 3), np.uint8)

    def compiled(counted: bool) -> list[tuple[Any, ov.CompiledModel]]:
        more = {"PERF_COUNT": True} if counted else {}
        return [(p, core.compile_model(p.model, "CPU", options.settings(h) | more)) for p, h in zip(parts, hints, strict=True)]

    took = passes(Lane(compiled(counted=False)), image)
    stages = compiled(counted=True)
    return {"parts": dict(zip(PARTS, took, strict=True)), "layers": layers(stages, image)}


def passes(lane: Lane, image: np.ndarray) -> list[float]:
    """Median time of each stage, ms."""
    times: list[list[float]] = [[] for _ in range(lane.stages)]
    for _ in range(PASSES):
        for stage, listed in enumerate(times):
            began = time.perf_counter()
            lane.start(stage, image)
            lane.wait(stage)
            listed.append(1e3 * (time.perf_counter() - began))
    return [round(statistics.median(listed), 3) for listed in times]


def layers(stages: Sequence[tuple[Any, ov.CompiledModel]], image: np.ndarray) -> dict[str, dict[str, float]]:
    """Of each kind of layer in all stages: ms of the last of some passes, and how many there are; those that take longest first."""
    lane = Lane(stages)
    for _ in range(PASSES // 10):
        for stage in range(lane.stages):
            lane.start(stage, image)
            lane.wait(stage)
    ms, count = dict[str, float](), Counter[str]()
    for told in lane.counted():
        if told.real_time.total_seconds() > 0:
            ms[told.node_type] = ms.get(told.node_type, 0.0) + 1e3 * told.real_time.total_seconds()
            count[told.node_type] += 1
    longest = sorted(ms, key=lambda kind: -ms[kind])[:KINDS]
    return {kind: {"ms": round(ms[kind], 3), "count": count[kind]} for kind in longest}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def run(asked: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    """Everything; says whether the machine did other work."""
    loaded = os.getloadavg()[0] > BUSY
    found: dict[str, Any] = {"ratios": ratios(asked, asked.runs)}
    with tempfile.TemporaryDirectory() as folder:
        graphs = Graphs(bundle, Path(folder), Silent(), _say)
        for precision in OpenVinoEngine.offered():
            if graph := graphs.whole("openvino", precision):
                found[precision] = taken_apart(bundle, graph, precision, asked.threads)
    return {**found, "loaded": loaded}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the ledger does not have for this commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--compare", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    bundle = load_bundle(asked.bundle)
    key = {"bundle": f"{bundle.manifest.id}@{bundle_hash(bundle.manifest)[:16]}", "threads": asked.threads, "runs": asked.runs}
    measure("network", {**key, "compared": [path.stem for path in asked.compare]}, lambda: run(asked, bundle))


if __name__ == "__main__":
    main()
