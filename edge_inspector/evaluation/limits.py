"""What a form may differ by from torch in float32 and still be said to decide alike; the reasons are in docs/decisions/0016."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from edge_inspector.evaluation.equivalence import TOLERANCE
from edge_inspector.evaluation.pairs import Pair
from edge_inspector.settings.certificate import Precision

AUROC_CHANGE = 0.003
LEAST_IMAGES = 60  # labelled: where none of so many verdicts flips, at most one of twenty does (95 % confidence: 3 / 60)
LEAST_OF_A_LABEL = 10  # of these, or the AUROC says little


@dataclass(frozen=True, slots=True)
class Limits:
    """Scores and maps in 0..1. ``margin``: nearer to a threshold than this, torch's own score decides by luck, and a flip is no error."""

    margin: float
    score_difference: float
    map_difference_mean: float
    flips_in_margin: float  # share of the images; one is always allowed
    image_auroc_change: float = AUROC_CHANGE

    def as_dict(self) -> dict[str, float]:
        """As a certificate keeps them."""
        return asdict(self)


_HALF = Limits(margin=0.01, score_difference=0.05, map_difference_mean=0.005, flips_in_margin=0.02)
BY_PRECISION: dict[Precision, Limits] = {
    "fp16": _HALF,
    "bf16": _HALF,
    "int8": Limits(margin=0.02, score_difference=0.10, map_difference_mean=0.02, flips_in_margin=0.02),
}


def limits_of(precision: Precision) -> dict[str, float]:
    """The limits by name."""
    if precision == "f32":
        return {"tolerance": TOLERANCE, "image_auroc_change": AUROC_CHANGE}
    return BY_PRECISION[precision].as_dict()


def margin_of(precision: Precision) -> float:
    """Of f32: as far as a score may differ at all where no prototype flips."""
    return TOLERANCE if precision == "f32" else BY_PRECISION[precision].margin


def failures_of(precision: Precision, pairs: Sequence[Pair], aurocs: tuple[float, float] | None) -> tuple[str, ...]:
    """What passed its limit, one line each; ``aurocs`` are torch's and the form's."""
    found = _unequal(pairs) if precision == "f32" else _beyond(BY_PRECISION[precision], pairs)
    if aurocs is not None and not abs(aurocs[0] - aurocs[1]) <= AUROC_CHANGE:
        found.append(f"image AUROC {aurocs[1]:.4f} instead of {aurocs[0]:.4f}: a change of more than {AUROC_CHANGE:g}")
    return tuple(found)


def reservations_of(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Why ``auto`` does not choose a form below f32 that has passed: nobody asked for it, so nothing at all may be seen of it."""
    good, bad = (sum(pair.bad is label for pair in pairs) for label in (False, True))
    found = []
    if good + bad < LEAST_IMAGES or min(good, bad) < LEAST_OF_A_LABEL:
        found.append(
            f"rests on {good} good and {bad} bad labelled images; auto asks for {LEAST_IMAGES}, "
            f"{LEAST_OF_A_LABEL} of each at least: verify with --data DIR --layout NAME"
        )
    flips = sum(pair.flipped for pair in pairs)
    if flips:
        found.append(f"{flips} verdicts flip, if only near a threshold; auto asks for none")
    return tuple(found)


def _unequal(pairs: Sequence[Pair]) -> list[str]:
    """The rule of float32: equal within TOLERANCE, image by image, but for what flips of prototypes explain."""
    unequal = [pair.comparison for pair in pairs if not pair.comparison.equal]
    if not unequal:
        return []
    worst = max(unequal, key=lambda c: (not math.isfinite(c.map_difference), c.map_difference))
    return [
        f"{len(unequal)} of {len(pairs)} images differ by more than {TOLERANCE:g} and what flips of prototypes explain; "
        f"the worst, {worst.name}, by {worst.map_difference:.3g} in the map and {worst.score_difference:.3g} in the score"
    ]


def _beyond(limits: Limits, pairs: Sequence[Pair]) -> list[str]:
    found = []
    score = greatest(pair.score_difference for pair in pairs)
    mean = greatest(pair.comparison.map_difference_mean for pair in pairs)
    for name, value, limit in (
        ("score difference", score, limits.score_difference),
        ("mean map difference", mean, limits.map_difference_mean),
    ):
        if not value <= limit:
            found.append(f"{name} {value:.4f} > {limit:g}")
    flipped = [pair for pair in pairs if pair.flipped]
    beyond = [pair for pair in flipped if not pair.near(limits.margin)]
    if beyond:
        found.append(f"{len(beyond)} of {len(pairs)} verdicts flip further than {limits.margin:g} from a threshold, as {beyond[0].text}")
    near, most = len(flipped) - len(beyond), max(1, math.floor(limits.flips_in_margin * len(pairs)))
    if near > most:
        found.append(f"{near} of {len(pairs)} verdicts flip near a threshold; at most {most} may")
    return found


def greatest(values: Iterable[float]) -> float:
    """The greatest; NaN where one is, which ``max`` would hide."""
    listed = list(values)
    return math.nan if any(math.isnan(value) for value in listed) else max(listed, default=0.0)
