"""Masks from boxes, scribbles and clicks, drawn a second time: by colours before training, by colours and the map once there is one.

A third of the way through, the averaged head says of each seen image what looks anomalous; inside the hint that is a better outline than
colours alone give (median IoU on bottle 0.83 instead of 0.48). The rest of the training learns from the new masks.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.labels.propose import propose
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.fit import Trainer, run
from edge_inspector.training.synthesis import Sources

REDRAW_AT = 1 / 3  # of the steps: the map is good enough for outlines, and most of the training is still to come
_NAME = "redrawn."  # of the masks in a checkpoint


@dataclass
class Redraw:
    """The seen anomalies of a run, and whether their masks have been drawn again."""

    sources: Sources
    done: bool = False

    def due(self, step: int, planned: int) -> bool:
        """Whether it is time after ``step`` of ``planned`` steps; never where masks are exact."""
        return not self.done and step >= REDRAW_AT * planned and any(seen.hints for seen in self.sources.seen)

    def apply(self, trainer: Trainer) -> Sources:
        """The sources with masks drawn again."""
        maps = averaged_maps(trainer, np.stack([seen.image for seen in self.sources.seen]))
        seen = tuple(redrawn(one, map_) for one, map_ in zip(self.sources.seen, maps, strict=True))
        self.sources, self.done = replace(self.sources, seen=seen), True
        return self.sources

    def tensors(self) -> dict[str, Tensor]:
        """The new masks, for a checkpoint; nothing before there are any."""
        if not self.done:
            return {}
        return {f"{_NAME}{number}": torch.from_numpy(seen.mask.copy()) for number, seen in enumerate(self.sources.seen)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a checkpoint's tensors."""
        if f"{_NAME}0" in tensors:
            masks = [tensors[f"{_NAME}{number}"].numpy() for number in range(len(self.sources.seen))]
            seen = tuple(replace(one, mask=mask) for one, mask in zip(self.sources.seen, masks, strict=True))
            self.sources, self.done = replace(self.sources, seen=seen), True


def redrawn(seen: SeenAnomaly, anomaly_map: NDArray[np.float32]) -> SeenAnomaly:
    """The seen anomaly with the mask that its hints mean by the map (h, w) over the whole input; as it is without hints."""
    if not seen.hints:
        return seen
    image, _ = seen.content
    if seen.window is None:
        return replace(seen, mask=propose(image, seen.hints, anomaly_map))
    mask = propose(image, seen.hints, seen.window.cut(anomaly_map))
    return replace(seen, mask=seen.window.pad(mask, False))


def averaged_maps(trainer: Trainer, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Maps (N, h, w) of uint8 images (N, H, W, 3) by the averaged head; the trainer is left as it is."""
    network = copy.copy(trainer.network)
    network._modules = dict(trainer.network._modules)  # a module of its own, so that another head can stand in it
    network.head = copy.deepcopy(trainer.network.head)
    network.head.load_state_dict(trainer.averaged)
    return run(network.eval(), images)[0]
