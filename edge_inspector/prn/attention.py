"""Multi-size self-attention: A^s_ij = softmax(Q^s (K^s)^T / c^s) V^s for patch sizes p_s in {h_j, h_j/2, h_j/4, h_j/8} (PRN equation 4).

Each p_s x p_s patch with its channels is one token: (h_j / p_s)^2 tokens of dimension c^s = p_s^2 * channels. The scale is 1 / c^s as
printed in the paper; its square root, which transformers use, is a switch. With p_s = h_j there is one token, the softmax of one number
is 1, and the branch is its V projection alone.

All projections of a scale are one convolution, and its result is cut once into the smallest patches, an 8 x 8 grid: a larger patch is a
square of those, and in which order a token lists its numbers makes no difference to the products. Copies, not products, are the cost.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

DIVISIONS = (1, 2, 4, 8)  # h_j / p_s
GRID = DIVISIONS[-1]
PARTS = 1 + 3 * (len(DIVISIONS) - 1)  # V of the whole map; Q, K and V of each smaller patch
Scale = Literal["dimension", "root"]


def to_grid(x: Tensor, parts: int) -> Tensor:
    """(N, parts * c, h, w) -> (parts, N, 8, 8, c * h/8 * w/8): each smallest patch with its channels."""
    width, h, w = x.shape[1] // parts, x.shape[2] // GRID, x.shape[3] // GRID
    x = x.reshape(-1, parts, width, GRID, h, GRID, w)
    return x.permute(1, 0, 3, 5, 2, 4, 6).reshape(parts, -1, GRID, GRID, width * h * w)


def from_grid(grid: Tensor, c: int, h: int, w: int) -> Tensor:
    """The inverse of ``to_grid``: (parts, N, 8, 8, ...) -> (N, parts * c, h, w)."""
    parts = grid.shape[0]
    x = grid.reshape(parts, -1, GRID, GRID, c, h // GRID, w // GRID)
    return x.permute(1, 0, 4, 2, 5, 3, 6).reshape(-1, parts * c, h, w)


def attend(qkv: Tensor, divisions: int, scale: Scale) -> Tensor:
    """Q, K and V (3, N, 8, 8, e) of the patches of a map cut ``divisions`` times along each side -> (N, 8, 8, e)."""
    side, e = GRID // divisions, qkv.shape[-1]  # of a patch, in smallest ones
    if side > 1:
        qkv = qkv.reshape(3, -1, divisions, side, divisions, side, e).permute(0, 1, 2, 4, 3, 5, 6)
    q, k, v = qkv.reshape(3, -1, divisions * divisions, side * side * e)  # (N, tokens, c^s)
    # Either side is divided by the root of the scale: a sum of thousands of products, divided only then, is beyond float16's range.
    each = float(side * side * e) ** (-0.5 if scale == "dimension" else -0.25)
    weights = torch.softmax((q * each) @ (k * each).transpose(1, 2), dim=-1)
    attended: Tensor = weights @ v
    if side > 1:
        attended = attended.reshape(-1, divisions, divisions, side, side, e).permute(0, 1, 3, 2, 4, 5)
    return attended.reshape(-1, GRID, GRID, e)


class MultiSizeAttention(nn.Module):
    """One branch a patch size, concatenated, projected back and added to the input."""

    def __init__(self, channels: int, width: int, scale: Scale = "dimension") -> None:
        super().__init__()
        self.width = width
        self.scale: Scale = scale
        self.projections = nn.Conv2d(channels, width * PARTS, 1)  # V; Q, K, V of 2 x 2 patches; of 4 x 4; of 8 x 8
        self.project = nn.Sequential(nn.Conv2d(width * len(DIVISIONS), channels, 1, bias=False), nn.BatchNorm2d(channels))

    def branches(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) -> (N, 4 * width, h, w): of each patch size, before they are projected back."""
        # Split once: each slice taken by itself would cost a gradient of the whole grid's size, nearly all of it zeros.
        whole, *patches = torch.split(to_grid(self.projections(x), PARTS), [1, *[3] * (len(DIVISIONS) - 1)])
        attended = [attend(qkv, divisions, self.scale) for qkv, divisions in zip(patches, DIVISIONS[1:], strict=True)]
        return from_grid(torch.stack([whole[0], *attended]), self.width, x.shape[2], x.shape[3])

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) -> the same; h and w multiples of 8."""
        return x + self.project(self.branches(x))  # type: ignore[no-any-return]
