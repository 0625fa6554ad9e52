from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.images import write_png
from edge_inspector.training import batches as batches_module
from edge_inspector.training.augment import Variation
from edge_inspector.training.batches import Batch, Batches, halve, make_batch
from edge_inspector.training.data import load_training_data
from edge_inspector.training.extended import FAINTER, SeenAnomaly, light_ratio, place, place_light
from edge_inspector.training.foreground import foreground
from edge_inspector.training.making import Making
from edge_inspector.training.perlin import perlin
from edge_inspector.training.shapes import AREA, crack, simulated_mask, single
from edge_inspector.training.synthesis import KINDS, MADE, Sources, blend, drawn, extended, made, recipe, simulated, visible
from edge_inspector.training.textures import PROCEDURAL, borrowed, covering, recolour
from tests.unit.training.parts import disc, stained, striped, write_set

SEEDS = st.integers(0, 2**31)
STILL = Variation(shift=0, turn_degrees=0, gain=0, offset=0, noise=0)


@pytest.fixture(scope="module")
def sources() -> Sources:
    rng = np.random.default_rng(0)
    return Sources(np.stack([disc(rng) for _ in range(6)]), tuple(SeenAnomaly(*stained(rng)) for _ in range(3)), grey=True, variation=STILL)


@given(seed=SEEDS, rows=st.integers(1, 32), columns=st.integers(1, 32))
@settings(max_examples=30, deadline=None)
def test_perlin_noise_is_bounded_smooth_and_of_its_seed(seed: int, rows: int, columns: int) -> None:
    noise = perlin(64, 96, rows, columns, np.random.default_rng(seed))
    assert noise.shape == (64, 96)
    assert noise.dtype == np.float32
    assert float(np.abs(noise).max()) <= 1.0
    assert np.array_equal(noise, perlin(64, 96, rows, columns, np.random.default_rng(seed)))


def test_perlin_noise_has_no_seams_between_cells() -> None:
    noise = perlin(256, 256, 4, 4, np.random.default_rng(1))
    assert float(np.abs(np.diff(noise, axis=0)).max()) < 0.06
    assert float(np.abs(np.diff(noise, axis=1)).max()) < 0.06


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_simulated_shape_lies_on_the_part_with_an_area_in_range(seed: int) -> None:
    part = np.zeros((128, 128), np.bool_)
    part[20:110, 10:100] = True
    mask = single(part, np.random.default_rng(seed))
    assert not (mask & ~part).any()
    assert 4 <= mask.sum() <= AREA[1] * part.sum() + 1
    assert not (simulated_mask(part, np.random.default_rng(seed)) & ~part).any()


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_crack_is_a_thin_line_on_the_part(seed: int) -> None:
    part = np.zeros((128, 128), np.bool_)
    part[20:110, 10:100] = True
    mask = crack(part, np.random.default_rng(seed))
    assert mask.any()
    assert not (mask & ~part).any()
    assert distance(mask) <= 6.0  # where fork and line meet; a line of three pixels reaches 2


def distance(mask: np.ndarray) -> float:
    """Of the innermost marked pixel to the nearest that is not."""
    return float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5).max())


def test_small_shapes_are_as_frequent_as_large_ones() -> None:
    part = np.ones((256, 256), np.bool_)
    shares = np.array([single(part, np.random.default_rng(n)).mean() for n in range(200)])
    assert 0.3 < (shares < np.sqrt(AREA[0] * AREA[1])).mean() < 0.7  # half lie below the middle of a log-uniform range


def test_foreground_is_the_disc() -> None:
    image = disc(np.random.default_rng(0))
    truth = image[:, :, 0] > 80
    part = foreground(image)
    assert (part & truth).sum() / (part | truth).sum() > 0.93


