"""Image scores from anomaly maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge_inspector.records import AnomalyMap

LEAST = 1e-4  # of a mean and of its distance from 1, before log-odds


def top_mean(anomaly_map: AnomalyMap, score_pixels: int) -> float:
    """Mean of the ``score_pixels`` highest values of a (h, w) map in 0..1: PRN's image score (Zhang et al. 2023, section 3.5)."""
    values = anomaly_map.reshape(-1)
    k = min(score_pixels, values.size)
    return float(np.partition(values, values.size - k)[values.size - k :].mean(dtype=np.float64))


def top_means(anomaly_map: AnomalyMap, pixels: Sequence[int]) -> float:
    """The logistic of the mean log-odds of the top means over each number of ``pixels``, 0..1; of one number, that top mean itself.

    A pore of five pixels is all of the top five and next to nothing of the top thousand, a faint stain the other way round; in log-odds
    each speaks for itself.
    """
    if len(pixels) == 1:
        return top_mean(anomaly_map, pixels[0])
    values = anomaly_map.reshape(-1)
    most = min(max(pixels), values.size)
    highest = np.sort(np.partition(values, values.size - most)[values.size - most :])[::-1].astype(np.float64)
    means = np.array([highest[:k].mean() for k in pixels]).clip(LEAST, 1.0 - LEAST)
    return float(1.0 / (1.0 + math.exp(-np.log(means / (1.0 - means)).mean())))
