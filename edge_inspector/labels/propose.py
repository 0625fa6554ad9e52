"""From marks to a mask: the one door for desk, command and training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import LabelError
from edge_inspector.images import to_rgb
from edge_inspector.labels.cut import cut, cut_by_colour, filled, tidy
from edge_inspector.labels.grow import grow
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble, check, drawn
from edge_inspector.labels.sharpen import AGREES, iou, sharpened
from edge_inspector.records import AnomalyMap, Image, Mask

# Of the way from the map's usual value outside a mark to its peak inside. Measured on bottle and simulated rings: best of 0.1 to 0.5.
MAP_SHARE = 0.35
MAP_REACH = 0.15  # the same way: beyond this nothing belongs to the defect
MAP_LEAST = 0.1  # a map whose peak stands out less says nothing


@dataclass(frozen=True, slots=True)
class _Map:
    """An anomaly map at the image's size, float32 (H, W); ``pixel`` is how many pixels of the image one of the map's own covers."""

    values: NDArray[np.float32]
    pixel: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the map says around a mark: the defect's ``region``, and the ``reach`` beyond which nothing belongs to it."""

    region: Mask
    reach: Mask


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


def _over(anomaly_map: AnomalyMap, size: tuple[int, int]) -> _Map:
    if anomaly_map.ndim != 2 or anomaly_map.size == 0:
        raise LabelError(f"an anomaly map is (h, w); this one is {anomaly_map.shape}")
    finite = np.nan_to_num(anomaly_map.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    values = np.asarray(cv2.resize(finite, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return _Map(values, max(size[0] / finite.shape[0], size[1] / finite.shape[1]))


def _one(image: Image, shape: Polygon | Box | Scribble | Click, scores: _Map | None) -> Mask:
    size = (image.shape[0], image.shape[1])
    if isinstance(shape, Polygon):
        return drawn(shape, size)
    if isinstance(shape, Box):
        return _in_box(image, shape, scores)
    return _from_seed(image, drawn(shape, size), scores)


def _in_box(image: Image, box: Box, scores: _Map | None) -> Mask:
    seen = None if scores is None else _inside(scores, filled(image.shape, box))
    if scores is None or seen is None:
        return cut(image, box)
    by_colour = cut_by_colour(image, box)
    if by_colour is not None and iou(by_colour, seen.region) >= AGREES:
        return by_colour
    return sharpened(image, seen.region, seen.reach, np.zeros_like(seen.region), scores.pixel)


def _from_seed(image: Image, seed: Mask, scores: _Map | None) -> Mask:
    seen = None if scores is None else _around(scores, seed)
    if scores is None or seen is None:
        return grow(image, seed)
    return sharpened(image, seen.region, seen.reach, seed, scores.pixel)


def _inside(scores: _Map, inside: Mask) -> _Seen | None:
    """Where the map stands out inside the mark; None where it does not."""
    values = scores.values
    usual = float(np.median(values[~inside])) if not inside.all() else 0.0
    rise = float(values[inside].max()) - usual
    if rise < MAP_LEAST:
        return None
    region = tidy(inside & (values >= usual + MAP_SHARE * rise)) & inside
    return _Seen(region, region | (inside & (values >= usual + MAP_REACH * rise)))


def _around(scores: _Map, seed: Mask) -> _Seen | None:
    """The map's region around the seed; None where the map is low there."""
    values = scores.values
    usual = float(np.median(values))
    rise = float(values[seed].max()) - usual
    if rise < MAP_LEAST:
        return None
    region = tidy(_touched(values >= usual + MAP_SHARE * rise, seed))
    return _Seen(region, region | _touched(values >= usual + MAP_REACH * rise, seed) | seed)


def _touched(high: Mask, seed: Mask) -> Mask:
    """The connected regions that the seed lies on."""
    _, labels = cv2.connectedComponents(high.astype(np.uint8), connectivity=8)
    return np.asarray(np.isin(labels, np.setdiff1d(np.unique(labels[seed]), [0])))
