"""The commands evaluate, inspect and models: exit codes, and one JSON object on stdout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from edge_inspector import images
from edge_inspector.cli import evaluate, inspect, models
from edge_inspector.engine.bundle import bundle_hash, load_bundle, read_manifest
from edge_inspector.engine.forms import CERTIFICATE
from edge_inspector.errors import BundleError, EngineError, FormMissing, SettingsError
from edge_inspector.settings.certificate import FormKey
from tests.bundles import make_bundle
from tests.certificates import store
from tests.unit.evaluation.parts import bad_part, good_part, write_parts


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    for group in (evaluate, inspect, models):
        group.register(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "models" / "small")


def run(app: typer.Typer, *words: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def run_json(app: typer.Typer, *words: str | Path, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(app, *words, "--json", code=code).stdout)
    return found


def fails(app: typer.Typer, kind: type[Exception], *words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


# ---- evaluate


def test_evaluate_prints_one_object(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    found = run_json(app, "evaluate", "--model", folder, "--data", write_parts(tmp_path / "parts"), "--layout", "mvtec")
    assert list(found)[:10] == [
        "image_auroc", "image_ap", "pixel_auroc", "aupro", "pixel_ap", "n_good", "n_bad", "n_left_out", "ms_per_image", "backend",
    ]  # fmt: skip
    assert found["image_auroc"] == 1.0


def test_evaluate_in_words(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    done = run(
        app, "evaluate", "--model", folder, "--data", write_parts(tmp_path / "parts"), "--layout", "mvtec", "--backend", "onnxruntime"
    )
    assert "image_auroc" in done.stdout
    assert "onnxruntime" in done.stdout


def test_evaluate_says_what_of_a_set_it_does_not_know(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    parts = write_parts(tmp_path / "parts")
    defect = next(path for path in sorted((parts / "test").iterdir()) if path.name != "good")
    next((parts / "ground_truth" / defect.name).iterdir()).write_bytes(images.encode_png(np.zeros((64, 64, 1), np.uint8)))
    shutil.copytree(parts / "test/good", parts / "test/good/monday")
    done = run(app, "evaluate", "--model", folder, "--data", parts, "--layout", "mvtec")
    said = " ".join(done.stderr.split())
    assert "not read (" in said
    assert "have no mask, or an empty one" in said
    assert "evaluating" in said


def test_evaluate_names_what_is_wrong(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    data = ("--data", write_parts(tmp_path / "parts"))
    assert "magic" in fails(app, EngineError, "evaluate", "--model", folder, *data, "--layout", "mvtec", "--backend", "magic")
    assert "f64 is not offered" in fails(app, EngineError, "evaluate", "--model", folder, *data, "--layout", "mvtec", "--precision", "f64")
    assert "coco" in fails(app, SettingsError, "evaluate", "--model", folder, *data, "--layout", "coco")
    assert "no model bundle 'none'" in fails(app, BundleError, "evaluate", "--model", "none", *data, "--layout", "mvtec")


# ---- inspect


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A good part, a bad one, and one whose file is cut."""
    found = {name: tmp_path / f"{name}.png" for name in ("good", "bad", "cut")}
    images.write_png(found["good"], good_part(1))
    images.write_png(found["bad"], bad_part(2)[0])
    found["cut"].write_bytes(found["bad"].read_bytes()[:300])
    return found


def test_inspect_runs_the_precision_that_is_asked_for(app: typer.Typer, folder: Path, files: dict[str, Path]) -> None:
    words = ("inspect", "--model", folder, "--backend", "onnxruntime", files["good"])
    assert run_json(app, *words, "--precision", "f32") == run_json(app, *words)
    assert "no int8 graph" in fails(app, FormMissing, *words, "--precision", "int8")


