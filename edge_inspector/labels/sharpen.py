"""The edges that a coarse anomaly map cannot tell, from colours: GrabCut from the map's region, believed as far as the map is blurred."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.images import to_rgb
from edge_inspector.labels.cut import LONGEST, grabcut, tidy
from edge_inspector.records import Image, Mask

# IoU of the sharpened region, grown by a pixel of the map, with the map's. Measured on simulated rings, where colours find most edges, and
# on bottles, where glass leads them astray: of 0 to 4 pixels and 0.3 to 0.5 these help the ones and do the others no harm.
AGREES = 0.5
_MARGIN_LEAST = 12


def sharpened(image: Image, region: Mask, reach: Mask, seed: Mask, pixel: float) -> Mask:
    """``region`` with the edges that the colours of uint8 (H, W, 3 or 1) show, or as it is where they tell another story.

    All masks are bool (H, W). Nothing beyond ``reach`` is marked, what ``seed`` holds always is; ``pixel`` is how many pixels of the image
    one of the map covers. ``region`` holds a pixel and lies in ``reach``.
    """
    window = _window(reach)
    crop = np.ascontiguousarray(to_rgb(image)[window])
    found = np.zeros_like(region)
    found[window] = _cut(crop, region[window], reach[window], seed[window])
    found = tidy((found & reach) | seed)
    return found if _agree(found, region, pixel) else region | seed


def _window(reach: Mask) -> tuple[slice, slice]:
    """Rows and columns of the mask with its surroundings, which say what is not the defect."""
    rows, columns = np.flatnonzero(reach.any(axis=1)), np.flatnonzero(reach.any(axis=0))
    margin = max(_MARGIN_LEAST, max(int(np.ptp(rows)), int(np.ptp(columns))) // 2)
    return slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1), slice(
        max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1
    )


def _cut(crop: Image, region: Mask, reach: Mask, seed: Mask) -> Mask:
    scale = min(1.0, LONGEST / max(crop.shape[:2]))
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    trimap = np.where(_share(reach, size) >= 0.5, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    trimap[_share(region, size) >= 0.5] = cv2.GC_PR_FGD
    trimap[_share(seed, size) > 0] = cv2.GC_FGD
    found = grabcut(np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8), trimap)
    return np.asarray(cv2.resize(found.astype(np.float32), region.shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5)


def _share(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel of a smaller image (width, height) is marked, 0..1."""
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def _agree(found: Mask, region: Mask, pixel: float) -> bool:
    """Whether the map could have seen what was found as the region: as it is, or blurred by one of its pixels."""
    side = 2 * round(pixel) + 1
    blurred = cv2.dilate(found.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))).astype(np.bool_)
    return max(iou(found, region), iou(blurred, region)) >= AGREES


def iou(one: Mask, other: Mask) -> float:
    """Area that both mark over the area that either marks; 0 where neither marks anything."""
    return float((one & other).sum() / max(1, (one | other).sum()))
