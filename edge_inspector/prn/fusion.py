"""Multi-scale fusion: F*_ij = f_1j(F_i1) + f_2j(F_i2) + f_3j(F_i3) (PRN equation 3).

f_kj brings scale k to the size and channels of scale j: strided 3x3 convolutions down, 1x1 and bilinear up, 1x1 alone where k = j.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]


def down(inputs: int, outputs: int, halvings: int) -> nn.Sequential:
    """``halvings`` strided convolutions; the width grows in the last, which is the cheapest place for it."""
    layers: list[nn.Module] = []
    for _ in range(halvings - 1):
        layers += [*_conv(inputs, inputs, 3, 2), nn.ReLU()]
    return nn.Sequential(*layers, *_conv(inputs, outputs, 3, 2))


class Up(nn.Module):
    """1x1 convolution at the small size, then bilinear by 2^doublings."""

    def __init__(self, inputs: int, outputs: int, doublings: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(*_conv(inputs, outputs, 1))
        self.factor = float(2**doublings)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h * factor, w * factor)."""
        return F.interpolate(self.conv(x), scale_factor=self.factor, mode="bilinear", align_corners=False)


def _straight(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(*_conv(inputs, outputs, 1))


def _path(k: int, j: int, inputs: int, outputs: int) -> nn.Module:
    if k < j:
        return down(inputs, outputs, j - k)
    return Up(inputs, outputs, k - j) if k > j else _straight(inputs, outputs)


class Fusion(nn.Module):
    """Scales with ``inputs`` channels, each half the size of the one before -> the same scales with ``outputs`` channels."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(k, j, channels, width) for k, channels in enumerate(inputs)) for j, width in enumerate(outputs)
        )

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """[(N, inputs[j], h_j, w_j)] -> [(N, outputs[j], h_j, w_j)]."""
        fused = []
        for paths in self.paths:
            total: Tensor | None = None
            assert isinstance(paths, nn.ModuleList)
            for path, scale in zip(paths, scales, strict=True):
                total = path(scale) if total is None else total + path(scale)
            assert total is not None
            fused.append(F.relu(total))
        return fused


class NoFusion(nn.Module):
    """What stands in fusion's place where an ablation leaves it out: F*_ij = f_jj(F_ij), each scale from itself alone."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(_straight(channels, width) for channels, width in zip(inputs, outputs, strict=True))

    def forward(self, scales: Sequence[Tensor]) -> list[Tensor]:
        """[(N, inputs[j], h_j, w_j)] -> [(N, outputs[j], h_j, w_j)]."""
        return [F.relu(path(scale)) for path, scale in zip(self.paths, scales, strict=True)]
