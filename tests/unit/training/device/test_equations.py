"""What the device form computes is what the host form computes, wherever the draws are given."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from edge_inspector.training import synthesis as host
from edge_inspector.training.device.noise import gradient_noise
from edge_inspector.training.device.operators import affine, blurred, confined, grown, inside, rotation, sampled, thick
from edge_inspector.training.device.placing import Cuttings, nudged, place, scattered
from edge_inspector.training.device.stock import uploaded
from edge_inspector.training.device.synthesis import at_home, blend, first_visible, visible
from edge_inspector.training.device.textures import Bases
from edge_inspector.training.making import Making
from edge_inspector.training.perlin import perlin
from tests.unit.training.device.samples import CPU, discs, draws, images, only, specks, strips, whole
from tests.unit.training.parts import striped


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_blend_is_the_formula_and_outside_the_mask_the_normal(beta: float) -> None:
    rng = np.random.default_rng(2)
    normals = rng.integers(0, 256, (2, 16, 16, 3), np.uint8)
    source = rng.uniform(-50, 300, (2, 16, 16, 3)).astype(np.float32)
    masks = (rng.random((2, 16, 16)) * (rng.random((2, 16, 16)) > 0.5)).astype(np.float32)
    found = blend(images(*normals), images(*source), images(*masks), torch.full((2,), beta))
    for number in range(2):
        n, c, m = normals[number].astype(np.float64), source[number], masks[number][:, :, None]
        expected = np.clip((1 - m) * n + (1 - beta) * (m * c) + beta * (m * n), 0, 255)
        assert np.abs(found[number].permute(1, 2, 0).numpy() - expected).max() <= 0.501
        assert np.array_equal(found[number].permute(1, 2, 0).numpy()[masks[number] == 0], normals[number][masks[number] == 0])
        other = host.blend(normals[number], source[number], masks[number], beta)
        assert np.abs(found[number].permute(1, 2, 0).numpy() - other).max() <= 1.0


CHANGES = {"none": (0, 400, False), "faint": (9, 400, False), "enough": (25, 400, True), "two pixels": (200, 2, False)}


@pytest.mark.parametrize(("change", "area", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_what_can_be_seen_is_what_the_host_form_says(change: int, area: int, expected: bool) -> None:
    before = np.full((32, 32, 3), 120, np.uint8)
    mask = (np.arange(32 * 32) < area).astype(np.float32).reshape(32, 32)
    after = np.where(mask[:, :, None] > 0, before - np.uint8(change // 2), before)
    after[:, :, 1] = np.where(mask > 0, before[:, :, 1] - min(change, 120), before[:, :, 1])
    assert host.visible(before, after, mask) == expected
    assert visible(images(before), images(after), images(mask)).tolist() == [expected]


def test_a_region_is_brought_to_its_new_places_light_as_on_the_host() -> None:
    rng = np.random.default_rng(0)
    base, region = rng.integers(0, 90, (64, 64, 3), np.uint8), rng.uniform(100, 250, (64, 64, 3)).astype(np.float32)
    masks = np.zeros((2, 64, 64), np.float32)
    masks[0, 20:30, 40:60] = 1.0
    masks[1] = 1.0  # no ring around it
    bases = Bases(images(base, base), whole(2, 64, 64), torch.ones(2, 1, 64, 64, dtype=torch.bool))
    found = at_home(images(region, region), bases, images(*masks))
    for number in range(2):
        expected = host.at_home(region, base, masks[number])
        assert np.allclose(found[number].permute(1, 2, 0).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (4, 7), (32, 3)])
def test_noise_is_the_hosts_where_the_gradients_are(rows: int, columns: int) -> None:
    expected = perlin(48, 80, rows, columns, np.random.default_rng(3))
    given = np.random.default_rng(3).uniform(0.0, 2.0 * np.pi, (rows + 1, columns + 1)).astype(np.float32)
    windows = torch.tensor([[0.0, 0.0, 80, 48], [16.0, 8.0, 80, 48]])
    angles = torch.from_numpy(given).expand(2, -1, -1)
    down, along = (torch.full((2,), float(number)) for number in (rows, columns))
    found = gradient_noise(angles, down, along, windows, (64, 128)).numpy()
    assert np.allclose(found[0, 0, :48, :80], expected, atol=1e-5)
    assert np.allclose(found[1, 0, 8:56, 16:96], expected, atol=1e-5)


def test_images_and_masks_move_as_opencv_moves_them() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    expected = np.array(cv2.getRotationMatrix2D((20.0, 12.0), 25.0, 0.8), np.float64)
    expected[:, 2] += np.array([3.0, -4.0])
    moved = cv2.warpAffine(image.astype(np.float32), expected, (56, 40), flags=cv2.INTER_LINEAR)
    linear = rotation(torch.tensor([25.0]), torch.tensor([0.8]))
    places = affine(linear, torch.tensor([[20.0, 12.0]]), torch.tensor([[23.0, 8.0]]), (40, 56))
    assert np.allclose(linear[0].numpy(), expected[:, :2], atol=1e-6)
    difference = np.abs(sampled(images(image), *places)[0].permute(1, 2, 0).numpy() - moved)
    assert np.quantile(difference, 0.99) < 6.0  # OpenCV interpolates in steps of 1/32 of a pixel
    assert difference.mean() < 1.0


def test_what_is_sampled_outside_a_window_continues_its_border() -> None:
    canvas = np.full((8, 8), 200.0, np.float32)
    canvas[2:6, 2:6] = np.arange(16).reshape(4, 4)
    x, y = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="xy")
    window = torch.tensor([[2.0, 2.0, 4.0, 4.0]])
    found = sampled(images(canvas), *confined(x[None, None], y[None, None], window))[0, 0].numpy()
    assert np.allclose(found, np.pad(canvas[2:6, 2:6], 2, mode="edge"), atol=1e-4)
    assert inside(window, (8, 8)).sum() == 16


@pytest.mark.parametrize("sigma", [0.7, 5.0])
def test_blur_is_opencvs(sigma: float) -> None:
    image = np.random.default_rng(0).uniform(0, 255, (48, 64)).astype(np.float32)
    expected = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(blurred(images(image), torch.tensor([sigma]), 5.0)[0, 0].numpy() - expected).max() < 1.0


def test_masks_grow_as_in_opencv() -> None:
    mask = (np.random.default_rng(0).random((40, 50)) > 0.99).astype(np.float32)
    assert np.array_equal(grown(images(mask), 9)[0, 0].numpy(), cv2.dilate(mask, np.ones((9, 9), np.uint8)))


@pytest.mark.parametrize("width", [1, 2, 3])
def test_lines_are_as_wide_as_opencv_draws_them(width: int) -> None:
    found = []
    for end in ((60, 10), (60, 60), (60, 30)):
        thin, expected = np.zeros((2, 72, 72), np.uint8)
        cv2.line(thin, (10, 10), end, 1, 1)
        cv2.line(expected, (10, 10), end, 1, width)
        found.append(thick(images(thin), torch.tensor([width])).sum().item() / expected.sum())
    assert found == pytest.approx([1.0, 1.0, 1.0], abs=0.3)
    assert sum(found) / 3 == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("move", [nudged, partial(scattered, scales=(0.3, 1.4))])
def test_a_moved_masks_centre_goes_to_the_place_meant_for_it(move: object) -> None:
    stock = uploaded(discs(), CPU)
    assert stock.seen is not None
    seen = stock.seen
    numbers = torch.arange(len(seen.images))
    cuttings = Cuttings(numbers, seen.images.float(), seen.windows, (seen.labels > 0).float(), seen.centres[:, 0], seen.areas[:, 0])
    bases = Bases(stock.normals[:3].float(), stock.windows[:3], stock.parts[:3] > 0)
    linear, target = move(cuttings, bases, draws())  # type: ignore[operator]
    masks = sampled(cuttings.masks, *affine(linear, cuttings.centres, target, (64, 64)))[:, 0].numpy()
    assert (torch.linalg.det(linear).abs() > 0.05).all()
    for mask, (x, y) in zip(masks, target.tolist(), strict=True):
        rows, columns = np.nonzero(mask > 0.5)
        assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=1.0)


def test_a_region_and_its_mask_move_together() -> None:
    stock = uploaded(discs(), CPU)
    assert stock.seen is not None
    white = torch.where(stock.seen.labels > 0, 255, 0).to(torch.uint8).expand(-1, 3, -1, -1)
    bases = Bases(stock.normals[:1].float(), stock.windows[:1], stock.parts[:1] > 0).times(24)
    seen = type(stock.seen)(**{**vars(stock.seen), "images": white})
    placed = place(seen, bases, torch.ones(24, 1, 64, 64), draws())
    assert (placed.masks > 0.95).any()
    assert placed.regions[(placed.masks > 0.95).expand_as(placed.regions)].mean() > 200  # white came along with its mask
    assert 0.0 <= float(placed.masks.min()) <= float(placed.masks.max()) <= 1.0
    assert not placed.of_light.any()


def test_a_seen_anomaly_lies_on_a_part_that_lies_elsewhere() -> None:
    stock = uploaded(discs(), CPU)
    assert stock.seen is not None
    seen = type(stock.seen)(**{**vars(stock.seen), "labels": (stock.seen.labels > 0).to(stock.seen.labels.dtype)})
    columns = torch.nonzero(seen.labels.flatten(0, 2).amax(0) > 0).flatten()
    parts = torch.zeros(48, 1, 64, 64, dtype=torch.bool)
    beyond = int(columns.max()) + 10
    assert beyond < 56
    parts[..., beyond:] = True
    bases = replace(Bases(stock.normals[:1].float(), stock.windows[:1], stock.parts[:1] > 0).times(48), parts=parts)
    placed = place(seen, bases, parts.float(), draws())
    assert placed.masks.flatten(1).amax(1).gt(0).float().mean() > 0.9
    assert not placed.masks[..., : beyond - 6].any()


def test_light_alone_goes_to_another_texture() -> None:
    making = Making(scales=(1.0, 1.0), soft=0.0, light_only=1.0)
    stock = uploaded(replace(specks(1), normals=striped(96)[None], making=making), CPU)
    assert stock.seen is not None
    bases = Bases(stock.normals.float(), stock.windows, torch.ones(1, 1, 96, 96, dtype=torch.bool)).times(24)
    placed = place(stock.seen, bases, torch.ones(24, 1, 96, 96), draws(), making)
    assert placed.of_light.all()
    inside = (placed.masks == 1.0).expand_as(placed.regions)
    powers = torch.log(placed.regions / bases.images)[inside] / np.log(64 / 154)  # 60 on 150, four grey levels added to both
    assert 0.65 < float(powers.min()) <= float(powers.max()) < 1.15  # FAINTER, on dark and bright stripes alike
    assert float(powers.std()) > 0.05


def test_of_several_tries_the_first_that_can_be_seen_is_taken() -> None:
    base = torch.full((2, 3, 8, 8), 100.0)
    bases = Bases(base, whole(2, 8, 8), torch.ones(2, 1, 8, 8, dtype=torch.bool))
    blended = torch.stack([torch.full((3, 8, 8), level) for level in (101.0, 180.0, 220.0, 100.0, 101.0, 102.0)])
    made = first_visible(bases, blended, torch.ones(6, 1, 8, 8))
    assert (made.images[0] == 180).all()
    assert (made.images[1] == 100).all()  # nothing to be seen: no label
    assert made.masks.amax((1, 2, 3)).tolist() == [1.0, 0.0]


def test_pieces_of_a_mask_are_found_once() -> None:
    sources = only(strips(), 1)
    mask = sources.seen[0].mask.copy()
    mask[42:50, 10:20] = True
    split = type(sources.seen[0])(sources.seen[0].image, mask, sources.seen[0].window)
    seen = uploaded(type(sources)(sources.normals, (split, sources.seen[0]), windows=sources.windows), CPU).seen
    assert seen is not None
    assert seen.counts.tolist() == [2, 1]
    assert seen.areas[0].tolist() == [80 + 30 * 18, 80, 30 * 18]
    assert seen.centres[0, 1].tolist() == pytest.approx([14.5, 45.5])
    assert math.isclose(seen.up_to[-1].item(), 1.0)
