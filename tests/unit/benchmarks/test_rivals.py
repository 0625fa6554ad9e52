"""The comparison with anomalib, without anomalib: rows, keys, table, the images tested, metrics of foreign maps, stages kept on disk."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_inspector.evaluation.metrics import PixelMetrics, at_metric_size
from edge_inspector.images import decode_mask
from tests.benchmarks import ledger
from tests.benchmarks.rivals.exported import as_input
from tests.benchmarks.rivals.maps import accuracy
from tests.benchmarks.rivals.process import ChildError, run
from tests.benchmarks.rivals.rows import BACKENDS, FITTED, Bench, quiet, stage
from tests.benchmarks.rivals.sets import Images, images_of, limited
from tests.benchmarks.rivals.table import Accuracy, Row, Timing, code_digest, digest, markdown, row_of
from tests.unit.evaluation.parts import write_parts

QUIET = Timing(12.34, 456.7, threads=2, loaded=False)
ROW = Row(
    method="padim",
    version="anomalib 2.7.0",
    n_good=20,
    n_bad=53,
    accuracy=Accuracy(0.98765, 0.9, 0.97, None, 0.5),
    training=replace(QUIET, time=52.4),
    torch=None,
    openvino=QUIET,
    onnxruntime=replace(QUIET, loaded=True),
    model_mb=168.46,
)


# ---------------------------------------------------------------------------------------------------------- rows and keys


@pytest.mark.parametrize("row", [ROW, replace(ROW, training=None, torch=QUIET)], ids=["as fitted", "bundle given"])
def test_a_row_comes_back_from_the_ledger(row: Row) -> None:
    assert row_of(json.loads(json.dumps(row.as_json()))) == row


def test_the_table_shows_each_figure_once_and_marks_what_was_loaded() -> None:
    lines = markdown("bottle", [ROW]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    shown = dict(zip(cells[0], cells[2], strict=True))
    assert lines[0] == "# bottle"
    assert shown["method"] == "padim (anomalib 2.7.0)"
    assert (shown["image AUROC"], shown["AUPRO"], shown["pixel AP"]) == ("0.9877", "–", "0.5000")
    assert (shown["training s"], shown["training MB"]) == ("52", "457")
    assert (shown["torch ms"], shown["torch MB"]) == ("–", "–")
    assert (shown["OpenVINO ms"], shown["ONNX Runtime ms"], shown["model MB"]) == ("12.3", "12.3\\*", "168.5")
    assert "Threads: 2." in lines[-3]
    assert lines[-1].startswith("\\*")


def test_a_table_of_quiet_rows_has_no_mark() -> None:
    assert "\\*" not in markdown("bottle", [replace(ROW, onnxruntime=QUIET)])


def test_threads_that_differ_are_all_named() -> None:
    assert "Threads: 1 or 2." in markdown("bottle", [ROW, replace(ROW, openvino=replace(QUIET, threads=1))])


def test_a_key_is_its_content() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})


@pytest.mark.parametrize(
    ("text", "same"),
    [("x = 1  # why\n", True), ("x  =  1\n", True), ('"""What."""\nx = 1\n', True), ("x = 2\n", False)],
    ids=["comment", "layout", "docstring", "code"],
)
def test_code_is_digested_by_what_it_does(tmp_path: Path, text: str, same: bool) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text(text)
    assert (code_digest(tmp_path / "a.py") == code_digest(tmp_path / "b.py")) is same


def test_the_newest_entry_counts_whatever_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [{"name": "rivals", "key": {"set": name}, "commit": str(n), "result": n} for n, name in enumerate("aab")]
    monkeypatch.setattr(ledger, "LEDGER", tmp_path / "ledger.jsonl")
    ledger.LEDGER.write_text("".join(json.dumps(e) + "\n" for e in entries))
    assert ledger.newest("rivals", {"set": "a"}) == entries[1]
    assert ledger.newest("rivals", {"set": "c"}) is None


# ------------------------------------------------------------------------------------------------------------ data and maps


def test_seen_images_are_tested_by_no_method(tmp_path: Path) -> None:
    root = write_parts(tmp_path / "parts")
    none, two = images_of(root, 0, None), images_of(root, 2, None)
    assert (none.counts, two.counts) == ((4, 3), (4, 1))
    assert none.test == two.test
    assert none.digest == two.digest
    assert none.tested_digest != two.tested_digest


def test_a_limited_set_has_the_first_images_of_each_folder_with_their_masks(tmp_path: Path) -> None:
    images = images_of(limited(write_parts(tmp_path / "parts"), 1, tmp_path / "few"), 0, None)
    assert len(images.train) == 1
    assert images.counts == (1, 1)
    assert [s.mask.name for s in images.test if s.mask] == ["000_mask.png"]


def test_maps_of_any_range_give_the_metrics_of_maps_in_0_to_1(tmp_path: Path) -> None:
    images = images_of(write_parts(tmp_path / "parts"), 0, None)
    rng = np.random.default_rng(0)
    maps = [rng.random((32, 32), np.float32) for _ in images.tested]
    files = [tmp_path / f"{number}.npy" for number in range(len(maps))]
    maps[0].flat[:2] = 0.0, 1.0
    for file, values in zip(files, maps, strict=True):
        np.save(file, 1000.0 * values + 7.0)
    found = accuracy(images.tested, [float(values.max()) for values in maps], files)
    pixels = PixelMetrics()
    for sample, values in zip(images.tested, maps, strict=True):
        pixels.add(*at_metric_size(values, decode_mask(sample.mask) if sample.mask else np.zeros((64, 64), np.bool_)))
    expected = pixels.scores()
    assert expected is not None
    assert found.pixel_auroc == pytest.approx(expected.auroc, abs=1e-3)
    assert found.aupro == pytest.approx(expected.aupro, abs=1e-3)
    assert found.pixel_ap == pytest.approx(expected.average_precision, abs=1e-3)


@pytest.mark.parametrize(
    ("shape", "dtype", "high"), [((1, 64, 32, 3), np.uint8, 200), ((1, 3, 64, 32), np.float32, 200 / 255)], ids=["bytes", "floats"]
)
def test_an_image_becomes_the_graphs_input(shape: tuple[int, ...], dtype: type, high: float) -> None:
    made = as_input(np.full((10, 20, 1), 200, np.uint8), shape)
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.max() == pytest.approx(high)


# ----------------------------------------------------------------------------------------------------------------- stages


def bench_at(cache: Path, *, loaded: bool = False) -> Bench:
    images = Images(cache, (), (), (), "", "")
    return Bench("bottle", images, 10, 1, cache, loaded, 1.0, 0.01, "weights", None, record=False, again=False)


def test_a_stage_that_is_on_disk_is_not_run_again(tmp_path: Path) -> None:
    count = "import json, pathlib; p = pathlib.Path('count'); p.write_text(p.read_text() + 'x' if p.exists() else 'x')"
    command = [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {count}; print(json.dumps({{'ms': 3.5}}))"]
    first = stage(bench_at(tmp_path, loaded=True), tmp_path, "openvino", command)
    again = stage(bench_at(tmp_path), tmp_path, "openvino", command)
    assert first == again
    assert first.figures == {"ms": 3.5}
    assert first.cost.loaded
    assert first.cost.peak_mb > 1
    assert (tmp_path / "count").read_text() == "x"


def test_a_failed_child_names_its_command_and_leaves_no_stage(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="exit status 3"):
        stage(bench_at(tmp_path), tmp_path, "fit", [sys.executable, "-c", "raise SystemExit(3)"])
    assert not (tmp_path / "fit.json").exists()


def test_a_child_gets_its_threads_and_its_memory_is_its_own() -> None:
    code = "import os; held = b'x' * 300_000_000; print(os.environ['OMP_NUM_THREADS'])"
    output, cost = run([sys.executable, "-c", code], 2, loaded=False)
    assert output.strip() == "2"
    assert cost.peak_mb > 250
    assert cost.seconds > 0


@pytest.mark.parametrize(
    ("loaded", "missing", "expected"),
    [("", "", True), ("fit", "", False), ("", "openvino", False)],
    ids=["all quiet", "one loaded", "one missing"],
)
def test_only_quiet_stages_replace_a_row_of_the_ledger(tmp_path: Path, loaded: str, missing: str, expected: bool) -> None:
    for name in (*FITTED, *BACKENDS):
        if name != missing:
            (tmp_path / f"{name}.json").write_text(json.dumps({"figures": {}, "cost": {"loaded": name == loaded}}))
    assert quiet(tmp_path) is expected
