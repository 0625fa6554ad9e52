"""Tile bundles: what they are trained on, what is refused, and one whole run, judged without seams by the real graph."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from typer import Typer
from typer.testing import CliRunner

from edge_inspector.camera.simulator.dataset import Plan, write_dataset
from edge_inspector.camera.simulator.wide import render_wide
from edge_inspector.cli import train as command
from edge_inspector.engine.bundle import load_bundle, seal
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import BundleError, DatasetError, SettingsError
from edge_inspector.evaluation.evaluate import judge_image, proposed_judge
from edge_inspector.images import write_png
from edge_inspector.prn.evidence import EVIDENCE, USUAL
from edge_inspector.prn.head import HeadForm
from edge_inspector.training import options, tile_evidence, tiles
from edge_inspector.training.data import TrainingData, pick_samples
from edge_inspector.training.evidence import held_sources, sources_of
from edge_inspector.training.export import HEAD, load_head, load_network
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.retrain import RetrainSettings, _Retraining
from edge_inspector.training.run import TrainResult, _Run, train
from edge_inspector.training.schedule import Budget
from edge_inspector.training.synthesis import Sources, made
from edge_inspector.training.tiles import NEAR, Cutting, cutting, read_tile_data

FRAME = (300, 420)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("web") / "web"
    write_dataset(root, Plan(product="texture", good=11, test_good=1, bad=3, frame=FRAME))
    return root


def settings(frames: Path, out: Path, **changes: object) -> TrainSettings:
    values = {"seen": 2, "steps": 1, "batch": 4, "size": (128, 128), "device": "cpu", "tile": True} | changes
    return TrainSettings(frames, "mvtec", out, **values)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "CROPS", 50 * 128 * 128)


def read(frames: Path, how: Cutting, seen: int = 2) -> TrainingData:
    normals, picked, _ = pick_samples(frames, "mvtec", seen, 0)
    return read_tile_data(normals, None, [(sample, "exact") for sample in picked], how, 0)


def test_many_seen_anomalies_leave_little_room_for_simulated_ones(frames: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = cutting((128, 128), 32, 1.0)
    assert read(frames, how, 2).making == how.making
    monkeypatch.setattr(tiles, "MANY_SEEN", 2)
    assert read(frames, how, 1).making == how.making
    assert read(frames, how, 2).making == replace(how.making, simulated=1 / 16)


def test_normals_are_crops_of_the_frames_that_train_and_held_frames_stay_whole(frames: Path) -> None:
    how = cutting((128, 128), 32, 1.0)
    data = read(frames, how)
    assert data.normals.shape == (56, 128, 128, 3), "seven of each of eight frames"
    assert data.making.crowd == 8 and len(data.held) == 66 and len(data.frames) == len(data.held_hashes) == 3
    assert len(data.normal_hashes) == 11 and data.grey and data.tiling == how.tiling
    whole = [render_wide(1000, number, 0, FRAME).image[..., 0] for number in range(11)]
    windows = np.lib.stride_tricks.sliding_window_view(whole[0], (128, 128))
    assert any((windows == crop[..., 0]).all((2, 3)).any() for crop in data.normals[:7]), "at native resolution"


def test_tiles_that_train_hold_crowds_and_those_that_are_scored_one_anomaly_each(frames: Path, tmp_path: Path) -> None:
    data = read(frames, cutting((128, 128), 32, 1.0))
    none_held = replace(data, held=data.held[:0])
    assert sources_of(data).making.crowd == 8
    assert held_sources(data).making == held_sources(none_held, 3).making == replace(data.making, crowd=1)
    run = _Run(settings(frames, tmp_path / "out", early_stop=True), Silent(), Budget(None))
    validated: list[Sources] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge_inspector.training.run.early_stop", lambda trainer, held, *rest: validated.append(held))
        patch.setattr("edge_inspector.training.run.Unwatched", lambda *rest: None)
        run.watch_of(None, sources_of(data), data)  # type: ignore[arg-type]  # nobody is watched
    assert [held.making.crowd for held in validated] == [1]


def test_the_loss_counts_together_what_a_tile_shows_close_by(frames: Path, tmp_path: Path) -> None:
    run = _Run(settings(frames, tmp_path / "out"), Silent(), Budget(None))
    trainer = run.prepare().trainer
    assert trainer.near == NEAR
    weights = [parameter for parameter in trainer.network.head.parameters() if parameter.dim() == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights), "else each step copies them"


def test_a_seen_anomaly_is_a_crop_around_its_mask(frames: Path) -> None:
    data = read(frames, cutting((128, 128), 32, 1.0))
    assert [(seen.image.shape, int(seen.mask.sum()), seen.window) for seen in data.seen] == [((128, 128, 3), 64, None)] * 2


def test_a_scaled_frame_shows_its_anomaly_smaller(frames: Path) -> None:
    data = read(frames, cutting((128, 128), 32, 0.5))
    assert all(12 <= int(seen.mask.sum()) <= 25 for seen in data.seen)


def test_made_up_anomalies_are_as_small_in_a_large_tile_as_in_a_small_one() -> None:
    for side in (128, 512):
        how = cutting((side, side), 32, 1.0)
        sources = Sources(np.full((1, side, side, 3), 120, np.uint8), making=how.making.alone)
        masks = [made("simulated", sources, np.random.default_rng(n)).mask for n in range(12 if side == 512 else 40)]
        least = min(int((mask > 0.5).sum()) for mask in masks if mask.any())
        assert least < 200


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "whole maps": ({"prototypes": "whole-map"}, "whole maps as prototypes.*a tile may lie anywhere"),
    "a number of whole maps": ({"k": 3}, "whole maps as prototypes"),
    "letterbox": ({"fit": "letterbox"}, "letterbox"),
    "an odd overlap": ({"overlap": 31}, "--overlap 31"),
    "an overlap of more than half a tile": ({"overlap": 66}, "--overlap 66"),
    "enlarging": ({"scale": 1.5}, "--scale 1.5"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_tiles_cannot_be_is_refused(case: str, tmp_path: Path) -> None:
    changes, why = REFUSED[case]
    with pytest.raises(SettingsError, match=why):
        check(settings(tmp_path, tmp_path / "out", **changes))


def test_all_frames_black_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train/good").mkdir(parents=True)
    write_png(tmp_path / "train/good/0.png", np.zeros((200, 200, 1), np.uint8))
    with pytest.raises(DatasetError, match=r"black, like all 1 normal frames"):
        read(tmp_path, cutting((128, 128), 32, 1.0), seen=0)


def test_a_run_without_tiles_is_the_run_it_was(frames: Path, tmp_path: Path) -> None:
    """A checkpoint of a version that knew no tiles is still found."""
    data = read(frames, cutting((128, 128), 32, 1.0))
    plain = settings(frames, tmp_path, tile=False)
    assert plain.fingerprint(data) == replace(plain, overlap=64).fingerprint(data)
    tile = settings(frames, tmp_path)
    assert tile.fingerprint(data) != replace(tile, overlap=64).fingerprint(data)


@pytest.fixture(scope="module")
def trained(frames: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "CROPS", 24 * 128 * 128)
        patch.setattr(tile_evidence, "ANOMALIES", 8)
        return train(settings(frames, tmp_path_factory.mktemp("tile") / "web-1"))


def test_the_bundle_says_that_it_is_a_tile_bundle(trained: TrainResult) -> None:
    manifest = load_bundle(trained.folder).manifest
    assert manifest.tiling is not None and (manifest.tiling.overlap, manifest.tiling.scale) == (32, 1.0)
    assert manifest.prototypes.form == "codebook"
    assert manifest.score.pixels == (5,), "a speck is a few of a frame's millions"
    assert "3 held-out frames in tiles" in manifest.thresholds[0].evidence
    assert command.summary(trained)["tiling"] == {"overlap": 32, "scale": 1.0}
    assert command.summary(trained)["images"] == 11


def test_frames_are_scored_while_there_is_time_and_the_least_in_any_case(
    trained: TrainResult, frames: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_evidence, "ANOMALIES", 4)
    monkeypatch.setattr(tile_evidence, "LEAST_FRAMES", 2)
    how = cutting((128, 128), 32, 1.0)
    network, data = load_network(trained.folder, (5,)), read(frames, how)
    every = tile_evidence.tile_evidence_of(network, data, how.tiling, 0, Silent())
    some = tile_evidence.tile_evidence_of(network, data, how.tiling, 0, Silent(), lambda: False)
    assert len(every.normals) == len(every.normal_peaks) == 3 and every.source == "3 held-out frames in tiles"
    assert np.array_equal(some.normals, every.normals[:2])
    assert some.source == "2 held-out frames in tiles (3 were there; the time was up)"


def test_the_real_graph_judges_large_frames_without_seams(trained: TrainResult) -> None:
    """Along the tiles' edges the map changes no more than elsewhere: every tile sees the same cloth."""
    with closing(open_engine(load_bundle(trained.folder), "openvino")) as engine:
        judgement = judge_image(proposed_judge(engine), render_wide(77, 1, 1, (700, 1000)).image, "frame")
    found = judgement.maps[0]
    assert found.shape == (350, 500) and found.min() >= 0.0 and found.max() <= 1.0
    steps = np.abs(np.diff(found.astype(np.float64), axis=1)).mean(0)[8:-8]  # of each column to the next; the frame's own edge is no seam
    assert steps.max() < 3.0 * np.median(steps)
    assert np.isfinite(judgement.verdict.score)


