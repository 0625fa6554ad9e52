"""Masks as polygons, connected regions, and run lengths. Each way back gives the same mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from edge_inspector.errors import LabelError
from edge_inspector.labels.shapes import Box, Polygon
from edge_inspector.records import Mask


def regions(mask: Mask, least: int = 1) -> Iterator[tuple[Mask, Box]]:
    """The 8-connected regions of at least ``least`` pixels, each as bool (H, W) with its bounding box."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[index])
        if area >= least:
            yield labels == index, Box(x=x, y=y, w=w, h=h)


def polygons(mask: Mask) -> tuple[Polygon, ...]:
    """One polygon a connected region, its holes as further rings; vertices are the border's own pixels."""
    return tuple(Polygon(rings=_rings(region)) for region, _ in regions(mask))


def _rings(region: Mask) -> tuple[tuple[tuple[float, float], ...], ...]:
    found, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(tuple((float(x), float(y)) for x, y in ring.reshape(-1, 2)) for ring in found)


def run_lengths(mask: Mask) -> list[int]:
    """COCO's uncompressed run lengths: down the columns, beginning with what is not marked."""
    flat = mask.astype(np.int8).ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
    ends = np.concatenate([[0], changes, [flat.size]])
    return [int(length) for length in np.diff(ends)]


def of_run_lengths(counts: Sequence[int], height: int, width: int) -> Mask:
    """The mask bool (height, width) back from run lengths. Raises LabelError where they do not add up to it."""
    if any(length < 0 for length in counts) or sum(counts) != height * width:
        raise LabelError(f"run lengths that add up to {sum(counts)} pixels; the image has {height} x {width}")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")
