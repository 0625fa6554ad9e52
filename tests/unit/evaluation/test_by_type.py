"""Figures by defect type: by hand on made-up scores, and through the judge on a small bundle."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

import pytest

from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import DatasetError
from edge_inspector.evaluation.by_type import Figures, Scored, by_type, scored
from edge_inspector.evaluation.evaluate import evaluate
from edge_inspector.evaluation.layouts import Sample, load_dataset
from tests.bundles import make_bundle
from tests.unit.evaluation.parts import write_parts


def good(*scores: float) -> list[Scored]:
    return [Scored(Sample(Path(f"good/{n}.png"), "test", "good", "good"), score) for n, score in enumerate(scores)]


def bad(defect: str, *scores: float) -> list[Scored]:
    return [Scored(Sample(Path(f"{defect}/{n}.png"), "test", "bad", defect), score) for n, score in enumerate(scores)]


TWENTY = good(*(n / 100 for n in range(20)), 0.9)  # 21 good images: the limit lies at the second highest, 0.19

FIGURES = {  # judged, type ("" all) -> figures
    "apart": (good(0.1, 0.2) + bad("crack", 0.8, 0.9), "crack", Figures(1.0, 1.0, 2)),
    "one in twenty may be rejected": (TWENTY + bad("crack", 0.2, 0.19), "crack", Figures((20 + 19.5) / 42, 0.5, 2)),
    "a tie with the limit is no find": (good(0.5, 0.5) + bad("crack", 0.5), "crack", Figures(0.5, 0.0, 1)),
    "a failed decision rejects": (good(0.1, 0.2) + bad("crack", math.nan), "crack", Figures(1.0, 1.0, 1)),
    "all types together": (good(0.3, 0.4) + bad("crack", 0.1) + bad("dent", 0.9), "", Figures(0.5, 0.5, 2)),
    "a type alone": (good(0.3, 0.4) + bad("crack", 0.1) + bad("dent", 0.9), "dent", Figures(1.0, 1.0, 1)),
}


@pytest.mark.parametrize(("judged", "defect", "expected"), FIGURES.values(), ids=FIGURES.keys())
def test_figures(judged: list[Scored], defect: str, expected: Figures) -> None:
    found = by_type(judged)
    figures = found.types[defect] if defect else found.total
    assert (figures.image_auroc, figures.recall, figures.n) == pytest.approx((expected.image_auroc, expected.recall, expected.n))


def test_what_is_kept_in_a_manifest_and_what_is_printed() -> None:
    found = by_type(good(0.3, 0.4) + bad("crack", 0.1) + bad("dent", 0.9, 0.8))
    flat = found.flat("after")
    assert (flat["after.image_auroc"], flat["after.dent.recall"], flat["after.crack.n"], flat["after.n_good"]) == (2 / 3, 1.0, 1.0, 2.0)
    printed = found.as_json()
    assert (printed["n"], printed["n_good"], printed["false_rejects"]) == (3, 2, 0.05)
    assert printed["types"] == {
        "crack": {"image_auroc": 0.0, "recall": 0.0, "n": 1},
        "dent": {"image_auroc": 1.0, "recall": 1.0, "n": 2},
    }


@pytest.mark.parametrize("judged", [good(0.1), bad("crack", 0.2), []], ids=["good alone", "bad alone", "none"])
def test_one_label_alone_gives_no_figures(judged: list[Scored]) -> None:
    with pytest.raises(DatasetError, match="figures need both"):
        by_type(judged)


def test_the_judge_is_that_of_evaluate(tmp_path: Path) -> None:
    dataset = load_dataset(write_parts(tmp_path / "parts"), "mvtec")
    with closing(open_engine(load_bundle(make_bundle(tmp_path / "small")))) as engine:
        found = by_type(scored(engine, dataset.part("test")))
        whole = evaluate(engine, dataset)
    assert found.total == Figures(whole.image_auroc, 1.0, whole.n_bad)
    assert (found.n_good, set(found.types)) == (whole.n_good, {"spot"})
