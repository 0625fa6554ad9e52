"""Early stopping: when it ends a training, how the rate comes down, which weights are used, and that a killed run goes on alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_inspector.geometry import Window, whole
from edge_inspector.prn import backbones
from edge_inspector.prn.head import Head, HeadForm
from edge_inspector.prn.network import PRN
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training import checkpoint, validation
from edge_inspector.training.data import load_training_data
from edge_inspector.training.evidence import held_sources
from edge_inspector.training.fit import Trainer, features_of, to_input
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import train
from edge_inspector.training.schedule import DECLINE, PEAK_RATE, declining, learning_rate
from edge_inspector.training.synthesis import Made, Sources
from edge_inspector.training.validation import (
    IMAGES,
    Check,
    EarlyStop,
    at_map_size,
    reason_to_end,
    scored,
    validation_samples,
    validation_set,
)
from tests.unit.training.parts import write_set

SIZE = (128, 128)

REASONS = {  # (pixel AP, image AUROC) of each check -> what ends the training
    "none yet": ([], ""),
    "rising": ([(0.5, 0.9), (0.6, 0.95), (0.7, 0.97), (0.72, 0.98), (0.74, 0.99)], ""),
    "saturated once": ([(0.9, 0.99), (0.999, 1.0)], ""),
    "saturated": ([(0.9, 0.99), (0.999, 1.0), (0.998, 0.999)], "saturated (pixel AP 0.998, image AUROC 0.999)"),
    "one metric alone": ([(0.9, 1.0), (0.92, 1.0), (0.94, 1.0)], ""),
    "no rise": ([(0.8, 0.9), (0.7, 0.9), (0.79, 0.9), (0.8, 0.903)], "not improved since step 60"),
    "too soon to say": ([(0.8, 0.9), (0.7, 0.9), (0.7, 0.9)], ""),
    "a rise among them": ([(0.8, 0.9), (0.7, 0.9), (0.81, 0.9), (0.7, 0.9)], ""),
    "the best lies back": ([(0.6, 0.9), (0.8, 0.9), (0.7, 0.9), (0.7, 0.9), (0.8, 0.9)], "not improved since step 120"),
}


@pytest.mark.parametrize(("found", "expected"), REASONS.values(), ids=REASONS.keys())
def test_what_ends_a_training(found: list[tuple[float, float]], expected: str) -> None:
    reason = reason_to_end([Check(60 * (n + 1), *metrics) for n, metrics in enumerate(found)])
    assert expected in reason
    assert bool(expected) == bool(reason)


@pytest.mark.parametrize("rate", [PEAK_RATE, 0.3 * PEAK_RATE, 0.001 * PEAK_RATE])
def test_the_rate_declines_from_where_it_was_to_the_schedules_end(rate: float) -> None:
    rates = [declining(step, 60, rate) for step in range(60, 60 + DECLINE + 1)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(rate)
    assert rates[-1] == pytest.approx(min(rate, learning_rate(10_000, 10_000)))


@pytest.mark.parametrize(("batch", "expected"), [(16, 60), (32, 60), (8, 120), (7, 138)])
def test_checks_come_after_as_many_images_but_not_sooner_than_a_decline(batch: int, expected: int) -> None:
    assert validation.check_every(batch) == expected


# ------------------------------------------------------------------------------------------------------------------ the set


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    parts = write_set(tmp_path_factory.mktemp("validated") / "discs", normals=15)
    data = load_training_data(parts, "mvtec", 2, 0, SIZE)
    assert len(data.held) == 3
    return held_sources(data)


def test_half_are_normals_and_half_anomalies_all_made_of_held_out_ones(sources: Sources) -> None:
    samples = validation_samples(sources, 0)
    masks = [at_map_size(sample) for sample in samples]
    bad = np.array([mask.any() for mask in masks])
    half = IMAGES // 2
    assert {(*sample.image.shape, *mask.shape) for sample, mask in zip(samples, masks, strict=True)} == {(*SIZE, 3, 64, 64)}
    assert not bad[:half].any()
    assert bad[half:].all()
    assert half // 2 <= bad.sum() <= half
    assert np.array_equal(np.stack([sample.image for sample in samples[:3]]), sources.normals)


def test_the_set_depends_on_the_seed_alone(sources: Sources) -> None:
    made = (validation_samples(sources, 1), validation_samples(sources, 1), validation_samples(sources, 2))
    first, again, other = (np.stack([sample.canvas for sample in samples]) for samples in made)
    simulated = validation_samples(replace(sources, kinds=("simulated",)), 1)
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert any(not np.array_equal(a.mask, b.mask) for a, b in zip(made[0], simulated, strict=False))


def test_the_finest_mask_keeps_a_pixel() -> None:
    mask = np.zeros(SIZE, np.float32)
    mask[40, 41] = 0.9
    small = at_map_size(Made(np.zeros((*SIZE, 3), np.uint8), mask, whole(SIZE)))
    assert small.sum() == 1
    assert small[20, 20]


def test_a_thin_crack_keeps_its_pixels_beside_a_blob() -> None:
    mask = np.zeros(SIZE, np.float32)
    mask[20:60, 20:60] = 1.0
    mask[100, 10:110] = 0.6
    small = at_map_size(Made(np.zeros((*SIZE, 3), np.uint8), mask, whole(SIZE)))
    assert small[50, 5:55].all()
    assert small[10:30, 10:30].all()


def test_padding_is_no_part_of_a_mask() -> None:
    window = Window(SIZE, 0, 32, 128, 64)
    mask = np.zeros((64, 128), np.float32)
    mask[:8] = 1.0
    small = at_map_size(Made(np.zeros((64, 128, 3), np.uint8), mask, window))
    assert small.shape == (32, 64)
    assert small[:4].all()
    assert not small[4:].any()


@pytest.fixture
def trainer(sources: Sources) -> Trainer:
    cpu = torch.device("cpu")
    backbone = backbones.load(backbones.DEFAULT, None)
    maps = features_of(backbone, to_input(sources.normals[:1], cpu), reduced=False)
    torch.manual_seed(0)
    network = PRN(backbone, Prototypes([scale.half() for scale in maps[:3]]), Head(HeadForm(), backbone.channels), (5,))
    return Trainer(network, cpu)


def test_no_held_out_normals_no_validation(trainer: Trainer, sources: Sources) -> None:
    assert validation_set(trainer, replace(sources, normals=sources.normals[:0]), 0) is None


def test_scores_are_those_of_the_weights_given_and_change_nothing(trainer: Trainer, sources: Sources) -> None:
    made = validation_set(trainer, sources, 0)
    assert made is not None
    before = {name: tensor.clone() for name, tensor in trainer.network.head.state_dict().items()}
    trainer.network.train()
    once, again = (scored(trainer.network, trainer.averaged, made) for _ in range(2))
    other = scored(trainer.network, {n: t + 0.1 if t.is_floating_point() else t for n, t in trainer.averaged.items()}, made)
    assert once == again != other
    assert all(0 <= value <= 1 for value in (*once, *other))
    assert trainer.network.head.training
    assert all(torch.equal(before[name], tensor) for name, tensor in trainer.network.head.state_dict().items())


# ---------------------------------------------------------------------------------------------------------------- a training


class Scripted:
    """Scores as told, and a mark in the averaged weights at each: which weights were used shows afterwards."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, trainer: Trainer, *scores: tuple[float, float]) -> None:
        self.trainer, self.scores = trainer, list(scores)
        monkeypatch.setattr(validation, "scored", self)

    def __call__(self, *_: object) -> tuple[float, float]:
        return self.scores.pop(0)

    def mark(self, value: int) -> None:
        self.trainer.averaged["decoder.segment.bias"].fill_(value)

    @property
    def used(self) -> int:
        return int(self.trainer.network.head.state_dict()["decoder.segment.bias"][0])


