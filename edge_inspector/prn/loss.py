"""L = smooth L1(M_o, M) + lambda * focal(M_o, M) (PRN equation 8), on masks that may be soft at their edges.

For a soft target t the focal term is |t - p|^gamma * BCE(p, t) (Li et al. 2020), which is the focal loss itself where t is 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

LAMBDA = 5.0  # brings the focal term, which gamma shrinks, to the weight of smooth L1
GAMMA = 2.0  # of the focal loss' paper (Lin et al. 2017): easy normal pixels, 99 % of all, count for little


SMALL = 0.005  # share of the map below which an anomaly's pixels weigh more
EMPHASIS = 10.0  # at most; 1 gives the paper's loss


@dataclass(frozen=True)
class LossForm:
    """Switches of the loss: ``weight`` 0 leaves the focal term out, ``gamma`` 0 makes it plain cross-entropy, ``most`` 1 ends emphasis."""

    smooth_l1: bool = True
    weight: float = LAMBDA
    gamma: float = GAMMA
    most: float = EMPHASIS


def focal(logits: Tensor, target: Tensor, gamma: float = GAMMA) -> Tensor:
    """Focal loss of each pixel: ``logits`` against ``target`` in 0..1, any equal shapes."""
    distance = (target - logits.sigmoid()).abs()
    return distance.pow(gamma) * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def emphasis(target: Tensor, most: float = EMPHASIS, near: int = 0) -> Tensor:
    """Weights (N, 1, h, w), 1 on normal pixels: what is marked on a map counts as if it were SMALL of it where it is less, up to ``most``.

    What lies in a square of ``near`` pixels (odd) around a place counts together there; 0: all that is marked on a map. Without these
    weights a defect of three pixels is a ten-thousandth of the loss, and overlooking it costs nothing. Ours, not the paper's.
    """
    area = F.avg_pool2d(target, near, 1, near // 2) * near**2 if near else target.sum((2, 3), keepdim=True)
    whole = SMALL * target.shape[-2] * target.shape[-1]
    return 1.0 + ((whole / area.clamp(min=1e-3)).clamp(1.0, most) - 1.0) * target


def prn_loss(logits: Tensor, target: Tensor, form: LossForm = LossForm(), near: int = 0) -> Tensor:
    """The loss of a batch: logits and target (N, 1, h, w), target in 0..1; ``near`` as ``emphasis`` takes it."""
    # One expression in this order: the order of the terms decides in which order backward adds their gradients, to the last bit.
    if form.smooth_l1 and form.weight:
        return F.smooth_l1_loss(logits.sigmoid(), target) + _weighted(logits, target, form, near)
    return F.smooth_l1_loss(logits.sigmoid(), target) if form.smooth_l1 else _weighted(logits, target, form, near)


def _weighted(logits: Tensor, target: Tensor, form: LossForm, near: int) -> Tensor:
    return form.weight * (focal(logits, target, form.gamma) * emphasis(target, form.most, near)).mean()
