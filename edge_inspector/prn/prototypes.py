"""Multi-scale prototypes: what normal looks like, as K whole feature maps at each scale.

P_j in R^(K x c_j x h_j x w_j) are the centres of a k-means clustering of the normals' feature maps at scale j (PRN section 3.2). They are
stored as float16 and cast to float32 where they are used, in training as at run time, so that both see the same numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_inspector.prn.residual import Difference, residual

RATIO = 0.10  # the paper's best: K = 10 % of the normals
DEFAULT_CAP = 64  # of the default ratio only: bounds the bundle's size
_SKETCH = 256  # dimensions that the maps are projected to for clustering


def prototype_count(normals: int, ratio: float | None = None, k: int | None = None) -> tuple[int, str]:
    """K for so many normals, and why. An explicit ``ratio`` or ``k`` is never capped, except that K cannot exceed the normals there are."""
    if k is not None:
        chosen = max(1, min(k, normals))
        return chosen, f"K = {k} as asked" if chosen == k else f"K = {k} asked, but there are only {normals} normals"
    wanted = max(1, round((RATIO if ratio is None else ratio) * normals))
    if ratio is None and wanted > DEFAULT_CAP:
        return DEFAULT_CAP, f"{RATIO:.0%} of {normals} normals, capped at {DEFAULT_CAP}"
    return min(wanted, normals), f"{RATIO if ratio is None else ratio:.0%} of {normals} normals"


def cluster(maps: Tensor, k: int, seed: int) -> Tensor:
    """k-means centres of ``maps`` (M, c, h, w) of any float type -> (k, c, h, w) float16.

    Assignment works on a seeded random projection (Johnson-Lindenstrauss), which keeps distances; centres are the means of the true maps.
    """
    count = maps.shape[0]
    if k >= count:
        return maps.to(torch.float16)
    labels = torch.from_numpy(_assign(_sketch(maps.flatten(1), seed), k, seed))
    centres = [maps[labels == index].float().mean(0) for index in range(k)]
    return torch.stack(centres).to(torch.float16)


def _sketch(flat: Tensor, seed: int) -> NDArray[np.float32]:
    """(M, d) -> (M, _SKETCH): random signs, in slices of d so that the projection matrix stays small."""
    generator = torch.Generator().manual_seed(seed)
    out = torch.zeros(flat.shape[0], _SKETCH)
    for start in range(0, flat.shape[1], 8192):
        part = flat[:, start : start + 8192].float()
        signs = torch.randint(0, 2, (part.shape[1], _SKETCH), generator=generator, dtype=torch.float32) * 2 - 1
        out += part @ signs
    sketch: NDArray[np.float32] = (out / math.sqrt(_SKETCH)).numpy()
    return sketch


def _assign(points: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    """Cluster number of each point; every cluster in 0..k-1 has at least one."""
    from sklearn.cluster import KMeans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # identical images give fewer distinct clusters than k: handled below
        labels: NDArray[np.int64] = KMeans(k, n_init=4, random_state=seed).fit(points).labels_.astype(np.int64)
    for empty in sorted(set(range(k)) - set(labels.tolist())):
        counts = np.bincount(labels, minlength=k)
        labels[np.flatnonzero(labels == counts.argmax())[0]] = empty
    return labels


class Prototypes(nn.Module):
    """The prototypes of all scales, as float16 buffers ``scale0`` .. (K, c_j, h_j, w_j)."""

    form = "whole-map"

    def __init__(self, maps: list[Tensor]) -> None:
        super().__init__()
        self.k = maps[0].shape[0]
        self.scales = len(maps)
        for j, scale in enumerate(maps):
            self.register_buffer(f"scale{j}", scale.to(torch.float16))

    def __getitem__(self, j: int) -> Tensor:
        """(K, c_j, h_j, w_j) float32."""
        stored: Tensor = getattr(self, f"scale{j}")
        return stored.float()

    @property
    def channels(self) -> tuple[int, ...]:
        """Of the residuals: those of the maps."""
        return tuple(self[j].shape[1] for j in range(self.scales))

    def residual(self, j: int, maps: Sequence[Tensor], difference: Difference = "squared") -> tuple[Tensor, Tensor]:
        """F_1.. -> D (N, c_j, h_j, w_j) float32 and the number of the nearest prototype (N, 1) int64."""
        apart, chosen = residual(maps[j], self[j], difference)
        return apart, chosen[:, None]
