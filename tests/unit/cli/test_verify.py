"""``models verify``: what it prints, the certificate it writes, and its exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
import typer
from typer.testing import CliRunner, Result

from edge_inspector.cli import models
from edge_inspector.engine.bundle import load_bundle, read_manifest, seal
from edge_inspector.engine.forms import list_certificates
from edge_inspector.errors import BundleError, EdgeInspectorError, EngineError, SettingsError, TrainingError
from edge_inspector.settings.certificate import Certificate
from tests.bundles import make_bundle
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
    certificate = kept(folder)
    assert Path(found["certificate"]).parent.parent == folder.parent / "small.cache"
    assert (certificate.passed, certificate.key.backend, certificate.key.precision) == (True, backend, "f32")
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
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch" or name.startswith("edge_inspector.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = CliRunner().invoke(app, ["models", "verify", str(folder), "--against", "torch"])
    assert isinstance(result.exception, TrainingError)
    assert 'pip install "edge-inspector[train]"' in str(result.exception)
