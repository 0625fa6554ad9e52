"""Whole runs on a small set: a bundle that loads, going on after a kill, and ending in time. Slow parts run once for the module."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from typer import Typer
from typer.testing import CliRunner

from edge_inspector.cli import train as command
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.errors import SettingsError, TrainingError
from edge_inspector.images import decode_mask, write_png
from edge_inspector.prn.loss import LossForm
from edge_inspector.training import checkpoint, fit
from edge_inspector.training.compiled import CompiledBackbone, offered
from edge_inspector.training.data import held_out
from edge_inspector.training.fit import Trainer
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import TrainResult, _Run, train
from edge_inspector.training.schedule import Budget
from tests.unit.training.parts import assert_for_tensorrt, trained_bundle, write_set

SIZE = (128, 128)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("parts") / "discs")


def settings(parts: Path, out: Path, **changes: object) -> TrainSettings:
    values = {"seen": 2, "seed": 1, "steps": 3, "batch": 4, "k": 2, "size": SIZE, "device": "cpu"} | changes
    return TrainSettings(parts, "mvtec", out, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return trained_bundle(tmp_path_factory)


def test_a_run_writes_a_whole_bundle_that_says_what_it_is(trained: TrainResult) -> None:
    bundle = load_bundle(trained.folder)
    manifest = bundle.manifest
    assert manifest == trained.manifest
    assert (manifest.id, manifest.product, manifest.backbone) == ("discs-1", "discs", "efficientnet_lite0")
    assert (manifest.input.height, manifest.input.width, manifest.output.height, manifest.output.width) == (128, 128, 64, 64)
    assert manifest.training.steps == manifest.training.planned_steps == 3
    assert (len(manifest.training.images), len(manifest.training.seen)) == (12, 2)
    held = np.flatnonzero(held_out(12, 1))
    assert manifest.training.held == tuple(manifest.training.images[n] for n in held)
    assert manifest.prototypes.k == 2
    assert set(manifest.files) >= {"model.onnx", "head.safetensors", "reference/00.png", "reference/00.npz"}
    assert trained.parameters <= 350_000


def test_the_manifest_says_how_the_weights_were_validated(trained: TrainResult) -> None:
    found = trained.manifest.metrics
    assert set(found) == {"validation_pixel_ap", "validation_image_auroc", "validation_step"}
    assert found["validation_step"] == 3
    assert 0 < found["validation_pixel_ap"] < 1
    assert command.summary(trained)["metrics"] == found


def test_nothing_else_is_left_behind(trained: TrainResult) -> None:
    assert [path.name for path in trained.folder.parent.iterdir()] == [trained.folder.name]


def test_prototypes_are_stored_as_half_in_the_graph(trained: TrainResult) -> None:
    import onnx

    model = onnx.load(trained.folder / "model.onnx")
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer if tensor.name.startswith("prototypes.")}
    assert set(kinds.values()) == {onnx.TensorProto.FLOAT16}
    assert len(kinds) == 3


def test_the_graph_names_nothing_of_the_machine_that_made_it(trained: TrainResult) -> None:
    content = (trained.folder / "model.onnx").read_bytes()
    assert str(Path.cwd()).encode() not in content
    assert sys.prefix.encode() not in content


def test_the_graph_uses_no_operator_that_tensorrt_lacks(trained: TrainResult) -> None:
    assert_for_tensorrt(trained.folder)


class Killed(BaseException):
    """What a kill looks like from inside."""


class KillAfter(Silent):
    def __init__(self, step: int) -> None:
        self.at = step

    def advance(self, done: int, total: int, text: str) -> None:
        if done == self.at:
            raise Killed


def weights(run: _Run) -> dict[str, Tensor]:
    """Train without writing a bundle; the tensors of the run's last checkpoint."""
    prepared = run.prepare()
    run.steps(prepared)
    found = checkpoint.load(run.part, prepared.fingerprint)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("compiled", [False, True], ids=["torch", "openvino"])
