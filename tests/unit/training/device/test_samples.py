"""Samples made on the device: of the same statistics as the host's, on the part, never in the padding, of their seed and step alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from edge_inspector.training import synthesis as host
from edge_inspector.training.augment import Variation
from edge_inspector.training.device import synthesis
from edge_inspector.training.device.draws import seeded
from edge_inspector.training.device.shapes import crack, simulated_masks, single
from edge_inspector.training.device.stock import Light, uploaded, with_seen
from edge_inspector.training.device.synthesis import KINDS, Made, make_batch
from edge_inspector.training.device.textures import procedural, rolled
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.making import Making
from edge_inspector.training.shapes import AREA
from edge_inspector.training.tiles import cutting
from tests.unit.training.device.samples import CPU, discs, draws, specks, strips, whole
from tests.unit.training.parts import striped

MANY = 60


@pytest.fixture(scope="module", autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


def statistics(images: np.ndarray, masks: np.ndarray, normal: np.ndarray) -> dict[str, float]:
    """Of samples (n, H, W, 3) and (n, H, W) on one normal: share labelled, typical area, spread of areas, contrast inside the masks."""
    marked = masks > 0.5
    areas = np.log(marked.mean((1, 2))[marked.any((1, 2))])
    change = np.abs(images.astype(np.float64) - normal).max(3)
    contrast = [change[number][marked[number]].mean() for number in range(len(images)) if marked[number].any()]
    return {
        "labelled": float(marked.any((1, 2)).mean()),
        "log area": float(areas.mean()),
        "spread": float(areas.std()),
        "contrast": float(np.log(contrast).mean()),
    }


def as_arrays(made: Made) -> tuple[np.ndarray, np.ndarray]:
    return made.canvases.permute(0, 2, 3, 1).numpy(), made.masks[:, 0].numpy()


# About three standard errors of the difference of 60 and 120 samples: log areas spread by 1.4, log contrasts by 0.7.
BOUNDS = {"labelled": 0.05, "log area": 0.65, "spread": 0.45, "contrast": 0.33}


@pytest.mark.parametrize(
    ("kind", "making"),
    [("extended", Making()), ("extended", Making(light_only=1.0)), ("simulated", Making())],
    ids=["look", "light", "made"],
)
def test_anomalies_have_the_statistics_of_the_hosts(kind: str, making: Making) -> None:
    sources = replace(discs(), normals=discs().normals[:1], making=making)
    on_host = [host.KINDS[kind](sources, np.random.default_rng([1, number])) for number in range(MANY)]
    expected = statistics(np.stack([image for image, _ in on_host]), np.stack([mask for _, mask in on_host]), sources.normals[0])
    found = statistics(*as_arrays(KINDS[kind](uploaded(sources, CPU), 2 * MANY, draws())), sources.normals[0])
    assert expected["labelled"] == pytest.approx(1.0, abs=0.05)
    for name, bound in BOUNDS.items():
        assert found[name] == pytest.approx(expected[name], abs=bound), name


def test_variations_have_the_statistics_of_the_hosts() -> None:
    sources = discs(Variation())
    on_host = np.stack([host.normal(sources, np.random.default_rng([1, number]))[0] for number in range(4 * MANY)]).astype(np.float64)
    found, masks = as_arrays(KINDS["normal"](uploaded(sources, CPU), 4 * MANY, draws()))
    assert not masks.any()
    # The mean of an image varies by 4 grey levels, by its offset above all: 0.45 is the standard error of the difference.
    assert found.mean((1, 2, 3)).mean() == pytest.approx(on_host.mean((1, 2, 3)).mean(), abs=1.5)
    assert found.mean((1, 2, 3)).std() == pytest.approx(on_host.mean((1, 2, 3)).std(), rel=0.25)
    edge = [(batch[:, 32] > 80).argmax(1)[:, 0].std() for batch in (on_host, found)]  # where the disc begins
    assert edge[1] == pytest.approx(edge[0], rel=0.25)


def test_recalled_anomalies_are_the_seen_ones_varied_with_their_masks() -> None:
    sources = discs()
    images, masks = as_arrays(KINDS["recalled"](uploaded(sources, CPU), 12, draws()))
    known = {seen.image.tobytes(): seen.mask for seen in sources.seen}
    for image, mask in zip(images, masks, strict=True):  # STILL: nothing moves
        assert np.array_equal(mask > 0.5, known[image.tobytes()])
    moved_images, moved_masks = as_arrays(KINDS["recalled"](uploaded(discs(Variation(0.05, 10, 0, 0, 0)), CPU), 12, draws()))
    for image, mask in zip(moved_images, moved_masks, strict=True):
        assert image[mask > 0.95].mean() == pytest.approx(60, abs=10)  # the stain is where the mask is


def pieces(masks: np.ndarray) -> np.ndarray:
    """Connected pieces of each mask (n, H, W)."""
    return np.array([cv2.connectedComponents((mask > 0.5).astype(np.uint8))[0] - 1 for mask in masks])


def test_a_crowd_of_specks_lies_on_one_normal_as_on_the_hosts() -> None:
    on_host = pieces(np.stack([host.extended(specks(6), np.random.default_rng([2, number]))[1] for number in range(MANY)]))
    found = pieces(as_arrays(KINDS["extended"](uploaded(specks(6), CPU), 2 * MANY, draws()))[1])
    for counts in (on_host, found):
        assert counts.min() == 1 and 3 <= counts.max() <= 6
    assert found.mean() == pytest.approx(on_host.mean(), abs=0.75)  # three standard errors
    assert pieces(np.stack([host.extended(specks(1), np.random.default_rng([2, n]))[1] for n in range(9)])).max() == 1


TILE = cutting((128, 128), 32, 1.0).making


@pytest.mark.parametrize(("making", "least", "most", "small"), [(TILE, 8, 100, False), (Making(), 2, 76, True)], ids=["tiles", "parts"])
def test_seen_anomalies_keep_their_size_and_edge_on_tiles(making: Making, least: float, most: float, small: bool) -> None:
    making = replace(making, crowd=1)
    sources = replace(specks(1), making=making)
    on_host = np.stack([host.extended(sources, np.random.default_rng([4, number]))[1] for number in range(MANY)])
    on_device = as_arrays(KINDS["extended"](uploaded(sources, CPU), MANY, draws()))[1]
    for masks in (on_host, on_device):
        sizes = masks.sum((1, 2))[masks.any((1, 2))]
        assert least <= sizes.min() <= sizes.max() <= most
        soft = ((masks > 0.02) & (masks < 0.98)).sum((1, 2)) / np.maximum((masks > 0.02).sum((1, 2)), 1)
        assert (np.median(soft) < 0.5) == (making.soft == 0.0)
        assert (np.quantile(sizes, 0.1) < 14) == small  # of 36 where it was seen: 0.6 of its side leaves 13


@pytest.mark.parametrize("share", [0.0, 0.75, 1.0])
def test_a_share_of_the_seen_anomalies_is_put_on_normals_by_light(share: float) -> None:
    """As on the host (test_synthesis): a base's stripes go on inside the mask."""
    image, mask = np.full((96, 96, 3), 150, np.uint8), np.zeros((96, 96), np.bool_)
    mask[40:52, 50:62] = True  # across stripes, however it is turned
    image[mask] = 60
    making = Making(scales=(1.0, 1.0), soft=0.0, light_only=share)
    sources = replace(specks(1), normals=striped(96)[None], seen=(SeenAnomaly(image, mask),), making=making)
    images, masks = as_arrays(KINDS["extended"](uploaded(sources, CPU), 2 * MANY, draws()))
    ends = [np.quantile(image[..., 0][mask > 0.99], (0.1, 0.9)) for image, mask in zip(images, masks, strict=True)]
    by_light = [(bright - dark) / (bright + dark) > 0.2 for dark, bright in ends]
    assert np.mean(by_light) == pytest.approx(share, abs=0.13 if 0.0 < share < 1.0 else 0.0)


