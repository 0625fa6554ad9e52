"""What a retraining shows, and for how many steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from edge_inspector.engine.bundle import Bundle
from edge_inspector.settings.manifest import Training
from edge_inspector.training import checkpoint, hard
from edge_inspector.training.describe import describe
from edge_inspector.training.evidence import sources_of
from edge_inspector.training.export import load_network
from edge_inspector.training.making import WHOLE_PART
from edge_inspector.training.options import TrainSettings, check
from edge_inspector.training.progress import Silent
from edge_inspector.training.schedule import warm_steps
from edge_inspector.training.validation import Unwatched
from tests.unit.training.test_retrain import KillAtStep, Killed, prepared, settings

STEPS = [("codebook", 1, 420), ("codebook", 10, 600), ("codebook", 50, 600), ("whole-map", 4, 150)]


@pytest.mark.parametrize(("form", "new", "expected"), STEPS)
def test_the_more_is_new_of_a_texture_the_longer_it_takes(form: str, new: int, expected: int) -> None:
    assert warm_steps(form, new) == expected


def test_steps_are_as_asked_or_as_the_form_takes(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    _, ready = prepared(settings(parent, discs, scratches, tmp_path / "out", steps=None))
    assert (ready.wanted, ready.planned) == (150, 150)
    scratch = check(TrainSettings(discs, "mvtec", tmp_path / "out"))
    fields = describe(scratch, ready.start, ready.plan, 1, 1.0, parent.manifest.thresholds[0])
    assert Training.model_validate(fields["training"]).planned_steps == 150
    assert prepared(settings(parent, discs, scratches, tmp_path / "out", steps=7))[1].wanted == 7


def test_seen_anomalies_get_the_places_of_most_simulated_ones(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    _, ready = prepared(settings(parent, discs, scratches, tmp_path / "out"))
    assert ready.sources.making == replace(WHOLE_PART, simulated=1 / 16)


def test_the_normals_that_the_parent_takes_for_defective_first_are_shown_often(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ready = prepared(settings(parent, discs, scratches, tmp_path / "few"))
    assert ready.sources.hard == ()  # ten normals are met often anyway
    monkeypatch.setattr(hard, "HARD_FROM", 10)
    run, ready = prepared(settings(parent, discs, scratches, tmp_path / "out"))
    network = load_network(parent.folder, parent.manifest.score.pixels)
    assert ready.sources.hard == run.redraw.sources.hard == hard.hardest(network, sources_of(ready.data), Silent())
    assert len(ready.sources.hard) == 1
    run, _ = prepared(settings(parent, discs, scratches, tmp_path / "watched"), early_stop=True)
    assert not isinstance(run.watch, Unwatched)  # the validation set's normals are others, and none of them is hard


def test_a_killed_run_goes_on_with_the_hard_normals_it_had(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    monkeypatch.setattr(hard, "HARD_FROM", 10)

    def weights(name: str, kill: bool = False) -> tuple[tuple[int, ...], dict[str, torch.Tensor]]:
        run, ready = prepared(settings(parent, discs, scratches, tmp_path / name, steps=3), KillAtStep(3) if kill else None)
        run.steps(ready)
        return ready.sources.hard, ready.trainer.tensors()

    chosen, straight = weights("a")
    with pytest.raises(Killed):
        weights("b", kill=True)
    with monkeypatch.context() as patched:
        patched.setattr(hard, "hardest", lambda *_: pytest.fail("looked for again"))
        found, resumed = weights("b")
    assert found == chosen
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_of_a_checkpoint_that_keeps_no_hard_normals_the_parent_is_asked_again(
    parent: Bundle, discs: Path, scratches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)
    monkeypatch.setattr(hard, "HARD_FROM", 10)
    with monkeypatch.context() as older:
        older.setattr(hard, "tensors", lambda _: {})
        run, ready = prepared(settings(parent, discs, scratches, tmp_path / "out", steps=3), KillAtStep(3))
        with pytest.raises(Killed):
            run.steps(ready)
    again, resumed = prepared(settings(parent, discs, scratches, tmp_path / "out", steps=3))
    assert again.notes == ["going on from step 2 of 3"]
    assert resumed.sources.hard == ready.sources.hard
