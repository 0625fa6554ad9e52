"""What thresholds would have done to parts whose scores are on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.model.intervals import clopper_pearson
from ui.model.tune import Rules

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Parts as arrays (n,), oldest first. ``area`` is of a part's largest region in pixels, 0 where none.

    ``missed`` parts are not among them: no threshold makes them inspected. ``unscored``: those without a finite score.
    ``otherwise``: those of recipe versions that score otherwise.
    """

    part_ids: tuple[str, ...]
    score: Floats
    area: Floats
    good: Flags
    bad: Flags
    missed: int = 0
    unscored: int = 0
    otherwise: int = 0

    def __len__(self) -> int:
        return len(self.part_ids)

    @property
    def unknown(self) -> Flags:
        """Parts that nobody has judged."""
        return np.asarray(~(self.good | self.bad), np.bool_)


def scores_from(parts: Iterable[Mapping[str, Any]], scored_alike: Callable[[str], bool] = lambda _label: True) -> Scores:
    """From the parts of ``tune.scores``; ``scored_alike`` says which recipe versions' scores count, by ``name:version``."""
    told = list(parts)
    alike = {label: scored_alike(label) for label in {str(part.get("recipe") or "") for part in told}}
    listed = [part for part in told if alike[str(part.get("recipe") or "")]]
    inspected = [part for part in listed if part.get("outcome") != "missed"]
    score = np.array([float("nan" if part.get("score") is None else part["score"]) for part in inspected], np.float64)
    finite = np.isfinite(score)
    kept = [part for part, usable in zip(inspected, finite, strict=True) if usable]
    return Scores(
        tuple(str(part["part_id"]) for part in kept),
        score[finite],
        np.array([float(part.get("area") or 0.0) for part in kept], np.float64),
        np.array([part.get("truth") == "good" for part in kept], np.bool_),
        np.array([part.get("truth") == "bad" for part in kept], np.bool_),
        missed=len(listed) - len(inspected),
        unscored=int(len(inspected) - finite.sum()),
        otherwise=len(told) - len(listed),
    )


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``of``."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """0..1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % by Clopper and Pearson; None of nothing."""
        return clopper_pearson(self.count, self.of) if self.of else None


@dataclass(frozen=True, slots=True)
class Effect:
    """``by_region``: of the rejected, those that a region's area rejects whatever the score. ``false_rejects``: good parts not accepted,
    of all judged good; ``escapes``: bad parts accepted, of all judged bad."""

    accepted: int
    review: int
    rejected: int
    by_region: int
    false_rejects: Share
    escapes: Share


def effect(scores: Scores, rules: Rules) -> Effect:
    """What ``rules`` would have made of the parts, with the regions as they were measured then."""
    region = by_region(scores, rules)
    accepted = ~region & (scores.score < rules.accept_threshold)
    review = ~region & ~accepted & (scores.score < rules.reject_threshold)
    return Effect(
        _count(accepted),
        _count(review),
        _count(~accepted & ~review),
        _count(region),
        Share(_count(scores.good & ~accepted), _count(scores.good)),
        Share(_count(scores.bad & accepted), _count(scores.bad)),
    )


def by_region(scores: Scores, rules: Rules) -> Flags:
    """Parts that a region rejects whatever the score; a region below the minimum area counts for nothing."""
    if rules.reject_area_px is None:
        return np.zeros(len(scores), np.bool_)
    return np.asarray(scores.area >= max(rules.reject_area_px, rules.minimum_area_px), np.bool_)


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram: ``edges`` (bins + 1,), and counts (bins,) of each sort."""

    edges: Floats
    good: NDArray[np.int64]
    bad: NDArray[np.int64]
    unknown: NDArray[np.int64]

    @property
    def most(self) -> int:
        """The highest bar."""
        return int(max(kind.max(initial=0) for kind in (self.good, self.bad, self.unknown)))


def bars(scores: Scores, top: float, bins: int = 48) -> Bars:
    """Counts of scores from 0 to ``top`` (0..1, or the highest score where that is higher)."""
    high = max(top, float(scores.score.max(initial=0.0)), 1e-6)
    edges = np.linspace(0.0, high, bins + 1)

    def counted(which: Flags) -> NDArray[np.int64]:
        return np.asarray(np.histogram(scores.score[which], edges)[0], np.int64)

    return Bars(edges, counted(scores.good), counted(scores.bad), counted(scores.unknown))


def beside(scores: Scores, threshold: float, above: bool) -> str:
    """The part_id whose score is next to ``threshold``: at or above it, or below; "" where there is none."""
    there = np.flatnonzero(scores.score >= threshold if above else scores.score < threshold)
    if not there.size:
        return ""
    nearest = there[np.argmin(np.abs(scores.score[there] - threshold))]
    return scores.part_ids[int(nearest)]
