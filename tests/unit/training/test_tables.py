"""Which rows the paper's tables have, and what each is trained with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_inspector.evaluation.layouts import load_dataset
from edge_inspector.training.tables import RATIO, SEEN, rows_of
from tests.unit.training.test_ablate import base, parts

__all__ = ["parts"]  # a fixture


def test_the_switches_reach_the_training(parts: Path) -> None:
    dataset = load_dataset(parts, "mvtec")
    rows = {row.name: row.settings for table in ("modules", "generation") for row in rows_of(table, base(parts), dataset)}
    assert rows["full"] == base(parts)
    assert rows["one prototype: the mean normal"].k == 1
    assert rows["no residual: features twice"].form.difference == "none"
    assert not rows["no first fusion"].form.fusion
    assert rows["no attention"].form.attention == 0
    assert not rows["no second fusion"].form.second_fusion
    assert not rows["no skips"].form.skips
    assert rows["prototypes: codebook, without peaks"].form.peak_limit == 0.0
    assert rows["prototypes: codebook, without peaks and evidence"].form.evidence == 0.0
    assert {settings.prototypes for name, settings in rows.items() if name.startswith("prototypes: codebook")} == {"codebook"}
    assert rows["attention scale root"].form.scale == "root"
    assert not rows["no smooth L1"].loss.smooth_l1
    assert rows["no focal"].loss.weight == 0
    assert rows["no emphasis"].loss.most == 1
    assert rows["extended + simulated (the paper's)"].anomalies == ("extended", "simulated")
    assert all(settings.form == base(parts).form or settings.loss == base(parts).loss for settings in rows.values())


@pytest.mark.parametrize("table", ["modules", "generation"])
def test_no_two_rows_are_alike_and_only_the_full_one_has_the_papers_figures(parts: Path, table: str) -> None:
    rows = rows_of(table, base(parts), load_dataset(parts, "mvtec"))
    assert len({repr(row.settings) for row in rows}) == len({row.name for row in rows}) == len(rows)
    assert [row.name for row in rows if row.paper] == ["full"]
    assert rows[0].paper == RATIO[0.10]  # the full method on MVTec, 10 % and 10 seen, stands in all the paper's tables
    assert SEEN[10] == replace(RATIO[0.10], seconds=None)


FULL = {"mvtec": 78.6, "dagm": 49.4, "btad": 54.0, "kolektor2": 72.5}  # pixel AP, as the paper prints it


@pytest.mark.parametrize(("layout", "pixel_ap"), FULL.items())
def test_the_full_row_has_the_papers_figures_of_its_set(parts: Path, layout: str, pixel_ap: float) -> None:
    row = rows_of("modules", base(parts), replace(load_dataset(parts, "mvtec"), layout=layout))[0]
    assert row.paper is not None
    assert row.paper.pixel_ap == pixel_ap


def test_ratios_are_explicit_and_so_never_capped(parts: Path) -> None:
    rows = rows_of("ratio", base(parts), load_dataset(parts, "mvtec"))
    assert [(row.settings.k, row.settings.ratio) for row in rows] == [(None, 0.05), (None, 0.1), (None, 0.2), (None, 1.0)]


COUNTS = {0: [0], 3: [0, 1, 3], 10: [0, 1, 5, 10], 12: [0, 1, 5, 10, 12]}


@pytest.mark.parametrize(("most", "expected"), COUNTS.items())
def test_numbers_of_seen_anomalies(parts: Path, most: int, expected: list[int]) -> None:
    rows = rows_of("seen", base(parts, seen=most), load_dataset(parts, "mvtec"))
    assert [row.settings.seen for row in rows] == expected
    assert [row.paper is not None for row in rows] == [n in SEEN for n in expected]
