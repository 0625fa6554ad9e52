"""The decoder: from the backbone's deepest map up to the segmentation map, with a skip from the fused features at each scale on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RefineStride = Literal[2, 4]


def _block(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """``deep`` channels at stride 32, ``skips`` channels at strides 4, 8, 16 -> one logit a pixel at stride 2.

    ``taken`` of the skips are used, coarsest first. The coarsest is the way in for everything but the deepest map: at least one is.
    The last block works at stride ``refine_stride``, before or after the last doubling.
    """

    def __init__(
        self, deep: int, skips: Sequence[int], widths: Sequence[int], last: int, taken: int = 3, refine_stride: RefineStride = 2
    ) -> None:
        super().__init__()
        self.taken = taken
        self.refine_stride = refine_stride
        upwards = list(zip(skips, widths, strict=True))[::-1]
        self.enter = _block(deep, widths[-1], 1)
        self.merge = nn.ModuleList()
        inputs = widths[-1]
        for number, (skip, width) in enumerate(upwards):
            self.merge.append(_block(inputs + skip if number < taken else inputs, width))
            inputs = width
        self.refine = _block(inputs, last)
        self.segment = nn.Conv2d(last, 1, 3, padding=1)
        nn.init.constant_(self.segment.bias, -4.0)  # type: ignore[arg-type]  # most pixels are normal: start by saying so

    def forward(self, deep: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """(N, deep, H/32, W/32), [(N, c_j, H/4.., W/4..)] -> logits (N, 1, H/2, W/2)."""
        x = self.enter(deep)
        for number, (merge, skip) in enumerate(zip(self.merge, reversed(skips), strict=True)):
            x = merge(torch.cat([_double(x), skip], 1) if number < self.taken else _double(x))
        refined = _double(self.refine(x)) if self.refine_stride == 4 else self.refine(_double(x))
        return self.segment(refined)  # type: ignore[no-any-return]
