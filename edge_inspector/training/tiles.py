"""Training data of a tile bundle: crops of large frames at native resolution (or the scale asked for), as tiles will be at run time.

Normals are crops at random places of the normal frames; a seen anomaly is a crop around its mask. From there on training is the same as for
whole images. Frames that are held out give crops too, and stay whole files besides: thresholds rest on whole frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import cv2
import numpy as np

from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.layouts import Sample, sha256_file
from edge_inspector.evaluation.remarks import named
from edge_inspector.geometry import Size
from edge_inspector.images import decode, to_rgb
from edge_inspector.labels.hints import MaskSource, hints_of, redrawn
from edge_inspector.prepare.tiles import grid, on_grid
from edge_inspector.records import Image, Mask
from edge_inspector.settings.manifest import InputForm, Tiling
from edge_inspector.training.data import (
    BLACK_BELOW,
    Stack,
    TrainingData,
    Which,
    drawn,
    fit_mask,
    image_and_mask,
    is_black,
    is_grey,
    mask_hashes,
    texture_files,
)
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.geometry import SQUARE
from edge_inspector.training.making import FEW_SIMULATED, Making
from edge_inspector.training.textures import covering

CROPS = 192 << 20  # pixels of all crops that train: 3,072 of 256 x 256, in 0.6 GB of memory
HELD_CROPS = 64  # that validate, and that anomalies for the threshold proposals are made on
# Frames held out, at most: each gives one score, and what normal frames score is known from sixteen as well as from twenty by their median.
HELD_FRAMES = 16
_WHY = "a tile of the frames, as asked"
STRIDE = 2  # input pixels a map pixel, as the network has them
# Shares of a tile that made-up anomalies cover: from what is hardly more than a grain, whatever the tile, to what fills a good part of it.
_LEAST_PIXELS, _MOST_SHARE = 16.0, 0.15
# Tiles train at the scale that they run at: a defect that was seen has the size and the sharp edge that others of its kind will have.
_SEEN_SCALES = (0.6, 1.5)
# Of most, only the light is put on normals: a speck that brings a piece of its own cloth along is known by the seam, as no real one can be.
_LIGHT_ONLY = 0.75
# From so many seen anomalies on, a batch of sixteen holds one simulated one, not four: what is rare is told from what is usual by many of
# its kind, and of kinds that nobody has seen the codebook's evidence speaks. tests.benchmarks.specks: 0.95 for 0.88 of specks above 99.9 %.
MANY_SEEN = 20
# Deviations of t that hardly a normal place of a frame reaches (prn.evidence.USUAL: of a whole part on one input): of the 68,000 places of
# 266 tiles of cloth a few do. Specks do not either; what the product never holds is far above. tests.benchmarks.specks measures it.
USUAL_ON_TILES = 6.0
NEAR = 33  # map pixels: a crowd is not one large anomaly; what of it lies further apart than half of that counts by itself
CROWD = 8  # made-up anomalies on one tile: a grain alone is four of its 16,384 map pixels, and a step would learn from few


@dataclass(frozen=True)
class Cutting:
    """How training frames are cut: the network's input, and the manifest's table."""

    form: InputForm
    tiling: Tiling

    def canvas(self, image: Image) -> Image:
        """A frame at the bundle's scale, RGB, at least a tile large."""
        size = (image.shape[0], image.shape[1])
        return to_rgb(on_grid(image, grid(size, self.tile, STRIDE, self.tiling.overlap, self.tiling.scale)))

    @property
    def tile(self) -> Size:
        """(height, width)."""
        return self.form.height, self.form.width

    @property
    def making(self) -> Making:
        """How anomalies are made on tiles."""
        areas = (_LEAST_PIXELS / (self.form.height * self.form.width), _MOST_SHARE)
        return Making(areas, CROWD, NEAR, _SEEN_SCALES, soft=0.0, light_only=_LIGHT_ONLY)


def cutting(size: Size | None, overlap: int, scale: float) -> Cutting:
    """Tiles of the input ``size`` (height, width), by default the square."""
    height, width = size or SQUARE
    return Cutting(InputForm(height=height, width=width, why=_WHY), Tiling(overlap=overlap, scale=scale))


