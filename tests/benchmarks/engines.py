"""What each precision costs and gains: accuracy against float32 on real parts, and time, by turns.

python -m tests.benchmarks.engines --bundle build/accuracy/mvtec_bottle-10-0-exact-12 --set mvtec_bottle
python -m tests.benchmarks.engines --bundle build/accuracy/magnetic_tile-10-0-exact-25 --set magnetic_tile --backend onnxruntime

The int8 graph is the one in the bundle's cache; without one it is calibrated on the set's normals (--calibrate N of them, evenly spread).
Accuracy: as `edge-inspector evaluate` measures it, the same images for every precision, by the bundle's score rule on what of the map lies
on the image (the graph's own score counts padding, too). Time: `edge-inspector benchmark`, all rows by turns. A measurement taken while the
machine did other work says so (``loaded``).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector import images
from edge_inspector.decision import top_means
from edge_inspector.engine.bundle import Bundle, bundle_hash, load_bundle
from edge_inspector.engine.calibrate import build
from edge_inspector.engine.calibrated import calibrated
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import FormError
from edge_inspector.evaluation.benchmark import precisions_of
from edge_inspector.evaluation.evaluate import unseen_test_samples
from edge_inspector.evaluation.layouts import load_dataset
from edge_inspector.evaluation.metrics import PixelMetrics, at_metric_size, image_auroc
from edge_inspector.geometry import on_canvas, on_image
from tests.benchmarks.accuracy import BUSY
from tests.benchmarks.line import DATA, edge, measure


class Silent:
    """Nobody watches."""

    def stage(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, done: int, total: int, text: str) -> None:
        """Nothing."""


def calibrate(bundle: Bundle, folder: Path, count: int) -> None:
    """Build the int8 graph on the set's normals unless the cache has it."""
    try:
        calibrated(bundle, "openvino")
    except FormError:
        normals = [sample.path for sample in load_dataset(folder, "mvtec").part("train", "good")]
        picked = np.linspace(0, len(normals) - 1, min(count, len(normals))).round().astype(int)
        build(bundle, "int8", [images.decode(normals[number]) for number in picked], Silent())


def accuracy(bundle: Bundle, folder: Path, backend: str, precision: str) -> dict[str, float]:
    """Image AUROC and pixel AP, both of the map on the image."""
    samples, _ = unseen_test_samples(load_dataset(folder, "mvtec"), bundle.manifest)
    pixels, scores = PixelMetrics(), []
    form = bundle.manifest.input
    with closing(open_engine(bundle, backend, os.cpu_count() or 1, precision)) as engine:
        for sample in samples:
            image = images.decode(sample.path)
            found = engine.infer(on_canvas(image, form)[np.newaxis])[0]
            size = (image.shape[0], image.shape[1])
            on_part = on_image(found.anomaly_map, size, form)
            scores.append(top_means(on_part, bundle.manifest.score.pixels))
            mask = np.zeros(size, np.bool_) if sample.label == "good" else sample.marked()
            pixels.add(*at_metric_size(on_part, mask))
    told = pixels.scores()
    return {
        "image_auroc": image_auroc(scores, [sample.label == "bad" for sample in samples]),
        "pixel_ap": told.average_precision if told else float("nan"),
    }


def run(asked: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    """Accuracy by precision, and the ratios that are asked for."""
    loaded = os.getloadavg()[0] > BUSY
    calibrate(bundle, DATA / asked.set, asked.calibrate)
    found: dict[str, Any] = {p: accuracy(bundle, DATA / asked.set, asked.backend, p) for p in precisions_of(bundle, asked.backend)}
    for precision, figures in found.items():
        if precision != "f32":
            figures["lost"] = {key: found["f32"][key] - figures[key] for key in ("image_auroc", "pixel_ap")}
    if asked.rounds:
        options = (
            "--model",
            str(bundle.folder),
            "--backend",
            asked.backend,
            "--rounds",
            str(asked.rounds),
            "--threads",
            str(asked.threads),
        )
        rows = edge("benchmark", *options)["rows"]
        took = {(row["name"], row["precision"]): row["p50_ms"] for row in rows}
        for precision, figures in found.items():
            figures["ms"] = took["bundle", precision]
            figures["to_backbone"] = took["bundle", precision] / took["backbone", precision]
            figures["to_f32"] = took["bundle", precision] / took["bundle", "f32"]
            if ("bundle", "bf16") in took:
                figures["to_bf16"] = took["bundle", precision] / took["bundle", "bf16"]
    return {"precisions": found, "loaded": loaded}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the ledger does not have for this commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--set", default="mvtec_bottle")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--calibrate", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=100, help="0 leaves the times out")
    asked = parser.parse_args(arguments)
    bundle = load_bundle(asked.bundle)
    key = {"set": asked.set, "backend": asked.backend, "bundle": bundle_hash(bundle.manifest)[:16], "threads": asked.threads}
    measure("engines", {**key, "calibrate": asked.calibrate, "rounds": asked.rounds}, lambda: run(asked, bundle))


if __name__ == "__main__":
    main()
