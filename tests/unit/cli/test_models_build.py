"""``models build``: one JSON object on stdout, progress on stderr, and what is wrong named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edge_inspector import images
from edge_inspector.cli import models
from edge_inspector.cli.models_build import TILES_A_FRAME, calibration_images
from edge_inspector.engine import plans
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.forms import Form, key_of, store_form
from edge_inspector.errors import EngineError, FormMissing, SettingsError
from edge_inspector.settings.manifest import Tiling
from tests.bundles import make_bundle, make_manifest


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    models.register(app)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "models" / "small")


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Two pictures of good parts, of another size than the network's."""
    for name in ("a/1.png", "2.png"):
        path = tmp_path / "parts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        images.write_png(path, np.full((80, 100, 3), 90, np.uint8))
    return tmp_path / "parts"


def build(app: typer.Typer, *words: str | Path) -> tuple[int, str, str, BaseException | None]:
    result = CliRunner().invoke(app, ["models", "build", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr, result.exception


def test_a_plan_is_built_and_told_as_one_object(app: typer.Typer, folder: Path) -> None:
    if plans.present()[:1] != ("tensorrt_rtx",):
        pytest.skip("TensorRT for RTX is not the TensorRT here: that the command builds a plan is not checked")
    code, out, err, _ = build(app, folder, "--backend", "tensorrt", "--batch", "2", "--device-cc", "8.9", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["id"], report["backend"], report["device"], report["precision"], report["batch"]) == (
        "small",
        "tensorrt",
        "sm89",
        "f32",
        2,
    )
    assert (Path(report["path"]) / "model.plan").stat().st_size == report["bytes"]
    assert "TensorRT builds the plan" in err


WRONG: dict[str, tuple[tuple[str, ...], type[Exception], str]] = {
    "unknown backend": (("--backend", "magic"), SettingsError, "--backend magic: one of tensorrt, openvino"),
    "unknown precision": (("--backend", "tensorrt", "--precision", "int4"), SettingsError, "--precision int4: one of f32, fp16"),
    "nothing to calibrate on": (("--backend", "openvino", "--precision", "int8"), SettingsError, "--images is missing"),
    "nothing to build": (("--backend", "openvino", "--precision", "bf16"), SettingsError, "int8 alone is built"),
    "no images": (("--backend", "openvino", "--precision", "int8", "--images", "."), SettingsError, "holds no images; give a folder"),
    "no folder": (("--backend", "tensorrt", "--precision", "int8", "--images", "none"), SettingsError, "none: holds no images"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(app: typer.Typer, folder: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    words, kind, message = WRONG[name]
    _, out, _, error = build(app, folder, *words, "--json")
    assert isinstance(error, kind), error
    assert message in str(error)
    assert out == ""


def test_an_int8_plan_without_calibration_says_how_to_calibrate(app: typer.Typer, folder: Path) -> None:
    if not plans.present():
        pytest.skip("TensorRT is not installed: that an int8 plan asks for calibration is not checked")
    _, _, _, error = build(app, folder, "--backend", "tensorrt", "--precision", "int8", "--device-cc", "8.9")
    assert isinstance(error, FormMissing)
    assert f"models build {folder} --backend tensorrt --precision int8 --images DIR" in str(error)


@pytest.mark.parametrize("package", ["onnx", "nncf"])
def test_without_what_calibrates_it_says_what_is_absent(
    package: str, app: typer.Typer, folder: Path, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core has neither; by the package's name, whatever else an extra would bring."""
    for number in range(8):
        (parts / f"more{number}.png").write_bytes((parts / "2.png").read_bytes())
    monkeypatch.setitem(sys.modules, package, None)
    _, _, _, error = build(app, folder, "--backend", "openvino", "--precision", "int8", "--images", parts)
    assert isinstance(error, EngineError)
    assert str(error).startswith(f"this needs {package}, which cannot be imported")
    assert str(error).endswith(f"; pip install {package}")


def test_calibration_is_given_every_image_as_the_network_sees_it(
    app: typer.Typer, folder: Path, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What calibrates is checked with it; here, what it is given, and that its form is told."""
    seen: list[tuple[int, ...]] = []

    def calibrated(bundle: Bundle, precision: str, found: list[np.ndarray], _progress: object) -> Form:
        seen.extend(image.shape for image in found)
        assert precision == "int8"
        return store_form(bundle, key_of(bundle, "onnx", "1", "any", "int8"), {"model.onnx": b"graph"}, {"images": len(seen)})

    monkeypatch.setattr("edge_inspector.engine.calibrate.build", calibrated)
    code, out, _, error = build(app, folder, "--backend", "onnxruntime", "--precision", "int8", "--images", parts)
    assert code == 0, error
    assert seen == [(64, 64, 3)] * 2
    assert "small for onnx 1, any, int8: images 2" in out
    assert f"models verify {folder} --backend onnxruntime --precision int8" in out.replace("\n", " ")


@pytest.mark.parametrize(("tiling", "most"), [(None, 300), (Tiling(overlap=16), 37)], ids=["whole", "tiles"])
def test_of_a_large_folder_no_more_is_read_than_calibrates(
    tiling: Tiling | None, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shift's images do not fit the memory; those that are taken are of the whole shift."""
    read: list[str] = []

    def decoded(path: Path) -> np.ndarray:
        read.append(path.name)
        return np.zeros((64, 64, 3), np.uint8)

    monkeypatch.setattr(images, "decode", decoded)
    names = [f"{number:04}.png" for number in range(901)]
    for name in names:
        (tmp_path / name).touch()
    found = calibration_images(tmp_path, make_manifest(tiling=tiling))
    assert read == []
    assert len(list(found)) == len(read) == most
    assert (read[0], read[-1]) == (names[0], names[-1])
    gaps = np.diff([int(name[:4]) for name in read])
    assert gaps.max() - gaps.min() <= 1


def test_large_frames_are_calibrated_on_as_the_network_sees_them(tmp_path: Path) -> None:
    """In tiles of its input at their own resolution, not shrunk to one."""
    frame = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    images.write_png(tmp_path / "frame.png", frame)
    (shrunk,) = calibration_images(tmp_path, make_manifest())
    assert shrunk.shape == (64, 64, 3)
    seen = list(calibration_images(tmp_path, make_manifest(tiling=Tiling(overlap=16))))
    assert 4 < len(seen) <= 2 * TILES_A_FRAME
    assert len({picture.tobytes() for picture in seen}) == len(seen)
    assert (seen[0] == frame[:64, :64]).all()
