"""Image metrics by defect type, at a stated rate of false rejects: what a new bundle gains and what it loses.

Recall is the share of a type's images that score above the 95 % quantile of the good ones, so that at most one good part in twenty is
rejected: two bundles are compared at the same price, whatever thresholds they propose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from edge_inspector import images
from edge_inspector.engine.base import Engine
from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.evaluate import Watch, judge_image, proposed_judge
from edge_inspector.evaluation.layouts import Sample
from edge_inspector.evaluation.metrics import image_auroc

FALSE_REJECTS = 0.05  # share of the good images that the threshold of ``recall`` may reject


@dataclass(frozen=True, slots=True)
class Scored:
    """One judged image; ``score`` is its image score, NaN where the decision failed (it rejects)."""

    sample: Sample
    score: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of ``n`` defective images against all good ones: image AUROC, and recall at FALSE_REJECTS; both 0..1."""

    image_auroc: float
    recall: float
    n: int


@dataclass(frozen=True, slots=True)
class ByType:
    """Figures of all defective images and of each defect type, all against the same ``n_good`` good images."""

    total: Figures
    types: Mapping[str, Figures]
    n_good: int

    def as_json(self) -> dict[str, object]:
        """image_auroc, recall and n of all; n_good; false_rejects; and ``types``: the same of each type."""
        types = {name: asdict(figures) for name, figures in self.types.items()}
        return {**asdict(self.total), "n_good": self.n_good, "false_rejects": FALSE_REJECTS, "types": types}

    def flat(self, prefix: str) -> dict[str, float]:
        """The same as ``prefix.image_auroc``, ``prefix.crack.recall`` and so on: the form of a manifest's metrics."""
        rows = [("", self.total), *((f"{name}.", figures) for name, figures in self.types.items())]
        found = {f"{prefix}.{row}{key}": float(value) for row, figures in rows for key, value in asdict(figures).items()}
        return {**found, f"{prefix}.n_good": float(self.n_good)}


def scored(engine: Engine, samples: Sequence[Sample], watch: Watch = iter) -> tuple[Scored, ...]:
    """Judge every sample as the line would; ``watch`` may follow (progress).

    Raises ImageError for a file that cannot be read, EngineError, SettingsError where the manifest proposes no thresholds.
    """
    judge = proposed_judge(engine)
    engine.warm_up()
    verdicts = ((sample, judge_image(judge, images.decode(sample.path), str(sample.path)).verdict) for sample in watch(samples))
    return tuple(Scored(sample, verdict.score) for sample, verdict in verdicts)


def by_type(found: Sequence[Scored]) -> ByType:
    """The figures of judged images. Raises DatasetError unless there are good and defective ones."""
    good = _scores(found, "good")
    if not len(good) or len(good) == len(found):
        raise DatasetError(f"{len(good)} good and {len(found) - len(good)} defective images; figures need both")
    types = sorted({each.sample.defect for each in found if each.sample.label == "bad"})
    return ByType(_figures(good, _scores(found, "bad")), {name: _figures(good, _scores(found, "bad", name)) for name in types}, len(good))


def limit(good: NDArray[np.float64]) -> float:
    """The threshold of ``recall``: at most FALSE_REJECTS of the ``good`` scores lie above it."""
    return float(np.quantile(good, 1.0 - FALSE_REJECTS, method="higher"))


def _figures(good: NDArray[np.float64], bad: NDArray[np.float64]) -> Figures:
    labels = [False] * len(good) + [True] * len(bad)
    return Figures(image_auroc([*good, *bad], labels), float((bad > limit(good)).mean()), len(bad))


def _scores(found: Sequence[Scored], label: str, defect: str = "") -> NDArray[np.float64]:
    """Scores of one label, and of one type where given; one that is no number ranks above all."""
    scores = [each.score for each in found if each.sample.label == label and defect in ("", each.sample.defect)]
    return np.nan_to_num(np.asarray(scores, np.float64), nan=np.inf, posinf=np.inf)
