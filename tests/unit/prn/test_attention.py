from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.prn.attention import DIVISIONS, MultiSizeAttention, PatchAttention, Scale, from_tokens, to_tokens


@given(divisions=st.sampled_from(DIVISIONS), c=st.integers(1, 4), p_h=st.integers(1, 3), p_w=st.integers(1, 3))
def test_tokens_are_taken_apart_and_put_together(divisions: int, c: int, p_h: int, p_w: int) -> None:
    h, w = divisions * p_h, divisions * p_w
    x = torch.arange(2.0 * c * h * w).reshape(2, c, h, w)
    tokens = to_tokens(x, divisions)
    assert tokens.shape == (2, divisions**2, c * p_h * p_w)
    assert torch.equal(from_tokens(tokens, divisions, c, h, w), x)


def test_a_token_is_one_patch_with_its_channels() -> None:
    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    assert torch.equal(to_tokens(x, 2)[0, 1], x[0, :, :2, 2:].flatten())


def test_the_whole_map_as_one_patch_is_its_value_projection() -> None:
    branch = PatchAttention(6, 4, divisions=1)
    x = torch.randn(2, 6, 16, 16)
    assert torch.equal(branch(x), branch.value(x))
    # and that is what the formula gives: softmax over a single token is one
    q, k, v = (to_tokens(m, 1) for m in (x, x, branch.value(x)))
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1], dim=-1)
    assert torch.allclose(from_tokens(weights @ v, 1, 4, 16, 16), branch.value(x))


@pytest.mark.parametrize(("scale", "power"), [("dimension", 1.0), ("root", 0.5)])
def test_the_formula_token_by_token(scale: Scale, power: float) -> None:
    branch = PatchAttention(3, 2, divisions=2, scale=scale)
    x = torch.randn(1, 3, 8, 8)
    q, k, v = (to_tokens(m(x), 2)[0] for m in (branch.query, branch.key, branch.value))
    rows = []
    for i in range(4):
        weights = torch.softmax(torch.stack([q[i] @ k[j] for j in range(4)]) / q.shape[-1] ** power, 0)
        rows.append(sum((weights[j] * v[j] for j in range(4)), torch.zeros_like(v[0])))
    assert torch.allclose(branch(x), from_tokens(torch.stack(rows)[None], 2, 2, 8, 8), atol=1e-6)


def test_all_sizes_together_keep_the_shape() -> None:
    attention = MultiSizeAttention(12, 4)
    assert attention(torch.randn(2, 12, 16, 24)).shape == (2, 12, 16, 24)
    assert [branch.divisions for branch in attention.branches] == [1, 2, 4, 8]
