"""The command benchmark on a small network: rows by turns, one JSON object, and named errors for what cannot be measured."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import onnx
import pytest
import typer
from typer.testing import CliRunner

from edge_inspector.cli import benchmark, evaluate
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.errors import BundleError, EdgeInspectorError, EngineError
from edge_inspector.evaluation.benchmark import Row, Subject, _by_turns, measure, measure_cold
from edge_inspector.evaluation.benchmark_rows import Asked, Graphs, reference_images, subjects
from tests.bundles import make_bundle, make_graph
from tests.networks import SIDE, make_network_bundle

KEYS = ["name", "backend", "precision", "batch", "p50_ms", "p95_ms", "p99_ms", "per_second", "cold_ms", "rss_mb"]


class Silent:
    def stage(self, title: str, total: int) -> None: ...

    def advance(self, done: int, total: int, text: str) -> None: ...


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    for group in (benchmark, evaluate):  # of one command alone typer makes no group
        group.register(app)
    return app


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_network_bundle(tmp_path_factory.mktemp("benchmark") / "network")


def floats_graph(path: Path) -> Path:
    """A graph as other programs export them: float (1, 3, 8, 8) in, a map out."""
    port = onnx.helper.make_tensor_value_info
    given, taken = port("y", onnx.TensorProto.FLOAT, [1, 3, 8, 8]), port("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "other", [taken], [given])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_a_bundle_its_backbone_and_another_graph(app: typer.Typer, network: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    other = floats_graph(tmp_path / "rival.onnx")
    words = ["benchmark", "--model", str(network), "--backend", "onnxruntime", "--compare", str(other), "--rounds", "3", "--threads", "1"]
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == ["rows", "host"]
    rows = found["rows"]
    assert [(r["name"], r["backend"], r["precision"], r["batch"]) for r in rows] == [
        (name, "onnxruntime", "f32", 1) for name in ("bundle", "backbone", "rival")
    ]
    for row in rows:
        assert list(row) == KEYS
        assert 0.0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        assert row["cold_ms"] > 0.0
        assert row["rss_mb"] > 1.0
    assert found["host"]["threads"] == 1
    assert "int8 is left out: 0 images" in " ".join(result.stderr.split())


def test_rows_are_every_precision_of_every_graph(network: Path, tmp_path: Path) -> None:
    bundle, notes = load_bundle(network), list[str]()
    asked = Asked(("onnxruntime", "stub"), batches=(1, 4), threads=2)
    found = subjects(bundle, asked, Graphs(bundle, tmp_path, Silent(), notes.append))
    assert [(s.name, s.backend, s.precision, s.batch) for s in found] == [
        ("bundle", "onnxruntime", "f32", 1),
        ("backbone", "onnxruntime", "f32", 1),
        ("bundle", "onnxruntime", "f32", 4),
        ("backbone", "onnxruntime", "f32", 4),
        ("bundle", "stub", "f32", 1),
        ("bundle", "stub", "f32", 4),
    ]
    assert {s.size for s in found} == {(SIDE, SIDE)}
    assert any("int8 is left out" in note for note in notes)


def test_a_bundle_without_a_named_backbone_is_measured_alone(tmp_path: Path) -> None:
    bundle, notes = load_bundle(make_bundle(tmp_path / "small")), list[str]()
    found = subjects(bundle, Asked(("onnxruntime",)), Graphs(bundle, tmp_path, Silent(), notes.append))
    assert [s.name for s in found] == ["bundle"]
    assert any("names no weights as a backbone's" in note for note in notes)


def test_reference_images_become_enough_to_calibrate_on(tmp_path: Path) -> None:
    assert len(reference_images(load_bundle(make_bundle(tmp_path / "small", references=2)))) == 8


def wrong_graph(folder: Path) -> Path:
    path = folder / "wrong.onnx"
    onnx.save(make_graph(SIDE, SIDE), path)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT32
    onnx.save(model, path)
    return path


def text(folder: Path) -> Path:
    (folder / "text.onnx").write_text("no graph")
    return folder / "text.onnx"


BAD: dict[str, tuple[list[str], type[EdgeInspectorError], str]] = {
    "no such bundle": (["--model", "nowhere"], BundleError, "no model bundle 'nowhere'"),
    "no such backend": (["--model", "{network}", "--backend", "magic"], EngineError, "unknown backend 'magic'"),
    "no such file": (["--model", "{network}", "--backend", "stub", "--compare", "absent.onnx"], EngineError, r"absent\.onnx: no such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_named_error(name: str, app: typer.Typer, network: Path, tmp_path: Path) -> None:
    words, kind, message = BAD[name]
    result = CliRunner().invoke(app, ["benchmark", *(word.format(network=network) for word in words), "--rounds", "1"])
    assert isinstance(result.exception, kind)
    with pytest.raises(kind, match=message):
        raise result.exception


def of(name: str, graph: Path | None, bundle: Path, batch: int = 1, backend: str = "onnxruntime") -> Subject:
    return Subject(name, backend, "f32", batch, graph, bundle, (SIDE, SIDE), 1, rival=True)


CANNOT_RUN: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "no graph": (text, 1, r"text\.onnx: ONNX Runtime"),
    "no image": (wrong_graph, 1, "one image is expected"),
    "of another batch": (lambda folder: floats_graph(folder / "fixed.onnx"), 4, "does not run: .*"),
}


def test_rows_that_cannot_run_are_left_out_with_a_note_each(network: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    bad = [of(name, make(tmp_path), network, batch) for name, (make, batch, _) in CANNOT_RUN.items()]
    notes: list[str] = []
    rows = measure([*bad, of("bundle", None, network, backend="stub")], 2, lambda *_: None, notes.append)
    assert [(row.name, row.backend) for row in rows] == [("bundle", "stub")]
    for note, (name, (_, batch, message)) in zip(notes, CANNOT_RUN.items(), strict=True):
        assert re.match(f"left out: {name} on onnxruntime in f32, batches of {batch}: .*{message}", note)


def test_a_compared_file_that_does_not_run_is_no_success_and_the_rest_is_told(app: typer.Typer, network: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    words = ["--model", str(network), "--backend", "onnxruntime", "--compare", str(text(tmp_path)), "--rounds", "1", "--json"]
    result = CliRunner().invoke(app, ["benchmark", *words])
    assert result.exit_code == 1
    assert "bundle" in {row["name"] for row in json.loads(result.stdout)["rows"]}
    assert "not measured at all: text" in result.stderr


def test_where_no_row_can_run_the_first_reason_is_the_error(network: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    notes: list[str] = []
    with pytest.raises(EngineError, match=r"text\.onnx: ONNX Runtime"):
        measure([of("rival", text(tmp_path), network)], 2, lambda *_: None, notes.append)
    assert len(notes) == 1


def test_one_that_never_answers_is_a_named_error(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_inspector.evaluation.benchmark._CHILD_S", 0.001)
    with pytest.raises(EngineError, match=r"took longer than 0\.001 s"):
        measure_cold(of("bundle", None, network, backend="stub"))


def test_without_onnx_the_rows_of_the_backbone_are_left_out(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core has none, and needs none to run a bundle."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    bundle, notes = load_bundle(network), list[str]()
    found = subjects(bundle, Asked(("onnxruntime",)), Graphs(bundle, tmp_path, Silent(), notes.append))
    assert [(s.name, s.precision) for s in found] == [("bundle", "f32")]
    (told,) = (note for note in notes if "backbone" in note)
    assert re.match("the rows of the backbone are left out: .*onnx.*pip install", told)


def test_what_is_compared_is_another_s(network: Path, tmp_path: Path) -> None:
    """So that its search, if it has one, is not put into a model of its own (test_openvino_split)."""
    bundle = load_bundle(network)
    asked = Asked(("onnxruntime",), (floats_graph(tmp_path / "rival.onnx"),))
    found = subjects(bundle, asked, Graphs(bundle, tmp_path, Silent(), lambda _: None))
    assert {s.name: s.rival for s in found} == {"bundle": False, "backbone": False, "rival": True}


def test_a_backend_that_runs_bundles_alone_says_that_it_compares_nothing(network: Path, tmp_path: Path) -> None:
    bundle, notes, rival = load_bundle(network), list[str](), (floats_graph(tmp_path / "rival.onnx"),)
    graphs = Graphs(bundle, tmp_path, Silent(), notes.append)
    with pytest.raises(EngineError, match="--compare: stub runs bundles alone; name a backend of openvino, onnxruntime"):
        subjects(bundle, Asked(("stub",), rival), graphs)
    found = subjects(bundle, Asked(("stub", "onnxruntime"), rival), graphs)
    assert [(s.name, s.backend) for s in found if s.rival] == [("rival", "onnxruntime")]
    assert notes[0] == "stub runs bundles alone: its rows are compared with none of rival"


def test_no_row_has_the_same_one_before_it_each_round() -> None:
    ran: list[int] = []
    took = _by_turns([lambda n=n: ran.append(n) for n in range(4)], 60, lambda *_: None)  # type: ignore[misc]
    assert [len(times) for times in took] == [60] * 4
    rounds = [ran[n : n + 4] for n in range(0, len(ran), 4)]
    assert all(sorted(one) == [0, 1, 2, 3] for one in rounds)
    assert {(a, b) for a in range(4) for b in range(4) if a != b} <= set(pairwise(ran)), "each follows each of the others"


def test_the_table_is_for_people() -> None:
    rows = tuple(Row(name, "openvino", "f32", 1, ms, ms, ms, 1e3 / ms, 5.0, 6.0) for name, ms in (("bundle", 20.0), ("backbone", 10.0)))
    assert [benchmark._ratio(row, rows) for row in rows] == ["2.00", ""]
