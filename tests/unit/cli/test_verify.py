"""``models verify``: what it prints, the certificate it writes, and its exit codes."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tomli_w
import typer
from typer.testing import CliRunner, Result

from edge_inspector.cli import models
from edge_inspector.engine.bundle import load_bundle, read_manifest, seal
from edge_inspector.engine.forms import key_of, list_certificates
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.errors import BundleError, EdgeInspectorError, EngineError, SettingsError, TrainingError
from edge_inspector.settings.certificate import Certificate
from tests.bundles import make_bundle, make_graph
from tests.certificates import certificate
from tests.unit.evaluation.parts import write_parts


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    models.register(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "models" / "small")


def verify(app: typer.Typer, *words: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["models", "verify", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def report(app: typer.Typer, *words: str | Path, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(verify(app, *words, "--json", code=code).stdout)
    return found


def kept(folder: Path) -> Certificate:
    (found,) = list_certificates(load_bundle(folder))
    assert isinstance(found, Certificate)
    return found


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_whole_and_equal(app: typer.Typer, folder: Path, backend: str) -> None:
    pytest.importorskip(backend)
    found = report(app, folder, "--backend", backend)
    assert (found["id"], found["files"], found["ok"], found["backend"], found["flips"]) == ("small", 6, True, backend, 0)
    assert [(row["name"], row["equal"], row["verdict"]) for row in found["references"]] == [("00", True, "reject"), ("01", True, "reject")]
    assert found["references"][0]["map_difference"] <= 1e-3
    assert (found["images"], found["good"], found["image_auroc"], found["failures"]) == (2, 0, None, [])
    drawn = kept(folder)
    assert Path(found["certificate"]).parent.parent == folder.parent / "small.cache"
    assert (drawn.passed, drawn.key.backend, drawn.key.precision) == (True, backend, "f32")
    assert verify(app, folder, "--backend", backend).stdout.splitlines()[-2] == "ok"


def test_with_labelled_images_and_a_recipe(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    content = {"name": "lid", "bundle": "small", "gate": {"reject_window_ms": 100.0}, "decision": {"accept_threshold": 0.3}}
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps(content))
    data = ("--data", write_parts(tmp_path / "parts"), "--layout", "mvtec")
    found = report(app, folder, *data, "--recipe", tmp_path / "recipe.toml")
    assert (found["images"], found["good"], found["bad"], found["accept_threshold"]) == (9, 4, 3, 0.3)
    assert (found["image_auroc"], found["image_auroc_torch"]) == (1.0, 1.0)
    assert len(found["references"]) == 2
    assert kept(folder).recipe == "lid"
    assert "image AUROC 1.0000, torch 1.0000" in verify(app, folder, *data).stdout


def test_a_run_on_few_images_leaves_a_better_founded_certificate(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    words = (folder, "--backend", "onnxruntime")
    report(app, *words, "--data", write_parts(tmp_path / "parts"), "--layout", "mvtec")
    better = kept(folder)
    found = report(app, *words)
    assert (found["images"], found["kept"], kept(folder)) == (2, better.created_utc, better)
    assert "rests on more than this run" in verify(app, *words).stdout
    content = {"name": "lid", "bundle": "small", "gate": {"reject_window_ms": 100.0}, "decision": {"accept_threshold": 0.3}}
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps(content))
    assert report(app, *words, "--recipe", tmp_path / "recipe.toml")["kept"] is None  # by rules that were asked for
    assert (kept(folder).recipe, kept(folder).images) == ("lid", 2)


FEW: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "passed on too little": ({}, {"good": 0, "bad": 0, "reservations": ("too few",)}, True),
    "failed": ({}, {"good": 0, "bad": 0, "failures": ("flips",)}, False),
    "on enough": ({}, {"good": 30, "bad": 30}, False),
    "of another file": ({"form_sha256": "b" * 64}, {"reservations": ("too few",)}, False),
    "what is kept is not enough either": ({"reservations": ("few",)}, {"reservations": ("too few",)}, False),
    "what is kept failed": ({"failures": ("flips",)}, {"reservations": ("too few",)}, False),
    "float32 without labels, both": ({"good": 0, "bad": 0}, {"good": 0, "bad": 0}, False),
    "float32 without labels": ({}, {"good": 0, "bad": 0}, True),
}


@pytest.mark.parametrize("name", FEW)
def test_which_certificate_outweighs_a_new_one(name: str) -> None:
    old, new, outweighs = FEW[name]
    key = key_of(stub_bundle(), "stub", "1", "cpu", "f32" if name.startswith("float32") else "int8")
    assert certificate(key, **new).outweighed_by(certificate(key, **old)) is outweighs


def test_answers_that_differ_fail_and_the_certificate_says_so(app: typer.Typer, folder: Path) -> None:
    path = folder / "reference/01.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **{**arrays, "score": arrays["score"] + 0.1})
    seal(folder, read_manifest(folder))
    found = report(app, folder, code=1)
    assert [row["equal"] for row in found["references"]] == [True, False]
    assert (found["ok"], kept(folder).passed) == (False, False)
    said = verify(app, folder, code=1).stdout
    assert "NOT what torch computed (tolerance 0.001)" in said
    assert "FAILED: 1 of 2 images differ by more than 0.001" in said


def test_a_form_that_says_no_number_fails_and_its_certificate_is_kept(app: typer.Typer, folder: Path) -> None:
    onnx.save(make_graph(64, 64, poison=True), folder / "model.onnx")
    seal(folder, read_manifest(folder))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    words = (folder, "--backend", "onnxruntime")
    found = json.loads(verify(app, *words, "--json", code=1).stdout, parse_constant=refuse)
    assert (found["ok"], found["map_difference"], found["references"][0]["score_difference"]) == (False, None, None)
    assert (kept(folder).passed, math.isnan(kept(folder).map_difference)) == (False, True)
    assert "map not finite" in verify(app, *words, code=1).stdout


Change = dict[str, Any]
WRONG: dict[str, tuple[list[str], type[EdgeInspectorError], str]] = {
    "no such precision": (["--precision", "f64"], EngineError, "f64"),
    "not offered": (["--precision", "int8", "--backend", "stub"], EngineError, "int8"),
    "no such backend": (["--backend", "magic"], EngineError, "magic"),
    "data without layout": (["--data", "somewhere"], SettingsError, "--layout"),
    "layout without data": (["--layout", "mvtec"], SettingsError, "--data"),
    "against what": (["--against", "jax"], SettingsError, "stored or torch"),
    "no such recipe": (["--recipe", "none.toml"], SettingsError, "none.toml"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_named_and_leaves_no_certificate(app: typer.Typer, folder: Path, name: str) -> None:
    words, kind, message = WRONG[name]
    result = CliRunner().invoke(app, ["models", "verify", str(folder), *words])
    assert isinstance(result.exception, kind), result.output
    assert message in str(result.exception)
    assert list_certificates(load_bundle(folder)) == ()


def test_a_file_that_differs_or_no_references_are_errors(app: typer.Typer, folder: Path) -> None:
    (folder / "head.safetensors").write_bytes(b"changed")
    result = CliRunner().invoke(app, ["models", "verify", str(folder)])
    assert isinstance(result.exception, BundleError)
    assert "head.safetensors" in str(result.exception)
    for path in (folder / "reference").iterdir():
        path.unlink()
    seal(folder, read_manifest(folder))
    result = CliRunner().invoke(app, ["models", "verify", str(folder)])
    assert "no reference images" in str(result.exception)


def test_without_torch_the_extra_is_named(app: typer.Typer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edge_inspector.training.reference", None)
    monkeypatch.delattr("edge_inspector.training.reference", raising=False)
    result = CliRunner().invoke(app, ["models", "verify", str(folder), "--against", "torch"])
    assert isinstance(result.exception, TrainingError)
    assert 'pip install "edge-inspector[train]"' in str(result.exception)
