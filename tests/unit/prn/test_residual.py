from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.prn.residual import nearest, residual


@given(seed=st.integers(0, 2**31), n=st.integers(1, 5), k=st.integers(1, 7))
def test_nearest_is_what_a_loop_over_prototypes_finds(seed: int, n: int, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n, 3, 4, 4, generator=generator)
    prototypes = torch.randn(k, 3, 4, 4, generator=generator)
    by_hand = torch.stack([((prototypes - f) ** 2).sum((1, 2, 3)) for f in features]).argmin(1)
    assert torch.equal(nearest(features, prototypes), by_hand)


@given(seed=st.integers(0, 2**31))
def test_residual_is_the_element_wise_difference_to_the_chosen(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features, prototypes = torch.randn(3, 2, 4, 4, generator=generator), torch.randn(4, 2, 4, 4, generator=generator)
    squared, chosen = residual(features, prototypes)
    absolute, _ = residual(features, prototypes, "absolute")
    assert torch.allclose(absolute, (features - prototypes[chosen]).abs())
    assert torch.allclose(squared, absolute**2)


def test_no_array_of_every_image_and_prototype_is_made() -> None:
    """One of (N, K, c, h, w) would take 17 GB here; it would have to be cleared or written whole."""
    features, prototypes = torch.zeros(256, 16, 32, 32), torch.ones(1000, 16, 32, 32)
    prototypes[7] = 0.0
    with torch.profiler.profile(profile_memory=True) as seen:
        apart, chosen = residual(features, prototypes)
    assert set(chosen.tolist()) == {7}
    assert not apart.any()
    assert max(event.cpu_memory_usage for event in seen.events()) < 4 * features.nbytes


def test_a_prototype_itself_leaves_nothing() -> None:
    prototypes = torch.randn(5, 3, 8, 8) * 10
    apart, chosen = residual(prototypes, prototypes)
    assert chosen.tolist() == [0, 1, 2, 3, 4]
    assert not apart.any()


def test_of_equal_prototypes_the_first_is_chosen() -> None:
    prototypes = torch.ones(3, 2, 4, 4)
    assert nearest(torch.zeros(2, 2, 4, 4), prototypes).tolist() == [0, 0]


def test_half_precision_features_are_compared_in_single_precision() -> None:
    apart, _ = residual(torch.ones(1, 2, 4, 4, dtype=torch.bfloat16), torch.zeros(1, 2, 4, 4))
    assert apart.dtype == torch.float32
