"""Threshold proposals: what held-out normals and made-up anomalies score, and a cut between them that errs rarely on either side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_inspector.settings.manifest import Thresholds

Scores = NDArray[np.float64]
_LOW, _HIGH = 1e-4, 1.0 - 1e-4


@dataclass(frozen=True)
class Evidence:
    """Image scores (n,) of normals and of anomalies, and per normal image the highest map value."""

    normals: Scores
    anomalies: Scores
    normal_peaks: Scores
    source: str  # where the normals come from, for people


def propose(evidence: Evidence) -> Thresholds:
    """Accept below the middle, in log-odds, of the highest normal and the lowest anomalies; where they overlap, at the fewest errors."""
    top = float(np.max(evidence.normals))
    low = float(np.quantile(evidence.anomalies, 0.02))
    accept = _middle(top, low) if low > top else fewest_errors(evidence.normals, evidence.anomalies)
    accept = min(max(accept, 0.02), 0.9)
    reject = max(accept, _middle(accept, float(np.quantile(evidence.anomalies, 0.25))))
    region = max(accept, _middle(float(np.quantile(evidence.normal_peaks, 0.95)), 0.5))
    return Thresholds(
        accept_threshold=round(accept, 4),
        reject_threshold=round(max(accept, reject), 4),
        region_threshold=round(min(region, 0.9), 4),
        evidence=describe(evidence, accept),
    )


def fewest_errors(normals: Scores, anomalies: Scores) -> float:
    """The cut with the lowest share of false rejects plus share of escapes, in the middle (in log-odds) of the gap it lies in.

    Of equals the lowest: an escape is worse than a false reject.
    """
    cuts = np.unique(np.concatenate([normals, anomalies]))
    errors = np.array([(normals >= cut).mean() + (anomalies < cut).mean() for cut in cuts])
    best = int(errors.argmin())
    return _middle(float(cuts[max(best - 1, 0)]), float(cuts[best]))


def describe(evidence: Evidence, accept: float) -> str:
    """What the proposal rests on, in a sentence."""
    rejects = int((evidence.normals >= accept).sum())
    escapes = int((evidence.anomalies < accept).sum())
    return (
        f"at the accept threshold {rejects} of {len(evidence.normals)} looks at {evidence.source} are rejected and "
        f"{escapes} of {len(evidence.anomalies)} synthetic anomalies pass; highest normal score {evidence.normals.max():.4f}, "
        f"2 % quantile of the anomalies {np.quantile(evidence.anomalies, 0.02):.4f}"
    )


def _middle(a: float, b: float) -> float:
    """The middle of two probabilities in log-odds."""
    logit = 0.5 * (_logit(a) + _logit(b))
    return 1.0 / (1.0 + math.exp(-logit))


def _logit(p: float) -> float:
    p = min(max(p, _LOW), _HIGH)
    return math.log(p / (1.0 - p))
