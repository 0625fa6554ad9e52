"""A mask inside a box, from colours alone: GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004), believed where it fills the box's sides.

A box is drawn tightly, so a mask that keeps away from its sides, or all but vanishes, is GrabCut's known failure; then a second start, from
the box's ellipse, is tried, and at last the ellipse itself stands: coarse, never empty, never wild.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.images import to_rgb
from edge_inspector.labels.shapes import Box
from edge_inspector.records import Image, Mask

TIGHT = 0.85  # least share of the box that the mask's own bounding box covers
LEAST_FILL = 0.02  # of the box: a scratch from corner to corner fills no more
SPECK = 0.05  # pieces below this share of the largest are noise
LONGEST = 160  # a crop is worked on at this many pixels at most: a proposal is there within a second
_ROUNDS = 4
_MARGIN = 0.5  # of the box's longer side: what lies around it says what is not the defect
_MARGIN_LEAST = 12

Trimap = NDArray[np.uint8]


def cut(image: Image, box: Box) -> Mask:
    """The defect in ``box`` of uint8 (H, W, 3 or 1): bool (H, W), not empty, False outside the box. ``box`` lies in the image."""
    found = cut_by_colour(image, box)
    return ellipse(image.shape[:2], box) if found is None else found


def cut_by_colour(image: Image, box: Box) -> Mask | None:
    """The same where colours tell defect and ground apart, else None."""
    top, bottom, left, right = window(image.shape[0], image.shape[1], box)
    crop = np.ascontiguousarray(to_rgb(image)[top:bottom, left:right])
    inside = Box(x=box.x - left, y=box.y - top, w=box.w, h=box.h)
    small, reduced = _reduced(crop, inside)
    best = _best(small, reduced)
    if best is None:
        return None
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[top:bottom, left:right] = _scaled(best, crop.shape[0], crop.shape[1]) & filled(crop.shape[:2], inside)
    return mask if mask.any() else None


def window(height: int, width: int, box: Box) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of the box with its surroundings."""
    margin = max(_MARGIN_LEAST, int(_MARGIN * max(box.w, box.h)))
    return max(0, box.y - margin), min(height, box.y + box.h + margin), max(0, box.x - margin), min(width, box.x + box.w + margin)


def _reduced(crop: Image, box: Box) -> tuple[Image, Box]:
    scale = LONGEST / max(crop.shape[:2])
    if scale >= 1.0:
        return crop, box
    height, width = (max(1, round(side * scale)) for side in crop.shape[:2])
    small = np.asarray(cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    x, y = min(width - 1, round(box.x * scale)), min(height - 1, round(box.y * scale))
    return small, Box(x=x, y=y, w=max(1, min(width - x, round(box.w * scale))), h=max(1, min(height - y, round(box.h * scale))))


def _scaled(mask: Mask, height: int, width: int) -> Mask:
    if mask.shape == (height, width):
        return mask
    return np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5)


def _best(crop: Image, box: Box) -> Mask | None:
    for start in (_all_of_it, _ellipse_with_core):
        mask = tidy(grabcut(crop, start(crop, box)))
        if fits(mask, box):
            return mask
    return None


def _all_of_it(crop: Image, box: Box) -> Trimap:
    return np.where(filled(crop.shape[:2], box), cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)


def _ellipse_with_core(crop: Image, box: Box) -> Trimap:
    size = crop.shape[:2]
    trimap = np.where(filled(size, box), cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    trimap[ellipse(size, box)] = cv2.GC_PR_FGD
    trimap[ellipse(size, box, 0.3)] = cv2.GC_FGD
    return trimap


def grabcut(crop: Image, trimap: Trimap) -> Mask:
    """GrabCut from a trimap (GC_BGD, GC_FGD, GC_PR_BGD, GC_PR_FGD); the same input gives the same mask.

    A trimap that is all defect or all ground comes back as it is: there is nothing to tell apart.
    """
    marked = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    if marked.all() or not marked.any():
        return np.asarray(marked)
    labels = trimap.copy()
    cv2.setRNGSeed(0)  # GrabCut's mixtures start from OpenCV's own generator
    cv2.grabCut(crop, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def tidy(mask: Mask) -> Mask:
    """Without specks, and with its holes filled: people mark a defect as one area."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 1:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= SPECK * areas[1:].max()
    keep[0] = False
    kept = keep[labels].astype(np.uint8)
    outlines, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(kept), outlines, -1, 1, -1) > 0)


def fits(mask: Mask, box: Box) -> bool:
    """Whether a mask is one that somebody would have drawn this box around."""
    rows, columns = np.nonzero(mask)
    if rows.size < LEAST_FILL * box.w * box.h:
        return False
    spans = (int(np.ptp(columns)) + 1) * (int(np.ptp(rows)) + 1)
    return spans >= TIGHT * box.w * box.h


def filled(size: tuple[int, ...], box: Box) -> Mask:
    """The box's own pixels: bool (H, W)."""
    mask = np.zeros(size[:2], np.bool_)
    mask[box.y : box.y + box.h, box.x : box.x + box.w] = True
    return mask


def ellipse(size: tuple[int, ...], box: Box, share: float = 1.0) -> Mask:
    """The box's inscribed ellipse, its axes times ``share``: bool (H, W), at least the middle pixel."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    across = (columns - (box.x + (box.w - 1) / 2)) / max(0.5, share * box.w / 2)
    down = (rows - (box.y + (box.h - 1) / 2)) / max(0.5, share * box.h / 2)
    mask = np.asarray(across**2 + down**2 <= 1.0)
    mask[box.y + box.h // 2, box.x + box.w // 2] = True
    return mask & filled(size, box)
