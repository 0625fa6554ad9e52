"""The pictures: same bytes everywhere, exact masks, stated contrast, areas as drawn, and defects outside of which nothing changes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.camera.simulator.defects import MIN_CONTRAST, NOTICEABLE
from edge_inspector.camera.simulator.render import layers, render
from edge_inspector.camera.simulator.spec import AREA_MAX, AREA_MIN, KINDS, PRODUCTS, Kind, PartSpec, made_spec, part_spec

SIZE = 256
products = st.sampled_from(PRODUCTS)
few = settings(max_examples=60, deadline=None)


def one_defect(product: str, number: int, kind: Kind, area: float) -> PartSpec:
    spec = made_spec(product, 77, number, (kind,))
    return replace(spec, defects=(replace(spec.defects[0], area_fraction=area),))


@few
@given(products, st.integers(0, 10**6), st.sampled_from(KINDS), st.floats(AREA_MIN, AREA_MAX))
def test_a_defect_has_its_area_and_contrast_and_leaves_the_rest_alone(product: str, number: int, kind: Kind, area: float) -> None:
    drawn = layers(one_defect(product, number, kind, area), SIZE)
    wanted = area * np.count_nonzero(drawn.part)
    assert abs(np.count_nonzero(drawn.mask) - wanted) <= 2.0 + 0.05 * wanted
    difference = np.abs(drawn.marked.mean(axis=2) - drawn.clean.mean(axis=2))
    assert difference[drawn.mask].mean() >= MIN_CONTRAST
    assert difference[drawn.mask].min() >= NOTICEABLE - 0.01
    # Outside the mask stands at most a pixel or two that changed less than noticeably.
    assert np.count_nonzero(difference[~drawn.mask] > 0.01) <= 2.0 + 0.05 * wanted


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("kind", KINDS)
def test_extreme_areas_hold_too(product: str, kind: Kind) -> None:
    for number, area in enumerate((AREA_MIN, AREA_MAX) * 3):
        drawn = layers(one_defect(product, number, kind, area), SIZE)
        wanted = area * np.count_nonzero(drawn.part)
        assert abs(np.count_nonzero(drawn.mask) - wanted) <= 2.0 + 0.05 * wanted


@settings(max_examples=20, deadline=None)
@given(products, st.integers(0, 2**31), st.integers(0, 10**6))
def test_pictures_are_rgb_bytes_and_repeat(product: str, seed: int, number: int) -> None:
    spec = part_spec(product, seed, number)
    first, again = render(spec, 96), render(spec, 96)
    assert first.image.dtype == np.uint8
    assert first.image.shape == (96, 96, 3)
    assert first.mask.shape == (96, 96)
    assert first.mask.any() == spec.bad
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.mask, again.mask)


def test_another_process_renders_the_same_bytes() -> None:
    code = (
        "import hashlib\n"
        "from edge_inspector.camera.simulator.render import render\n"
        "from edge_inspector.camera.simulator.spec import part_spec\n"
        "h = hashlib.sha256()\n"
        "for product in ('ring', 'texture'):\n"
        "    for n in range(6):\n"
        "        h.update(render(part_spec(product, 3, n, 0.5), 256).image.tobytes())\n"
        "print(h.hexdigest())\n"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout.strip()
    here = hashlib.sha256()
    for product in ("ring", "texture"):
        for n in range(6):
            here.update(render(part_spec(product, 3, n, 0.5), 256).image.tobytes())
    assert other == here.hexdigest()


@pytest.mark.parametrize("product", PRODUCTS)
def test_good_parts_vary_like_real_ones(product: str) -> None:
    pictures = [render(made_spec(product, 5, n, ()), 128).image.astype(np.float32) for n in range(4)]
    for first, second in pairwise(pictures):
        assert np.abs(first - second).mean() > 1.0  # pose, light and noise differ
    assert all(20.0 < p.mean() < 235.0 for p in pictures)  # neither black nor saturated


@pytest.mark.parametrize("product", PRODUCTS)
def test_two_pictures_of_one_surface_differ_by_the_sensor_alone(product: str) -> None:
    spec = made_spec(product, 5, 0, ())
    residual = render(spec, 128).image.astype(np.float32) - layers(spec, 128).clean
    inside = layers(spec, 128).clean.max(axis=2) < 245.0
    assert abs(residual[inside].mean()) < 0.3
    assert 0.8 < residual[inside].std() < 4.0


@pytest.mark.parametrize(("product", "size"), [("ring", 64), ("ring", 300), ("texture", 64), ("texture", 900)])
def test_other_sizes_render(product: str, size: int) -> None:
    drawn = render(made_spec(product, 2, 1, (Kind.SCRATCH, Kind.HOLE)), size)
    assert drawn.image.shape == (size, size, 3)
    assert drawn.mask.any()


def test_a_burr_stands_off_the_ring_and_every_other_kind_on_it() -> None:
    for number, kind in enumerate(KINDS):
        drawn = layers(one_defect("ring", number, kind, 0.01), SIZE)
        on_part = np.count_nonzero(drawn.mask & drawn.part) / np.count_nonzero(drawn.mask)
        assert on_part == (0.0 if kind is Kind.BURR else 1.0), kind
