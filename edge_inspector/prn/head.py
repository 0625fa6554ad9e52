"""What is trained: fusion of features and of residuals, attention, fusion, decoder; and the form it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edge_inspector.prn.attention import MultiSizeAttention, Scale
from edge_inspector.prn.backbone import CHANNELS
from edge_inspector.prn.decoder import Decoder
from edge_inspector.prn.fusion import Fusion, NoFusion
from edge_inspector.prn.residual import Difference

SCALES = 3  # prototypes and fusion work at strides 4, 8, 16


@dataclass(frozen=True)
class HeadForm:
    """Widths and switches of the head: 0.30 M parameters, one to two seconds a training step of 16 images on two CPU cores.

    The switches are for ablation; each off gives the plain alternative. What prototypes are worth shows ``difference`` "none", or K = 1,
    the mean normal.
    """

    fused: tuple[int, ...] = (32, 40, 56)  # channels a scale after the first fusion, of features and of residuals each
    joined: tuple[int, ...] = (48, 56, 64)  # after the second fusion, what the decoder sees
    attention: int = 8  # channels of Q, K, V a branch; 0 leaves attention out
    decoder: tuple[int, ...] = (40, 56, 64)  # at strides 4, 8, 16
    last: int = 16  # of the last block, at stride 2
    scale: Scale = "dimension"
    difference: Difference = "squared"  # "none": the features stand in the residuals' place, the head sees them twice
    fusion: bool = True  # off: each scale of features and residuals goes on alone
    second_fusion: bool = True  # off: each scale goes from attention to the decoder alone
    evidence: float | None = None  # of a codebook, in log-odds for each deviation of t beyond ``usual``; 0: none, None: EVIDENCE
    usual: float | None = None  # deviations that normal places reach too; None: USUAL
    peak_limit: float | None = None  # deviations beyond which a peak of t is rather anomalous than not; 0: none counts, None: not told yet
    unusual_only: bool = True  # of the evidence; off: the less unusual a place, the more is taken away, as in bundles made before
    skips: bool = True  # off: the decoder sees the coarsest fused scale and the deepest map, not the finer scales


class Head(nn.Module):
    """Everything that is trained: fusion of features and of residuals, attention, fusion, decoder."""

    def __init__(self, form: HeadForm, channels: Sequence[int] = CHANNELS, residuals: Sequence[int] | None = None) -> None:
        super().__init__()
        self.form = form
        both = [2 * width for width in form.fused]
        first = Fusion if form.fusion else NoFusion
        self.fuse_features = first(channels[:SCALES], form.fused)
        self.fuse_residuals = first(residuals or channels[:SCALES], form.fused)
        self.attention = nn.ModuleList(_attention(width, form) for width in both)
        self.fuse_joined = (Fusion if form.second_fusion else NoFusion)(both, form.joined)
        self.decoder = Decoder(channels[SCALES], form.joined, form.decoder, form.last, SCALES if form.skips else 1)

    def forward(self, features: Sequence[Tensor], residuals: Sequence[Tensor]) -> Tensor:
        """Features F_1..F_4 and residuals D_1..D_3 (N, c_j, h_j, w_j) float32 -> logits (N, 1, H/2, W/2)."""
        fused = self.fuse_features(features[:SCALES])
        apart = self.fuse_residuals(residuals)
        joined = [torch.cat(pair, 1) for pair in zip(fused, apart, strict=True)]
        attended = [attend(scale) for attend, scale in zip(self.attention, joined, strict=True)]
        logits: Tensor = self.decoder(features[SCALES], self.fuse_joined(attended))
        return logits


def _attention(width: int, form: HeadForm) -> nn.Module:
    return MultiSizeAttention(width, form.attention, form.scale) if form.attention else nn.Identity()
