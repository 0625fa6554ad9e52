"""One part through prepare, engine and decision."""

from __future__ import annotations

import math
from datetime import datetime, timezone

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector.engine.forms import key_of
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.errors import EngineError
from edge_inspector.judge import Judge
from edge_inspector.records import Decision, Frame, Inspection, Missed, Reason, ScoreMap
from edge_inspector.settings import Recipe
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest


class ScriptedEngine:
    """A real engine's protocol with maps as a test wants them."""

    backend, precision = "scripted", "f32"

    def __init__(self, answer: float | Exception) -> None:
        self.answer = answer
        self.shapes: list[tuple[int, ...]] = []

    @property
    def manifest(self) -> Manifest:
        return stub_bundle().manifest

    @property
    def form_key(self) -> FormKey:
        return key_of(stub_bundle(), self.backend, "0", "cpu", "f32")

    @property
    def form_sha256(self) -> str:
        return ""

    def warm_up(self) -> None: ...

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        self.shapes.append(images.shape)
        if isinstance(self.answer, Exception):
            raise self.answer
        return [ScoreMap(np.full((16, 16), self.answer, np.float32), self.answer) for _ in images]

    def close(self) -> None: ...


RECIPE = Recipe.model_validate(
    {
        "name": "r",
        "bundle": "b",
        "gate": {"reject_window_ms": 100},
        "decision": {"accept_threshold": 0.3, "reject_threshold": 0.6, "region_threshold": 0.5},
    }
)
FRAME = Frame("p", "cam0", 7, 1, datetime(2026, 1, 1, tzinfo=timezone.utc), np.full((40, 60, 1), 90, np.uint8), 2, 3)
LOST = Missed("p", "cam1", 7, 1, 3, Reason.GRAB_FAILED, "cable")


@pytest.mark.parametrize(
    ("answer", "decision", "reason"),
    [
        (0.1, Decision.ACCEPT, Reason.NONE),
        (0.4, Decision.REVIEW, Reason.SCORE),
        (0.9, Decision.REJECT, Reason.SCORE),
        (math.nan, Decision.REJECT, Reason.NOT_FINITE),
    ],
)
def test_verdict(answer: float, decision: Decision, reason: Reason) -> None:
    engine = ScriptedEngine(answer)
    judgement = Judge(engine, RECIPE).judge(Inspection("p", 7, (FRAME,)))
    form = engine.manifest.input
    assert engine.shapes == [(1, form.height, form.width, 3)]
    assert (judgement.verdict.decision, judgement.verdict.reason) == (decision, reason)
    assert judgement.inspection.missed is None
    assert judgement.engine_ns > 0


@pytest.mark.parametrize("error", [EngineError("device lost"), RuntimeError("driver")])
def test_engine_failure_is_a_missed_part(error: Exception, expected_warnings: list[str]) -> None:
    expected_warnings.append("part p: engine failed")
    judgement = Judge(ScriptedEngine(error), RECIPE).judge(Inspection("p", 7, (FRAME,)))
    assert judgement.verdict.decision is Decision.REJECT
    assert judgement.inspection.missed is not None
    assert judgement.inspection.missed.reason is Reason.ENGINE_ERROR
    assert FRAME in judgement.inspection.views


def test_a_missing_view_is_not_run() -> None:
    engine = ScriptedEngine(0.0)
    judgement = Judge(engine, RECIPE).judge(Inspection("p", 7, (FRAME, LOST)))
    assert engine.shapes == []
    assert (judgement.verdict.decision, judgement.verdict.reason) == (Decision.REJECT, Reason.GRAB_FAILED)


def test_a_decision_that_fails_rejects(expected_warnings: list[str]) -> None:
    expected_warnings.append("part p: decision failed")
    engine = ScriptedEngine(0.0)
    engine.infer = lambda images: [ScoreMap(np.zeros((16, 16), np.float32), 0.0)] * 2  # type: ignore[method-assign]
    judgement = Judge(engine, RECIPE).judge(Inspection("p", 7, (FRAME,)))
    assert (judgement.verdict.decision, judgement.verdict.reason) == (Decision.REJECT, Reason.DECISION_ERROR)