def test_without_a_plain_background_everything_is_foreground() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    black = np.zeros((96, 96, 3), np.uint8)
    assert foreground(texture).all()
    assert foreground(black).all()


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_blend_is_the_formula(beta: float) -> None:
    rng = np.random.default_rng(2)
    n, a = rng.integers(0, 256, (16, 16, 3), np.uint8), rng.uniform(0, 255, (16, 16, 3)).astype(np.float32)
    m = (rng.random((16, 16)) > 0.5).astype(np.float32)
    m3 = m[:, :, None]
    expected = (1 - m3) * n + (1 - beta) * (m3 * a) + beta * (m3 * n)
    assert np.abs(blend(n, a, m, beta).astype(np.float32) - expected).max() <= 0.51
    assert np.array_equal(blend(n, a, m, beta)[m == 0], n[m == 0])


@pytest.mark.parametrize("make", [extended, simulated])
def test_outside_its_mask_an_anomaly_is_the_normal_and_inside_it_shows(
    make: Callable[..., tuple[np.ndarray, np.ndarray]], sources: Sources
) -> None:
    for number in range(25):
        rng = np.random.default_rng(number)
        base = sources.normals[int(np.random.default_rng(number).integers(len(sources.normals)))]
        image, mask = make(sources, rng)
        assert image.dtype == np.uint8
        assert np.array_equal(image[mask == 0], base[mask == 0])
        assert 0.0 <= float(mask.min()) <= float(mask.max()) <= 1.0
        assert not mask.any() or visible(base, image, mask)


def test_an_anomaly_that_cannot_be_seen_is_not_labelled(sources: Sources) -> None:
    base = sources.normals[0]
    mask = np.zeros(base.shape[:2], np.float32)
    mask[40:60, 40:60] = 1
    assert not visible(base, base, mask)
    assert not visible(base, blend(base, np.zeros(base.shape, np.float32), mask * 0, 0.0), mask * 0)


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_seen_region_and_its_mask_move_together(seed: int) -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    shape = np.zeros((96, 96), np.bool_)
    shape[30:50, 40:52] = True
    image[shape] = 255
    region, mask = place(SeenAnomaly(image, shape), np.ones((96, 96), np.bool_), np.random.default_rng(seed))
    inside = mask > 0.95
    assert inside.any()
    assert float(region[inside].mean()) > 200  # white came along with its mask
    assert float(mask.max()) <= 1.0


@given(seed=SEEDS, darker=st.booleans())
@settings(max_examples=25, deadline=None)
def test_light_alone_goes_to_another_texture(seed: int, darker: bool) -> None:
    image, shape = np.full((96, 96, 3), 150, np.uint8), np.zeros((96, 96), np.bool_)
    shape[40:46, 50:56] = True
    image[shape] = 60 if darker else 200
    base, change = striped(96), np.log((64 if darker else 204) / 154)  # four grey levels added to both
    making = Making(scales=(1.0, 1.0), soft=0.0)
    seen = SeenAnomaly(image, shape)
    assert seen.light is not None
    region, mask = place_light(seen, seen.light, base, np.ones((96, 96), np.bool_), np.random.default_rng(seed), making)
    powers = (np.log(region / base) / change)[mask == 1.0]
    assert powers.size > 20
    assert FAINTER[0] - 0.05 < powers.min() <= powers.max() < FAINTER[1] + 0.05  # on dark and bright stripes alike
    assert powers.max() - powers.min() < 0.05


