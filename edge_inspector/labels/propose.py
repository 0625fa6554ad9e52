"""From marks to a mask: the one door for desk, command and training."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import LabelError
from edge_inspector.images import to_rgb
from edge_inspector.labels.cut import cut, cut_by_colour, filled, tidy
from edge_inspector.labels.grow import grow
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble, check, drawn
from edge_inspector.records import AnomalyMap, Image, Mask

# Of the way from the map's usual value outside a mark to its peak inside. Measured on bottle and simulated rings: best of 0.1 to 0.5.
MAP_SHARE = 0.35
MAP_LEAST = 0.1  # a map whose peak stands out less says nothing
AGREES = 0.5  # IoU from which colours may sharpen what the map says


def propose(image: Image, shapes: Sequence[Polygon | Box | Scribble | Click], anomaly_map: AnomalyMap | None = None) -> Mask:
    """The mask that marks mean on ``image`` uint8 (H, W, 3) RGB or (H, W, 1): bool (H, W), the union over the marks, never empty.

    A polygon is taken as it is. A box, scribble or click takes colours, and ``anomaly_map`` (float32 (h, w), 0..1, over the whole image;
    NaN counts as 0) where one is given. Raises LabelError for a mark that is empty or leaves the image, for no mark and for a map without
    pixels, ImageError for a wrong image.
    """
    to_rgb(image)
    size = (image.shape[0], image.shape[1])
    if not shapes:
        raise LabelError("no mark to propose a mask from; give a box, a scribble, a click or a polygon")
    for shape in shapes:
        check(shape, size)
    scores = None if anomaly_map is None else _over(anomaly_map, size)
    mask = np.zeros(size, np.bool_)
    for shape in shapes:
        mask |= _one(image, shape, scores)
    return mask


def _over(anomaly_map: AnomalyMap, size: tuple[int, int]) -> NDArray[np.float32]:
    """The map at the image's size, float32 (H, W)."""
    if anomaly_map.ndim != 2 or anomaly_map.size == 0:
        raise LabelError(f"an anomaly map is (h, w); this one is {anomaly_map.shape}")
    finite = np.nan_to_num(anomaly_map.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(cv2.resize(finite, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _one(image: Image, shape: Polygon | Box | Scribble | Click, scores: NDArray[np.float32] | None) -> Mask:
    size = (image.shape[0], image.shape[1])
    if isinstance(shape, Polygon):
        return drawn(shape, size)
    if isinstance(shape, Box):
        return _in_box(image, shape, scores)
    return _from_seed(image, drawn(shape, size), scores)


def _in_box(image: Image, box: Box, scores: NDArray[np.float32] | None) -> Mask:
    by_map = None if scores is None else _of_map(scores, filled(scores.shape, box))
    if by_map is None:
        return cut(image, box)
    by_colour = cut_by_colour(image, box)
    return by_map if by_colour is None or _iou(by_colour, by_map) < AGREES else by_colour


def _from_seed(image: Image, seed: Mask, scores: NDArray[np.float32] | None) -> Mask:
    by_colour = grow(image, seed)
    if scores is None:
        return by_colour
    by_map = _of_seeded_map(scores, seed)
    if by_map is None or _iou(by_colour, by_map) >= AGREES:
        return by_colour
    return by_map | seed


def _of_map(scores: NDArray[np.float32], inside: Mask) -> Mask | None:
    """Where the map stands out inside the mark; None where it does not."""
    usual = float(np.median(scores[~inside])) if not inside.all() else 0.0
    peak = float(scores[inside].max())
    if peak - usual < MAP_LEAST:
        return None
    return tidy(inside & (scores >= usual + MAP_SHARE * (peak - usual)))


def _of_seeded_map(scores: NDArray[np.float32], seed: Mask) -> Mask | None:
    """The map's region around the seed; None where the map is low there."""
    usual, peak = float(np.median(scores)), float(scores[seed].max())
    if peak - usual < MAP_LEAST:
        return None
    _, labels = cv2.connectedComponents((scores >= usual + MAP_SHARE * (peak - usual)).astype(np.uint8), connectivity=8)
    touched = np.setdiff1d(np.unique(labels[seed]), [0])
    return tidy(np.isin(labels, touched))


def _iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))
