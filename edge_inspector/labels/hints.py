"""Exact masks degraded to what a person in a hurry would mark, to measure what masks from hints are worth."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import LabelError
from edge_inspector.labels.contours import regions
from edge_inspector.labels.propose import propose
from edge_inspector.labels.shapes import Box, Click, Scribble
from edge_inspector.records import Image, Mask

MaskSource = Literal["exact", "box", "scribble", "click"]
MASK_SOURCES: tuple[MaskSource, ...] = ("exact", "box", "scribble", "click")
_TOUCHES = 7  # points of a scribble


def hints_of(mask: Mask, source: MaskSource) -> tuple[Box | Scribble | Click, ...]:
    """One hint for each connected region: its bounding box, a stroke along its middle, or its innermost point.

    Raises LabelError for ``exact``, which is no hint.
    """
    if source == "box":
        return tuple(box for _, box in regions(mask))
    if source == "scribble":
        return tuple(_stroke(region) for region, _ in regions(mask))
    if source == "click":
        return tuple(_innermost(region) for region, _ in regions(mask))
    raise LabelError(f"'{source}' is no hint; one of {', '.join(MASK_SOURCES[1:])}")


def redrawn(image: Image, mask: Mask, source: MaskSource) -> Mask:
    """``mask`` as the hints of ``source`` would have given it: bool (H, W), never empty where it was not. ``exact`` leaves it as it is."""
    if source == "exact" or not mask.any():
        return mask
    return propose(image, hints_of(mask, source))


def _depth(region: Mask) -> NDArray[np.float32]:
    """Distance to the region's edge; the image's own edge counts as one."""
    padded = np.pad(region.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1], np.float32)


def _innermost(region: Mask) -> Click:
    y, x = divmod(int(_depth(region).argmax()), region.shape[1])
    return Click(x=x, y=y)


def _stroke(region: Mask) -> Scribble:
    """From one end of the longest axis to the other (its outer tenths left out), each touch where the region is deepest there."""
    rows, columns = np.nonzero(region)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    offsets = points - points.mean(axis=0)
    axis = np.linalg.svd(offsets, full_matrices=False)[2][0] if len(points) > 1 else np.array([1.0, 0.0])
    order = np.argsort(offsets @ axis, kind="stable")
    spare = len(order) // 10
    depth = _depth(region)[rows, columns]
    groups = np.array_split(order[spare : len(order) - spare], _TOUCHES)
    touches = [group[depth[group].argmax()] for group in groups if group.size]
    stroke = tuple(dict.fromkeys((float(points[at][0]), float(points[at][1])) for at in touches))
    return Scribble(points=stroke, width=max(1, round(float(np.median(depth[touches])))))
