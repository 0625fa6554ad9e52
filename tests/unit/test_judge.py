"""One part through prepare, engine and decision."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector.engine.forms import key_of
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.errors import CudaError, EngineError
from edge_inspector.judge import Judge
from edge_inspector.records import Decision, Frame, Inspection, Judgement, Missed, Reason, ScoreMap
from edge_inspector.settings import Recipe
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest, Tiling
from tests.bundles import make_manifest


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


@pytest.mark.parametrize("sticky", [True, False])
def test_an_engine_that_only_a_new_process_can_run_again_is_known(sticky: bool, expected_warnings: list[str]) -> None:
    expected_warnings.append("part p: engine failed")
    error = CudaError("the driver is gone", sticky=sticky)
    judge = Judge(ScriptedEngine(error), RECIPE)
    assert judge.judge(Inspection("p", 7, (FRAME,))).verdict.reason is Reason.ENGINE_ERROR
    assert judge.lost is (error if sticky else None)
    assert isinstance(judge.engine, ScriptedEngine)
    judge.engine.answer = 0.0  # as if the device were back
    again = judge.judge(Inspection("p", 8, (FRAME,)))
    assert again.verdict.reason is (Reason.ENGINE_ERROR if sticky else Reason.NONE)


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


# ------------------------------------------------------------------------------------------------------------ large frames


class TileEngine(ScriptedEngine):
    """Of a tile bundle with an input of 64 x 64: the map is the image's own grey, at half the size."""

    def __init__(self, best_batch: int = 1, answer: float | Exception = 0.0, fails_at: int = 0) -> None:
        super().__init__(answer)
        self.best_batch, self._fails_at = best_batch, fails_at

    @property
    def manifest(self) -> Manifest:
        return make_manifest(tiling=Tiling(overlap=16))

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        self.shapes.append(images.shape)
        if isinstance(self.answer, Exception) and len(self.shapes) > self._fails_at:
            raise self.answer
        return [ScoreMap(image[::2, ::2, 0].astype(np.float32) / 255.0, 0.0) for image in images]


def tiled(engine: TileEngine, image: NDArray[np.uint8], **decision: object) -> Judgement:
    recipe = RECIPE.model_copy(update={"decision": RECIPE.decision.model_copy(update=decision)})
    return Judge(engine, recipe).judge(Inspection("p", 7, (replace(FRAME, image=image),)))


LARGE = np.random.default_rng(4).integers(0, 256, (700, 1000, 3), np.uint8)


@pytest.mark.parametrize("best_batch", [1, 7])
def test_a_large_frame_is_judged_in_tiles_by_a_map_without_seams(best_batch: int) -> None:
    engine = TileEngine(best_batch)
    judgement = tiled(engine, LARGE)
    assert {shape[1:] for shape in engine.shapes} == {(64, 64, 3)}
    assert max(shape[0] for shape in engine.shapes) == best_batch
    assert sum(shape[0] for shape in engine.shapes) == 15 * 21
    np.testing.assert_allclose(judgement.maps[0], LARGE[::2, ::2, 0].astype(np.float32) / 255.0, atol=1e-6)
    assert judgement.engine_ns > 0 and judgement.verdict.decision is Decision.REJECT


@pytest.mark.parametrize("size", [(1, 1), (30, 64), (64, 64), (65, 301)])
def test_frames_of_any_size_have_their_own_map(size: tuple[int, int]) -> None:
    judgement = tiled(TileEngine(), np.full((*size, 1), 51, np.uint8))
    assert judgement.maps[0].shape == ((size[0] + 1) // 2, (size[1] + 1) // 2)
    np.testing.assert_allclose(judgement.maps[0], 0.2, atol=1e-6)
    assert judgement.verdict.decision is Decision.ACCEPT


def test_a_small_defect_anywhere_is_found_where_it_is() -> None:
    image = np.zeros((700, 1000, 1), np.uint8)
    image[333:341, 480:488] = 255
    regions = tiled(TileEngine(), image).verdict.regions
    assert [(r.x, r.y, r.w, r.h) for r in regions] == [(480, 334, 8, 8)], "to within a map pixel"


def test_tiles_without_an_inspected_pixel_are_not_run() -> None:
    engine = TileEngine()
    judgement = tiled(engine, LARGE, roi=(((100.0, 100.0), (150.0, 100.0), (150.0, 150.0), (100.0, 150.0)),))
    assert 1 <= len(engine.shapes) <= 9
    assert judgement.verdict.reason is Reason.SCORE
    counted = judgement.maps[0][51:74, 51:74]
    np.testing.assert_allclose(counted, LARGE[102:148:2, 102:148:2, 0].astype(np.float32) / 255.0, atol=1e-6)


def test_where_nothing_is_inspected_nothing_is_run_and_the_part_rejects() -> None:
    engine = TileEngine()
    everywhere = ((-9.0, -9.0), (2000.0, -9.0), (2000.0, 2000.0), (-9.0, 2000.0))
    judgement = tiled(engine, LARGE, dont_care=(everywhere,))
    assert engine.shapes == []
    assert (judgement.verdict.decision, judgement.verdict.reason) == (Decision.REJECT, Reason.DECISION_ERROR)


def test_an_engine_that_fails_in_the_middle_of_a_frame_misses_the_part(expected_warnings: list[str]) -> None:
    expected_warnings.append("part p: engine failed")
    engine = TileEngine(answer=EngineError("device lost"), fails_at=5)
    judgement = tiled(engine, LARGE)
    assert len(engine.shapes) == 6
    assert judgement.inspection.missed is not None and judgement.inspection.missed.reason is Reason.ENGINE_ERROR
