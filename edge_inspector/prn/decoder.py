"""The decoder: from the backbone's deepest map up to the segmentation map, with a skip from the fused features at each scale on the way."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from edge_inspector.prn.fusion import double


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Decoder(nn.Module):
    """``deep`` channels at stride 32, ``skips`` channels at strides 4, 8, 16 -> one logit a pixel at stride 2.

    On the way up a map is first brought to its skip's channels, then doubled, then added to it: a convolution over both side by side would
    cost as many products again. The last block works at the map's own stride, where hair cracks show, on few channels.

    ``taken`` of the skips are used, coarsest first. The coarsest is the way in for everything but the deepest map: at least one is.
    """

    def __init__(self, deep: int, skips: Sequence[int], widths: Sequence[int], last: int, taken: int = 3) -> None:
        super().__init__()
        self.taken = taken
        self.lower, self.merge = nn.ModuleList(), nn.ModuleList()
        inputs = deep
        for skip, width in list(zip(skips, widths, strict=True))[::-1]:
            self.lower.append(nn.Conv2d(inputs, skip, 1))
            self.merge.append(_block(skip, width))
            inputs = width
        self.narrow = nn.Conv2d(inputs, last, 1, bias=False)  # the normalisation behind it would take a bias away
        self.refine = _block(last, last)
        self.segment = nn.Conv2d(last, 1, 3, padding=1)
        nn.init.constant_(self.segment.bias, -4.0)  # type: ignore[arg-type]  # most pixels are normal: start by saying so

    def forward(self, deep: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """(N, deep, H/32, W/32), [(N, c_j, H/4.., W/4..)] -> logits (N, 1, H/2, W/2)."""
        x = deep
        for number, (lower, merge, skip) in enumerate(zip(self.lower, self.merge, reversed(skips), strict=True)):
            x = double(lower(x))
            x = merge(F.relu(x + skip if number < self.taken else x))
        return self.segment(self.refine(double(self.narrow(x))))  # type: ignore[no-any-return]