def stopper(trainer: Trainer) -> EarlyStop:
    return EarlyStop(trainer, validation.ValidationSet((), (), ()), 16)


def follow(watch: EarlyStop, script: Scripted, first: int, planned: int, until: int | None = None) -> tuple[int, int, list[float]]:
    """Steps from ``first`` on; the step reached, the plan, the rates."""
    step, rates = first, []
    while step < (planned if until is None else until):
        rates.append(watch.rate(step, planned))
        step += 1
        script.mark(step)
        planned = watch.after(step, planned)
    return step, planned, rates


def test_a_saturated_training_ends_within_the_decline(monkeypatch: pytest.MonkeyPatch, trainer: Trainer) -> None:
    script = Scripted(monkeypatch, trainer, (0.9, 1.0), (0.999, 1.0), (0.999, 1.0), (0.9985, 1.0))
    watch = stopper(trainer)
    done, planned, rates = follow(watch, script, 0, 420)
    assert (done, planned) == (180 + DECLINE, 180 + DECLINE)
    assert rates[:180] == [learning_rate(step, 420) for step in range(180)]
    assert rates[180] == pytest.approx(learning_rate(180, 420))
    assert rates[-1] < 0.02 * PEAK_RATE
    assert watch.ended().startswith("validation is saturated")
    watch.finish(done)
    assert script.used == done  # within the margin the last weights stand
    assert watch.metrics() == {"validation_pixel_ap": 0.9985, "validation_image_auroc": 1.0, "validation_step": float(done)}


