"""Masks drawn again from the map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_inspector.geometry import Window
from edge_inspector.images import write_png
from edge_inspector.labels.marks import keep_marks, marks_file
from edge_inspector.labels.record import Label, Mark
from edge_inspector.labels.shapes import Box
from edge_inspector.training import checkpoint, fit
from edge_inspector.training.data import load_training_data
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.progress import Listener, Silent
from edge_inspector.training.redraw import Redraw, redrawn
from edge_inspector.training.run import _Run
from edge_inspector.training.schedule import Budget
from edge_inspector.training.synthesis import MADE, Sources
from tests.unit.training.parts import write_set

BOX = Box(x=10, y=12, w=20, h=16)


def plain(window: Window | None = None) -> SeenAnomaly:
    """A part without colours to go by, its mask the whole box."""
    mask = np.zeros((64, 64), np.bool_)
    mask[12:28, 10:30] = True
    return SeenAnomaly(np.full((64, 64, 3), 90, np.uint8), mask, window, (BOX,))


def test_the_mask_follows_the_map_inside_the_box() -> None:
    anomaly_map = np.zeros((32, 32), np.float32)
    anomaly_map[8:12, 7:12] = 0.9  # rows 16 to 24, columns 14 to 24 of the image
    anomaly_map[25:, 25:] = 0.9  # outside the box: somebody else's matter
    mask = redrawn(plain(), anomaly_map).mask
    assert mask[17:23, 15:23].all()
    assert not mask[:14].any()
    assert not mask[28:].any()


def test_a_window_is_cut_and_padded_again() -> None:
    anomaly_map = np.zeros((32, 32), np.float32)
    anomaly_map[16:20, 7:12] = 0.9  # 8 map rows of padding above the part
    seen = SeenAnomaly(np.full((64, 64, 3), 90, np.uint8), np.ones((64, 64), np.bool_), Window((64, 64), 0, 16, 64, 32), (BOX,))
    mask = redrawn(seen, anomaly_map).mask
    assert mask.shape == (64, 64)
    assert mask[33:39, 15:23].all()
    assert not mask[:28].any()


def test_what_a_person_drew_stays() -> None:
    seen = replace(plain(), hints=())
    assert redrawn(seen, np.ones((32, 32), np.float32)) is seen


DUE = {
    "early": (3, 0, True, False),
    "a third": (4, 0, True, True),
    "drawn once": (6, 1, True, False),
    "two thirds": (7, 1, True, True),
    "drawn twice": (9, 2, True, False),
    "exact": (9, 0, False, False),
}


def redraw_of(hinted: bool, times: int = 0, kinds: tuple[str, ...] = MADE) -> Redraw:
    seen = plain() if hinted else replace(plain(), hints=())
    return Redraw(Sources(np.zeros((1, 64, 64, 3), np.uint8), (seen,), kinds=kinds), times)


@pytest.mark.parametrize(("step", "times", "hinted", "due"), DUE.values(), ids=DUE.keys())
def test_it_is_due_at_each_third_where_there_are_hints(step: int, times: int, hinted: bool, due: bool) -> None:
    assert redraw_of(hinted, times).due(step, planned=10) == due


def test_masks_from_hints_are_learnt_from_only_once_a_map_has_drawn_them() -> None:
    assert redraw_of(hinted=True).sources.kinds == ("simulated",)
    assert redraw_of(hinted=True, times=1).sources.kinds == MADE
    assert redraw_of(hinted=False).sources.kinds == MADE
    assert redraw_of(hinted=True, kinds=("extended",)).sources.kinds == ("extended",)  # nothing else to learn from


def test_new_masks_come_back_from_a_checkpoint() -> None:
    sources = Sources(np.zeros((1, 64, 64, 3), np.uint8), (plain(), plain()))
    assert Redraw(sources).tensors() == {}
    redraw = Redraw(replace(sources, seen=(plain(), replace(plain(), mask=np.eye(64, dtype=np.bool_)))), times=1)
    again = Redraw(sources)
    again.restore(redraw.tensors())
    assert again.times == 1
    assert np.array_equal(again.sources.seen[1].mask, np.eye(64, dtype=np.bool_))


def test_a_run_from_boxes_draws_its_masks_again_and_keeps_them(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", normals=4, defects=2)
    settings = TrainSettings(root, "mvtec", tmp_path / "out", 2, 1, 2, device="cpu", k=1, batch=2, size=(128, 128), masks="box")
    run = _Run(settings, Silent(), Budget(None))
    ready = run.prepare()
    assert all(seen.hints for seen in ready.sources.seen)
    run.steps(ready)
    assert run.redraw.times >= 1
    found = checkpoint.load(run.part, ready.fingerprint)
    assert found is not None
    assert {name for name in found[1] if name.startswith("redrawn.")} == {"redrawn.0", "redrawn.1", "redrawn.times"}
    before = {name: tensor.clone() for name, tensor in ready.trainer.network.head.state_dict().items()}
    assert fit.run(ready.trainer.as_averaged(), np.stack([seen.image for seen in ready.sources.seen]))[0].shape == (2, 64, 64)
    assert all(torch.equal(before[name], tensor) for name, tensor in ready.trainer.network.head.state_dict().items())


class Killed(BaseException):
    """What a kill looks like from inside."""


class KillAfter(Silent):
    def __init__(self, step: int) -> None:
        self.at = step

    def advance(self, done: int, total: int, text: str) -> None:
        if done == self.at:
            raise Killed


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("boxed") / "set", normals=4, defects=2)


def trained(data: Path, out: Path, listener: Listener) -> dict[str, torch.Tensor]:
    """Four steps; masks are drawn again after the second."""
    settings = TrainSettings(data, "mvtec", out, 2, 1, 4, device="cpu", k=1, batch=2, size=(128, 128), masks="box")
    run = _Run(settings, listener, Budget(None))
    ready = run.prepare()
    run.steps(ready)
    return ready.trainer.tensors() | run.redraw.tensors()


@pytest.fixture(scope="module")
def straight(boxed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    return trained(boxed, tmp_path_factory.mktemp("straight") / "out", Silent())


KILLS = {"before the masks change": 2, "right after": 3, "a step later": 4}  # the step that no checkpoint was written of any more


@pytest.mark.parametrize("step", KILLS.values(), ids=KILLS.keys())
def test_a_run_killed_around_the_change_goes_on_to_the_same_weights(
    step: int, boxed: Path, straight: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    with pytest.raises(Killed):
        trained(boxed, tmp_path / "out", KillAfter(step))
    resumed = trained(boxed, tmp_path / "out", Silent())
    assert "redrawn.0" in straight
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_marks_and_textures_that_are_changed_are_another_run(tmp_path: Path) -> None:
    """What a checkpoint was trained on is told by content, not by the names of files alone."""
    root, textures = write_set(tmp_path / "set", normals=4, defects=1), tmp_path / "textures"
    textures.mkdir()
    write_png(wood := textures / "wood.png", np.zeros((64, 64, 3), np.uint8))
    settings = TrainSettings(root, "mvtec", tmp_path / "out", 1, 1, 2, device="cpu", k=1, size=(128, 128), textures=textures)

    def fingerprint() -> str:
        return settings.fingerprint(load_training_data(root, "mvtec", 1, 1, (128, 128), textures))

    before = fingerprint()
    assert fingerprint() == before
    (mask,) = (root / "ground_truth/stain").iterdir()
    found = {before}
    for box in (BOX, Box(x=1, y=1, w=9, h=9)):
        keep_marks(mask, Label(image="0.png", width=128, height=128, marks=(Mark(shape=box, defect="stain"),)))
        found.add(fingerprint())
    assert len(found) == 3
    marks_file(mask).unlink()
    assert fingerprint() == before
    write_png(wood, np.ones((64, 64, 3), np.uint8))
    assert fingerprint() != before
    settings = replace(settings, backbone="resnet18", backbone_weights=tmp_path / "resnet18.pth")
    found = set()
    for content in (b"some", b"others"):
        (tmp_path / "resnet18.pth").write_bytes(content)
        found.add(fingerprint())
    assert len(found) == 2