def test_what_an_anomaly_does_to_the_light_is_told_from_around_it() -> None:
    x = np.linspace(60, 200, 128, dtype=np.float32)[None].repeat(128, 0)
    lit, shape = x.copy(), np.zeros((128, 128), np.bool_)
    shape[60:68, 60:68] = True
    lit[shape] *= 0.7
    ratio = light_ratio(np.rint(lit).astype(np.uint8)[:, :, None].repeat(3, 2), shape)
    assert ratio.shape == (128, 128, 3) and ratio.dtype == np.float32
    assert ratio[shape].mean() == pytest.approx(0.7, abs=0.02)
    beyond = cv2.dilate(shape.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    assert (ratio[beyond] == 1.0).all()


def test_light_that_tells_nothing_is_left_and_the_look_is_put() -> None:
    """A mask that fills its image has no surroundings; one of another pattern may be as bright as they are."""
    filled = SeenAnomaly(np.full((64, 64, 3), 40, np.uint8), np.ones((64, 64), np.bool_))
    image, mask = np.full((64, 64, 3), 130, np.uint8), np.zeros((64, 64), np.bool_)
    mask[20:40, 20:40] = True
    image[20:40:2, 20:40] = 90
    image[21:40:2, 20:40] = 170
    assert filled.light is None and SeenAnomaly(np.full((64, 64, 3), 130, np.uint8), mask).light is None
    sources = Sources(np.full((1, 64, 64, 3), 200, np.uint8), (filled,), grey=True, variation=STILL, making=Making(light_only=1.0))
    assert all(extended(sources, np.random.default_rng(number))[1].any() for number in range(20))


def test_a_light_ratio_is_bounded() -> None:
    image, mask = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.bool_)
    mask[12:20, 12:20] = True
    image[mask] = 255
    assert light_ratio(image, mask).max() == pytest.approx(3.0)
    assert light_ratio(255 - image, mask).min() == pytest.approx(0.3)


def goes_on(image: np.ndarray, mask: np.ndarray) -> bool:
    """Whether a base's stripes are to be seen inside the mask."""
    dark, bright = np.quantile(image[..., 0][mask > 0.99], (0.1, 0.9))
    return bool((bright - dark) / (bright + dark) > 0.2)  # theirs is 0.23, at most 0.14 of it shines through a region of another look


@pytest.mark.parametrize("share", [0.0, 0.75, 1.0])
def test_a_share_of_the_seen_anomalies_is_put_on_normals_by_light(share: float) -> None:
    making = Making(scales=(1.0, 1.0), soft=0.0, light_only=share)
    image, mask = np.full((96, 96, 3), 150, np.uint8), np.zeros((96, 96), np.bool_)
    mask[40:52, 50:62] = True  # across stripes, however it is turned
    image[mask] = 60
    sources = Sources(striped(96)[None], (SeenAnomaly(image, mask),), grey=True, variation=STILL, making=making)
    by_light = [goes_on(*extended(sources, np.random.default_rng(number))) for number in range(80)]
    assert np.mean(by_light) == pytest.approx(share, abs=0.15 if 0.0 < share < 1.0 else 0.0)


@pytest.mark.parametrize("texture", PROCEDURAL)
def test_procedural_textures(texture: Callable[..., np.ndarray]) -> None:
    made = texture(64, 80, np.random.default_rng(0))
    assert made.shape == (64, 80, 3)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()


def test_borrowed_and_recoloured_sources_keep_the_shape(sources: Sources) -> None:
    for number in range(8):
        rng = np.random.default_rng(number)
        assert borrowed(sources.normals[number % 6], (64, 96), rng).shape == (64, 96, 3)
        assert np.isfinite(recolour(sources.normals[0].astype(np.float32), rng)).all()


COVERED = {
    "wide": ((100, 400), (64, 64)),
    "tall": ((400, 100), (64, 64)),
    "narrow input": ((200, 200), (64, 256)),
    "same": ((80, 80), (80, 80)),
}


