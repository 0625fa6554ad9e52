"""Multi-size self-attention: A^s_ij = softmax(Q^s (K^s)^T / c^s) V^s for patch sizes p_s in {h_j, h_j/2, h_j/4, h_j/8} (PRN equation 4).

Each p_s x p_s patch with its channels is one token: (h_j / p_s)^2 tokens of dimension c^s = p_s^2 * channels. The scale is 1 / c^s as
printed in the paper; its square root, which transformers use, is a switch. With p_s = h_j there is one token, the softmax of one number
is 1, and the branch is its V projection alone.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

DIVISIONS = (1, 2, 4, 8)  # h_j / p_s
Scale = Literal["dimension", "root"]


class PatchAttention(nn.Module):
    """Self-attention between the patches of a map cut ``divisions`` times along each side."""

    def __init__(self, inputs: int, width: int, divisions: int, scale: Scale = "dimension") -> None:
        super().__init__()
        self.divisions = divisions
        self.scale = scale
        self.value = nn.Conv2d(inputs, width, 1)
        if divisions > 1:  # one token attends to itself whatever Q and K say
            self.query = nn.Conv2d(inputs, width, 1)
            self.key = nn.Conv2d(inputs, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, width, h, w)."""
        value = self.value(x)
        if self.divisions == 1:
            return value  # type: ignore[no-any-return]
        q, k, v = (to_tokens(map_, self.divisions) for map_ in (self.query(x), self.key(x), value))  # (N, tokens, c^s)
        dimension = float(q.shape[-1])
        weights = torch.softmax(q @ k.transpose(1, 2) / (dimension if self.scale == "dimension" else dimension**0.5), dim=-1)
        return from_tokens(weights @ v, self.divisions, value.shape[1], x.shape[-2], x.shape[-1])


def to_tokens(x: Tensor, divisions: int) -> Tensor:
    """(N, c, h, w) -> (N, divisions^2, c * p_h * p_w): each patch with its channels is one token."""
    c, h, w = x.shape[1:]
    x = x.reshape(-1, c, divisions, h // divisions, divisions, w // divisions)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(-1, divisions * divisions, c * (h // divisions) * (w // divisions))


def from_tokens(tokens: Tensor, divisions: int, c: int, h: int, w: int) -> Tensor:
    """The inverse of ``to_tokens``."""
    x = tokens.reshape(-1, divisions, divisions, c, h // divisions, w // divisions)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(-1, c, h, w)


class MultiSizeAttention(nn.Module):
    """One branch a patch size, concatenated, projected back and added to the input."""

    def __init__(self, channels: int, width: int, scale: Scale = "dimension") -> None:
        super().__init__()
        self.branches = nn.ModuleList(PatchAttention(channels, width, divisions, scale) for divisions in DIVISIONS)
        self.project = nn.Sequential(nn.Conv2d(width * len(DIVISIONS), channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) -> the same; h and w multiples of 8."""
        attended = torch.cat([branch(x) for branch in self.branches], 1)
        return x + self.project(attended)  # type: ignore[no-any-return]
