"""prepare -> engine -> join -> decide for one part: the one place, used by pipeline, evaluation and commissioning."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_inspector.decision import decide, inspected_mask, rules_of
from edge_inspector.engine.base import Engine, best_batch
from edge_inspector.errors import CudaError, EngineError
from edge_inspector.geometry import on_canvas, on_image
from edge_inspector.prepare import prepare, tiles
from edge_inspector.records import AnomalyMap, Decision, Frame, Image, Inspection, Judgement, Missed, Reason, Verdict
from edge_inspector.settings.certificate import Certificate
from edge_inspector.settings.recipe import DecisionRules, Recipe

log = logging.getLogger(__name__)


class Judge:
    """One engine and one recipe (thresholds filled); used by one thread. ``label`` names the recipe version in verdicts.

    ``certificate`` is the proof that the engine decides as torch does, where there is one.
    """

    def __init__(self, engine: Engine, recipe: Recipe, label: str = "", certificate: Certificate | None = None) -> None:
        self.engine = engine
        self.certificate = certificate
        self.recipe = recipe
        self.label = label or recipe.name
        self.lost: CudaError | None = None
        """The error after which its engine, and every other on that device, can run no more in this process."""
        self._rules = rules_of(recipe, engine.manifest)

    def judge(self, inspection: Inspection) -> Judgement:
        """The judgement of one part; never raises. A part with a missing view is not run: it is missed, and rejects."""
        lost = inspection.missed
        if lost is not None:
            return missed(inspection, lost.reason, lost.detail, self._rules.accept)
        if self.lost is not None:
            return self._engine_failed(inspection, self.lost, 0)
        frames = tuple(view for view in inspection.views if isinstance(view, Frame))
        run = _Run(self.engine)
        try:
            maps = self._maps(run, frames)
        except Exception as error:  # noqa: BLE001 - whatever a driver throws, the part is missed and the line goes on
            return self._engine_failed(inspection, error, run.took_ns)
        seen: tuple[AnomalyMap, ...] = ()
        try:
            seen = tuple(maps) if self.engine.manifest.tiling else self._on_images(maps, frames)
            verdict = decide(seen, tuple(f.image.shape[:2] for f in frames), self._rules)
        except Exception as error:  # noqa: BLE001 - doubt rejects
            log.error("part %s: decision failed: %s: %s", inspection.part_id, type(error).__name__, error)
            verdict = Verdict(Decision.REJECT, Reason.DECISION_ERROR, math.nan, self._rules.accept, detail=str(error))
        return Judgement(inspection, verdict, seen, run.took_ns)

    def _on_images(self, maps: Sequence[AnomalyMap], frames: Sequence[Frame]) -> tuple[AnomalyMap, ...]:
        """The maps without what lies on padding. Raises ValueError unless there is one a frame."""
        form = self.engine.manifest.input
        return tuple(on_image(found, frame.image.shape[:2], form) for found, frame in zip(maps, frames, strict=True))

    def _maps(self, run: _Run, frames: tuple[Frame, ...]) -> list[AnomalyMap]:
        """The map of each frame: of its input, or of the whole of a frame in tiles."""
        if self.engine.manifest.tiling is None:
            return run.infer(prepare(frames, self.engine.manifest.input))
        return [_tiled(run, frame.image, self._rules.areas) for frame in frames]

    def _engine_failed(self, inspection: Inspection, error: Exception, engine_ns: int) -> Judgement:
        if isinstance(error, CudaError) and error.sticky:
            self.lost = error
        kind = "" if isinstance(error, EngineError) else f"{type(error).__name__}: "
        log.error("part %s: engine failed: %s%s", inspection.part_id, kind, error)
        judgement = missed(inspection, Reason.ENGINE_ERROR, f"{kind}{error}", self._rules.accept)
        return replace(judgement, engine_ns=engine_ns)


def map_of(engine: Engine, image: Image) -> AnomalyMap:
    """What the engine says of one image, without what lies on padding, however its bundle takes it: float32 (h, w), 0..1.

    Raises ImageError, EngineError, and whatever a driver throws.
    """
    run, form = _Run(engine), engine.manifest.input
    if engine.manifest.tiling is not None:
        return _tiled(run, image, DecisionRules())
    return on_image(run.infer(on_canvas(image, form)[np.newaxis])[0], (image.shape[0], image.shape[1]), form)


def _tiled(run: _Run, image: Image, areas: DecisionRules) -> AnomalyMap:
    """The whole map of a frame, at the graph's stride; tiles without an inspected pixel are not run, and their map is 0."""
    size = (image.shape[0], image.shape[1])
    cut = tiles.grid_of(size, run.engine.manifest)
    wanted = cut.inspected(inspected_mask(areas, size, cut.map_size))
    blend = tiles.Blend(cut)
    for some, batch in tiles.batches(tiles.on_grid(image, cut), cut, wanted, best_batch(run.engine)):
        for tile, found in zip(some, run.infer(batch), strict=True):
            blend.add(tile, found)
    return blend.whole()


class _Run:
    """An engine's calls for one part, and the time they took, ns, the last one's too where it failed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.took_ns = 0

    def infer(self, batch: NDArray[np.uint8]) -> list[AnomalyMap]:
        """The maps of uint8 (N, H, W, 3), in their order. Raises EngineError, and whatever a driver throws."""
        started = time.monotonic_ns()
        try:
            return [found.anomaly_map for found in self.engine.infer(batch)]
        finally:
            self.took_ns += time.monotonic_ns() - started


def missed(inspection: Inspection, reason: Reason, detail: str, threshold: float) -> Judgement:
    """The judgement of a part that could not be inspected. Its frames are kept, so that they can be archived."""
    views = inspection.views
    if inspection.missed is None:
        first = views[0]
        lost = Missed(first.part_id, first.camera, first.trigger_count, first.triggered_ns, first.deadline_ns, reason, detail)
        views = (*views, lost)
    verdict = Verdict(Decision.REJECT, reason, math.nan, threshold, detail=detail)
    return Judgement(replace(inspection, views=views), verdict)
