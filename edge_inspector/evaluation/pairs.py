"""One image judged twice: by torch, or by what stands for it, and by the form that is to be proven."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_inspector import images
from edge_inspector.engine.base import Engine, best_batch
from edge_inspector.errors import SettingsError
from edge_inspector.evaluation.equivalence import Comparison, Reference, compare_maps, places_of
from edge_inspector.evaluation.evaluate import judge_image
from edge_inspector.evaluation.layouts import Sample
from edge_inspector.judge import Judge
from edge_inspector.records import Image, Reason, ScoreMap, Verdict
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest
from edge_inspector.settings.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Pair:
    """``wanted`` is torch's verdict, ``found`` the form's; ``thresholds`` are accept and reject of torch's side.

    ``bad`` is None where there is no label.
    """

    comparison: Comparison
    wanted: Verdict
    found: Verdict
    thresholds: tuple[float, float]
    bad: bool | None = None

    @property
    def flipped(self) -> bool:
        """Whether the form accepts, reviews or rejects what torch does not."""
        return self.wanted.decision is not self.found.decision

    @property
    def score_difference(self) -> float:
        """The greater of the graph's score's and the decision's; NaN where one of two scores is."""
        scores = (self.wanted.score, self.found.score)
        if all(math.isnan(score) for score in scores):
            return self.comparison.score_difference
        both = (abs(scores[0] - scores[1]), self.comparison.score_difference)
        return math.nan if any(math.isnan(value) for value in both) else max(both)

    def near(self, margin: float) -> bool:
        """Whether torch's own score lies this near to a threshold, and the score alone decided on both sides."""
        by_score = {self.wanted.reason, self.found.reason} <= {Reason.NONE, Reason.SCORE}
        return by_score and any(abs(self.wanted.score - threshold) <= margin for threshold in self.thresholds)

    @property
    def text(self) -> str:
        """For a failure: which image, and how it was judged."""
        wanted, found = self.wanted, self.found
        return f"{self.comparison.name}: {wanted.decision.value} at {wanted.score:.4f}, here {found.decision.value} at {found.score:.4f}"


@dataclass(frozen=True, slots=True)
class Rules:
    """By what each side decides, thresholds filled: mostly the same; a precision may have thresholds of its own."""

    form: Recipe
    torch: Recipe


def reference_pairs(engine: Engine, torch: Engine | None, references: Sequence[Reference], rules: Rules) -> Iterator[Pair]:
    """The bundle's reference images, against their stored answers, or ``torch`` where it is given.

    They are of the network's input's size: of the recipe only the thresholds are applied, for its areas are of the camera's image, and
    a tile bundle's are tiles already. Raises EngineError.
    """
    stored = _Stored(engine)
    form, other = _Side(_Whole(engine), _thresholds_alone(rules.form)), _Side(_Whole(torch or stored), _thresholds_alone(rules.torch))
    for reference in references:
        stored.answer = reference.answer
        yield _pair(form, other, reference.image, reference.name, None)


def labelled_pairs(engine: Engine, torch: Engine, samples: Iterable[Sample], rules: Rules) -> Iterator[Pair]:
    """Labelled images under the whole recipe. Raises ImageError, EngineError, SettingsError where its areas leave nothing of an image."""
    form, other = _Side(engine, rules.form), _Side(torch, rules.torch)
    for sample in samples:
        yield _pair(form, other, images.decode(sample.path), sample.path.name, sample.label == "bad")


def _thresholds_alone(recipe: Recipe) -> Recipe:
    plain = {"minimum_area_px": 0.0, "reject_area_px": None, "roi": (), "dont_care": ()}
    return recipe.model_copy(update={"decision": recipe.decision.model_copy(update=plain)})


def _pair(form: _Side, other: _Side, image: Image, name: str, bad: bool | None) -> Pair:
    found, verdict = form.judge(image, name)
    wanted, expected = other.judge(image, name)
    comparison = compare_maps(name, wanted, found, places_of(form.manifest, wanted))
    return Pair(comparison, expected, verdict, other.thresholds, bad)


class _Side:
    """An engine under a recipe, thresholds filled."""

    def __init__(self, engine: Engine, recipe: Recipe) -> None:
        self._heard = _Heard(engine)
        self._judge = Judge(self._heard, recipe)
        self.manifest = engine.manifest
        self._recipe = recipe.name
        decision = recipe.decision
        self.thresholds = (decision.accept_threshold or 0.0, decision.reject_threshold or 0.0)

    def judge(self, image: Image, name: str) -> tuple[ScoreMap, Verdict]:
        """What the engine said of the whole image, all its tiles under each other, and the verdict. Raises SettingsError without one."""
        self._heard.maps.clear()
        verdict = judge_image(self._judge, image, name).verdict
        if verdict.reason is Reason.DECISION_ERROR:  # it would agree with every other, and prove nothing
            raise SettingsError(f"recipe {self._recipe}: decision.roi, decision.dont_care: {name}: {verdict.detail}")
        maps = self._heard.maps
        if len(maps) == 1:
            return maps[0], verdict
        chosen = tuple(number for one in maps for number in one.prototypes)
        return ScoreMap(np.concatenate([one.anomaly_map for one in maps]), max(one.image_score for one in maps), chosen), verdict


class _Wrapped:
    """An engine that is, to whoever asks, ``engine``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.backend = engine.backend
        self.precision = engine.precision
        self.best_batch = best_batch(engine)
        self.manifest: Manifest = engine.manifest
        self.form_key: FormKey = engine.form_key
        self.form_sha256 = engine.form_sha256

    def warm_up(self) -> None:
        self._engine.warm_up()

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        return self._engine.infer(images)

    def close(self) -> None:
        self._engine.close()


class _Whole(_Wrapped):
    """Takes each image as its input, whole, whatever the bundle does with a frame."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.manifest = engine.manifest.model_copy(update={"tiling": None})


class _Heard(_Wrapped):
    """Keeps what the engine says, which the judge does not: the maps before they are cut to the image, and the prototypes."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.maps: list[ScoreMap] = []

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        found = self._engine.infer(images)
        self.maps += found
        return found


class _Stored(_Wrapped):
    """Says what torch said of the image at hand when the bundle was made."""

    answer: ScoreMap

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        return [self.answer] * len(images)
