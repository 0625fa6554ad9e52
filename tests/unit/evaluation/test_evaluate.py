"""Evaluation of a small bundle on small parts, and of backends against stored answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge_inspector import images
from edge_inspector.engine.base import Engine
from edge_inspector.engine.bundle import Bundle, load_bundle, seal
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.stub import StubEngine, stub_bundle
from edge_inspector.errors import BundleError, DatasetError, EngineError, ImageError
from edge_inspector.evaluation.equivalence import Comparison, compare, load_references
from edge_inspector.evaluation.evaluate import evaluate, judge_image, proposed_judge
from edge_inspector.evaluation.layouts import Sample, load_dataset, sha256_file
from tests.bundles import make_bundle
from tests.certificates import OffEngine
from tests.unit.evaluation.parts import good_part, write_parts

KEYS = {"image_auroc", "image_ap", "pixel_auroc", "aupro", "pixel_ap", "n_good", "n_bad", "n_left_out", "ms_per_image", "backend"}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(make_bundle(tmp_path / "small"))


@pytest.fixture
def engine(bundle: Bundle) -> Iterator[Engine]:
    engine = open_engine(bundle)
    yield engine
    engine.close()


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return write_parts(tmp_path / "parts")


def test_a_bundle_that_sees_the_defects_scores_full_marks(engine: Engine, parts: Path) -> None:
    seen: list[int] = []

    def watch(samples: Sequence[Sample]) -> Sequence[Sample]:
        seen.append(len(samples))
        return samples

    result = evaluate(engine, load_dataset(parts, "mvtec"), watch)
    assert set(result.as_json()) >= KEYS
    assert (result.image_auroc, result.image_ap) == (1.0, 1.0)
    assert result.pixel_auroc is not None
    assert result.pixel_auroc > 0.999
    assert result.aupro is not None
    assert result.aupro > 0.99
    assert (result.n_good, result.n_bad, result.n_left_out, result.escapes, result.false_rejects) == (4, 3, 0, 0, 0)
    assert result.backend == engine.backend
    assert result.ms_per_image > 0.0
    assert seen == [7]


def test_a_precision_without_thresholds_of_its_own_is_measured_at_those_of_float32(bundle: Bundle, parts: Path) -> None:
    with closing(OffEngine(bundle, "int8")) as engine:
        result = evaluate(engine, load_dataset(parts, "mvtec"))
        assert proposed_judge(engine).recipe.decision.accept_threshold == 0.4
    assert (result.precision, result.image_auroc, result.escapes) == ("int8", 1.0, 0)


def test_images_the_bundle_was_trained_on_are_left_out_whatever_their_name(bundle: Bundle, parts: Path) -> None:
    (parts / "test/spot/renamed.png").write_bytes((parts / "test/spot/000.png").read_bytes())
    (parts / "ground_truth/spot/renamed_mask.png").write_bytes((parts / "ground_truth/spot/000_mask.png").read_bytes())
    seen, trained = sha256_file(parts / "test/spot/000.png"), sha256_file(parts / "test/good/001.png")
    training = bundle.manifest.training.model_copy(update={"seen": (seen,), "images": (trained,)})
    seal(bundle.folder, bundle.manifest.model_copy(update={"training": training}))
    engine = open_engine(load_bundle(bundle.folder))
    result = evaluate(engine, load_dataset(parts, "mvtec"))
    engine.close()
    assert (result.n_good, result.n_bad, result.n_left_out) == (3, 2, 3)


def test_without_masks_there_are_no_pixel_metrics(engine: Engine, parts: Path) -> None:
    (parts / "ground_truth").rename(parts / "elsewhere")
    result = evaluate(engine, load_dataset(parts, "mvtec"))
    assert (result.pixel_auroc, result.aupro, result.pixel_ap) == (None, None, None)
    assert result.image_auroc == 1.0


def test_an_empty_mask_says_nothing_of_its_pixels(engine: Engine, parts: Path) -> None:
    mask = parts / "ground_truth/spot/001_mask.png"
    images.write_png(mask, np.zeros_like(images.decode(mask)))
    result = evaluate(engine, load_dataset(parts, "mvtec"))
    assert (result.n_bad, result.image_auroc) == (3, 1.0)
    assert result.pixel_auroc is not None
    assert result.pixel_auroc > 0.999


def test_the_verdicts_are_counted_at_the_proposed_thresholds(parts: Path) -> None:
    engine = StubEngine(stub_bundle(), script=(0.9, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9))  # test/good then test/spot
    result = evaluate(engine, load_dataset(parts, "mvtec"))
    assert (result.false_rejects, result.escapes) == (1, 1)


def lonely(parts: Path) -> None:
    for path in (parts / "test/good").iterdir():
        path.unlink()


def cut(parts: Path) -> None:
    path = parts / "test/spot/001.png"
    path.write_bytes(path.read_bytes()[:200])


def narrow(parts: Path) -> None:
    images.write_png(parts / "ground_truth/spot/001_mask.png", np.full((8, 9, 1), 255, np.uint8))


BROKEN: dict[str, tuple[Callable[[Path], None], type[Exception], str]] = {
    "no good images": (lonely, DatasetError, "0 good and 3 bad"),
    "a truncated image": (cut, ImageError, r"001\.png: damaged"),
    "a mask of another size": (narrow, ImageError, r"001_mask\.png: mask of \(8, 9\)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_set_is_an_error_that_names_the_file(name: str, engine: Engine, parts: Path) -> None:
    damage, kind, message = BROKEN[name]
    damage(parts)
    with pytest.raises(kind, match=message):
        evaluate(engine, load_dataset(parts, "mvtec"))


def test_a_failing_engine_is_an_error_here(expected_warnings: list[str]) -> None:
    expected_warnings.append("part one: engine failed")
    engine = StubEngine(stub_bundle())
    engine.close()
    with pytest.raises(EngineError, match=r"one: .*closed"):
        judge_image(proposed_judge(engine), good_part(0), "one")


# ---- equivalence

EQUAL = {
    "the same": (Comparison("a", 0.0, 0.0, 0), True),
    "near": (Comparison("a", 9e-4, 9e-4, 0), True),
    "map off": (Comparison("a", 2e-3, 0.0, 0), False),
    "score off": (Comparison("a", 0.0, 2e-3, 0), False),
    "off, with a flip": (Comparison("a", 0.5, 0.5, 1), True),
    "no number": (Comparison("a", float("nan"), 0.0, 0), False),
    "no number, with a flip": (Comparison("a", float("nan"), 0.0, 1), False),
    "a score that is no number": (Comparison("a", 0.0, float("nan"), 1), False),
    "words, the same": (Comparison("a", 0.0, 0.0, 0, 0.0, 256), True),
    "words, off": (Comparison("a", 2e-3, 0.0, 0, 1e-4, 256), False),
    "words, off around a flip": (Comparison("a", 0.35, 0.01, 1, 0.06, 256), True),
    "words, off far from a flip too": (Comparison("a", 0.35, 0.01, 1, 0.12, 256), False),
    "words, off around five flips": (Comparison("a", 0.35, 0.01, 5, 0.4, 256), True),
    "words, half off with five flips": (Comparison("a", 0.35, 0.01, 5, 0.6, 256), False),
    "words, a score off by a peak": (Comparison("a", 0.35, 0.035, 1, 0.06, 256), True),
    "words, a score further off": (Comparison("a", 0.35, 0.045, 1, 0.06, 256), False),
    "words, a score far off": (Comparison("a", 0.35, 0.05, 1, 0.06, 256), False),
    "words, many flips": (Comparison("a", 0.0, 0.0, 6, 0.0, 256), False),
    "words, one flip of few places": (Comparison("a", 0.1, 0.01, 1, 0.3, 16), True),
    "words, no number": (Comparison("a", float("nan"), 0.0, 1, 0.0, 256), False),
}


@pytest.mark.parametrize("name", EQUAL)
def test_what_counts_as_equal(name: str) -> None:
    row, equal = EQUAL[name]
    assert row.equal is equal


def test_references_agree_with_the_bundles_own_graph(bundle: Bundle, engine: Engine) -> None:
    rows = compare(engine, load_references(bundle))
    assert [(row.name, row.flips, row.equal) for row in rows] == [("00", 0, True), ("01", 0, True)]


def test_differences_and_flips_are_measured(bundle: Bundle, engine: Engine) -> None:
    first = load_references(bundle)[0]
    off = dataclasses.replace(
        first.answer,
        anomaly_map=first.answer.anomaly_map + np.float32(0.25),
        image_score=first.answer.image_score - 0.125,
        prototypes=(9, 9, 9),
    )
    row = compare(engine, (dataclasses.replace(first, answer=off),))[0]
    assert row.map_difference == pytest.approx(0.25, abs=1e-4)
    assert row.score_difference == pytest.approx(0.125, abs=1e-4)
    assert row.flips == 3


def stored(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)  # type: ignore[arg-type]


REFERENCES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no archive": (lambda p: p.write_bytes(b"PK\x03\x04 no"), "not a reference"),
    "a key is missing": (stored(map=np.zeros((32, 32))), "score"),
    "another size": (stored(map=np.zeros((8, 8)), score=np.array(0.0), prototypes=np.zeros(3, np.int64)), r"map is \(8, 8\)"),
    "a pickle": (stored(map=np.array([{}], dtype=object), score=np.array(0.0)), "pickle"),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_broken_reference_is_an_error_that_names_it(name: str, bundle: Bundle) -> None:
    make, message = REFERENCES[name]
    make(bundle.folder / "reference/00.npz")
    with pytest.raises(BundleError, match=message) as caught:
        load_references(bundle)
    assert "00.npz" in str(caught.value)
