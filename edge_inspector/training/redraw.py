"""Masks from boxes, scribbles and clicks, drawn again: by colours before training, by colours and the map once there is one.

A head that learns from fat masks draws fat maps, and confirms them (median IoU on bottle's ten boxes: by colours 0.50, by the map of a head
that had learnt from those 0.55). So until the first redrawing the head learns from simulated anomalies alone, whose masks are exact; by its
map of the seen images (0.69 after 110 steps) the masks are drawn to go on with, and at two thirds once more. A head that has learnt before
draws them at once: nothing is held back, least of all the masks that a person painted for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.labels.propose import propose
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.fit import Trainer, run
from edge_inspector.training.synthesis import Sources

REDRAW_AT = (1 / 3, 2 / 3)  # of the steps
_NAME, _TIMES = "redrawn.", "redrawn.times"  # of the masks in a checkpoint, and of how often they were drawn


@dataclass
class Redraw:
    """The seen anomalies of a run, and how often their masks have been drawn again."""

    full: Sources
    times: int = 0

    @property
    def sources(self) -> Sources:
        """What to learn from now: without seen anomalies before masks from hints are drawn again, where something else is left."""
        if self.times or not self._hinted or "simulated" not in self.full.kinds:
            return self.full
        return replace(self.full, kinds=("simulated",))

    @property
    def _hinted(self) -> bool:
        return any(seen.hints for seen in self.full.seen)

    def due(self, step: int, planned: int) -> bool:
        """Whether it is time after ``step`` of ``planned`` steps; never where masks are exact."""
        return self.times < len(REDRAW_AT) and step >= REDRAW_AT[self.times] * planned and self._hinted

    def begin(self, trainer: Trainer) -> None:
        """Draw the masks by the map of a head that has learnt the product already; they are not drawn a second time."""
        if self._hinted and not self.times:
            self.apply(trainer)

    def apply(self, trainer: Trainer) -> Sources:
        """The sources with masks drawn again."""
        maps = run(trainer.as_averaged(), np.stack([seen.image for seen in self.full.seen]))[0]
        seen = tuple(redrawn(one, map_) for one, map_ in zip(self.full.seen, maps, strict=True))
        self.full, self.times = replace(self.full, seen=seen), self.times + 1
        return self.sources

    def tensors(self) -> dict[str, Tensor]:
        """The new masks, for a checkpoint; nothing before there are any."""
        if not self.times:
            return {}
        masks = {f"{_NAME}{number}": torch.from_numpy(seen.mask.copy()) for number, seen in enumerate(self.full.seen)}
        return {**masks, _TIMES: torch.tensor(self.times)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a checkpoint's tensors."""
        if _TIMES in tensors:
            masks = [tensors[f"{_NAME}{number}"].numpy() for number in range(len(self.full.seen))]
            seen = tuple(replace(one, mask=mask) for one, mask in zip(self.full.seen, masks, strict=True))
            self.full, self.times = replace(self.full, seen=seen), int(tensors[_TIMES])


def redrawn(seen: SeenAnomaly, anomaly_map: NDArray[np.float32]) -> SeenAnomaly:
    """The seen anomaly with the mask that its hints mean by the map (h, w) over the whole input; as it is without hints."""
    if not seen.hints:
        return seen
    image, _ = seen.content
    if seen.window is None:
        return replace(seen, mask=propose(image, seen.hints, anomaly_map))
    mask = propose(image, seen.hints, seen.window.cut(anomaly_map))
    return replace(seen, mask=seen.window.pad(mask, False))