def light_of(sources: host.Sources) -> Light | None:
    seen = uploaded(sources, CPU).seen
    assert seen is not None
    return seen.light


def test_light_that_tells_nothing_is_left_and_what_lies_in_a_window_is_lit_there() -> None:
    filled = SeenAnomaly(np.full((96, 96, 3), 40, np.uint8), np.ones((96, 96), np.bool_))
    sources = replace(specks(1), seen=(*specks(1).seen, filled), making=Making(light_only=1.0))
    light = light_of(sources)
    assert light is not None and light.known.tolist() == [True, False]
    assert (light.ratios[1] == 1.0).all()
    padded = light_of(replace(strips(), making=Making(light_only=1.0)))
    assert padded is not None and padded.known.all()
    window, corner = strips().seen[0].window, (slice(72, 86), slice(230, 254))  # of the mask
    assert window is not None and (padded.ratios[0, :, : window.y] == 1.0).all()
    assert (padded.ratios[0, :, corner[0], corner[1]] < 0.5).all()
    assert light_of(specks(1)) is None


def test_simulated_anomalies_crowd_too() -> None:
    def marked(crowd: int) -> tuple[float, float]:
        sources = replace(specks(crowd), making=Making(areas=(0.001, 0.002), crowd=crowd))
        on_host = np.stack([host.simulated(sources, np.random.default_rng([3, number]))[1] for number in range(MANY)])
        return pieces(on_host).mean(), pieces(as_arrays(KINDS["simulated"](uploaded(sources, CPU), MANY, draws()))[1]).mean()

    for alone, together in zip(marked(1), marked(6), strict=True):
        assert together > alone + 0.5


