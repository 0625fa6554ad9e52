"""Contact sheets of simulated parts, for the eye."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from pathlib import Path

import cv2
import numpy as np

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import AREA_MAX, AREA_MIN, KINDS, PRODUCTS, Kind, PartSpec, made_spec
from edge_inspector.errors import ImageError
from edge_inspector.images import write_png
from edge_inspector.records import Image

GAP = 4  # pixels between the tiles
PAPER = 245


def defect_sheet(seed: int = 1, size: int = 256, columns: int = 6, products: tuple[str, ...] = PRODUCTS) -> Image:
    """A contact sheet uint8 (H, W, 3): for each product a row of good parts, then a row for each kind, small defects to large ones."""
    rows: list[list[Image]] = []
    for product in products:
        rows.append([render(made_spec(product, seed, n, ()), size).image for n in range(columns)])
        rows.extend([_kind_tile(product, seed, kind, place, columns, size) for place in range(columns)] for kind in KINDS)
    return tiled(rows)


def _kind_tile(product: str, seed: int, kind: Kind, place: int, columns: int, size: int) -> Image:
    number = columns * (1 + KINDS.index(kind)) + place
    return marked(made_sized(product, seed, number, kind, place / max(1, columns - 1)), size)


def made_sized(product: str, seed: int, number: int, kind: Kind, share: float) -> PartSpec:
    """A part with one defect whose area lies ``share`` (0..1) of the way from the smallest to the largest, logarithmically."""
    spec = made_spec(product, seed, number, (kind,))
    area = exp(log(AREA_MIN) + share * (log(AREA_MAX) - log(AREA_MIN)))
    return replace(spec, defects=(replace(spec.defects[0], area_fraction=area),))


def marked(spec: PartSpec, size: int) -> Image:
    """The part with its mask's outline drawn a little outside the defect, for people."""
    drawn = render(spec, size)
    wide = cv2.dilate(drawn.mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11)))
    outlines, _ = cv2.findContours(wide, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    picture: Image = drawn.image.copy()
    cv2.drawContours(picture, outlines, -1, (235, 60, 50), 1, cv2.LINE_AA)
    return picture


def shrunk(image: Image, side: int) -> Image:
    """The square picture at ``side`` pixels."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def tiled(rows: list[list[Image]]) -> Image:
    """Equally large RGB images on light paper, row by row."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), PAPER, dtype=np.uint8)
    for r, row in enumerate(rows):
        for c, image in enumerate(row):
            top, left = GAP + r * (height + GAP), GAP + c * (width + GAP)
            sheet[top : top + height, left : left + width] = image
    return sheet


def write_sheet(path: Path, picture: Image) -> None:
    """Write a sheet as PNG, making its folder. Raises ImageError naming a place that cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, picture)
    except OSError as error:
        raise ImageError(f"{path}: picture cannot be written: {error}") from error
