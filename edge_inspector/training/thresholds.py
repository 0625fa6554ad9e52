"""Threshold proposals, from what held-out normals and made-up anomalies score.

The limit of normal scores is their median plus three robust standard deviations in log-odds: twenty normals show no one-in-a-hundred
score, but they do show their spread. Of fewer, such as frames in tiles, the spread itself is a guess, and the limit is
Student's prediction limit. The accept threshold lies above it by a quarter of the way to the weakest twentieth of the anomalies:
nearer to the normals because an escape is worse than a false reject, and because the weakest made-up anomalies are fainter than defects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from edge_inspector.settings.manifest import Thresholds

Scores = NDArray[np.float64]
_LOW, _HIGH = 1e-4, 1.0 - 1e-4  # log-odds need an end
_FLOOR, _CEILING = 0.02, 0.9  # of proposals
_LEAST_SPREAD = 0.1  # log-odds: identical normals tell nothing of the next one
_ENOUGH = 20  # normals: three median deviations are passed by 1.1 % of those to come where twenty tell it, by 3.5 % where eight do
_RARE = 0.005  # share of normals above Student's limit; of sixteen it is three spreads above their mean
_FEWEST = 8  # normals whose own factor counts (3.7 spreads); of two it would be 78, and everything would pass


@dataclass(frozen=True)
class Evidence:
    """Image scores (n,) of normals and of anomalies, and per normal image the highest map value."""

    normals: Scores
    anomalies: Scores
    normal_peaks: Scores
    source: str  # where the normals come from, for people


def propose(evidence: Evidence) -> Thresholds:
    """Accept, reject and region thresholds, and the evidence in words."""
    limit = normal_limit(evidence.normals)
    weak, middling = (float(q) for q in np.quantile(evidence.anomalies, (0.05, 0.25)))
    accept = min(max(between(limit, weak, 0.25) if weak > limit else limit, _FLOOR), _CEILING)
    reject = max(accept, between(accept, middling, 0.5))
    peak = float(np.quantile(evidence.normal_peaks, 0.95))
    region = min(max(accept, between(peak, 0.5, 0.5)), _CEILING)
    return Thresholds(
        accept_threshold=round(accept, 4),
        reject_threshold=round(reject, 4),
        region_threshold=round(region, 4),
        evidence=describe(evidence, accept),
    )


def normal_limit(normals: Scores) -> float:
    """What hardly one normal part in a hundred scores above, 0..1: median + 3 * 1.4826 * median absolute deviation, in log-odds.

    Of fewer than 20 scores it is Student's one-sided prediction limit at 0.005: mean + t(n-1) s sqrt(1 + 1/n) (Hahn and Meeker, Statistical
    Intervals, 1991, section 4.7), below 8 with the factor of 8: of three scores it is passed by 4 %, as an escape is worse than a false
    reject. Scores farther than four robust deviations from the median count as that far: one bad part must not raise the limit to its own.
    """
    logits = np.array([_logit(float(score)) for score in normals])
    middle = float(np.median(logits))
    spread = max(1.4826 * float(np.median(np.abs(logits - middle))), _LEAST_SPREAD)
    if len(logits) >= _ENOUGH:
        return _probability(middle + 3.0 * spread)
    return _probability(_limit_for_one_more(np.clip(logits, middle - 4.0 * spread, middle + 4.0 * spread)))


def _limit_for_one_more(logits: Scores) -> float:
    count = max(len(logits), _FEWEST)
    spread = max(float(logits.std(ddof=1)) if len(logits) > 1 else 0.0, _LEAST_SPREAD)
    return float(logits.mean()) + float(stdtrit(count - 1, 1.0 - _RARE)) * spread * math.sqrt(1.0 + 1.0 / count)


def between(a: float, b: float, share: float) -> float:
    """``share`` of the way from one probability to another, in log-odds."""
    return _probability((1.0 - share) * _logit(a) + share * _logit(b))


def describe(evidence: Evidence, accept: float) -> str:
    """What the proposal rests on, in a sentence."""
    rejects = int((evidence.normals >= accept).sum())
    escapes = int((evidence.anomalies < accept).sum())
    return (
        f"at the accept threshold {rejects} of {len(evidence.normals)} scores of {evidence.source} are rejected and "
        f"{escapes} of {len(evidence.anomalies)} synthetic anomalies pass; highest normal score {evidence.normals.max():.4f}, "
        f"5 % quantile of the anomalies {np.quantile(evidence.anomalies, 0.05):.4f}"
    )


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


def _logit(p: float) -> float:
    p = min(max(p, _LOW), _HIGH)
    return math.log(p / (1.0 - p))
