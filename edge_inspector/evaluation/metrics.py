"""Detection and localisation metrics, in memory that does not grow with the set.

Image metrics take one score an image. Pixel metrics are taken with map and mask at 256x256, from histograms of the map's values: AUROC and
average precision over all pixels, and AUPRO, the area under the mean per-region overlap against the false positive rate up to 0.3, divided
by 0.3 (Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.2; regions are 8-connected).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import AnomalyMap, Mask

SIZE = 256
AUPRO_LIMIT = 0.3
Counts = NDArray[np.int64]
Weights = NDArray[np.float64]

# A value's bin is the head of its float32 bits, mirrored at 0.5: 9 bits of precision relative to 0 below and to 1 above, as sigmoid
# outputs crowd at both ends.
_SHIFT = 14
_HALF = int(np.float32(0.5).view(np.uint32)) >> _SHIFT
_BINS = 2 * _HALF + 1


@dataclass(frozen=True, slots=True)
class PixelScores:
    """Pixel metrics, each 0..1."""

    auroc: float
    average_precision: float
    aupro: float


def image_auroc(scores: Sequence[float], bad: Sequence[bool]) -> float:
    """Probability that a bad image scores above a good one, ties counting half. Raises ValueError unless there are both."""
    return _auroc(*_by_score(scores, bad))


def image_average_precision(scores: Sequence[float], bad: Sequence[bool]) -> float:
    """Sum of precision times recall step over the distinct scores, bad images positive. Raises ValueError unless there are both."""
    return _average_precision(*_by_score(scores, bad))


def at_metric_size(anomaly_map: AnomalyMap, mask: Mask) -> tuple[AnomalyMap, Mask]:
    """Map (h, w) and mask (H, W) as the metrics take them: the map back to image geometry (bilinear), then both to 256x256.

    The mask by its nearest pixel, or, where nothing of the whole mask would remain, by any pixel it touches: no defective image loses its
    mask, but a defect finer than the grid can vanish beside another that remains.
    """
    height, width = mask.shape
    back = cv2.resize(anomaly_map, (width, height), interpolation=cv2.INTER_LINEAR)
    down = cv2.INTER_AREA if min(height, width) >= SIZE else cv2.INTER_LINEAR
    small = cv2.resize(mask.astype(np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_NEAREST_EXACT) > 0
    if mask.any() and not small.any():
        small = cv2.resize(mask.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA) > 0
    return np.asarray(cv2.resize(back, (SIZE, SIZE), interpolation=down), np.float32), np.asarray(small, np.bool_)


class PixelMetrics:
    """Gathers maps and masks one image at a time; about 3 MB, however many come."""

    def __init__(self) -> None:
        self._bad: Counts = np.zeros(_BINS, np.int64)
        self._good: Counts = np.zeros(_BINS, np.int64)
        self._overlap: Weights = np.zeros(_BINS, np.float64)  # each region's pixels weigh one together
        self._regions = 0

    def add(self, anomaly_map: AnomalyMap, mask: Mask) -> None:
        """One image: float32 map in 0..1 (NaN counts as 1) and bool mask of the same shape. Raises ValueError where shapes differ."""
        if anomaly_map.shape != mask.shape:
            raise ValueError(f"map {anomaly_map.shape} and mask {mask.shape} differ in shape")
        bins = _bin(anomaly_map)
        self._good += np.bincount(bins[~mask], minlength=_BINS)
        if not mask.any():
            return
        marked = bins[mask]
        self._bad += np.bincount(marked, minlength=_BINS)
        count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        region = labels[mask]
        self._overlap += np.bincount(marked, weights=1.0 / np.bincount(region)[region], minlength=_BINS)
        self._regions += count - 1

    def scores(self) -> PixelScores | None:
        """The metrics so far; None unless both good and bad pixels have come."""
        if not self._bad.any() or not self._good.any():
            return None
        bad, good = self._bad[::-1], self._good[::-1]
        overlap = self._overlap[::-1] / self._regions
        return PixelScores(_auroc(bad, good), _average_precision(bad, good), _aupro(overlap, good))


def _bin(values: NDArray[np.float32]) -> NDArray[np.int64]:
    v = np.clip(np.nan_to_num(values, nan=1.0), np.float32(0.0), np.float32(1.0)).astype(np.float32)
    head = (np.minimum(v, np.float32(1.0) - v).view(np.uint32) >> _SHIFT).astype(np.int64)
    return np.asarray(np.where(v <= 0.5, head, 2 * _HALF - head), np.int64)


def _by_score(scores: Sequence[float], bad: Sequence[bool]) -> tuple[Counts, Counts]:
    """Numbers of bad and good images at each distinct score, highest first. A score that is no number ranks above all: it rejects."""
    values, labels = np.nan_to_num(np.asarray(scores, np.float64), nan=np.inf, posinf=np.inf), np.asarray(bad, np.bool_)
    if not labels.any() or labels.all():
        raise ValueError(f"{labels.sum()} bad and {(~labels).sum()} good images; both are needed")
    distinct, at = np.unique(values, return_inverse=True)
    counts = [np.bincount(at[chosen], minlength=len(distinct))[::-1] for chosen in (labels, ~labels)]
    return counts[0], counts[1]


def _rates(counts: Counts | Weights) -> Weights:
    """Cumulated share, from 0 to 1."""
    rising = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
    return np.asarray(rising / rising[-1], np.float64)


def _auroc(bad: Counts, good: Counts) -> float:
    return float(np.trapezoid(_rates(bad), _rates(good)))


def _average_precision(bad: Counts, good: Counts) -> float:
    found = np.cumsum(bad)
    precision = found / np.maximum(found + np.cumsum(good), 1)
    return float((precision * bad).sum() / found[-1])


def _aupro(overlap: Weights, good: Counts) -> float:
    fpr, pro = _rates(good), np.concatenate(([0.0], np.cumsum(overlap)))
    inside = fpr <= AUPRO_LIMIT
    x = np.append(fpr[inside], AUPRO_LIMIT)
    y = np.append(pro[inside], np.interp(AUPRO_LIMIT, fpr, pro))
    return float(np.trapezoid(y, x) / AUPRO_LIMIT)
