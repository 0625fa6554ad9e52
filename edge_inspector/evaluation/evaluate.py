"""Run a bundle over a data set's test part, through the judge that the line uses, and say how good it is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from edge_inspector import images
from edge_inspector.decision import with_proposals
from edge_inspector.engine.base import Engine
from edge_inspector.errors import DatasetError, EngineError, ImageError
from edge_inspector.evaluation.layouts import Dataset, Sample, sha256_file
from edge_inspector.evaluation.metrics import PixelMetrics, at_metric_size, image_auroc, image_average_precision
from edge_inspector.judge import Judge
from edge_inspector.records import Decision, Frame, Image, Inspection, Judgement, Mask
from edge_inspector.settings.manifest import Manifest
from edge_inspector.settings.recipe import GateRules, Recipe

Watch = Callable[[Sequence[Sample]], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics 0..1; the pixel metrics are None where the set has no masks.

    ``n_left_out`` test images were left out because the bundle was trained on them. ``ms_per_image`` is the median from decoded image to
    verdict. ``escapes`` and ``false_rejects`` count the verdicts at the manifest's thresholds, a review counting as a reject.
    """

    image_auroc: float
    image_ap: float
    pixel_auroc: float | None
    aupro: float | None
    pixel_ap: float | None
    n_good: int
    n_bad: int
    n_left_out: int
    ms_per_image: float
    backend: str
    precision: str
    escapes: int
    false_rejects: int

    def as_json(self) -> dict[str, float | int | str | None]:
        """The object that ``evaluate --json`` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Result:
    bad: bool
    accepted: bool
    score: float
    ms: float


def evaluate(engine: Engine, dataset: Dataset, watch: Watch = iter) -> Evaluation:
    """Judge every test image that the bundle was not trained on; ``watch`` may follow the samples as they pass (progress).

    Raises DatasetError where good or bad images are lacking, ImageError for a file that cannot be read, EngineError.
    """
    samples, left_out = unseen_test_samples(dataset, engine.manifest)
    judge = proposed_judge(engine)
    pixels = PixelMetrics()
    engine.warm_up()
    results = [_run(judge, sample, pixels) for sample in watch(samples)]
    return _summary(results, left_out, pixels, engine)


def unseen_test_samples(dataset: Dataset, manifest: Manifest) -> tuple[tuple[Sample, ...], int]:
    """The test samples whose sha256 the manifest does not name, and how many it does. Raises DatasetError unless both labels remain."""
    trained = {*manifest.training.images, *manifest.training.seen}
    test = dataset.part("test")
    kept = tuple(sample for sample in test if sha256_file(sample.path) not in trained)
    bad = sum(sample.label == "bad" for sample in kept)
    if not 0 < bad < len(kept):
        raise DatasetError(
            f"{dataset.root}: {len(kept) - bad} good and {bad} bad test images that {manifest.id} was not trained on; both are needed"
        )
    return kept, len(test) - len(kept)


def proposed_judge(engine: Engine) -> Judge:
    """A judge by the bundle's own proposals: for the engine's precision, else those for float32, as ``auto`` applies them.

    Raises SettingsError where the manifest proposes neither.
    """
    recipe = Recipe(name="proposed", bundle=engine.manifest.id, gate=GateRules(reject_window_ms=60_000))
    own = any(t.precision == engine.precision for t in engine.manifest.thresholds)
    return Judge(engine, with_proposals(recipe, engine.manifest, engine.precision if own else "f32"))


def judge_image(judge: Judge, image: Image, name: str) -> Judgement:
    """One still image as a part of its own. Raises EngineError where the engine fails: off the line nothing is missed in silence."""
    now = time.monotonic_ns()
    frame = Frame(name, "file", 1, now, datetime.now(timezone.utc), image, received_ns=now)
    judgement = judge.judge(Inspection(name, 1, (frame,)))
    missed = judgement.inspection.missed
    if missed is not None:
        raise EngineError(f"{name}: {missed.detail}")
    return judgement


def _run(judge: Judge, sample: Sample, pixels: PixelMetrics) -> _Result:
    image = images.decode(sample.path)
    started = time.perf_counter()
    judgement = judge_image(judge, image, str(sample.path))
    took = (time.perf_counter() - started) * 1e3
    mask = _mask_of(sample, image)
    if mask is not None:
        pixels.add(*at_metric_size(judgement.maps[0], mask))
    verdict = judgement.verdict
    return _Result(sample.label == "bad", verdict.decision is Decision.ACCEPT, verdict.score, took)


def _mask_of(sample: Sample, image: Image) -> Mask | None:
    """What is marked in the image; None for a bad one whose mask is absent or empty, which says nothing of its pixels."""
    size = (image.shape[0], image.shape[1])
    if sample.label == "good":
        return np.zeros(size, np.bool_)
    if sample.mask is None:
        return None
    mask = sample.marked()
    if mask.shape != size:
        raise ImageError(f"{sample.mask}: mask of {mask.shape}; its image {Path(sample.path).name} has {size}")
    return mask if mask.any() else None


def _summary(results: Sequence[_Result], left_out: int, pixels: PixelMetrics, engine: Engine) -> Evaluation:
    scores, bad = [r.score for r in results], [r.bad for r in results]
    found = pixels.scores()
    return Evaluation(
        image_auroc=image_auroc(scores, bad),
        image_ap=image_average_precision(scores, bad),
        pixel_auroc=found.auroc if found else None,
        aupro=found.aupro if found else None,
        pixel_ap=found.average_precision if found else None,
        n_good=len(bad) - sum(bad),
        n_bad=sum(bad),
        n_left_out=left_out,
        ms_per_image=statistics.median(r.ms for r in results),
        backend=engine.backend,
        precision=engine.precision,
        escapes=sum(r.bad and r.accepted for r in results),
        false_rejects=sum(not r.bad and not r.accepted for r in results),
    )