def test_a_crowd_ends_where_enough_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (host, synthesis):
        monkeypatch.setattr(module, "CROWDED", 0.0)
    on_host = np.stack([host.extended(specks(6), np.random.default_rng([2, number]))[1] for number in range(20)])
    assert pieces(on_host).max() == 1
    assert pieces(as_arrays(KINDS["extended"](uploaded(specks(6), CPU), 20, draws()))[1]).max() == 1


@pytest.mark.parametrize("kind", ["extended", "simulated"])
def test_outside_its_mask_an_anomaly_is_the_normal_and_inside_it_shows(kind: str) -> None:
    sources = replace(discs(), normals=discs().normals[:1])
    base = sources.normals[0]
    for image, mask in zip(*as_arrays(KINDS[kind](uploaded(sources, CPU), 16, draws(1))), strict=True):
        assert np.array_equal(image[mask == 0], base[mask == 0])
        assert 0.0 <= float(mask.min()) <= float(mask.max()) <= 1.0
        assert not mask.any() or host.visible(base, image, mask)


@pytest.mark.parametrize("kind", list(KINDS))
def test_padding_stays_even_and_no_mask_reaches_it(kind: str) -> None:
    sources = strips()
    made = KINDS[kind](uploaded(sources, CPU), 9, draws(2))
    images, masks = as_arrays(made)
    known = [[window.x, window.y, window.w, window.h] for window in sources.windows]
    for image, mask, window in zip(images, masks, made.windows.int().tolist(), strict=True):
        x, y, w, h = window
        outside = np.ones(mask.shape, np.bool_)
        outside[y : y + h, x : x + w] = False
        assert window in known
        assert (image[outside] == 127).all()
        assert not mask[outside].any()
        assert (image[y : y + h, x : x + w] != 127).any()


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_simulated_shape_lies_on_the_part_with_an_area_in_range(share: float) -> None:
    parts = torch.zeros(32, 1, 96, 128, dtype=torch.bool)
    parts[:, :, 10:90, 10 : 10 + int(128 * share) + 4] = True
    area = int(parts[0].sum())
    shapes = single(parts, whole(32, 96, 128), draws())
    assert not (shapes.bool() & ~parts).any()
    assert ((shapes.sum((1, 2, 3)) >= 4) & (shapes.sum((1, 2, 3)) <= AREA[1] * area + 1)).all()
    assert not (simulated_masks(parts, whole(32, 96, 128), draws()).bool() & ~parts).any()


def test_cracks_are_thin_lines_of_the_hosts_area() -> None:
    from edge_inspector.training.shapes import crack as on_host

    part = np.ones((96, 96), np.bool_)
    expected = [on_host(part, np.random.default_rng(number)).sum() for number in range(200)]
    found = crack(torch.ones(200, 1, 96, 96, dtype=torch.bool), whole(200, 96, 96), draws()).sum((1, 2, 3)).numpy()
    assert (found > 0).all()
    assert np.log(found).mean() == pytest.approx(np.log(expected).mean(), abs=0.25)
    assert np.quantile(found, 0.95) == pytest.approx(np.quantile(expected, 0.95), rel=0.3)


def test_betas_are_in_their_range_and_zero_as_often_as_on_the_host() -> None:
    for bounds, share in ((host.BETA_EXTENDED, 0.5), (host.BETA_SIMULATED, 0.6)):
        beta = draws().beta(2000, bounds, share)
        assert 0.0 <= float(beta.min()) <= float(beta.max()) < bounds[1]
        assert (beta > 0).float().mean() == pytest.approx(share, abs=0.04)
        assert beta[beta > 0].mean() == pytest.approx(sum(bounds) / 2, abs=0.02)


def test_ways_are_mixed_by_their_shares_and_in_no_order() -> None:
    ways = [(share, draws().by(lambda values, _, way=way: values * 0 + way, torch.zeros(400))) for way, share in enumerate((0.5, 0.1, 0.4))]
    found = draws().mixed(400, ways)
    assert [(found == way).float().mean().item() for way in range(3)] == pytest.approx([0.5, 0.1, 0.4], abs=0.08)
    assert (found[1:] != found[:-1]).float().mean() > 0.3


