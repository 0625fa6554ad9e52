"""A bundle's head, exported anew with today's evidence of its codebook: what a change of evidence does, without a training.

python -m tests.benchmarks.reheard BUNDLE OUT [--set magnetic_tile] [--limit DEVIATIONS]

Evidence comes after the training (``prn/evidence.py``), so the weights are what a training would end with. The weight of evidence is
today's, the limit of peaks is told by the held-out normals, or is ``--limit`` (0: no peaks). OUT is a bundle that runs; its thresholds are
still those of BUNDLE. Records image AUROC by type on what BUNDLE has not learnt from, and the pixel figures.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_inspector.engine.bundle import MODEL, Bundle, bundle_hash, load_bundle, seal
from edge_inspector.engine.registry import open_engine
from edge_inspector.evaluation.by_type import by_type, scored
from edge_inspector.evaluation.evaluate import unseen_test_samples
from edge_inspector.evaluation.layouts import Dataset, load_dataset
from edge_inspector.geometry import on_canvas, window_of
from edge_inspector.images import decode
from edge_inspector.prn.evidence import EVIDENCE
from edge_inspector.prn.network import PRN
from edge_inspector.training.export import HEAD, export_onnx, load_network, save_head
from edge_inspector.training.peaks import FEWEST, weigh
from edge_inspector.training.progress import Silent
from tests.benchmarks.line import DATA, edge, measure
from tests.benchmarks.sizes import held_normals


def reheard(bundle: Bundle, out: Path, dataset: Dataset, limit: float | None = None) -> Path:
    """Write ``out``: the bundle with today's evidence, and peaks from ``limit`` on or as its held-out normals in ``dataset`` tell."""
    manifest = bundle.manifest
    network = load_network(bundle.folder, manifest.score.pixels)
    network.head.form = replace(network.head.form, evidence=EVIDENCE, peak_limit=0.0)
    found = told(network, bundle, dataset) if limit is None else limit
    network.head.form = replace(network.head.form, peak_limit=found)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(bundle.folder, out)
    shutil.rmtree(out / "reference")  # torch's answers of before
    save_head(network.head, out / HEAD, network.backbone)
    export_onnx(network, manifest.input.height, manifest.input.width, out / MODEL)
    seal(out, manifest)
    return out


def told(network: PRN, bundle: Bundle, dataset: Dataset) -> float:
    """The limit by the bundle's held-out normals."""
    form, images = bundle.manifest.input, map(decode, held_normals(bundle.manifest, dataset.part("train"), FEWEST))
    return weigh(network, [(on_canvas(image, form), window_of((image.shape[0], image.shape[1]), form)) for image in images], Silent())[0]


def run(asked: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    """Export and evaluate."""
    dataset = load_dataset(DATA / asked.set, "mvtec")
    out = reheard(bundle, asked.out, dataset, asked.limit)
    with closing(open_engine(load_bundle(out))) as engine:
        types = by_type(scored(engine, unseen_test_samples(dataset, bundle.manifest)[0])).types
    found = edge("evaluate", "--model", str(out), "--data", str(DATA / asked.set), "--layout", "mvtec")
    limit = load_network(out, bundle.manifest.score.pixels).head.form.peak_limit
    for old in ("escapes", "false_rejects"):  # at thresholds of before
        found.pop(old)
    return {**found, "peak_limit": limit, "types": {name: row.image_auroc for name, row in types.items()}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the ledger does not have for this commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", default="magnetic_tile")
    parser.add_argument("--limit", type=float)
    asked = parser.parse_args(arguments)
    bundle = load_bundle(asked.bundle)
    if bundle.manifest.prototypes.form != "codebook" or bundle.manifest.tiling is not None:
        parser.error(f"{asked.bundle}: a bundle of whole parts with a codebook is expected")
    if asked.out.resolve() == asked.bundle.resolve():
        parser.error("OUT is BUNDLE; name a folder of its own")
    trained = bundle.manifest.training
    key = {"set": asked.set, "bundle": bundle_hash(bundle.manifest)[:12], "seen": len(trained.seen), "steps": trained.steps}
    measure("reheard", {**key, "limit": asked.limit} if asked.limit is not None else key, lambda: run(asked, bundle))


if __name__ == "__main__":
    main()
