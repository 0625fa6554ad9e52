"""What a simulated part is: determinism, shares, kinds, areas. Pure, without rendering."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.camera.simulator.spec import AREA_MAX, AREA_MIN, BLOCK, KINDS, PRODUCTS, made_spec, part_spec

products = st.sampled_from(PRODUCTS)
seeds = st.integers(0, 2**31)
numbers = st.integers(0, 10**6)


@given(products, seeds, numbers)
def test_the_same_numbers_make_the_same_part(product: str, seed: int, number: int) -> None:
    assert part_spec(product, seed, number) == part_spec(product, seed, number)


@given(seeds, numbers)
def test_seeds_numbers_and_products_differ(seed: int, number: int) -> None:
    spec = part_spec("ring", seed, number)
    assert spec.pose != part_spec("ring", seed, number + 1).pose
    assert spec.pose != part_spec("ring", seed + 1, number).pose
    assert spec.pose != part_spec("texture", seed, number).pose


@given(products, seeds, st.integers(0, 10_000), st.floats(0.0, 1.0))
def test_each_block_has_its_share_of_bad_parts(product: str, seed: int, block: int, fraction: float) -> None:
    bad = sum(part_spec(product, seed, block * BLOCK + n, fraction).bad for n in range(BLOCK))
    assert abs(bad - BLOCK * fraction) <= 1.0


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_hundred_parts_bear_all_kinds_and_a_quarter_is_bad(product: str, seed: int, first: int) -> None:
    specs = [part_spec(product, seed, first + n) for n in range(100)]
    assert sum(spec.bad for spec in specs) >= 25
    assert {d.kind for d in chain.from_iterable(s.defects for s in specs)} == set(KINDS)


@given(products, seeds, numbers)
def test_a_bad_part_has_one_or_two_defects_of_legal_area(product: str, seed: int, number: int) -> None:
    spec = part_spec(product, seed, number, 1.0)
    assert spec.bad
    assert len(spec.defects) in (1, 2)
    assert len({d.kind for d in spec.defects}) == len(spec.defects)
    assert all(AREA_MIN <= d.area_fraction <= AREA_MAX for d in spec.defects)


def test_areas_are_log_uniform() -> None:
    areas = [part_spec("ring", 1, n, 1.0).defects[0].area_fraction for n in range(600)]
    middle = (AREA_MIN * AREA_MAX) ** 0.5
    assert 240 < sum(a < middle for a in areas) < 360


@given(products, seeds, numbers)
def test_no_bad_parts_where_none_are_asked_for(product: str, seed: int, number: int) -> None:
    assert not part_spec(product, seed, number, 0.0).bad


def test_defects_do_not_move_the_part() -> None:
    assert made_spec("ring", 1, 5, (KINDS[0],)).pose == made_spec("ring", 1, 5, ()).pose


def test_an_unknown_product_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no simulated product 'gear'.*ring, texture"):
        part_spec("gear", 1, 0)