def test_a_killed_run_goes_on_to_the_same_weights(compiled: bool, parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By either way to the backbone's maps; which one a long run takes, is that of the processor."""
    if compiled and not offered():
        pytest.skip("no OpenVINO here: would train on its maps, be killed and go on")
    monkeypatch.setattr(fit, "reduced_precision", lambda device: False)
    monkeypatch.setattr(fit, "WORTH", 0 if compiled else 1 << 60)
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    straight = weights(_Run(settings(parts, tmp_path / "a", steps=4), Silent(), Budget(None)))
    with pytest.raises(Killed):
        weights(_Run(settings(parts, tmp_path / "b", steps=4), KillAfter(3), Budget(None)))
    resumed_run = _Run(settings(parts, tmp_path / "b", steps=4), Silent(), Budget(None))
    resumed = weights(resumed_run)
    assert resumed_run.notes == ["going on from step 2 of 4"]
    assert isinstance(resumed_run.prepare().trainer.features, CompiledBackbone) == compiled
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_run_with_another_seed_starts_afresh(parts: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        run = _Run(settings(parts, tmp_path / "a", seed=seed, steps=1), Silent(), Budget(None))
        weights(run)
        assert run.notes == []


def test_a_run_with_a_mask_painted_anew_starts_afresh(tmp_path: Path) -> None:
    parts = write_set(tmp_path / "discs", defects=1)

    def notes() -> list[str]:
        run = _Run(settings(parts, tmp_path / "a", seen=1, steps=1), Silent(), Budget(None))
        prepared = run.prepare()
        run.save(prepared, 1, 1)
        return run.notes

    assert (notes(), notes()) == ([], ["going on from step 1 of 1"])
    mask = parts / "ground_truth/stain/000_mask.png"
    write_png(mask, (~decode_mask(mask) * np.uint8(255))[:, :, None])
    assert notes() == []


def test_time_that_is_up_ends_the_steps_and_says_so(parts: Path, tmp_path: Path) -> None:
    run = _Run(settings(parts, tmp_path / "a", steps=50, max_minutes=0.01), Silent(), Budget(0.01))
    prepared = run.prepare()
    done = run.steps(prepared)
    assert done == 1
    assert "the time is up after 1 of 50 steps" in run.notes[0]


LIMITS: dict[str, tuple[float | None, str]] = {
    "limit": (2.5, "30 steps instead of 50, to end within 2.5 minutes"),
    "none any more": (None, "30 steps instead of 50, as planned before it was killed"),
}


@pytest.mark.parametrize(("minutes", "said"), LIMITS.values(), ids=LIMITS.keys())
def test_a_plan_that_was_cut_is_said_whether_or_not_the_limit_is_given_again(
    minutes: float | None, said: str, parts: Path, tmp_path: Path
) -> None:
    run = _Run(settings(parts, tmp_path / "a", steps=50, max_minutes=minutes), Silent(), Budget(minutes))
    run.prepare()
    run.remark(50, 30, 30)
    assert run.notes == [said]


def test_no_seen_anomalies_is_said(parts: Path, tmp_path: Path) -> None:
    run = _Run(settings(parts, tmp_path / "a", seen=0), Silent(), Budget(None))
    run.prepare()
    assert run.notes == ["no seen anomalies: training on simulated anomalies alone"]


def test_one_normal_is_enough_to_train(tmp_path: Path) -> None:
    one = write_set(tmp_path / "one", normals=1, defects=0)
    run = _Run(settings(one, tmp_path / "a", seen=0, k=None, steps=1), Silent(), Budget(None))
    prepared = run.prepare()
    assert run.steps(prepared) == 1
    assert (
        run.thresholds(prepared.trainer.network.eval(), prepared.data).evidence.count(
            "1 training normals (too few to hold any out) and 20 variations"
        )
        == 1
    )


def test_a_loss_that_is_no_number_ends_the_run(parts: Path, tmp_path: Path) -> None:
    run = _Run(settings(parts, tmp_path / "a"), Silent(), Budget(None))
    prepared = run.prepare()
    trainer: Trainer = prepared.trainer
    with torch.no_grad():
        trainer.network.head.decoder.segment.bias.fill_(float("nan"))  # type: ignore[union-attr]
    with pytest.raises(TrainingError, match="the loss of step 0 is nan"):
        run.steps(prepared)


WRONG = {
    "steps": ({"steps": 0}, "--steps 0"),
    "seen": ({"seen": -1}, "--seen -1"),
    "seed": ({"seed": -1}, "--seed -1: must be at least 0"),
    "minutes": ({"max_minutes": 0.0}, "--max-minutes 0"),
    "minutes that are no number": ({"max_minutes": math.nan}, "--max-minutes nan"),
    "minutes without end": ({"max_minutes": math.inf}, "--max-minutes inf"),
    "size": ({"size": (100, 128)}, "multiples of 128"),
    "device": ({"device": "abacus"}, "--device abacus"),
    "no anomalies": ({"anomalies": ()}, "nothing to learn from"),
    "seen kinds of none seen": ({"seen": 0, "anomalies": ("extended", "recalled")}, "nothing to learn from"),
    "K of a codebook": ({"prototypes": "codebook", "k": 5}, "counts whole maps"),
    "no loss": ({"loss": LossForm(smooth_l1=False, weight=0.0)}, "both left out"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_settings_are_named(parts: Path, tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check(settings(parts, tmp_path / "a", **changes))


def test_an_existing_folder_is_never_overwritten(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(SettingsError, match="already exists"):
        train(settings(parts, tmp_path))
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_the_command_says_what_is_missing_without_torch(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edge_inspector.training.run", None)
    monkeypatch.delattr("edge_inspector.training.run", raising=False)
    app = Typer()
    command.register(app)
    result = CliRunner().invoke(app, ["--data", str(parts), "--layout", "mvtec", "--out", str(tmp_path / "a")])
    assert isinstance(result.exception, TrainingError)
    assert 'pip install "edge-inspector[train]"' in str(result.exception)


def test_the_commands_json_is_one_object(trained: TrainResult) -> None:
    found = json.loads(json.dumps(command.summary(trained)))
    assert found["out"] == str(trained.folder)
    assert found["steps"] == 3
    assert found["seen"] == 2
    assert found["images"] == 12
    assert found["thresholds"][0]["precision"] == "f32"
    assert str(trained.folder) in command.text(trained)


def test_the_command_delegates(trained: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_inspector.training import run

    asked: list[TrainSettings] = []

    def stand_in(wanted: TrainSettings, listener: object) -> TrainResult:
        asked.append(wanted)
        return trained

    monkeypatch.setattr(run, "train", stand_in)
    app = Typer()
    command.register(app)
    options = [
        "--data",
        "d",
        "--layout",
        "mvtec",
        "--out",
        "o",
        "--seen",
        "3",
        "--seed",
        "4",
        "--steps",
        "5",
        "--max-minutes",
        "6.5",
        "--early-stop",
        "--json",
    ]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["id"] == "discs-1"
    assert (asked[0].seen, asked[0].seed, asked[0].steps, asked[0].max_minutes) == (3, 4, 5, 6.5)
    assert asked[0].early_stop
