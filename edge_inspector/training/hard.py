"""Hard normals: those that a head which knows the product already takes for defective sooner than others.

A normal's score is told by its worst place, and what rejects good parts is the rare mark that looks like a defect: a stain, a scratch that
passes. Shown as often as any other, a tenth of the normals is met too rarely in a short retraining to be learnt. Sung and Poggio ("Example-
based learning for view-based human face detection", IEEE PAMI 20, 1998) add what a detector takes for faces to its examples time and again;
here it is done once, before the first step: done again at each third it gained nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from edge_inspector.prn.network import PRN
from edge_inspector.training.evidence import scored
from edge_inspector.training.progress import Listener
from edge_inspector.training.synthesis import Sources

HARDEST, HARD_FROM = 0.1, 40  # share of the normals looked at that count as hard, and of how many: of fewer, each is met often anyway
LOOKED = 64 << 20  # pixels of normals looked at, at most: 1,024 of 256 x 256, a minute on two cores
_CHUNK = 64  # normals at once
_NAME = "hard.normals"  # in a checkpoint


def hardest(network: PRN, sources: Sources, listener: Listener, time_left: Callable[[], bool] = lambda: True) -> tuple[int, ...]:
    """Numbers of the normals that score highest, hardest first: HARDEST of those looked at, none of fewer than HARD_FROM.

    Looked at are all, or as many as LOOKED allows (HARD_FROM at least), in drawn order while there is ``time_left``. The score is the
    judge's of a whole part: what lies in a normal's window alone counts.
    """
    count = len(sources.normals)
    if count < HARD_FROM:
        return ()
    most = min(count, max(HARD_FROM, LOOKED // (sources.normals.shape[1] * sources.normals.shape[2])))
    looked = np.random.default_rng(count).permutation(count)[:most].tolist()
    listener.stage("looking for hard normals", most)
    scores: list[float] = []
    while len(scores) < most and (not scores or time_left()):
        chunk = looked[len(scores) : len(scores) + _CHUNK]
        scores.extend(scored(network, [(sources.normals[number], sources.window(number)) for number in chunk])[0].tolist())
        listener.advance(len(scores), most, "")
    order = np.argsort(-np.array(scores), kind="stable")[: int(HARDEST * len(scores))]
    return tuple(looked[number] for number in order)


def tensors(hard: Sequence[int]) -> dict[str, Tensor]:
    """For a checkpoint: which they are decides on every batch, and another number of threads may score them otherwise."""
    return {_NAME: torch.tensor(hard, dtype=torch.int64)}


def stored(found: Mapping[str, Tensor]) -> tuple[int, ...] | None:
    """Those of a checkpoint; None where it is of a version that kept none."""
    return tuple(found[_NAME].tolist()) if _NAME in found else None