def test_evidence_is_of_what_is_unusual_among_the_places_of_a_frame(trained: TrainResult, frames: Path, tmp_path: Path) -> None:
    """A bundle says so; a whole part's is as it was, and a form that was asked for is kept."""
    assert load_head(trained.folder).form == HeadForm(evidence=EVIDENCE, usual=tiles.USUAL_ON_TILES, peak_limit=0.0)
    assert check(settings(frames, tmp_path / "out", tile=False)).form == HeadForm(evidence=EVIDENCE, usual=USUAL)
    assert check(settings(frames, tmp_path / "out", seen=0)).form.evidence == options.NONE_SEEN_ON_TILES
    assert check(settings(frames, tmp_path / "out", seen=0, tile=False)).form.evidence == EVIDENCE
    asked = HeadForm(evidence=0.1, usual=3.0, peak_limit=5.0)
    assert check(settings(frames, tmp_path / "out", seen=0, form=asked)).form == asked


def test_a_child_keeps_the_evidence_of_its_parent(trained: TrainResult, frames: Path, tmp_path: Path) -> None:
    """A head that was made before tiles had evidence of their own says nothing of it."""
    parent = tmp_path / "parent"
    shutil.copytree(trained.folder, parent)
    with safe_open(parent / HEAD, framework="pt") as file:
        metadata = file.metadata()
    form = {name: value for name, value in json.loads(metadata["form"]).items() if name != "usual"}
    save_file(load_file(parent / HEAD), parent / HEAD, {**metadata, "form": json.dumps(form)})
    seal(parent, load_bundle(trained.folder).manifest)
    wanted = RetrainSettings(parent, frames, "mvtec", tmp_path / "child", device="cpu")
    again = _Retraining(wanted, load_bundle(parent), Silent()).training()
    assert check(again).form == load_head(parent).form == replace(load_head(trained.folder).form, usual=USUAL)


