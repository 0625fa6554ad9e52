"""The folded backbone computes what the backbone computes."""

from __future__ import annotations

import pytest
import torch

from edge_inspector.prn.backbone import load_backbone
from edge_inspector.prn.folded import FoldedBackbone

TOLERANCES = {"float32": (torch.float32, 1e-4), "bfloat16": (torch.bfloat16, 0.2)}


@pytest.mark.parametrize(("dtype", "most"), TOLERANCES.values(), ids=TOLERANCES.keys())
@pytest.mark.parametrize("size", [(64, 64), (96, 64)], ids=str)
def test_maps_are_those_of_the_backbone(dtype: torch.dtype, most: float, size: tuple[int, int]) -> None:
    backbone = load_backbone()
    images = torch.randint(0, 256, (2, 3, *size), generator=torch.Generator().manual_seed(0)).float()
    with torch.no_grad():
        wanted = backbone(images)
    for ours, theirs in zip(FoldedBackbone(backbone, dtype)(images), wanted, strict=True):
        assert ours.dtype == torch.float32
        assert ours.shape == theirs.shape
        assert float((ours - theirs).abs().mean()) <= most * float(theirs.abs().mean())
