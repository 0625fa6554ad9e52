"""``scripts/pictures``: the pictures of simulated parts that the documentation shows."""

from __future__ import annotations

import sys
from pathlib import Path

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.sheet import made_sized, marked, shrunk, tiled, write_sheet
from edge_inspector.camera.simulator.spec import KINDS, PRODUCTS, part_spec
from edge_inspector.records import Image

SIZE, COLUMNS = 256, 6
SHOWN = 150  # side of a tile in the documentation, pixels
AREA = 0.62  # of the way from the smallest to the largest defect: seen at a glance, not coarse


def kinds_picture(product: str) -> Image:
    """One part for each kind of defect, without and with the mask's outline; uint8 (H, W, 3)."""
    specs = [made_sized(product, 3, number, kind, AREA) for number, kind in enumerate(KINDS)]
    pairs = [(render(spec, SIZE).image, marked(spec, SIZE)) for spec in specs]
    return tiled([[shrunk(plain, SHOWN) for plain, _ in pairs], [shrunk(outlined, SHOWN) for _, outlined in pairs]])


def line_picture(product: str, seed: int = 1) -> Image:
    """The first parts of a line as its camera sees them, defective ones among them; uint8 (H, W, 3)."""
    return tiled([[shrunk(render(part_spec(product, seed, number), SIZE).image, SHOWN) for number in range(COLUMNS)]])


def main(folder: Path) -> None:
    """Write all pictures into ``folder``. Raises ImageError naming a place that cannot be written."""
    for product in PRODUCTS:
        write_sheet(folder / f"{product}-line.png", line_picture(product))
        write_sheet(folder / f"{product}-defects.png", kinds_picture(product))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