USED = {  # score of the last check -> whose weights are used
    "last is best": (0.95, 300),
    "as good": (0.899, 300),
    "worse by more than the margin": (0.8, 120),
}


@pytest.mark.parametrize(("last", "expected"), USED.values(), ids=USED.keys())
def test_the_better_of_best_and_last_is_used(last: float, expected: int, monkeypatch: pytest.MonkeyPatch, trainer: Trainer) -> None:
    script = Scripted(monkeypatch, trainer, *((ap, ap) for ap in (0.7, 0.9, 0.8, 0.895, last)))
    watch = stopper(trainer)
    done, planned, _ = follow(watch, script, 0, 300)
    assert (done, planned, watch.ended()) == (300, 300, "")
    watch.finish(done)
    assert script.used == expected
    assert watch.metrics()["validation_step"] == expected


def test_the_end_of_the_plan_is_not_put_off(monkeypatch: pytest.MonkeyPatch, trainer: Trainer) -> None:
    script = Scripted(monkeypatch, trainer, (1.0, 1.0), (1.0, 1.0))
    watch = stopper(trainer)
    assert follow(watch, script, 0, 130)[:2] == (130, 130)
    assert watch.ended() == ""


@pytest.mark.parametrize("kill", [60, 130, 185], ids=["after a check", "between checks", "in the decline"])
def test_a_killed_training_goes_on_alike(kill: int, monkeypatch: pytest.MonkeyPatch, trainer: Trainer, tmp_path: Path) -> None:
    scores = [(0.999, 1.0), (0.99, 1.0), (0.99, 0.999), (0.98, 0.98), (0.97, 0.97), (0.97, 0.97)]
    script = Scripted(monkeypatch, trainer, *scores)
    straight = stopper(trainer)
    expected = follow(straight, script, 0, 420)
    straight.finish(expected[0])
    used, metrics, ended = script.used, straight.metrics(), straight.ended()

    script = Scripted(monkeypatch, trainer, *scores)
    killed = stopper(trainer)
    step, planned, rates = follow(killed, script, 0, 420, until=kill)
    checkpoint.save(tmp_path, checkpoint.State("run", step, planned, 0.0, {}), killed.tensors())
    found = checkpoint.load(tmp_path, "run")
    assert found is not None
    again = stopper(trainer)
    again.restore(found[1])
    done, planned, more = follow(again, script, step, planned)
    assert (done, planned, rates + more) == expected
    again.finish(done)
    assert (script.used, again.metrics(), again.ended()) == (used, metrics, ended)


class Watching(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.planned: list[int] = []

    def stage(self, title: str, total: int) -> None:
        if title == "proposing thresholds":
            raise KeyboardInterrupt

    def advance(self, done: int, total: int, text: str) -> None:
        self.planned.append(total)

    def note(self, text: str) -> None:
        self.notes.append(text)


def settings(parts: Path, out: Path, steps: int) -> TrainSettings:
    return TrainSettings(parts, "mvtec", out, seen=2, steps=steps, batch=4, k=1, size=SIZE, device="cpu", early_stop=True)


def test_a_run_ends_early_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "check_every", lambda batch: 2)
    monkeypatch.setattr(validation, "scored", lambda *_: (1.0, 1.0))
    monkeypatch.setattr(validation, "DECLINE", 3)
    watching = Watching()
    with pytest.raises(KeyboardInterrupt):
        train(settings(write_set(tmp_path / "parts"), tmp_path / "out", steps=9), watching)
    assert watching.planned == [9, 9, 9, 7, 7, 7, 7]
    assert watching.notes == ["7 steps instead of 9: validation is saturated (pixel AP 1.000, image AUROC 1.000)"]


def test_few_normals_turn_it_off_with_a_note(tmp_path: Path) -> None:
    watching = Watching()
    with pytest.raises(KeyboardInterrupt):
        train(settings(write_set(tmp_path / "parts", normals=9), tmp_path / "out", steps=1), watching)
    assert len(watching.notes) == 1
    assert watching.notes[0].startswith("no early stop: of 9 normals none are held out")