def test_seen_anomalies_are_drawn_by_their_weights() -> None:
    def shares(weights: tuple[float, ...]) -> list[float]:
        seen = uploaded(replace(discs(), weights=weights), CPU).seen
        assert seen is not None
        drawn = Counter(seen.drawn(2000, draws()).tolist())
        return [drawn[number] / 2000 for number in range(3)]

    assert shares((0.0, 1.0, 0.0)) == [0.0, 1.0, 0.0]
    assert shares((0.1, 0.4, 0.5)) == pytest.approx([0.1, 0.4, 0.5], abs=0.04)
    assert shares(()) == pytest.approx([1 / 3] * 3, abs=0.04)
    with pytest.raises(ValueError, match="2 weights that sum to 1 of 3 seen anomalies"):
        shares((0.5, 0.5))


def test_half_of_the_plain_normals_are_hard_and_what_anomalies_are_put_on_is_any() -> None:
    stock = uploaded(replace(discs(), hard=(2, 4)), CPU)

    def shares(images: torch.Tensor) -> list[float]:
        nearest = (images[:, None] - stock.normals.float()).abs().mean((2, 3, 4)).argmin(1)
        return [float((nearest == number).float().mean()) for number in range(6)]

    plain = torch.cat([KINDS["normal"](stock, 100, draws(step)).images for step in range(4)])
    assert shares(plain) == pytest.approx([1 / 12, 1 / 12, 1 / 3, 1 / 12, 1 / 3, 1 / 12], abs=0.08)
    others = torch.cat([KINDS["extended"](stock, 50, draws(step)).images for step in range(4)])
    assert shares(others) == pytest.approx([1 / 6] * 6, abs=0.09)


def test_a_batch_holds_the_kinds_of_the_recipe() -> None:
    stock = uploaded(discs(), CPU)
    made = make_batch(stock, 16, 0, 0)
    assert made.images.shape == (16, 3, 64, 64)
    assert made.masks.shape == (16, 1, 64, 64)
    assert int(made.masks.amax((1, 2, 3)).bool().sum()) == 16 - host.recipe(16, True).count("normal")
    alone = make_batch(uploaded(replace(discs(), kinds=("extended",)), CPU), 8, 0, 0)
    assert int(alone.masks.amax((1, 2, 3)).bool().sum()) == 8 - host.recipe(8, True, ("extended",)).count("normal")
    none = make_batch(uploaded(replace(discs(), seen=()), CPU), 8, 0, 0)
    assert int(none.masks.amax((1, 2, 3)).bool().sum()) == 8 - host.recipe(8, False).count("normal")


def test_without_seen_anomalies_none_can_be_changed() -> None:
    with pytest.raises(ValueError, match="no seen anomalies to make others from"):
        KINDS["extended"](uploaded(replace(discs(), seen=()), CPU), 2, draws())


def test_samples_of_a_grey_product_are_grey() -> None:
    for grey in (True, False):
        images, _ = as_arrays(KINDS["simulated"](uploaded(discs(grey=grey), CPU), 24, draws(1)))
        assert (np.ptp(images, axis=3).max() == 0) == grey


def test_textures_differ_and_are_finite() -> None:
    made = procedural((64, 96), whole(24, 64, 96), draws())
    assert made.shape == (24, 3, 64, 96)
    assert torch.isfinite(made).all()
    assert len({round(float(texture.mean()), 3) for texture in made}) == 24


def test_a_borrowed_image_is_taken_from_its_window_alone() -> None:
    canvas = torch.zeros(16, 3, 64, 64)
    canvas[:, :, 16:48, 8:56] = torch.rand(16, 3, 32, 48) * 50 + 200
    origins = torch.tensor([[8.0, 16.0, 48.0, 32.0]]).expand(16, 4)
    found = rolled(canvas, origins, whole(16, 64, 64), draws())
    assert found.min() >= 199.9  # nothing of the padding, which is black
    assert found.mean() == pytest.approx(225, abs=3)
    assert len({tuple(image[0, :3, 0].tolist()) for image in found}) == 16


def test_samples_depend_on_seed_and_step_alone() -> None:
    stock = uploaded(discs(Variation()), CPU)
    first, again, other = (make_batch(stock, 8, 1, step) for step in (7, 7, 8))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.masks, again.masks)
    assert not torch.equal(first.images, other.images)
    assert not torch.equal(first.images, make_batch(stock, 8, 2, 7).images)
    assert seeded(1, 7, CPU).uniform(3).tolist() == seeded(1, 7, CPU).uniform(3).tolist()


def test_other_seen_anomalies_change_nothing_else() -> None:
    stock = uploaded(replace(discs(), hard=(1,)), CPU)
    changed = with_seen(stock, replace(discs(), seen=discs().seen[:1]))
    assert (changed.normals is stock.normals, changed.hard is stock.hard) == (True, True)
    assert changed.seen is not None
    assert len(changed.seen.images) == 1


def test_no_normals_are_refused() -> None:
    with pytest.raises(ValueError, match="no normals to make anomalies on"):
        uploaded(replace(discs(), normals=np.zeros((0, 64, 64, 3), np.uint8)), CPU)