def read_tile_data(
    normals: Sequence[Sample],
    held: Which | None,
    seen: Sequence[tuple[Sample, MaskSource]],
    how: Cutting,
    seed: int,
    textures: Path | None = None,
) -> TrainingData:
    """Cut chosen samples; ``held`` says which normals are held out (None: by the seed), ``seen`` what each mask is made of.

    Black frames are left out, with a note. Raises DatasetError where all are black, or a seen image has no usable mask; ImageError naming a
    file that cannot be read.
    """
    paths = [sample.path for sample in normals]
    dark = np.array([is_black(decode(path)) for path in paths])
    if dark.all():
        raise DatasetError(f"{paths[0]}: black, like all {len(paths)} normal frames (none reaches {BLACK_BELOW} of 255 grey levels)")
    kept = [path for path, black in zip(paths, dark, strict=True) if not black]
    apart = frames_held(len(kept), seed) if held is None else held[~dark]
    apart = np.zeros_like(apart) if apart.all() else apart
    training, spared = ([path for path, out in zip(kept, apart, strict=True) if out is side] for side in (np.False_, np.True_))
    crops = max(1, CROPS // (how.form.height * how.form.width))
    stack, grey = _crops(training, how, crops, np.random.default_rng([seed, 41]))
    hashes = {path: sha256_file(path) for path in kept}
    return TrainingData(
        normals=stack,
        held=_crops(spared, how, HELD_CROPS, np.random.default_rng([seed, 42]))[0],
        seen=tuple(_seen(sample, masks, how, np.random.default_rng([seed, 43, n])) for n, (sample, masks) in enumerate(seen)),
        textures=tuple(covering(decode(path), how.form.height, how.form.width) for path in texture_files(textures)),
        grey=grey,
        normal_hashes=tuple(hashes.values()),
        held_hashes=tuple(hashes[path] for path in spared),
        seen_hashes=tuple(sha256_file(sample.path) for sample, _ in seen),
        mask_hashes=mask_hashes(sample for sample, _ in seen),
        form=how.form,
        notes=(f"{len(stack)} crops of {len(training)} frames", *_left_out([p for p, black in zip(paths, dark, strict=True) if black])),
        tiling=how.tiling,
        frames=tuple(spared or training),
        making=replace(how.making, simulated=FEW_SIMULATED) if len(seen) >= MANY_SEEN else how.making,
    )


def frames_held(count: int, seed: int) -> Which:
    """Which of ``count`` frames are held out: a seeded third, at most 16, none below 10."""
    return drawn(count, min(HELD_FRAMES, count // 3), seed)


def _left_out(dark: Sequence[Path]) -> Iterator[str]:
    if dark:
        yield f"{len(dark)} normal frames are black and left out of the training: {named(dark)}"


def _crops(paths: Sequence[Path], how: Cutting, count: int, rng: np.random.Generator) -> tuple[Stack, bool]:
    """About ``count`` crops (n, h, w, 3), as many of each frame; and whether all frames are grey."""
    height, width = how.tile
    each = ceil(count / max(1, len(paths)))
    stack, grey = np.empty((each * len(paths), height, width, 3), np.uint8), True
    for number, path in enumerate(paths):
        image = decode(path)
        grey = grey and is_grey(image)
        canvas = how.canvas(image)
        for place in range(number * each, (number + 1) * each):
            top, left = (int(rng.integers(canvas.shape[axis] - side + 1)) for axis, side in enumerate(how.tile))
            stack[place] = canvas[top : top + height, left : left + width]
    return stack, grey


def _seen(sample: Sample, masks: MaskSource, how: Cutting, rng: np.random.Generator) -> SeenAnomaly:
    """A crop around the largest connected piece of the mask, which lies somewhere in it, not in its middle always.

    Marks beside a mask (``labels import``) are of the whole image, and are not drawn anew from: here the mask counts as it is.
    """
    image, mask = image_and_mask(sample)
    canvas, marked = how.canvas(image), _mask_on(mask, how)
    top, left = (_start(middle, side, whole, rng) for middle, side, whole in zip(_middle(marked), how.tile, marked.shape, strict=True))
    square = (slice(top, top + how.form.height), slice(left, left + how.form.width))
    crop, exact = np.ascontiguousarray(canvas[square]), np.ascontiguousarray(marked[square])
    hints = () if masks == "exact" else hints_of(exact, masks)
    return SeenAnomaly(crop, redrawn(crop, exact, masks), None, hints)


def _mask_on(mask: Mask, how: Cutting) -> Mask:
    """A frame's mask on its canvas, nothing marked beyond the frame."""
    cut = grid((mask.shape[0], mask.shape[1]), how.tile, STRIDE, how.tiling.overlap, how.tiling.scale)
    scaled = mask if mask.shape == cut.scaled else fit_mask(mask, *cut.scaled)
    return np.pad(scaled, [(0, whole - side) for whole, side in zip(cut.canvas, cut.scaled, strict=True)])


def _middle(mask: Mask) -> tuple[float, float]:
    """Of the largest connected piece, y and x."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    x, y = centres[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    return float(y), float(x)


def _start(middle: float, side: int, whole: int, rng: np.random.Generator) -> int:
    return int(np.clip(round(middle - side * rng.uniform(0.25, 0.75)), 0, whole - side))
