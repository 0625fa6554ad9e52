"""Tiles cover every pixel, stay on their canvas, and blend without seams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_inspector.errors import BundleError
from edge_inspector.prepare.tiles import Blend, Grid, Tile, batches, grid, grid_of, on_grid, tiling_of
from edge_inspector.records import AnomalyMap
from edge_inspector.settings.manifest import Tiling
from tests.bundles import make_manifest

STRIDE = 2


@st.composite
def grids(draw: st.DrawFn) -> tuple[tuple[int, int], Grid]:
    """Frames from one pixel to several tiles, tiles of any even size, overlaps up to nearly a tile, a scale."""
    frame = (draw(st.integers(1, 150)), draw(st.integers(1, 150)))
    tile = (2 * draw(st.integers(4, 24)), 2 * draw(st.integers(4, 24)))
    overlap = 2 * draw(st.integers(0, min(tile) // 4))
    return frame, grid(frame, tile, STRIDE, overlap, draw(st.sampled_from((1.0, 0.5, 0.37))))


def position(cut: Grid) -> NDArray[np.float32]:
    """A map of the canvas whose values tell where they are, 0..1."""
    rows, columns = cut.canvas[0] // STRIDE, cut.canvas[1] // STRIDE
    y, x = np.mgrid[0:rows, 0:columns]
    return np.asarray((y * columns + x) / (rows * columns), np.float32)


def tile_map(whole: AnomalyMap, cut: Grid, tile: Tile) -> AnomalyMap:
    return whole[cut.rows.map_span(tile.row), cut.columns.map_span(tile.column)]


def blended(cut: Grid, whole: AnomalyMap, tiles: tuple[Tile, ...]) -> AnomalyMap:
    blend = Blend(cut)
    for tile in tiles:
        blend.add(tile, tile_map(whole, cut, tile))
    return blend.whole()


@settings(deadline=None, max_examples=60)
@given(grids())
def test_every_pixel_is_covered_and_no_tile_leaves_the_canvas(made: tuple[tuple[int, int], Grid]) -> None:
    frame, cut = made
    covered = np.zeros(cut.canvas, np.int32)
    for tile in cut.tiles:
        top, left = cut.rows.starts[tile.row], cut.columns.starts[tile.column]
        assert 0 <= top <= cut.canvas[0] - cut.rows.tile and 0 <= left <= cut.canvas[1] - cut.columns.tile
        assert top % STRIDE == left % STRIDE == 0
        covered[top : top + cut.rows.tile, left : left + cut.columns.tile] += 1
    assert covered.min() >= 1
    for axis, side in ((cut.rows, cut.scaled[0]), (cut.columns, cut.scaled[1])):
        assert axis.canvas >= side
        assert axis.canvas - side < STRIDE or axis.canvas == axis.tile
    assert cut.map_size == tuple((side + 1) // STRIDE for side in cut.scaled)
    assert all(side >= 1 for side in frame)


@settings(deadline=None, max_examples=40)
@given(grids())
def test_neighbours_overlap_by_what_was_asked(made: tuple[tuple[int, int], Grid]) -> None:
    _, cut = made
    for axis in (cut.rows, cut.columns):
        steps = np.diff(axis.starts)
        assert (steps > 0).all()
        assert len(steps) == 0 or steps.max() - steps.min() <= STRIDE, "tiles lie evenly"


@settings(deadline=None, max_examples=40)
@given(grids(), st.floats(0.0, 1.0, width=32))
def test_a_constant_map_blends_to_the_constant(made: tuple[tuple[int, int], Grid], value: float) -> None:
    _, cut = made
    whole = np.full((cut.canvas[0] // STRIDE, cut.canvas[1] // STRIDE), value, np.float32)
    found = blended(cut, whole, cut.tiles)
    assert found.shape == cut.map_size
    np.testing.assert_allclose(found, value, atol=3e-7)
    assert found.max() <= 1.0


@settings(deadline=None, max_examples=40)
@given(grids())
def test_where_tiles_agree_their_map_is_reproduced(made: tuple[tuple[int, int], Grid]) -> None:
    _, cut = made
    whole = position(cut)
    height, width = cut.map_size
    np.testing.assert_allclose(blended(cut, whole, cut.tiles), whole[:height, :width], atol=5e-7)


@settings(deadline=None, max_examples=40)
@given(grids(), st.randoms(use_true_random=False))
def test_tiles_without_an_inspected_pixel_are_not_run_and_change_no_other(made: tuple[tuple[int, int], Grid], draw: object) -> None:
    _, cut = made
    rng = np.random.default_rng(draw.randrange(2**32))  # type: ignore[attr-defined]
    counted = np.zeros(cut.map_size, np.bool_)
    y, x = (int(rng.integers(side)) for side in cut.map_size)
    counted[y : y + int(rng.integers(1, 20)), x : x + int(rng.integers(1, 20))] = True
    some = cut.inspected(counted)
    left_out = set(cut.tiles) - set(some)
    assert some and all(not tile_map(np.asarray(counted, np.float32), cut, tile).any() for tile in left_out)
    whole = position(cut)
    height, width = cut.map_size
    np.testing.assert_allclose(blended(cut, whole, some)[counted], whole[:height, :width][counted], atol=5e-7)


def crossing(tile: int, overlap: int) -> NDArray[np.float32]:
    """Two tiles side by side, the left one's map all 0 and the right one's all 1: a row of the blended map."""
    cut = grid((tile, 2 * tile - overlap), (tile, tile), STRIDE, overlap)
    assert cut.columns.starts == (0, tile - overlap)
    blend = Blend(cut)
    blend.add(Tile(0, 1), np.ones((tile // STRIDE, tile // STRIDE), np.float32))
    row: NDArray[np.float32] = blend.whole()[0]
    return row


def test_no_seam_between_tiles_that_disagree() -> None:
    """The map rises evenly over their overlap, by no more than a step of it a pixel."""
    row = crossing(32, 8)
    assert row[0] == 0.0 and row[-1] == 1.0
    assert 0.0 < np.diff(row).max() <= 0.25 + 1e-6


def test_near_its_edge_a_tile_counts_for_nothing_where_another_sees_more() -> None:
    """Of 16 map pixels of overlap the map goes over in the middle four, evenly, by a quarter a pixel."""
    row = crossing(64, 32)
    assert (row[:22] == 0.0).all() and (row[26:] == 1.0).all()
    np.testing.assert_allclose(row[22:26], [0.125, 0.375, 0.625, 0.875], atol=1e-6)


def test_what_is_no_number_is_told_even_where_it_counts_for_nothing() -> None:
    """An engine that fails at a tile's edge must reject the part, not pass it by the other tile's word."""
    blend = Blend(grid((64, 96), (64, 64), STRIDE, 32))
    broken = np.zeros((32, 32), np.float32)
    broken[5, 1] = np.nan
    blend.add(Tile(0, 0), np.zeros((32, 32), np.float32))
    blend.add(Tile(0, 1), broken)
    assert np.argwhere(~np.isfinite(blend.whole())).tolist() == [[5, 17]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("beside", [0.0, np.nan])
def test_a_value_that_is_not_finite_stays_so(value: float, beside: float) -> None:
    cut = grid((40, 40), (32, 32), STRIDE, 8)
    poisoned = np.zeros((16, 16), np.float32)
    poisoned[3, 3], poisoned[1, 1] = value, beside
    blend = Blend(cut)
    for tile in cut.tiles:
        blend.add(tile, poisoned if tile == Tile(0, 0) else np.zeros((16, 16), np.float32))
    whole = blend.whole()
    assert not np.isfinite(whole[3, 3])
    assert (~np.isfinite(whole)).sum() == (1 if np.isfinite(beside) else 2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_batches_hold_what_lies_under_the_tiles(channels: int, most: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (61, 75, channels), np.uint8)
    cut = grid((61, 75), (32, 32), STRIDE, 8)
    canvas = on_grid(image, cut)
    assert (canvas[:61, :75] == image).all() and canvas.shape == (*cut.canvas, channels)
    seen = list[Tile]()
    for tiles, batch in batches(canvas, cut, cut.tiles, most):
        assert batch.shape == (len(tiles), 32, 32, 3) and len(tiles) <= most
        for tile, found in zip(tiles, batch, strict=True):
            top, left = cut.rows.starts[tile.row], cut.columns.starts[tile.column]
            assert (found == canvas[top : top + 32, left : left + 32]).all()
        seen += tiles
    assert tuple(seen) == cut.tiles


def test_a_frame_of_whole_map_pixels_is_not_copied() -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    assert on_grid(image, grid((64, 96), (32, 32), STRIDE, 8)) is image


def test_a_frame_smaller_than_a_tile_is_mirrored_to_one() -> None:
    image = np.arange(10 * 12, dtype=np.uint8).reshape(10, 12, 1)
    cut = grid((10, 12), (32, 32), STRIDE, 8)
    assert (len(cut.tiles), cut.map_size) == (1, (5, 6))
    canvas = on_grid(image, cut)
    assert canvas.shape == (32, 32, 1)
    assert (canvas[10:20, :12] == image[::-1]).all()


def test_a_scaled_frame_is_shrunk_before_it_is_cut() -> None:
    image = np.full((100, 200, 1), 9, np.uint8)
    cut = grid((100, 200), (32, 32), STRIDE, 8, 0.5)
    assert cut.scaled == (50, 100) and on_grid(image, cut).shape == (50, 100, 3)


WRONG: dict[str, dict[str, object]] = {
    "an odd overlap": {"overlap": 7},
    "an overlap of a tile": {"overlap": 32},
    "a tile of half map pixels": {"tile": (31, 32)},
    "no frame": {"frame": (0, 10)},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_cut_is_refused(case: str) -> None:
    values: dict[str, object] = {"frame": (64, 64), "tile": (32, 32), "stride": STRIDE, "overlap": 8} | WRONG[case]
    with pytest.raises(ValueError, match="overlap"):
        grid(**values)


def test_a_whole_map_bundle_cannot_be_tiled_and_says_why() -> None:
    with pytest.raises(BundleError, match=r"small: its prototypes are whole maps.*train --tile"):
        grid_of((100, 100), make_manifest())


def test_a_codebook_of_whole_images_cannot_be_tiled_either() -> None:
    manifest = make_manifest()
    book = manifest.model_copy(update={"prototypes": manifest.prototypes.model_copy(update={"form": "codebook"})})
    with pytest.raises(BundleError, match=r"trained on whole images.*train --tile"):
        tiling_of(book)


def test_the_manifest_says_how_frames_are_cut() -> None:
    manifest = make_manifest(tiling=Tiling(overlap=16))
    cut = grid_of((100, 200), manifest)
    assert (cut.rows.tile, cut.rows.stride, cut.map_size) == (64, 2, (50, 100))
