"""The batches of a run, made on the device. A batch depends on seed, step and device alone, so a resumed run goes on as if never stopped.

No thread makes them ahead: the device works through its queue while the host goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import torch
from torch import Tensor
from torch.nn import functional as F

from edge_inspector.training.device.stock import Stock, uploaded, with_seen
from edge_inspector.training.device.synthesis import make_batch
from edge_inspector.training.synthesis import Sources


@dataclass(frozen=True)
class DeviceBatch:
    """``training.batches.Batch`` on the device: ``images`` uint8 (N, H, W, 3), ``masks`` float32 (N, 1, H/2, W/2) in 0..1."""

    step: int
    images: Tensor
    masks: Tensor


@torch.no_grad()
def device_batch(stock: Stock, size: int, seed: int, step: int) -> DeviceBatch:
    """The batch of a step; each pixel of a mask is the mean of its four, as the network's map has half the image's size."""
    made = make_batch(stock, size, seed, step)
    return DeviceBatch(step, made.canvases.permute(0, 2, 3, 1).contiguous(), F.avg_pool2d(made.masks, 2))


class DeviceBatches:
    """The batches of steps ``first`` .. in order; a context manager, as ``training.batches.Batches`` is.

    Raises ValueError as ``stock.uploaded``.
    """

    def __init__(self, sources: Sources, size: int, seed: int, first: int, device: torch.device) -> None:
        self._stock = uploaded(sources, device)
        self._size, self._seed, self._step = size, seed, first

    def __enter__(self) -> DeviceBatches:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to end: what the device still works on belongs to nobody."""

    def change(self, sources: Sources, step: int) -> None:
        """Make the batches from ``step`` on with the seen anomalies and kinds of other sources, whose normals and textures are the same."""
        self._stock, self._step = with_seen(self._stock, sources), step

    def take(self) -> DeviceBatch:
        """The next batch."""
        batch = device_batch(self._stock, self._size, self._seed, self._step)
        self._step += 1
        return batch
