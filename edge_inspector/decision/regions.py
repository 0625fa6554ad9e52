"""Connected regions of an anomaly map, measured in the camera image's pixels; and the masks a recipe draws on it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.records import AnomalyMap, Mask, Region
from edge_inspector.settings.recipe import DecisionRules, Polygon

Size = tuple[int, int]  # (height, width)
REGIONS_MAX = 200  # a map that is all over above the threshold has thousands, which say nothing more and cost milliseconds


def find_regions(
    anomaly_map: AnomalyMap, threshold: float, image_size: Size, minimum_area: float = 0.0, view: int = 0
) -> tuple[list[Region], Mask | None]:
    """The 8-connected regions at or above ``threshold``, largest first, at most ``REGIONS_MAX``; and the (h, w) mask of those smaller than
    ``minimum_area``.

    Areas are in pixels of the camera image. The mask is None where no region is too small. A NaN pixel belongs to no region.
    """
    sy, sx = image_size[0] / anomaly_map.shape[0], image_size[1] / anomaly_map.shape[1]
    above = (anomaly_map >= threshold).astype(np.uint8)
    count, marked, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    if count == 1:
        return [], None
    labels = np.asarray(marked, np.int32)
    peaks = np.zeros(count, np.float32)
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


@lru_cache(maxsize=16)
def inspected_mask(rules: DecisionRules, image_size: Size, map_size: Size) -> Mask | None:
    """Where the map counts: inside any ROI polygon and outside every don't-care one; None where that is everywhere.

    Polygons are in image pixels and are drawn at the map's resolution. In doubt a map pixel is inspected: one that a polygon's edge
    crosses counts as inside an ROI, and as outside a don't-care area.
    """
    if not rules.roi and not rules.dont_care:
        return None
    inside = _filled(rules.roi, image_size, map_size) if rules.roi else np.ones(map_size, np.bool_)
    if not rules.dont_care:
        return inside
    ignored = _filled(rules.dont_care, image_size, map_size).astype(np.uint8)
    return np.asarray(inside & (cv2.erode(ignored, np.ones((3, 3), np.uint8), borderValue=1) == 0), np.bool_)


def _filled(polygons: tuple[Polygon, ...], image_size: Size, map_size: Size) -> Mask:
    """Polygons filled, edges included, at the map's resolution (4 fractional bits)."""
    canvas = np.zeros(map_size, np.uint8)
    scale = np.array([map_size[1] / image_size[1], map_size[0] / image_size[0]])
    for polygon in polygons:
        points = (np.asarray(polygon, np.float64) * scale - 0.5) * 16.0
        cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (1,), lineType=cv2.LINE_8, shift=4)
    return canvas.astype(np.bool_)
