"""Large frames in tiles: where the tiles lie, how they are cut, and how their maps become one map without seams.

    frame ─► (scaled) ─► canvas ─► tiles of the bundle's input ─► engine ─► maps ─► blended: the frame's map at the graph's stride

Tiles lie on whole map pixels, evenly, at least ``overlap`` over each other. Along each side a tile's weight rises within its overlap and
falls within the next; at every map pixel the weights of the tiles that see it are normalised to sum to 1, so that where tiles agree their
map is taken as it is. The weight of a tile is the product of its weights along both sides. Near a tile's edge, where the network sees only
half of what is around a place, it weighs nothing: another tile sees all of it. Pure geometry: no engine, no recipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import BundleError
from edge_inspector.images import check_form, fit
from edge_inspector.records import AnomalyMap, Image, Mask
from edge_inspector.settings.manifest import Manifest, Tiling

Size = tuple[int, int]  # (height, width)
RISE = 4  # map pixels in the middle of an overlap in which one tile's map goes over into the next one's
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tile:
    """One place of a grid, by row and column."""

    row: int
    column: int


@dataclass(frozen=True)
class Axis:
    """One side of a canvas: ``starts`` of the tiles, canvas pixels, whole strides; ``weights`` (n, tile / stride) of their map pixels."""

    canvas: int
    tile: int
    stride: int
    starts: tuple[int, ...]
    weights: Weights

    def map_span(self, number: int) -> slice:
        """The map pixels of a tile."""
        first = self.starts[number] // self.stride
        return slice(first, first + self.tile // self.stride)


@dataclass(frozen=True)
class Grid:
    """How frames of one size are cut. ``scaled`` is the frame's size at the bundle's scale; sizes are (height, width).

    The canvas is the scaled frame, made up by less than a map pixel where it is no whole number of them, and to a tile where it is smaller.
    """

    scaled: Size
    rows: Axis
    columns: Axis

    @property
    def canvas(self) -> Size:
        """What the tiles cover."""
        return self.rows.canvas, self.columns.canvas

    @property
    def map_size(self) -> Size:
        """Of the frame's map: every map pixel that any of the scaled frame lies on."""
        return ceil(self.scaled[0] / self.rows.stride), ceil(self.scaled[1] / self.columns.stride)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All of them, row by row."""
        return tuple(Tile(r, c) for r in range(len(self.rows.starts)) for c in range(len(self.columns.starts)))

    def inspected(self, counted: Mask | None) -> tuple[Tile, ...]:
        """The tiles that any inspected map pixel lies on; ``counted`` is bool of the map's size, None where all of it is inspected."""
        if counted is None:
            return self.tiles
        # Slices end where the array does: what a tile has beyond the frame counts for nothing.
        return tuple(t for t in self.tiles if counted[self.rows.map_span(t.row), self.columns.map_span(t.column)].any())


def tiling_of(manifest: Manifest) -> Tiling:
    """How the bundle's frames are cut. Raises BundleError where it is no tile bundle, and says why it cannot be made one."""
    if manifest.tiling is not None:
        return manifest.tiling
    if manifest.prototypes.form == "codebook":
        raise BundleError(f"{manifest.id}: was trained on whole images, not on tiles; train a tile bundle with train --tile")
    raise BundleError(
        f"{manifest.id}: its prototypes are whole maps, which say what is normal at each place of the part; a tile may lie anywhere, "
        "so it cannot be tiled; train a tile bundle with train --tile"
    )