def test_a_run_of_whole_parts_is_the_run_it_was_before_evidence_differed(frames: Path, tmp_path: Path) -> None:
    data = read(frames, cutting((128, 128), 32, 1.0))
    plain = check(settings(frames, tmp_path / "out", tile=False))
    form = {name: value for name, value in asdict(plain.form).items() if name not in {"usual", "peak_limit"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "asdict", lambda whole: {**asdict(whole), "form": form})
        before = plain.fingerprint(data)
    assert plain.fingerprint(data) == before != replace(plain, form=HeadForm(usual=3.0)).fingerprint(data)


def test_most_seen_anomalies_on_tiles_are_of_light(frames: Path) -> None:
    assert read(frames, cutting((128, 128), 32, 1.0)).making.light_only == 0.75


def test_a_child_of_a_tile_bundle_is_cut_as_its_parent_was(trained: TrainResult, frames: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "new", Plan(product="texture", seed=7, good=1, test_good=0, bad=2, frame=FRAME))
    again = RetrainSettings(trained.folder, tmp_path / "new", "mvtec", tmp_path / "child", device="cpu")
    session = _Retraining(again, load_bundle(trained.folder), Silent())
    asked = check(session.training())
    assert (asked.tile, asked.overlap, asked.scale, asked.prototypes) == (True, 32, 1.0, "codebook")
    start = session.begin(asked)
    assert start.data.tiling == trained.manifest.tiling and start.data.form.height == 128
    assert len(start.data.seen) == len(start.weights) == 4
    assert session.before is not None, "the parent has judged the whole frames that are left to test on"


def test_a_whole_map_bundle_that_calls_itself_tiled_does_not_load(trained: TrainResult, tmp_path: Path) -> None:
    manifest = trained.manifest
    whole = manifest.model_copy(update={"prototypes": manifest.prototypes.model_copy(update={"form": "whole-map"})})
    (tmp_path / "b").mkdir()
    with pytest.raises(BundleError, match=r"whole-map.*a tile may lie anywhere.*train --tile"):
        seal(tmp_path / "b", whole)


def test_the_command_refuses_whole_maps_with_tiles(frames: Path, tmp_path: Path) -> None:
    app = Typer()
    command.register(app)
    app.command("other")(lambda: None)
    options = ["--data", str(frames), "--layout", "mvtec", "--out", str(tmp_path / "out"), "--tile", "--prototype-form", "whole-map"]
    with pytest.raises(SettingsError, match="a tile may lie anywhere"):
        CliRunner().invoke(app, ["train", *options], catch_exceptions=False)
