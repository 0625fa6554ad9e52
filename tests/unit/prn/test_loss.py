from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.prn.loss import GAMMA, LAMBDA, focal, prn_loss

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
    expected = torch.nn.functional.smooth_l1_loss(logits.sigmoid(), target) + LAMBDA * focal(logits, target, GAMMA)
    assert torch.allclose(prn_loss(logits, target), expected)
    assert float(prn_loss((target * 2 - 1) * 30, target)) < 1e-6
