"""Image scores from anomaly maps."""

from __future__ import annotations

import numpy as np

from edge_inspector.records import AnomalyMap


def top_mean(anomaly_map: AnomalyMap, score_pixels: int) -> float:
    """Mean of the ``score_pixels`` highest values of a (h, w) map in 0..1: PRN's image score (Zhang et al. 2023, section 3.5)."""
    values = anomaly_map.reshape(-1)
    k = min(score_pixels, values.size)
    return float(np.partition(values, values.size - k)[values.size - k :].mean(dtype=np.float64))
