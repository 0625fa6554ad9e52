"""Hard normals: those that a head which knows the product already takes for defective sooner than others.

A normal's score is told by its worst place, and what rejects good parts is the rare mark that looks like a defect: a stain, a scratch that
passes. Shown as often as any other, a tenth of the normals is met too rarely in a short retraining to be learnt. (Mining of hard negatives:
Sung and Poggio 1998, "Example-based learning for view-based human face detection"; here once, before the first step.)
"""

from __future__ import annotations

import numpy as np

from edge_inspector.prn.network import PRN
from edge_inspector.training.evidence import scored
from edge_inspector.training.synthesis import Sources

HARDEST, HARD_FROM = 0.1, 40  # share of the normals that count as hard, and of how many: of fewer, each is met often anyway
MOST_LOOKS = 1024  # normals scored, at most: some twenty seconds on two cores


def hardest(network: PRN, sources: Sources) -> tuple[int, ...]:
    """Numbers of the HARDEST of the normals, or of MOST_LOOKS that lie evenly among them, by their scores; none of fewer than HARD_FROM.

    The score is the judge's: what lies in a normal's window alone counts.
    """
    count = len(sources.normals)
    if count < HARD_FROM:
        return ()
    looked = list(range(count)) if count <= MOST_LOOKS else [number * count // MOST_LOOKS for number in range(MOST_LOOKS)]
    scores, _ = scored(network, [(sources.normals[number], sources.window(number)) for number in looked])
    order = np.argsort(-scores, kind="stable")[: int(HARDEST * len(looked))]
    return tuple(looked[number] for number in order)
