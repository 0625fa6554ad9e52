"""Connected regions of an anomaly map, measured in the camera image's pixels; and the masks a recipe draws on it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

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
    above = anomaly_map >= threshold
    if not above.any():  # nearly every part: labelling nothing would take thirty times as long as this
        return [], None
    top, left, around = _around(above)
    # No mask is made of numbers where a view will do.
    count, marked, stats, _ = cv2.connectedComponentsWithStats(around.view(np.uint8), connectivity=8)
    labels = np.asarray(marked, np.int32)
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, labels[around], anomaly_map[top : top + around.shape[0], left : left + around.shape[1]][around])
    sy, sx = image_size[0] / anomaly_map.shape[0], image_size[1] / anomaly_map.shape[1]
    areas = stats[:, cv2.CC_STAT_AREA] * sx * sy
    small = areas < minimum_area
    small[0] = False
    largest = np.argsort(-areas, kind="stable")
    kept = largest[(largest > 0) & ~small[largest]][:REGIONS_MAX]
    boxes = _boxes(stats[kept, :4] + np.array((left, top, 0, 0)), sx, sy)
    sizes, heights = areas[kept].tolist(), peaks[kept].tolist()
    regions = [Region(*box, area, peak, view) for box, area, peak in zip(boxes, sizes, heights, strict=True)]
    return regions, _back(small[labels], top, left, above.shape) if small.any() else None


def _around(above: Mask) -> tuple[int, int, Mask]:
    """Top, left and content of the smallest part of a mask that holds all that is marked in it, from even places on; contiguous.

    Even, because labelling goes by blocks of two pixels, and the order of the labels, which decides between regions of one area, is to
    be that of the whole mask.
    """
    rows, columns = np.flatnonzero(above.any(axis=1)), np.flatnonzero(above.any(axis=0))
    top, left = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
    return top, left, np.ascontiguousarray(above[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])


def _boxes(stats: NDArray[np.integer[Any]], sx: float, sy: float) -> Iterator[tuple[int, int, int, int]]:
    """x, y, w and h in image pixels, of left, top, width and height (n, 4) in map pixels."""
    left, top, width, height = stats.T
    x, y = np.rint(left * sx), np.rint(top * sy)
    w, h = np.rint((left + width) * sx) - x, np.rint((top + height) * sy) - y
    return zip(*(side.astype(np.int64).tolist() for side in (x, y, w, h)), strict=True)


def _back(part: NDArray[np.bool_], top: int, left: int, size: Size) -> Mask:
    """A part of a mask in its place."""
    whole = np.zeros(size, np.bool_)
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return whole


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
