"""The whole network: frozen backbone, prototypes, and the head that is trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edge_inspector.prn.backbone import FrozenBackbone
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.evidence import evidence, noisy_or, padded, peaks
from edge_inspector.prn.head import SCALES, Head
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.prn.residual import Difference

LEAST = 1e-4  # decision.score's: of a mean and of its distance from 1, before log-odds
_SORTED = 64  # highest pixels at least: runtimes take longer to find fewer, one by one


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
        if isinstance(self.prototypes, Codebook) and self.head.form.peak_limit:
            size = (anomaly_map.shape[-2], anomaly_map.shape[-1])
            anomaly_map = noisy_or(anomaly_map, peaks(apart[-1][:, -1:], padded(image), size, self.head.form.peak_limit)[:, 0])
        return anomaly_map, image_score(anomaly_map, self.pixels), chosen

    def anomaly_map(self, logits: Tensor, apart: Sequence[Tensor]) -> Tensor:
        """The head's logits (N, 1, h, w), and a codebook's evidence where there is one -> (N, h, w) in 0..1, without peaks."""
        if isinstance(self.prototypes, Codebook):
            logits = logits + evidence(apart[-1][:, -1:], (logits.shape[-2], logits.shape[-1]), self.head.form)
        return torch.sigmoid(logits)[:, 0]


def image_score(anomaly_map: Tensor, pixels: Sequence[int]) -> Tensor:
    """The score of each map (N, h, w) -> (N,): ``decision.top_means``, in the graph."""
    values = anomaly_map.flatten(1)
    highest = values.topk(min(max(*pixels, _SORTED), values.shape[1]), 1).values
    means = torch.stack([highest[:, :k].mean(1) for k in pixels], 1)
    return torch.sigmoid(torch.logit(means, LEAST).mean(1)) if len(pixels) > 1 else means[:, 0]
