"""The decision's parts as plainly as they can be written: what the fast ones are held to, bit for bit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.decision.regions import REGIONS_MAX
from edge_inspector.records import AnomalyMap, Mask, Region


def plain_regions(
    anomaly_map: AnomalyMap, threshold: float, image_size: tuple[int, int], minimum_area: float, view: int
) -> tuple[list[Region], Mask | None]:
    """``find_regions``: the whole map labelled, whatever is in it, each region by itself."""
    sy, sx = image_size[0] / anomaly_map.shape[0], image_size[1] / anomaly_map.shape[1]
    above = (anomaly_map >= threshold).astype(np.uint8)
    count, marked, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    if count == 1:
        return [], None
    labels = np.asarray(marked, np.int32)
    peaks = np.zeros(count, np.float32)
    with np.errstate(invalid="ignore"):
        np.maximum.at(peaks, labels.reshape(-1), anomaly_map.reshape(-1))
    areas = stats[:, cv2.CC_STAT_AREA] * sx * sy
    small = areas < minimum_area
    small[0] = False
    kept = [int(i) for i in np.argsort(-areas, kind="stable") if i > 0 and not small[i]][:REGIONS_MAX]
    regions = [_region(stats[i], sx, sy, float(areas[i]), float(peaks[i]), view) for i in kept]
    return regions, np.asarray(small[labels], np.bool_) if small.any() else None


def _region(stats: NDArray[np.int32], sx: float, sy: float, area: float, peak: float, view: int) -> Region:
    left, top, width, height = (int(value) for value in stats[:4])
    x, y = round(left * sx), round(top * sy)
    return Region(x, y, round((left + width) * sx) - x, round((top + height) * sy) - y, area, peak, view)


def plain_highest(anomaly_map: AnomalyMap, count: int) -> NDArray[np.float32]:
    """The ``count`` highest values, ascending, by sorting all."""
    return np.sort(anomaly_map.reshape(-1))[-count:]
