"""Certificates of real engines, and of one that is a little off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle, read_manifest, seal
from edge_inspector.engine.onnxruntime import OnnxRuntimeEngine
from edge_inspector.engine.stub import StubEngine
from edge_inspector.errors import BundleError, EngineError, FormMissing, SettingsError
from edge_inspector.evaluation import certify as module
from edge_inspector.evaluation.certify import Basis, certify, rules_for
from edge_inspector.evaluation.layouts import Sample, load_dataset
from edge_inspector.records import ScoreMap
from edge_inspector.settings.manifest import Thresholds, Tiling
from edge_inspector.settings.recipe import Recipe
from tests.bundles import make_bundle
from tests.certificates import OffEngine
from tests.unit.evaluation.parts import write_parts


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "small"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_parts(tmp_path / "parts", 3, 3)


def recipe(**changes: object) -> Recipe:
    return Recipe.model_validate({"name": "lid", "bundle": "small", "gate": {"reject_window_ms": 100}, **changes})


@pytest.fixture
def off(bundle: Bundle) -> Iterator[OffEngine]:
    with closing(OffEngine(bundle)) as engine:
        yield engine


def test_of_float32_on_the_stored_answers(bundle: Bundle) -> None:
    with closing(OnnxRuntimeEngine(bundle, 1)) as engine:
        found = certify(bundle, engine, Basis()).certificate
    assert (found.passed, found.key, found.against, found.stand_in) == (True, engine.form_key, "stored", "")
    assert (found.images, found.references, found.good, found.bad) == (2, 2, 0, 0)
    assert (found.prototype_flips, found.prototype_places, found.verdict_flips) == (0, 6, 0)
    assert (found.accept_threshold, found.reject_threshold) == (0.4, 0.5)
    assert (found.image_auroc, found.thresholds, found.reservations) == (None, None, ())
    assert found.limits == {"tolerance": 1e-3, "image_auroc_change": 0.003}


def test_of_a_lower_precision_with_labelled_images(bundle: Bundle, off: OffEngine, data: Path) -> None:
    off.off = 0.01
    seen: list[int] = []

    def watch(samples: Sequence[Sample]) -> Sequence[Sample]:
        seen.append(len(samples))
        return samples

    verified = certify(bundle, off, Basis(dataset=load_dataset(data, "mvtec")), watch)
    found = verified.certificate
    assert (found.passed, found.suffices, seen) == (True, False, [6])
    assert (found.images, found.references, found.good, found.bad, len(verified.references)) == (8, 2, 3, 3, 2)
    assert found.stand_in.endswith(" f32")
    assert found.data == "parts (mvtec)"
    assert found.score_difference == pytest.approx(0.01, abs=1e-4)
    assert found.map_difference_mean == pytest.approx(0.01, abs=1e-4)
    assert (found.image_auroc, found.image_auroc_torch) == (1.0, 1.0)
    assert "3 good and 3 bad" in found.reservations[0]
    assert found.thresholds is not None
    assert (found.thresholds.precision, found.thresholds.accept_threshold) == ("int8", 0.4)
    assert "none of the verdicts on 8 images differs; of f32: made up" in found.thresholds.evidence


def test_a_form_that_is_off_fails_and_proposes_nothing(bundle: Bundle, off: OffEngine) -> None:
    off.off = 0.15
    found = certify(bundle, off, Basis()).certificate
    assert (found.passed, found.thresholds, found.reservations) == (False, None, ())
    assert [failure.split(" 0.")[0] for failure in found.failures] == ["score difference", "mean map difference"]


def test_verdicts_flip_at_the_recipe_s_thresholds(bundle: Bundle, off: OffEngine) -> None:
    off.off = 0.05
    scores = sorted(pair.wanted.score for pair in certify(bundle, off, Basis()).pairs)
    between = scores[0] + 0.025
    decision = {"accept_threshold": between, "reject_threshold": between, "roi": AWAY}
    found = certify(bundle, off, Basis(recipe=recipe(decision=decision))).certificate
    assert (found.recipe, found.accept_threshold, found.verdict_flips_beyond) == ("lid", between, found.verdict_flips)
    assert found.verdict_flips >= 1
    assert "verdicts flip further than 0.02 from a threshold" in "; ".join(found.failures)


AWAY = [[[9000, 0], [9100, 0], [9000, 90]]]
TILED = Tiling(overlap=16, scale=0.5)


def test_the_references_of_a_tile_bundle_are_tiles_whatever_its_scale(tmp_path: Path) -> None:
    bundle = load_bundle(make_bundle(tmp_path / "small", tiling=TILED))
    with closing(OnnxRuntimeEngine(bundle, 1)) as engine:
        found = certify(bundle, engine, Basis()).certificate
        assert (found.failures, found.prototype_places, engine.manifest.tiling) == ((), 6, TILED)


class InFours(OnnxRuntimeEngine):
    """Runs best in fours, as a plan may, and notes the batches."""

    best_batch = 4

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        self.batches = [*getattr(self, "batches", []), len(images)]
        return super().infer(images)


def test_tiles_run_in_the_batches_that_the_engine_runs_best(tmp_path: Path, data: Path) -> None:
    bundle = load_bundle(make_bundle(tmp_path / "small", 32, 32, tiling=Tiling(overlap=16)))
    with closing(InFours(bundle, 1)) as engine:
        certify(bundle, engine, Basis(dataset=load_dataset(data, "mvtec")))
    assert max(engine.batches) == 4


@pytest.mark.parametrize("tiling", [None, TILED], ids=["whole", "in tiles"])
def test_areas_that_leave_nothing_prove_nothing(tmp_path: Path, data: Path, tiling: Tiling | None) -> None:
    bundle = load_bundle(make_bundle(tmp_path / "small", tiling=tiling))
    with closing(OnnxRuntimeEngine(bundle, 1)) as engine, pytest.raises(SettingsError, match=r"recipe lid: decision\.roi.*leave nothing"):
        certify(bundle, engine, Basis(recipe=recipe(decision={"roi": AWAY}), dataset=load_dataset(data, "mvtec")))


def test_regions_held_at_another_threshold_are_not_proposed(bundle: Bundle, off: OffEngine) -> None:
    found = certify(bundle, off, Basis(recipe=recipe(decision={"region_threshold": 0.6}))).certificate
    assert (found.passed, found.thresholds) == (True, None)


def test_thresholds_held_at_another_place_are_not_proposed(bundle: Bundle, off: OffEngine) -> None:
    rules = recipe(decision={"accept_threshold": 0.1, "reject_threshold": 0.2})
    found = certify(bundle, off, Basis(recipe=rules)).certificate
    assert (found.passed, found.verdict_flips, found.thresholds) == (True, 0, None)


@pytest.mark.parametrize(
    ("precision", "accept"), [("auto", 0.4), ("f32", 0.4), ("int8", 0.3)], ids=["auto keeps f32's", "f32", "int8 has its own"]
)
def test_which_thresholds_apply(bundle: Bundle, precision: str, accept: float) -> None:
    own = Thresholds(precision="int8", accept_threshold=0.3, reject_threshold=0.5, region_threshold=0.5, evidence="a test's")
    manifest = bundle.manifest.model_copy(update={"thresholds": (*bundle.manifest.thresholds, own)})
    rules = rules_for(manifest, "int8", recipe(precision=precision))
    assert (rules.form.decision.accept_threshold, rules.torch.decision.accept_threshold) == (accept, 0.4)
    with closing(OffEngine(bundle)) as engine:
        engine.manifest = manifest
        reservations = certify(
            Bundle(bundle.folder, manifest, bundle.onnx), engine, Basis(recipe=recipe(precision=precision))
        ).certificate.reservations
    assert ("thresholds of its own" in reservations[0]) is (precision == "int8")
    assert rules_for(manifest, "int8", None).form.decision.accept_threshold == 0.4


def test_an_engine_that_says_something_else_fails(bundle: Bundle) -> None:
    found = certify(bundle, StubEngine(bundle), Basis()).certificate
    assert not found.passed
    assert "2 of 2 images differ" in found.failures[0]


def test_nothing_answers_for_torch_where_the_form_is_all_there_is(bundle: Bundle, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available", lambda: ("onnxruntime", "stub"))
    dataset = load_dataset(data, "mvtec")
    with closing(OnnxRuntimeEngine(bundle, 1)) as engine, pytest.raises(EngineError, match="--against torch"):
        certify(bundle, engine, Basis(dataset=dataset))


def test_the_next_backend_answers_for_torch_where_the_first_does_not_open(
    bundle: Bundle, off: OffEngine, data: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    def other(of: Bundle, backend: str, precision: str) -> Engine:
        if backend != "onnxruntime":
            raise FormMissing("nobody has built it")
        return OnnxRuntimeEngine(of, 1, precision)

    monkeypatch.setattr(module, "open_engine", other)
    monkeypatch.setattr(module, "available", lambda: ("tensorrt", "onnxruntime"))
    expected_warnings.append("tensorrt in f32 cannot answer for torch: nobody has built it")
    assert certify(bundle, off, Basis(dataset=load_dataset(data, "mvtec"))).certificate.stand_in.startswith("onnxruntime ")


def test_what_answers_for_torch_must_be_equal_itself(bundle: Bundle, off: OffEngine, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(of: Bundle, _backend: str, precision: str) -> OffEngine:
        assert precision == "f32"
        return OffEngine(of, "f32", 0.1)

    monkeypatch.setattr(module, "open_engine", other)
    with pytest.raises(EngineError, match="cannot answer for torch: 2 of 2 images"):
        certify(bundle, off, Basis(dataset=load_dataset(data, "mvtec")))


def test_bad_bundles_are_named(bundle: Bundle, off: OffEngine) -> None:
    bare = bundle.manifest.model_copy(update={"thresholds": ()})
    with pytest.raises(SettingsError, match="proposes none"):
        certify(Bundle(bundle.folder, bare, bundle.onnx), off, Basis())
    for path in (bundle.folder / "reference").iterdir():
        path.unlink()
    seal(bundle.folder, read_manifest(bundle.folder))
    with pytest.raises(BundleError, match="no reference images"):
        certify(load_bundle(bundle.folder), off, Basis())
