"""What masks proposed from hints are worth: ``python -m tests.benchmarks.labels [--bundle ring=DIR] [--bundle bottle=DIR]``.

Boxes, scribbles and clicks are made of the exact masks, one for each connected region, and proposed back: median IoU an image, over 60
simulated parts of each product and, where $EDGE_DATA is there, bottle's test masks. With a bundle its anomaly map helps; images it was
trained on are left out. One JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import KINDS, PRODUCTS, made_spec
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.evaluation.layouts import load_dataset, sha256_file
from edge_inspector.geometry import on_canvas, on_image
from edge_inspector.images import decode, decode_mask
from edge_inspector.labels.hints import MASK_SOURCES, MaskSource, hints_of
from edge_inspector.labels.propose import propose
from edge_inspector.records import AnomalyMap, Image, Mask

PARTS, SEED, SIZE = 60, 77, 256
Item = tuple[Image, Mask]


def simulated(product: str) -> Iterator[Item]:
    """Parts with one defect each, the six kinds in turn."""
    for number in range(PARTS):
        drawn = render(made_spec(product, SEED, number, (KINDS[number % len(KINDS)],)), SIZE)
        if drawn.mask.any():
            yield drawn.image, drawn.mask


def bottle(root: Path, without: frozenset[str]) -> Iterator[Item]:
    """The test images with masks, without those of these hashes."""
    for sample in load_dataset(root / "mvtec_bottle", "mvtec").samples:
        if sample.mask is not None and sha256_file(sample.path) not in without:
            yield decode(sample.path), decode_mask(sample.mask)


def measured(items: list[Item], engine: Engine | None) -> dict[str, Any]:
    """Median, mean and lowest tenth of the IoU, and milliseconds an image, by hint."""
    return {source: _measured(items, source, engine) for source in MASK_SOURCES[1:]}


def _measured(items: list[Item], source: MaskSource, engine: Engine | None) -> dict[str, float]:
    found, took = [], []
    for image, mask in items:
        shapes = hints_of(mask, source)
        scores = map_of(engine, image) if engine else None
        begin = time.perf_counter()
        proposal = propose(image, shapes, scores)
        took.append((time.perf_counter() - begin) * 1e3)
        found.append((proposal & mask).sum() / (proposal | mask).sum())
    values = {"median": np.median(found), "mean": np.mean(found), "tenth": np.quantile(found, 0.1)}
    times = {"ms_median": np.median(took), "ms_max": np.max(took)}
    return {"images": len(found), **{k: round(float(v), 3) for k, v in values.items()}, **{k: round(float(v), 1) for k, v in times.items()}}


def map_of(engine: Engine, image: Image) -> AnomalyMap:
    """The engine's map (h, w) of an image, what lies on padding cut away."""
    form = engine.manifest.input
    return on_image(engine.infer(on_canvas(image, form)[None])[0].anomaly_map, (image.shape[0], image.shape[1]), form)


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", action="append", default=[], metavar="SET=DIR")
    bundles = dict(text.split("=", 1) for text in parser.parse_args().bundle)
    report = {name: _set(name, None) for name in (*PRODUCTS, "bottle")}
    report |= {f"{name} with map": _set(name, Path(folder)) for name, folder in bundles.items()}
    sys.stdout.write(json.dumps({name: result for name, result in report.items() if result}) + "\n")


def _set(name: str, folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return measured(_items(name, frozenset()), None)
    with closing(open_engine(load_bundle(folder), "auto")) as engine:
        return measured(_items(name, frozenset(engine.manifest.training.seen)), engine)


def _items(name: str, without: frozenset[str]) -> list[Item]:
    if name in PRODUCTS:
        return list(simulated(name))
    root = Path(os.environ.get("EDGE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    return list(bottle(root, without)) if root.is_dir() else []


if __name__ == "__main__":
    main()
