"""From how many deviations on a codebook's peaks count by themselves (``prn.evidence``): told by held-out normals once a head is trained.

Peaks and head are to agree about normals: the highest t that nine of ten normals stay below is to say as much as the image score that nine
of ten stay below: sigmoid(SLOPE (t_90 - limit)) = s_90. Were peaks to say more, normals would score by them and hide what the head has
learnt; less, and they would hardly be heard. Normals as they are: of a look that was changed a codebook has no words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from edge_inspector.decision import top_means
from edge_inspector.prn.codebook import LEAST_UNUSUAL, MOST_UNUSUAL
from edge_inspector.prn.evidence import SLOPE, USUAL, padded
from edge_inspector.prn.network import LEAST, PRN
from edge_inspector.training.evidence import Look
from edge_inspector.training.progress import Listener

MOST = 100  # normals looked at
FEWEST = 8  # that can tell
# Deviations; where normals reach more, the codebook knows too few of them. Nine of ten magnetic tiles stay below 5.9 if 685 make the
# codebook, and peaks gain; below 7.4 with 206, and they gain nothing; below 10 and 11 with 72 and 24, and they lose 0.02 and 0.01.
FAMILIAR = 8.0
_SHARE = 0.9
_BATCH = 8


def weigh(network: PRN, looks: Sequence[Look], listener: Listener) -> tuple[float, str]:
    """The limit by ``looks`` at held-out normals of a codebook's network without peaks, in deviations of t; and what it comes to, in words.

    0 where none is to count.
    """
    if len(looks) < FEWEST:
        return 0.0, f"no place counts by itself for being unlike any normal: {len(looks)} normals are held out, {FEWEST} could tell (of 40)"
    looks = looks[:MOST]
    listener.stage("weighing what is unlike any normal", len(looks))
    found: list[tuple[float, float]] = []
    for start in range(0, len(looks), _BATCH):
        found += _told(network, looks[start : start + _BATCH])
        listener.advance(len(found), len(looks), "")
    t, scores = [each[0] for each in found], [each[1] for each in found]
    limit = limit_of(t, scores)
    if limit:
        return limit, in_words(limit)
    return 0.0, "no place counts by itself for being unlike any normal: " + (
        "normal parts often look that unusual, of which more normals would teach more"
        if np.quantile(t, _SHARE) > FAMILIAR
        else "the head is surer of normal parts than that could be"
    )


def in_words(limit: float) -> str:
    """What a limit means."""
    return f"places unlike any normal count by themselves, as likely defects from {limit:.1f} deviations on"


def _told(network: PRN, looks: Sequence[Look]) -> list[tuple[float, float]]:
    """The highest t and the image score of each."""
    device = next(network.backbone.parameters()).device
    batch = torch.from_numpy(np.stack([image for image, _ in looks])).to(device)
    with torch.no_grad():
        features = network.backbone(batch.permute(0, 3, 1, 2).float())
        apart, _ = network.residuals(features)
        maps = network.anomaly_map(network.head(features, apart), apart).cpu().numpy()
        t = apart[-1][:, -1:].masked_fill(padded(batch), LEAST_UNUSUAL).amax((1, 2, 3)).tolist()
    scores = [top_means(window.cut(map_), network.pixels) for map_, (_, window) in zip(maps, looks, strict=True)]
    return list(zip(t, scores, strict=True))


def limit_of(t: Sequence[float], scores: Sequence[float]) -> float:
    """By the highest t and the image score of each normal; 0 where t is beyond FAMILIAR, or the limit beyond what t can be."""
    usual, score = float(np.quantile(t, _SHARE)), float(np.quantile(scores, _SHARE).clip(LEAST, 1.0 - LEAST))
    limit = max(round(usual - math.log(score / (1.0 - score)) / SLOPE, 3), USUAL)
    return limit if usual <= FAMILIAR and limit < MOST_UNUSUAL else 0.0
