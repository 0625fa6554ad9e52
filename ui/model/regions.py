"""The regions of a map under rules that are only proposed, by the same definitions as the line's decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from ui.model.picture import Map
from ui.model.shapes import Polygons
from ui.model.tune import Rules

MOST = 200  # regions outlined; a map that is above the threshold all over has thousands, which say nothing more


class Fate(str, Enum):
    """What becomes of a region."""

    IGNORED = "ignored"  # below the minimum area: counts for nothing
    COUNTS = "counts"  # counts in the score
    REJECTS = "rejects"  # of the reject area: rejects whatever the score


@dataclass(frozen=True, slots=True)
class Found:
    """A region's outline (points, 2) and area, in pixels of the camera image."""

    outline: NDArray[np.float64]
    area: float
    fate: Fate


def inspected(roi: Polygons, dont_care: Polygons, size: tuple[int, int], map_size: tuple[int, int]) -> NDArray[np.bool_]:
    """Where a map counts, (h, w): inside any ROI polygon (everywhere without one) and outside every don't-care one.

    ``size`` is (width, height) of the camera image, ``map_size`` (h, w). A map pixel that an edge crosses is inspected.
    """
    inside = _filled(roi, size, map_size) if roi else np.ones(map_size, np.uint8)
    if dont_care:
        inside[cv2.erode(_filled(dont_care, size, map_size), np.ones((3, 3), np.uint8), borderValue=1) > 0] = 0
    return inside.astype(np.bool_)


def _filled(polygons: Polygons, size: tuple[int, int], map_size: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.zeros(map_size, np.uint8)
    scale = np.array([map_size[1] / size[0], map_size[0] / size[1]])
    for polygon in polygons:
        points = (np.asarray(polygon, np.float64) * scale - 0.5) * 16.0
        cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (1,), lineType=cv2.LINE_8, shift=4)
    return canvas


def regions(anomaly_map: Map, rules: Rules, size: tuple[int, int]) -> list[Found]:
    """The 8-connected regions at or above the region threshold, largest first, at most ``MOST``. ``size`` is (width, height)."""
    height, width = anomaly_map.shape
    counted = inspected(rules.roi, rules.dont_care, size, (height, width))
    above = (np.where(counted, anomaly_map, np.float32(0.0)) >= rules.region_threshold).astype(np.uint8)
    count, marked, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    labels = np.asarray(marked, np.int32)
    scale = np.array([size[0] / width, size[1] / height])
    areas = stats[:, cv2.CC_STAT_AREA] * scale.prod()
    order = [int(i) for i in np.argsort(-areas, kind="stable") if 0 < i < count][:MOST]
    return [Found(_outline(labels, stats[i], i, scale), float(areas[i]), fate(float(areas[i]), rules)) for i in order]


def fate(area: float, rules: Rules) -> Fate:
    """What becomes of a region of so many pixels."""
    if area < rules.minimum_area_px:
        return Fate.IGNORED
    return Fate.REJECTS if rules.reject_area_px is not None and area >= rules.reject_area_px else Fate.COUNTS


def _outline(labels: NDArray[np.int32], stats: NDArray[np.int32], label: int, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Traced on the region enlarged, so that it runs around its pixels and not through them."""
    left, top, width, height = (int(value) for value in stats[:4])
    own = (labels[top : top + height, left : left + width] == label).astype(np.uint8)
    large = np.pad(np.kron(own, np.ones((3, 3), np.uint8)), 1)
    found, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = np.asarray(max(found, key=cv2.contourArea), np.float64).reshape(-1, 2)
    return np.asarray(((outline - 0.5) / 3.0 + [left, top]) * scale, np.float64)