def test_inspect_says_verdict_score_and_regions(app: typer.Typer, folder: Path, files: dict[str, Path]) -> None:
    rows = run_json(app, "inspect", "--model", folder, files["good"], files["bad"])["images"]
    assert [(row["path"], row["verdict"]) for row in rows] == [(str(files["good"]), "accept"), (str(files["bad"]), "reject")]
    assert rows[0]["score"] < 0.4 < rows[1]["score"]
    assert rows[0]["regions"] == []
    assert rows[1]["regions"][0].keys() >= {"x", "y", "w", "h", "area", "peak"}
    assert (rows[1]["regions"][0]["w"], rows[1]["regions"][0]["h"]) == (16, 16)


def test_an_unreadable_image_rejects_and_the_others_are_still_judged(app: typer.Typer, folder: Path, files: dict[str, Path]) -> None:
    rows = run_json(app, "inspect", "--model", folder, files["cut"], files["good"], "nowhere.png", code=1)["images"]
    assert [row["verdict"] for row in rows] == ["reject", "accept", "reject"]
    assert [row["score"] is None for row in rows] == [True, False, True]
    assert "cut.png: damaged" in rows[0]["error"]
    assert "nowhere.png: no such file" in rows[2]["error"]
    assert "damaged" in run(app, "inspect", "--model", folder, files["cut"], code=1).stdout


def test_overlays_are_written_one_a_part(app: typer.Typer, folder: Path, files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "overlays"
    rows = run_json(app, "inspect", "--model", folder, files["bad"], files["bad"], "--overlay", out)["images"]
    assert [row["overlay"] for row in rows] == [str(out / "001_bad.png"), str(out / "002_bad.png")]
    picture, part = images.decode(Path(rows[0]["overlay"])), images.decode(files["bad"])
    assert picture.shape == part.shape
    assert (picture != part).any()


def test_an_image_of_another_size_and_depth_is_judged_too(app: typer.Typer, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    images.write_png(path, np.repeat(np.repeat(bad_part(3)[0], 3, axis=0), 2, axis=1)[:, :, :1])
    (row,) = run_json(app, "inspect", "--model", folder, path)["images"]
    assert (row["verdict"], row["regions"][0]["w"], row["regions"][0]["h"]) == ("reject", 32, 48)


# ---- models


def test_list(app: typer.Typer, folder: Path) -> None:
    (row,) = run_json(app, "models", "list", "--models", folder.parent)["models"]
    assert (row["id"], row["path"]) == ("small", str(folder))
    (folder / "manifest.toml").write_text("")
    (row,) = run_json(app, "models", "list", "--models", folder.parent)["models"]
    assert "is missing" in row["error"]
    assert "no bundles" in run(app, "models", "list", "--models", folder / "none").stdout


def test_show(app: typer.Typer, folder: Path) -> None:
    assert run_json(app, "models", "show", folder)["files"] == dict(read_manifest(folder).files)
    assert "score_pixels = 8" in run(app, "models", "show", "small", "--models", folder.parent).stdout


def test_list_and_show_tell_certificates(app: typer.Typer, folder: Path) -> None:
    assert run_json(app, "models", "show", folder)["certificates"] == []
    run(app, "models", "verify", folder, "--backend", "onnxruntime")
    (row,) = run_json(app, "models", "list", "--models", folder.parent)["models"]
    (told,) = row["certificates"]
    assert (told["backend"], told["precision"], told["passed"], told["auto"]) == ("onnxruntime", "f32", True, True)
    assert run_json(app, "models", "show", folder)["certificates"] == [told]
    for words in (("list", "--models", folder.parent), ("show", folder)):
        assert ", f32: passed (" in run(app, "models", *words).stdout
    store(FormKey.model_validate(key_values(folder)), load_bundle(folder), failures=("3 of 100 verdicts flip",))
    (path,) = folder.parent.glob(f"small.cache/onnxruntime*/{CERTIFICATE}")
    path.write_text("= = =")
    said = run(app, "models", "list", "--models", folder.parent).stdout
    assert "int8: FAILED: 3 of 100 verdicts flip (2026" in said
    assert f"certificate damaged: {path}: not valid TOML" in said


def key_values(folder: Path) -> dict[str, str]:
    digest = bundle_hash(read_manifest(folder))
    return {"bundle": "small", "bundle_hash": digest, "backend": "b", "version": "1", "device": "cpu", "precision": "int8"}
