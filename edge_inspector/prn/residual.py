"""The residual to the nearest prototype: D_ij = D(F_ij - P_j*), P_j* = argmin over k of ||F_ij - P_j^k||_2 (PRN equations 1 and 2).

    ||F - P||^2 = ||F||^2 - 2 F.P + ||P||^2

||F||^2 is the same for every k, so it is left out of the comparison (in float32 it would only cost digits); the rest is one matrix product.
D is element-wise: the squared difference by default, the absolute one by a switch; "none" gives F itself, for ablation.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

# Features and distances of both forms are computed in float32; what may be rounded runs under autocast anyway.
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_tf32 = False

Difference = Literal["squared", "absolute", "none"]


def nearest(features: Tensor, prototypes: Tensor) -> Tensor:
    """(N, c, h, w) and (K, c, h, w), both float32 -> (N,) int64: the number of each map's nearest prototype, the lowest of equals."""
    f = features.flatten(1)  # (N, d)
    p = prototypes.flatten(1)  # (K, d)
    closeness = 2.0 * (f @ p.t()) - p.square().sum(1)  # (N, K): ||F||^2 - distance^2
    return closeness.argmax(1)


def residual(features: Tensor, prototypes: Tensor, difference: Difference = "squared") -> tuple[Tensor, Tensor]:
    """(N, c, h, w) and (K, c, h, w) -> D (N, c, h, w) float32 and the chosen prototypes (N,) int64."""
    features = features.float()
    chosen = nearest(features, prototypes)
    if difference == "none":
        return features, chosen
    apart = features - torch.index_select(prototypes, 0, chosen)
    return apart.square() if difference == "squared" else apart.abs(), chosen
