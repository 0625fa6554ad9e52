"""prepare -> engine -> join -> decide for one part: the one place, used by pipeline, evaluation and commissioning."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace

from edge_inspector.decision import decide, rules_of
from edge_inspector.engine.base import Engine
from edge_inspector.errors import CudaError, EngineError
from edge_inspector.geometry import on_image
from edge_inspector.prepare import prepare
from edge_inspector.records import AnomalyMap, Decision, Frame, Inspection, Judgement, Missed, Reason, ScoreMap, Verdict
from edge_inspector.settings.certificate import Certificate
from edge_inspector.settings.recipe import Recipe

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
        frames = tuple(view for view in inspection.views if isinstance(view, Frame))
        started = time.monotonic_ns()
        try:
            batch = prepare(frames, self.engine.manifest.input)
            started = time.monotonic_ns()
            maps = self.engine.infer(batch)
            engine_ns = time.monotonic_ns() - started
        except Exception as error:  # noqa: BLE001 - whatever a driver throws, the part is missed and the line goes on
            return self._engine_failed(inspection, error, time.monotonic_ns() - started)
        seen: tuple[AnomalyMap, ...] = ()
        try:
            seen = self._on_images(maps, frames)
            verdict = decide(seen, tuple(f.image.shape[:2] for f in frames), self._rules)
        except Exception as error:  # noqa: BLE001 - doubt rejects
            log.error("part %s: decision failed: %s: %s", inspection.part_id, type(error).__name__, error)
            verdict = Verdict(Decision.REJECT, Reason.DECISION_ERROR, math.nan, self._rules.accept, detail=str(error))
        return Judgement(inspection, verdict, seen, engine_ns)

    def _on_images(self, maps: Sequence[ScoreMap], frames: Sequence[Frame]) -> tuple[AnomalyMap, ...]:
        """The maps without what lies on padding. Raises ValueError unless there is one a frame."""
        form = self.engine.manifest.input
        return tuple(on_image(m.anomaly_map, frame.image.shape[:2], form) for m, frame in zip(maps, frames, strict=True))

    def _engine_failed(self, inspection: Inspection, error: Exception, engine_ns: int) -> Judgement:
        if isinstance(error, CudaError) and error.sticky:
            self.lost = error
        kind = "" if isinstance(error, EngineError) else f"{type(error).__name__}: "
        log.error("part %s: engine failed: %s%s", inspection.part_id, kind, error)
        judgement = missed(inspection, Reason.ENGINE_ERROR, f"{kind}{error}", self._rules.accept)
        return replace(judgement, engine_ns=engine_ns)


def missed(inspection: Inspection, reason: Reason, detail: str, threshold: float) -> Judgement:
    """The judgement of a part that could not be inspected. Its frames are kept, so that they can be archived."""
    views = inspection.views
    if inspection.missed is None:
        first = views[0]
        lost = Missed(first.part_id, first.camera, first.trigger_count, first.triggered_ns, first.deadline_ns, reason, detail)
        views = (*views, lost)
    verdict = Verdict(Decision.REJECT, reason, math.nan, threshold, detail=detail)
    return Judgement(replace(inspection, views=views), verdict)