@pytest.mark.parametrize(("texture", "size"), COVERED.values(), ids=COVERED.keys())
def test_what_is_round_in_a_texture_stays_round(texture: tuple[int, int], size: tuple[int, int]) -> None:
    image = np.zeros((*texture, 3), np.uint8)
    cv2.circle(image, (texture[1] // 2, texture[0] // 2), 20, (255, 255, 255), -1)
    marked = covering(image, *size)[..., 0] > 127
    assert marked.shape == size
    height, width = (int(np.ptp(np.flatnonzero(marked.any(axis)))) for axis in (1, 0))
    assert abs(height - width) <= 1
    assert height >= 12


def test_a_texture_folder_is_read_in_its_own_aspect(tmp_path: Path) -> None:
    image = np.zeros((100, 400, 3), np.uint8)
    cv2.circle(image, (200, 50), 30, (255, 255, 255), -1)
    (tmp_path / "textures").mkdir()
    write_png(tmp_path / "textures" / "disc.png", image)
    root = write_set(tmp_path / "set", normals=2, defects=0)
    (found,) = load_training_data(root, "mvtec", 0, 0, (128, 128), textures=tmp_path / "textures").textures
    marked = found[..., 0] > 127
    assert found.shape == (128, 128, 3)
    assert abs(int(marked.any(1).sum()) - int(marked.any(0).sum())) <= 1


RECIPES = {"seen": (16, True), "simulated only": (16, False), "small": (4, True), "smallest": (2, False)}


@pytest.mark.parametrize(("batch", "seen"), RECIPES.values(), ids=RECIPES.keys())
def test_every_batch_holds_normals_and_anomalies(batch: int, seen: bool) -> None:
    kinds = recipe(batch, seen)
    assert len(kinds) == batch
    assert set(kinds) <= set(KINDS)
    assert "normal" in kinds
    assert "simulated" in kinds
    assert ("extended" in kinds) == seen


LEFT = {  # kinds, with seen -> how often each is in a batch of 16
    "all": (("recalled", "extended", "simulated"), True, {"normal": 6, "recalled": 2, "extended": 4, "simulated": 4}),
    "no simulated": (("recalled", "extended"), True, {"normal": 6, "recalled": 4, "extended": 6}),
    "no extended": (("recalled", "simulated"), True, {"normal": 6, "recalled": 4, "simulated": 6}),
    "no recalled": (("extended", "simulated"), True, {"normal": 6, "extended": 5, "simulated": 5}),
    "extended alone": (("extended",), True, {"normal": 6, "extended": 10}),
    "none seen": (("recalled", "extended", "simulated"), False, {"normal": 6, "simulated": 10}),
}


@pytest.mark.parametrize(("kinds", "seen", "expected"), LEFT.values(), ids=LEFT.keys())
def test_kinds_left_out_leave_their_places_to_the_others(kinds: tuple[str, ...], seen: bool, expected: dict[str, int]) -> None:
    assert Counter(recipe(16, seen, kinds)) == expected


FEWER = {  # batch, share of simulated ones, kinds -> how often each is in a batch
    "as usual": (16, 0.25, MADE, {"normal": 6, "recalled": 2, "extended": 4, "simulated": 4}),
    "one": (16, 1 / 16, MADE, {"normal": 6, "recalled": 3, "extended": 6, "simulated": 1}),
    "none": (16, 0.0, MADE, {"normal": 6, "recalled": 4, "extended": 6}),
    "one of a few": (4, 1 / 16, MADE, {"normal": 1, "recalled": 1, "extended": 1, "simulated": 1}),
    "one of eight": (8, 1 / 16, MADE, {"normal": 3, "recalled": 2, "extended": 2, "simulated": 1}),
    "left out": (16, 1 / 16, ("simulated",), {"normal": 6, "simulated": 10}),
}


@pytest.mark.parametrize(("batch", "share", "kinds", "expected"), FEWER.values(), ids=FEWER.keys())
def test_seen_anomalies_take_the_places_of_simulated_ones(
    batch: int, share: float, kinds: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert Counter(recipe(batch, True, kinds, share)) == expected
    assert Counter(recipe(16, False, MADE, share)) == {"normal": 6, "simulated": 10}, "where none was seen there is nothing else"


def test_seen_anomalies_are_drawn_by_their_weights(sources: Sources) -> None:
    def counts(weights: tuple[float, ...]) -> list[int]:
        weighted, rng = replace(sources, weights=weights), np.random.default_rng(0)
        found = Counter(id(drawn(weighted, rng)) for _ in range(600))
        return [found[id(seen)] for seen in sources.seen]

    assert counts((0.0, 1.0, 0.0)) == [0, 600, 0]
    assert counts((0.1, 0.4, 0.5)) == pytest.approx([60, 240, 300], abs=40)
    assert counts(()) == pytest.approx([200, 200, 200], abs=40)
    with pytest.raises(ValueError, match="same size"):
        counts((0.5, 0.5))


@pytest.mark.parametrize("kind", ["recalled", "extended"])
def test_what_is_made_of_seen_anomalies_follows_their_weights(kind: str, sources: Sources) -> None:
    """Only the second is drawn: without the others the same is made."""
    weighted, alone = replace(sources, weights=(0.0, 1.0, 0.0)), replace(sources, seen=sources.seen[1:2], weights=(1.0,))
    for number in range(5):
        found, expected = (made(kind, each, np.random.default_rng(number)) for each in (weighted, alone))
        assert np.array_equal(found.image, expected.image)


def test_a_batch_depends_on_seed_and_step_alone(sources: Sources) -> None:
    first, again, other = (make_batch(sources, 4, 1, step) for step in (7, 7, 8))
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.images, other.images)
    assert first.images.shape == (4, 128, 128, 3)
    assert first.masks.shape == (4, 1, 64, 64)


def test_halving_a_mask_keeps_its_area() -> None:
    mask = (np.random.default_rng(0).random((64, 96)) > 0.7).astype(np.float32)
    assert halve(mask).shape == (32, 48)
    assert float(halve(mask).sum()) * 4 == pytest.approx(float(mask.sum()), rel=1e-5)


def test_the_worker_delivers_in_order_and_ends(sources: Sources) -> None:
    with Batches(sources, 4, seed=3, first=5) as batches:
        taken = [batches.take() for _ in range(3)]
    assert [batch.step for batch in taken] == [5, 6, 7]
    assert np.array_equal(taken[1].images, make_batch(sources, 4, 3, 6).images)


def test_what_fails_in_the_worker_is_raised_where_it_is_wanted() -> None:
    with Batches(Sources(np.zeros((0, 64, 64, 3), np.uint8)), 4, seed=0, first=0) as batches, pytest.raises(ValueError, match="high <= 0"):
        batches.take()


class Slow:
    """Batches whose making waits, from ``step`` on, until it is let go: what a busy machine does to a worker."""

    def __init__(self, slow: Sources, step: int) -> None:
        self.slow, self.step = slow, step
        self.making, self.go = threading.Event(), threading.Event()

    def __call__(self, sources: Sources, size: int, seed: int, step: int) -> Batch:
        if sources is self.slow and step >= self.step:
            self.making.set()
            assert self.go.wait(60)
        return make_batch(sources, size, seed, step)


IN_HAND = {"one just being made": 2, "all made ahead, none taken": 9}  # the first step whose batch takes long


@pytest.mark.parametrize("slow_from", IN_HAND.values(), ids=IN_HAND.keys())
def test_from_a_change_on_no_batch_is_of_the_old_sources(slow_from: int, sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    others = replace(sources, normals=255 - sources.normals, seen=())
    making = Slow(sources, slow_from)
    monkeypatch.setattr(batches_module, "make_batch", making)
    with Batches(sources, 2, 3, 0) as batches:
        first = [batches.take(), batches.take()]
        if slow_from == 2:
            assert making.making.wait(10)
        batches.change(others, 2)
        then = [batches.take()]
        making.go.set()  # the old worker ends what it had in hand, after the new one began
        then += [batches.take() for _ in range(5)]
    with Batches(others, 2, 3, 2) as resumed:
        again = [resumed.take() for _ in then]
    assert [batch.step for batch in (*first, *then)] == list(range(8))
    for batch, wanted in zip(then, again, strict=True):
        assert np.array_equal(batch.images, wanted.images)
        assert np.array_equal(batch.images, make_batch(others, 2, 3, batch.step).images)


def test_what_the_old_sources_broke_is_not_raised_after_a_change(sources: Sources) -> None:
    nothing = Sources(np.zeros((0, 64, 64, 3), np.uint8))
    with Batches(nothing, 2, 0, 0) as batches:
        batches.change(sources, 0)
        assert batches.take().step == 0
