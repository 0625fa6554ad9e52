"""Our metrics over maps that another program left on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_inspector.evaluation.layouts import Sample
from edge_inspector.evaluation.metrics import PixelMetrics, at_metric_size, image_auroc, image_average_precision
from edge_inspector.images import decode
from edge_inspector.records import AnomalyMap, Mask
from tests.benchmarks.rivals.table import Accuracy


def accuracy(samples: Sequence[Sample], scores: Sequence[float], files: Sequence[Path]) -> Accuracy:
    """Metrics of float32 maps of any range, one .npy a sample, read twice and one at a time: their common range is taken to 0..1 first.

    A linear change of scale alters no ranking, and none of these metrics. Raises ValueError unless there are good and bad samples.
    """
    bad = [sample.label == "bad" for sample in samples]
    lowest, highest = _range(files)
    pixels = PixelMetrics()
    for sample, file in zip(samples, files, strict=True):
        scaled = (np.load(file).astype(np.float32) - lowest) / max(highest - lowest, np.finfo(np.float32).tiny)
        mask = _mask(sample)
        if mask is not None:
            pixels.add(*at_metric_size(scaled.astype(np.float32), mask))
    found = pixels.scores()
    return Accuracy(
        image_auroc=image_auroc(scores, bad),
        image_ap=image_average_precision(scores, bad),
        pixel_auroc=found.auroc if found else None,
        aupro=found.aupro if found else None,
        pixel_ap=found.average_precision if found else None,
    )


def _range(files: Sequence[Path]) -> tuple[float, float]:
    ends = [(float(values.min()), float(values.max())) for values in map(_load, files)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _load(file: Path) -> AnomalyMap:
    values: AnomalyMap = np.load(file)
    return values


def _mask(sample: Sample) -> Mask | None:
    """As in ``evaluate``: None for a bad image whose mask is absent or empty, which says nothing of its pixels."""
    if sample.label == "good":
        return np.zeros(decode(sample.path).shape[:2], np.bool_)
    mask = sample.marked() if sample.mask else None
    return mask if mask is not None and mask.any() else None
