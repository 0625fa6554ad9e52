"""Multi-scale fusion: F*_ij = f_1j(F_i1) + f_2j(F_i2) + f_3j(F_i3) (PRN equation 3).

f_kj brings scale k to the size and channels of scale j: a 1x1 convolution where k = j, and bilinear doublings behind one where k > j;
where k < j, strided 2x2 convolutions. Sums are taken on the way: what goes from scale 3 to scale 1 is added to what goes from scale 2, and
doubled with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


def _conv(inputs: int, outputs: int, size: int = 1) -> nn.Sequential:
    """A convolution of ``size`` pixels a side in steps of as many."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, size, bias=False), nn.BatchNorm2d(outputs))


def double(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Fusion(nn.Module):
    """Scales with ``inputs`` channels, each half the size of the one before -> the same scales with ``outputs`` channels."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.outputs = tuple(outputs)
        self.up = nn.ModuleList(_conv(channels, sum(outputs[: k + 1])) for k, channels in enumerate(inputs))  # f_kj of all j <= k at once
        self.down = nn.ModuleList(_conv(channels, outputs[k + 1], 2) for k, channels in enumerate(inputs[:-1]))  # f_k,k+1
        self.further = nn.ModuleList(_conv(outputs[k], outputs[k + 1], 2) for k in range(1, len(outputs) - 1))  # what came down goes on

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """[(N, inputs[j], h_j, w_j)] -> [(N, outputs[j], h_j, w_j)]."""
        totals = self._upwards(scales)
        falling: Tensor | None = None
        for k, conv in enumerate(self.down):
            come = conv(scales[k])
            falling = come if falling is None else come + self.further[k - 1](F.relu(falling))
            totals[k + 1] = totals[k + 1] + falling
        return [F.relu(total) for total in totals]

    def _upwards(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """For each scale j the sum of f_kj over k >= j."""
        totals: list[Tensor] = []
        rising: Tensor | None = None
        for k in range(len(scales) - 1, -1, -1):
            here = self.up[k](scales[k]) if rising is None else self.up[k](scales[k]) + double(rising)
            finer = sum(self.outputs[:k])
            rising = here[:, :finer]
            totals.insert(0, here[:, finer:])
        return totals


class NoFusion(nn.Module):
    """What stands in fusion's place where an ablation leaves it out: F*_ij = f_jj(F_ij), each scale from itself alone."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(_conv(channels, width) for channels, width in zip(inputs, outputs, strict=True))

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """[(N, inputs[j], h_j, w_j)] -> [(N, outputs[j], h_j, w_j)]."""
        return [F.relu(path(scale)) for path, scale in zip(self.paths, scales, strict=True)]
