from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.prn.loss import EMPHASIS, GAMMA, LAMBDA, LossForm, emphasis, focal, prn_loss

FOCAL = {  # p, t -> (1 - p_t)^gamma * -ln(p_t)
    "sure and right": (0.99, 1.0, 0.01**2 * -math.log(0.99)),
    "sure and wrong": (0.99, 0.0, 0.99**2 * -math.log(0.01)),
    "in doubt": (0.5, 1.0, 0.5**2 * -math.log(0.5)),
}


@pytest.mark.parametrize(("p", "t", "expected"), FOCAL.values(), ids=FOCAL.keys())
def test_focal_loss_of_hard_masks(p: float, t: float, expected: float) -> None:
    logits = torch.tensor([math.log(p / (1 - p))])
    assert float(focal(logits, torch.tensor([t]), 2.0)) == pytest.approx(expected, rel=1e-4)


@given(t=st.floats(0.02, 0.98))
def test_a_soft_target_is_met_at_itself(t: float) -> None:
    target = torch.tensor([t], dtype=torch.float64)
    at = float(focal(torch.logit(target), target))
    assert at <= float(focal(torch.logit(target) + 0.3, target))
    assert at <= float(focal(torch.logit(target) - 0.3, target))


def test_the_loss_is_its_two_terms() -> None:
    logits, target = torch.randn(2, 1, 8, 8), (torch.rand(2, 1, 8, 8) > 0.8).float()
    expected = torch.nn.functional.smooth_l1_loss(logits.sigmoid(), target) + LAMBDA * focal(logits, target, GAMMA).mean()
    assert torch.allclose(prn_loss(logits, target, LossForm(most=1.0)), expected)
    assert float(prn_loss((target * 2 - 1) * 30, target)) < 1e-6


def test_small_anomalies_weigh_more_up_to_a_limit() -> None:
    target = torch.zeros(4, 1, 100, 100)
    target[1, 0, 0, :1] = 1
    target[2, 0, 0, :25] = 1
    target[3, 0, :2, :] = 1
    weights = emphasis(target)
    assert [float(weights[n].max()) for n in range(4)] == [1.0, EMPHASIS, 2.0, 1.0]
    assert float(weights[1, 0, 1:].max()) == 1.0  # normal pixels never


def test_what_is_marked_nearby_counts_together_and_what_is_far_does_not() -> None:
    target = torch.zeros(3, 1, 100, 100)
    for top, left in ((10, 10), (10, 80), (80, 10)):
        target[0, 0, top : top + 3, left : left + 3] = 1
    target[1, 0, 10:13, 10:13] = 1
    target[2, 0, 97:, 97:] = 1  # in a corner as anywhere
    whole, near = emphasis(target), emphasis(target, near=33)
    assert whole[0].max() == pytest.approx(50 / 27)
    assert near[:, 0].amax((1, 2)).tolist() == pytest.approx([50 / 9] * 3)
    assert torch.equal(near[0, 0, :50, :50], near[1, 0, :50, :50])
    assert float(near[target == 0].max()) == 1.0


@pytest.mark.parametrize(("apart", "weight"), [(16, 25.0), (17, 50.0)])
def test_nearby_is_half_a_square_to_each_side(apart: int, weight: float) -> None:
    target = torch.zeros(1, 1, 100, 100)
    target[..., 50, 50] = target[..., 50, 50 + apart] = 1
    assert float(emphasis(target, most=1e3, near=33)[0, 0, 50, 50]) == pytest.approx(weight)
