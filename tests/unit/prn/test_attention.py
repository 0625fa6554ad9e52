from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from edge_inspector.prn.attention import DIVISIONS, GRID, PARTS, MultiSizeAttention, Scale, attend, from_grid, to_grid


@given(parts=st.integers(1, 4), c=st.integers(1, 3), p_h=st.integers(1, 3), p_w=st.integers(1, 3))
def test_maps_are_cut_into_a_grid_and_put_together(parts: int, c: int, p_h: int, p_w: int) -> None:
    h, w = GRID * p_h, GRID * p_w
    x = torch.arange(2.0 * parts * c * h * w).reshape(2, parts * c, h, w)
    grid = to_grid(x, parts)
    assert grid.shape == (parts, 2, GRID, GRID, c * p_h * p_w)
    assert torch.equal(grid[parts - 1, 1, 2, 3], x[1, -c:, 2 * p_h : 3 * p_h, 3 * p_w : 4 * p_w].flatten())
    assert torch.equal(from_grid(grid, c, h, w), x)


def tokens(x: Tensor, divisions: int) -> list[Tensor]:
    """The patches of one map (c, h, w), row by row, each flattened with its channels."""
    p_h, p_w = x.shape[1] // divisions, x.shape[2] // divisions
    places = [(i, j) for i in range(divisions) for j in range(divisions)]
    return [x[:, i * p_h : (i + 1) * p_h, j * p_w : (j + 1) * p_w].flatten() for i, j in places]


def by_the_formula(q: Tensor, k: Tensor, v: Tensor, divisions: int, power: float) -> Tensor:
    """Equation 4, token by token: (c, h, w) each -> (c, h, w)."""
    c, h, w = v.shape
    qs, ks, vs = (tokens(map_, divisions) for map_ in (q, k, v))
    attended = torch.zeros_like(v)
    for number, one in enumerate(qs):
        weights = torch.softmax(torch.stack([one @ other for other in ks]) / len(one) ** power, 0)
        patch = sum((weight * value for weight, value in zip(weights, vs, strict=True)), torch.zeros_like(vs[0]))
        i, j = divmod(number, divisions)
        p_h, p_w = h // divisions, w // divisions
        attended[:, i * p_h : (i + 1) * p_h, j * p_w : (j + 1) * p_w] = patch.reshape(c, p_h, p_w)
    return attended


@pytest.mark.parametrize(("scale", "power"), [("dimension", 1.0), ("root", 0.5)])
@pytest.mark.parametrize("divisions", DIVISIONS[1:])
def test_each_patch_size_is_the_formula_token_by_token(divisions: int, scale: Scale, power: float) -> None:
    qkv = torch.randn(1, 3 * 2, 16, 24)
    found = from_grid(attend(to_grid(qkv, 3), divisions, scale)[None], 2, 16, 24)
    q, k, v = torch.split(qkv[0], 2)
    assert torch.allclose(found[0], by_the_formula(q, k, v, divisions, power), atol=1e-6)


@pytest.mark.parametrize("divisions", DIVISIONS[1:])
def test_attention_stays_in_the_range_of_half_precision(divisions: int) -> None:
    """Maps of a strange part: sums of thousands of products of such numbers are beyond it."""
    qkv = torch.full((1, 3 * 8, 64, 64), 20.0, dtype=torch.half)
    assert torch.isfinite(attend(to_grid(qkv, 3), divisions, "dimension")).all()


def test_the_whole_map_as_one_patch_is_its_value_projection() -> None:
    attention = MultiSizeAttention(6, 4)
    x = torch.randn(2, 6, 16, 16)
    value = attention.projections(x)[:, :4]
    assert torch.equal(attention.branches(x)[:, :4], value)
    # and that is what the formula gives: softmax over a single token is one
    assert torch.allclose(by_the_formula(x[0], x[0], value[0], 1, 1.0), value[0])


def test_the_branches_are_those_of_each_patch_size_in_their_order() -> None:
    attention = MultiSizeAttention(5, 2).eval()
    x = torch.randn(1, 5, 16, 16)
    projected = torch.split(attention.projections(x)[0], 2)
    assert len(projected) == PARTS
    branches = torch.split(attention.branches(x)[0], 2)
    for n, divisions in enumerate(DIVISIONS[1:]):
        q, k, v = projected[1 + 3 * n : 4 + 3 * n]
        assert torch.allclose(branches[n + 1], by_the_formula(q, k, v, divisions, 1.0), atol=1e-6)


def test_all_sizes_together_keep_the_shape() -> None:
    assert MultiSizeAttention(12, 4)(torch.randn(2, 12, 16, 24)).shape == (2, 12, 16, 24)
