"""What the desk's proposals are worth: ``python -m tests.benchmarks.proposals``.

Median IoU of box and click proposals with the simulator's exact masks, over 60 simulated parts of each product, with the demo bundle's maps
of the product it knows; and the time of one proposal on 1280 x 1024 pixels as the desk makes it, from the archived files to the answer's
PNG. One JSON object; ``reached`` says whether the medians are at least 0.7 and p95 at most 1 s. ``tests.benchmarks.labels`` measures more
hints, and real parts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import KINDS, PRODUCTS, made_spec
from edge_inspector.desk.proposals import Marks, proposed
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.images import encode_png
from edge_inspector.labels.hints import MaskSource, hints_of
from edge_inspector.labels.propose import propose
from edge_inspector.labels.shapes import Box, Click
from edge_inspector.outputs.archive import encode_map
from edge_inspector.records import AnomalyMap, Mask
from tests.benchmarks.labels import SEED, Item, map_of, simulated

SOURCES: tuple[MaskSource, ...] = ("box", "click")
IOU, P95_MS = 0.7, 1000.0
WIDTH, HEIGHT, TIMED = 1280, 1024, 18  # TIMED parts of each product
DEMO = Path(__file__).parents[2] / "models" / "demo"


def main() -> None:
    """Measure, print one JSON object."""
    with closing(open_engine(load_bundle(DEMO), "auto")) as engine:
        report: dict[str, Any] = {product: _product(product, engine) for product in PRODUCTS}
    results = [result for product in report.values() for result in product.values()]
    reached = all(result["median_iou"] >= IOU and result["p95_ms"] <= P95_MS for result in results)
    sys.stdout.write(json.dumps({**report, "reached": reached}) + "\n")


def _product(product: str, engine: Engine) -> dict[str, Any]:
    knows = engine if engine.manifest.product == product else None
    items = [(image, mask, map_of(knows, image) if knows else None) for image, mask in simulated(product)]
    times = {source: [_timed(item, source, knows) for item in _large(product)] for source in SOURCES}
    return {_name(source, knows): {**_worth(items, source), **_quantiles(times[source])} for source in SOURCES}


def _name(source: str, engine: Engine | None) -> str:
    return f"{source} with map" if engine else source


def _worth(items: list[tuple[Any, Mask, AnomalyMap | None]], source: MaskSource) -> dict[str, float]:
    found = [_iou(propose(image, hints_of(mask, source), scores), mask) for image, mask, scores in items]
    return {"images": len(found), "median_iou": round(float(np.median(found)), 3), "mean_iou": round(float(np.mean(found)), 3)}


def _iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


def _quantiles(times: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.median(times)), 1),
        "p95_ms": round(float(np.quantile(times, 0.95)), 1),
        "max_ms": round(max(times), 1),
    }


def _large(product: str) -> Iterator[Item]:
    top = (WIDTH - HEIGHT) // 2
    for number in range(TIMED):
        drawn = render(made_spec(product, SEED, number, (KINDS[number % len(KINDS)],)), WIDTH)
        image, mask = np.ascontiguousarray(drawn.image[top : top + HEIGHT]), np.ascontiguousarray(drawn.mask[top : top + HEIGHT])
        if mask.any():
            yield image, mask


def _timed(item: Item, source: MaskSource, engine: Engine | None) -> float:
    """Milliseconds for the first mark of a part."""
    image, mask = item
    with tempfile.TemporaryDirectory() as folder:
        picture, scores = Path(folder) / "image.png", Path(folder) / "image.map.png"
        picture.write_bytes(encode_png(image))
        if engine:
            scores.write_bytes(encode_map(map_of(engine, image)))
        marks = _marks(hints_of(mask, source)[0])
        begin = time.perf_counter()
        proposed(picture, scores if engine else None, marks)
        return (time.perf_counter() - begin) * 1e3


def _marks(hint: object) -> Marks:
    if isinstance(hint, Box):
        return Marks(box=(hint.x, hint.y, hint.w, hint.h))
    assert isinstance(hint, Click)
    return Marks(click=(hint.x, hint.y))


if __name__ == "__main__":
    main()
