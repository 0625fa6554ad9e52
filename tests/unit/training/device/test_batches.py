"""Batches made on the device, and trainings from them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from edge_inspector.cli.train import synthesis_choice
from edge_inspector.errors import SettingsError, TrainingError
from edge_inspector.labels.hints import MaskSource
from edge_inspector.settings.manifest import Training
from edge_inspector.training import checkpoint
from edge_inspector.training.augment import Variation
from edge_inspector.training.batches import Batches
from edge_inspector.training.data import load_training_data
from edge_inspector.training.describe import describe
from edge_inspector.training.device.batches import DeviceBatches, device_batch
from edge_inspector.training.device.stock import uploaded
from edge_inspector.training.fit import to_input
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import _Run
from edge_inspector.training.schedule import Budget
from edge_inspector.training.supply import SynthesisChoice, resolve_synthesis, supply
from edge_inspector.training.thresholds import Evidence, propose
from tests.unit.training.device.samples import CPU, discs, strips
from tests.unit.training.parts import write_set
from tests.unit.training.test_run import KillAfter, Killed, weights

UNCHECKED = "no CUDA device: not checked that batches are made on one without waiting for it, and the same ones for the same step"
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason=UNCHECKED)


def test_a_batch_is_as_the_trainer_takes_it() -> None:
    sources = discs(Variation())
    with supply("device", CPU, sources, 4, 0, 0) as on_device, supply("host", CPU, sources, 4, 0, 0) as on_host:
        found, expected = on_device.take(), on_host.take()
    assert isinstance(on_device, DeviceBatches)
    assert isinstance(on_host, Batches)
    assert (found.step, found.images.shape, found.masks.shape) == (expected.step, expected.images.shape, expected.masks.shape)
    assert found.images.dtype == torch.uint8
    assert found.masks.dtype == torch.float32
    inputs = to_input(found.images, CPU)
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert inputs.mean().item() == pytest.approx(to_input(expected.images, CPU).mean().item(), abs=15)


def test_halving_a_mask_keeps_its_area_and_the_padding_free_of_it() -> None:
    stock = uploaded(strips(), CPU)
    batch = device_batch(stock, 8, 0, 1)
    assert batch.masks.shape == (8, 1, 64, 128)
    outside = (batch.images == 127).all(3)  # no pixel of the strips has this grey in all channels but by chance
    masked = torch.nn.functional.interpolate(batch.masks, scale_factor=2)[:, 0] > 0
    assert (masked & outside).float().mean() < 1e-4


def test_batches_go_on_from_any_step() -> None:
    straight, later = (DeviceBatches(discs(Variation()), 4, 3, first, CPU) for first in (0, 2))
    taken = [straight.take() for _ in range(4)]
    for expected in taken[2:]:
        found = later.take()
        assert found.step == expected.step
        assert torch.equal(found.images, expected.images)
        assert torch.equal(found.masks, expected.masks)


def test_batches_of_other_sources_are_those_of_a_run_that_began_with_them() -> None:
    sources = discs(Variation())
    other = replace(sources, seen=tuple(replace(seen, mask=np.roll(seen.mask, 5, 0)) for seen in sources.seen), kinds=("extended",))
    changed = DeviceBatches(sources, 8, 3, 0, CPU)
    before = changed.take()
    changed.change(other, 1)
    found, expected = changed.take(), DeviceBatches(other, 8, 3, 1, CPU).take()
    assert (before.step, found.step) == (0, 1)
    assert torch.equal(found.images, expected.images)
    assert torch.equal(found.masks, expected.masks)
    assert not torch.equal(found.images, DeviceBatches(sources, 8, 3, 1, CPU).take().images)


PLACES = {"auto, CPU": ("auto", "cpu", "host"), "auto, CUDA": ("auto", "cuda:1", "device"), "as asked": ("device", "cpu", "device")}


@pytest.mark.parametrize(("choice", "device", "expected"), PLACES.values(), ids=PLACES.keys())
def test_where_anomalies_are_made(choice: str, device: str, expected: str) -> None:
    assert resolve_synthesis(synthesis_choice(choice), device) == expected


def test_a_wrong_place_is_named() -> None:
    with pytest.raises(SettingsError, match="--synthesis there: one of auto, host, device"):
        synthesis_choice("there")


def test_without_kornia_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[..., object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "kornia" else found(name, *rest))
    assert resolve_synthesis("host", "cuda") == "host"
    with pytest.raises(TrainingError, match=r"edge-inspector\[train\].*--synthesis host"):
        resolve_synthesis("auto", "cuda")


PRINTED: tuple[SynthesisChoice, ...] = ("auto", "host")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("parts") / "discs", normals=6, defects=4)


def settings(parts: Path, out: Path, steps: int, masks: MaskSource = "exact") -> TrainSettings:
    return TrainSettings(parts, "mvtec", out, 2, 1, steps, device="cpu", k=1, batch=4, size=(128, 128), masks=masks, synthesis="device")


def test_only_synthesis_on_the_device_tells_a_run_from_those_before_it(parts: Path) -> None:
    data = load_training_data(parts, "mvtec", 2, 1, (128, 128))
    asked = settings(parts, parts, 1)
    prints = [asked.fingerprint(data), *(replace(asked, synthesis=where).fingerprint(data) for where in PRINTED)]
    assert prints[1] == prints[2] != prints[0]


def test_a_killed_run_with_masks_drawn_again_goes_on_to_the_same_weights(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Masks are drawn again after the second of five steps; the kill comes after that."""
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    straight: dict[str, Tensor] = weights(_Run(settings(parts, tmp_path / "a", 5, "box"), Silent(), Budget(None)))
    with pytest.raises(Killed):
        weights(_Run(settings(parts, tmp_path / "b", 5, "box"), KillAfter(4), Budget(None)))
    run = _Run(settings(parts, tmp_path / "b", 5, "box"), Silent(), Budget(None))
    resumed = weights(run)
    assert run.notes == ["going on from step 3 of 5"]
    assert {"redrawn.0", "redrawn.1"} <= straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


class Losses(Silent):
    """The loss of each step, as it is shown."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def advance(self, done: int, total: int, text: str) -> None:
        if text.startswith("loss "):
            self.found.append(float(text.removeprefix("loss ")))


def test_a_training_learns_and_says_where_anomalies_were_made(parts: Path, tmp_path: Path) -> None:
    losses = Losses()
    run = _Run(check(settings(parts, tmp_path / "out", 20)), losses, Budget(None))
    ready = run.prepare()
    assert run.steps(ready) == 20
    assert np.mean(losses.found[-5:]) < 0.8 * np.mean(losses.found[:5])
    thresholds = propose(Evidence(np.array([0.1]), np.array([0.5]), np.array([0.1]), "none"))
    said = describe(run.settings, ready.start, ready.plan, 20, run.minutes, thresholds)["training"]
    assert Training.model_validate(said).synthesis == "device"


@needs_cuda
def test_on_cuda_a_batch_is_made_without_waiting_for_the_device() -> None:
    device = torch.device("cuda")
    for sources in (discs(Variation()), strips()):
        batches = DeviceBatches(sources, 16, 0, 0, device)
        batches.take()  # kernels that are uploaded once
        torch.cuda.set_sync_debug_mode("error")
        try:
            batch = batches.take()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert batch.images.device.type == "cuda"


@needs_cuda
def test_on_cuda_the_same_step_makes_the_same_batch() -> None:
    stock = uploaded(discs(Variation()), torch.device("cuda"))
    first, again = (device_batch(stock, 16, 3, 5) for _ in range(2))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.masks, again.masks)
