"""The whole network: frozen backbone, prototypes, and the head that is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge_inspector.prn.attention import MultiSizeAttention, Scale
from edge_inspector.prn.backbone import CHANNELS, FrozenBackbone
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.decoder import Decoder
from edge_inspector.prn.fusion import Fusion, NoFusion
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.prn.residual import Difference

LEAST = 1e-4  # decision.score's: of a mean and of its distance from 1, before log-odds
# Chosen on magnetic tiles among 0, 0.1, 0.15, 0.2, 0.3, 0.5 and 1 (of t less USUAL, not only where that is positive): up to 0.2 image AUROC
# gains much, beyond it pixel AP loses more.
EVIDENCE = 0.2  # log-odds for each deviation of t beyond USUAL
USUAL = 2.0  # deviations that places of a normal image reach too, where it shows a whole part
_SORTED = 64  # highest pixels at least: runtimes take longer to find fewer, one by one
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
        return self.decoder(features[SCALES], self.fuse_joined(attended))  # type: ignore[no-any-return]


def _attention(width: int, form: HeadForm) -> nn.Module:
    return MultiSizeAttention(width, form.attention, form.scale) if form.attention else nn.Identity()


class PRN(nn.Module):
    """Image in, anomaly map, image score and chosen prototypes out: what the bundle's graph computes."""

    def __init__(
        self,
        backbone: FrozenBackbone,
        prototypes: Prototypes | Codebook,
        head: Head,
        pixels: Sequence[int],
        difference: Difference = "squared",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.prototypes = prototypes
        self.head = head
        self.pixels = tuple(pixels)
        self.difference: Difference = difference

    def residuals(self, features: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """F_1..F_3 -> D_1..D_3 and the chosen prototypes int64: (N, 3) whole maps, or (N, h_3 * w_3) words of the coarsest scale."""
        pairs = [self.prototypes.residual(j, features, self.difference) for j in range(SCALES)]
        chosen = [numbers for _, numbers in pairs]
        return [apart for apart, _ in pairs], chosen[-1] if self.prototypes.form == "codebook" else torch.cat(chosen, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """uint8 (N, H, W, 3) RGB -> anomaly map (N, H/2, W/2) in 0..1, image score (N,), chosen prototypes (N, n) int64."""
        features = self.backbone(image.permute(0, 3, 1, 2).float())
        apart, chosen = self.residuals(features)
        anomaly_map = self.anomaly_map(self.head(features, apart), apart)
        return anomaly_map, image_score(anomaly_map, self.pixels), chosen

    def anomaly_map(self, logits: Tensor, apart: Sequence[Tensor]) -> Tensor:
        """The head's logits (N, 1, h, w), and a codebook's evidence where there is one -> (N, h, w) in 0..1."""
        if isinstance(self.prototypes, Codebook):
            logits = logits + evidence(apart[-1], (logits.shape[-2], logits.shape[-1]), self.head.form)
        return torch.sigmoid(logits)[:, 0]


def evidence(apart: Tensor, size: tuple[int, int], form: HeadForm) -> Tensor:
    """What the coarsest residual (N, c, h, w) of a codebook says by itself, as log-odds (N, 1, *size) to add to the head's.

    The head learns from made-up anomalies what defects look like; the last channel, t, knows nothing of defects and only whether the like
    was ever seen among normals. Up to what normal places reach it says nothing. Added after training, or the head would take it back.
    """
    t = F.interpolate(apart[:, -1:], size=size, mode="bilinear", align_corners=False)
    weight = EVIDENCE if form.evidence is None else form.evidence
    beyond = t - (USUAL if form.usual is None else form.usual)
    return weight * (F.relu(beyond) if form.unusual_only else beyond)


def image_score(anomaly_map: Tensor, pixels: Sequence[int]) -> Tensor:
    """The score of each map (N, h, w) -> (N,): ``decision.top_means``, in the graph."""
    values = anomaly_map.flatten(1)
    highest = values.topk(min(max(*pixels, _SORTED), values.shape[1]), 1).values
    means = torch.stack([highest[:, :k].mean(1) for k in pixels], 1)
    return torch.sigmoid(torch.logit(means, LEAST).mean(1)) if len(pixels) > 1 else means[:, 0]
