"""What a codebook says by itself, beside the head.

The head learns from made-up anomalies, and from seen ones, what defects look like. t, the last channel of a codebook's residual, knows
nothing of defects and only whether the like of a place was ever seen among normals. It is heard in two ways, both after training, or the
head would take back what they add:

- everywhere, as log-odds added to the head's: ``EVIDENCE`` for each deviation beyond ``USUAL``, which normal places reach too;
- of whole parts by itself, at its peaks: a place more unlike any normal than normal images are anywhere is anomalous whatever the head
  says. A defect of a type that was never shown may look normal to a head that has learnt others. Head and peak are two causes either of
  which is enough (noisy OR: Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, section 4.3.2).

t is known for cells of 16 x 16 input pixels. Shown all over its cells a peak would hide how large a defect is, so it is a small spot in the
middle of its cell: enough for an image score, which is of a few pixels, and hardly any of a map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from edge_inspector.geometry import PADDING
from edge_inspector.prn.backbone import STRIDES
from edge_inspector.prn.codebook import LEAST_UNUSUAL
from edge_inspector.prn.head import SCALES, HeadForm

# Chosen on magnetic tiles among 0, 0.1, 0.15, 0.2, 0.3, 0.5 and 1 (of t less USUAL, not only where that is positive): up to 0.2 image AUROC
# gains much, beyond it pixel AP loses more.
EVIDENCE = 0.2  # log-odds for each deviation of t beyond USUAL
USUAL = 2.0  # deviations that places of a normal image reach too, where it shows a whole part
SLOPE = 0.5  # log-odds of a peak for each deviation beyond the limit
CELL = STRIDES[SCALES - 1]  # input pixels, of a place of the coarsest residual
_YIELD = 4.0  # a place next to a higher one counts e^-4 for each deviation between them: smooth, so that rounding moves no peak
_SPOT = 1.0  # map pixels, the deviation of a spot about the middle of its cell


def evidence(t: Tensor, size: tuple[int, int], form: HeadForm) -> Tensor:
    """t (N, 1, h_3, w_3) -> log-odds (N, 1, *size) to add to the head's."""
    beyond = F.interpolate(t, size=size, mode="bilinear", align_corners=False) - (USUAL if form.usual is None else form.usual)
    return (EVIDENCE if form.evidence is None else form.evidence) * (F.relu(beyond) if form.unusual_only else beyond)


def noisy_or(first: Tensor, second: Tensor) -> Tensor:
    """Either of two causes is enough, probabilities of one shape: 1 - (1 - p) (1 - q)."""
    return first + (1.0 - first) * second


def peaks(t: Tensor, padding: Tensor, size: tuple[int, int], limit: float) -> Tensor:
    """t (N, 1, h_3, w_3) -> how likely its peaks are anomalous (N, 1, *size), in 0..1, one half at ``limit`` deviations.

    Places yield to higher ones beside them, as boxes do in soft non-maximum suppression (Bodla et al., "Soft-NMS", ICCV 2017). Those in the
    padding, where ``padding`` (N, 1, h_3, w_3) bool is True, are unlike any part: none is a peak, and none of the part yields to them.
    """
    t = torch.where(padding, LEAST_UNUSUAL, t)
    highest = F.max_pool2d(t, 3, 1, 1)
    found = torch.sigmoid(SLOPE * (t - limit)) * torch.exp(_YIELD * (t - highest))
    spot = _spot(size[0] // t.shape[-2]).to(t.device)
    return (found[:, :, :, None, :, None] * spot[:, None, :]).flatten(4, 5).flatten(2, 3)


def padded(image: Tensor) -> Tensor:
    """Which cells lie in the padding, by the pixel in their middle: image uint8 (N, H, W, 3) -> bool (N, 1, h_3, w_3).

    Padding is whole rows or columns of grey; a part may have a grey pixel anywhere.
    """
    middles = image[:, CELL // 2 :: CELL, CELL // 2 :: CELL].float()  # TensorRT compares no whole numbers with others
    away = (middles - PADDING).abs().amax(-1)[:, None]  # (N, 1, h_3, w_3)
    return torch.minimum(away.amax(2, keepdim=True), away.amax(3, keepdim=True)) < 0.5


def _spot(cell: int) -> Tensor:
    """A spot in the middle of a cell of so many map pixels: 1 in its middle pixels, less around (cell, cell)."""
    away = torch.arange(cell, dtype=torch.float32) - (cell - 1) / 2
    square = away.square()
    across = torch.exp((square.min() - square) / (2 * _SPOT**2))
    return torch.outer(across, across)
