"""L = smooth L1(M_o, M) + lambda * focal(M_o, M) (PRN equation 8), on masks that may be soft at their edges.

For a soft target t the focal term is |t - p|^gamma * BCE(p, t) (Li et al. 2020), which is the focal loss itself where t is 0 or 1.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

LAMBDA = 5.0  # brings the focal term, which gamma shrinks, to the weight of smooth L1
GAMMA = 2.0  # of the focal loss' paper (Lin et al. 2017): easy normal pixels, 99 % of all, count for little


SMALL = 0.005  # share of the map below which an anomaly's pixels weigh more
EMPHASIS = 10.0  # at most; 1 gives the paper's loss


def focal(logits: Tensor, target: Tensor, gamma: float = GAMMA) -> Tensor:
    """Focal loss of each pixel: ``logits`` against ``target`` in 0..1, any equal shapes."""
    distance = (target - logits.sigmoid()).abs()
    return distance.pow(gamma) * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def emphasis(target: Tensor, most: float = EMPHASIS) -> Tensor:
    """Weights (N, 1, h, w), 1 on normal pixels: an anomaly smaller than SMALL of the map counts as if it were that large, up to ``most``.

    Without them a defect of three pixels is a ten-thousandth of the loss, and overlooking it costs nothing. Ours, not the paper's.
    """
    area = target.sum((2, 3), keepdim=True)
    whole = SMALL * target.shape[-2] * target.shape[-1]
    return 1.0 + ((whole / area.clamp(min=1e-3)).clamp(1.0, most) - 1.0) * target


def prn_loss(logits: Tensor, target: Tensor, weight: float = LAMBDA, most: float = EMPHASIS) -> Tensor:
    """The loss of a batch: logits and target (N, 1, h, w), target in 0..1."""
    return F.smooth_l1_loss(logits.sigmoid(), target) + weight * (focal(logits, target) * emphasis(target, most)).mean()