def grid_of(frame: Size, manifest: Manifest) -> Grid:
    """The grid of frames of this size. Raises BundleError as ``tiling_of``."""
    tiling, form = tiling_of(manifest), manifest.input
    return grid(frame, (form.height, form.width), form.height // manifest.output.height, tiling.overlap, tiling.scale)


@lru_cache(maxsize=16)
def grid(frame: Size, tile: Size, stride: int, overlap: int, scale: float = 1.0) -> Grid:
    """The grid of frames (height, width), each side at least 1.

    ``tile`` (height, width) and ``overlap`` are in canvas pixels, whole ``stride``s (canvas pixels a map pixel), the overlap less than a
    tile; ``scale`` is canvas pixels a frame pixel. Raises ValueError for others.
    """
    if any(side % stride or not 0 <= overlap < side for side in tile) or overlap % stride or min(frame) < 1:
        raise ValueError(f"frame {frame} in tiles {tile} with overlap {overlap}: whole steps of {stride}, the overlap less than a tile")
    scaled = (max(1, round(frame[0] * scale)), max(1, round(frame[1] * scale)))
    return Grid(scaled, _axis(scaled[0], tile[0], stride, overlap), _axis(scaled[1], tile[1], stride, overlap))


def _axis(length: int, tile: int, stride: int, overlap: int) -> Axis:
    canvas = max(tile, ceil(length / stride) * stride)
    count = max(1, ceil((canvas - overlap) / (tile - overlap)))
    room = (canvas - tile) // stride
    starts = tuple(stride * ((room * i) // (count - 1) if count > 1 else 0) for i in range(count))
    return Axis(canvas, tile, stride, starts, _weights(starts, tile // stride, stride, canvas // stride, overlap // stride))


def _weights(starts: Sequence[int], pixels: int, stride: int, whole: int, overlap: int) -> Weights:
    """(n, pixels): up and down within ``overlap`` map pixels, flat at the canvas's ends; at each map pixel they sum to 1 over the tiles."""
    place, rise = np.arange(pixels) + 0.5, min(max(overlap, 1), RISE)
    blind = max(0.0, (overlap - rise) / 2.0)
    up, down = (np.clip((inwards - blind) / rise, 0.0, 1.0) for inwards in (place, pixels - place))
    own = np.ones((len(starts), pixels))
    own[1:] *= up
    own[:-1] *= down
    total = np.zeros(whole)
    for weights, start in zip(own, starts, strict=True):
        total[start // stride : start // stride + pixels] += weights
    sums = np.stack([total[start // stride : start // stride + pixels] for start in starts])
    return np.asarray(own / sums, np.float32)


def on_grid(image: Image, cut: Grid) -> Image:
    """The canvas: uint8 (H, W, 1 or 3), the frame itself where it needs neither scaling nor making up. Raises ImageError as ``images.fit``.

    Beyond the frame its own content is mirrored: padding of one level would be something that no normal tile shows.
    """
    check_form(image)
    if (image.shape[0], image.shape[1]) != cut.scaled:
        image = fit(image, *cut.scaled)
    more = (cut.canvas[0] - cut.scaled[0], cut.canvas[1] - cut.scaled[1])
    if more == (0, 0):
        return image
    made_up = cv2.copyMakeBorder(image, 0, more[0], 0, more[1], cv2.BORDER_REFLECT)
    return np.asarray(made_up, np.uint8).reshape(*cut.canvas, image.shape[2])


def batches(canvas: Image, cut: Grid, tiles: Sequence[Tile], most: int) -> Iterator[tuple[Sequence[Tile], NDArray[np.uint8]]]:
    """Up to ``most`` of the tiles at a time, each batch uint8 (N, h, w, 3) RGB in the same memory as the one before it."""
    height, width = cut.rows.tile, cut.columns.tile
    memory = np.empty((min(most, len(tiles)), height, width, 3), np.uint8)
    for start in range(0, len(tiles), most):
        some = tiles[start : start + most]
        for place, tile in zip(memory, some, strict=False):
            top, left = cut.rows.starts[tile.row], cut.columns.starts[tile.column]
            _into(canvas[top : top + height, left : left + width], place)
        yield some, memory[: len(some)]


def _into(piece: Image, place: NDArray[np.uint8]) -> None:
    if piece.shape[2] == 3:
        np.copyto(place, piece)
    else:
        cv2.cvtColor(piece, cv2.COLOR_GRAY2RGB, dst=place)


class Blend:
    """The map of one frame, from those of its tiles. What no tile was run for is 0."""

    def __init__(self, cut: Grid) -> None:
        self._cut = cut
        self._sum = np.zeros((cut.canvas[0] // cut.rows.stride, cut.canvas[1] // cut.columns.stride), np.float32)

    def add(self, tile: Tile, anomaly_map: AnomalyMap) -> None:
        """A tile's map, float32 (h, w) at the graph's stride. Raises ValueError for another shape."""
        rows, columns = self._cut.rows, self._cut.columns
        weight = np.multiply.outer(rows.weights[tile.row], columns.weights[tile.column])
        if anomaly_map.shape != weight.shape:
            raise ValueError(f"a tile's map is {anomaly_map.shape}; {weight.shape} was expected")
        weight *= anomaly_map
        self._sum[rows.map_span(tile.row), columns.map_span(tile.column)] += weight

    def whole(self) -> AnomalyMap:
        """float32 (h, w) of the grid's ``map_size``, contiguous, in 0..1 where the tiles' maps are; what is not finite stays so."""
        height, width = self._cut.map_size
        seen = self._sum[:height, :width]
        whole = np.asarray(np.minimum(seen, np.float32(1.0)), np.float32)  # weights sum to 1 to within rounding
        if whole.size and not seen.max() < np.inf:  # a NaN hides what else there is; all of it must reach the decision, which rejects
            whole[seen == np.inf] = np.inf
        return whole
