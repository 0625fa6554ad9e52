"""Schedule, budget, thresholds, checkpoints, data: everything of a run that needs no training."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_inspector.errors import DatasetError, ImageError, TrainingError
from edge_inspector.images import write_png
from edge_inspector.labels.hints import MaskSource
from edge_inspector.records import Mask
from edge_inspector.training import checkpoint
from edge_inspector.training.checkpoint import State
from edge_inspector.training.data import fit_mask, held_out, is_grey, load_training_data, texture_files
from edge_inspector.training.schedule import PEAK_RATE, Budget, learning_rate
from edge_inspector.training.thresholds import Evidence, normal_limit, propose
from edge_inspector.training.tiles import frames_held
from tests.unit.training.parts import write_set

SIZE = (64, 64)


@given(planned=st.integers(1, 2000))
def test_the_rate_rises_to_its_peak_and_comes_down(planned: int) -> None:
    rates = [learning_rate(step, planned) for step in range(planned)]
    assert 0 < min(rates) <= max(rates) <= PEAK_RATE * 1.0001
    assert planned < 40 or rates[-1] < 0.02 * PEAK_RATE
    peak = int(np.argmax(rates))
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_another_peak_scales_the_rates() -> None:
    assert [learning_rate(step, 50, PEAK_RATE / 4) * 4 for step in range(50)] == pytest.approx(
        [learning_rate(step, 50) for step in range(50)]
    )


def test_reserved_seconds_are_left_over() -> None:
    free, reserved = (Budget(10, seconds, started=1.0).left_for_steps(1.0) for seconds in (0.0, 100.0))
    assert reserved == pytest.approx(free - 100.0, abs=1.0)


def test_images_are_scored_until_the_export_has_to_begin() -> None:
    now = time.monotonic()
    assert Budget(None, started=now - 1e6).for_scoring()
    assert Budget(10, 60.0, started=now - 490.0).for_scoring()
    assert not Budget(10, 60.0, started=now - 510.0).for_scoring()


BUDGETS = {  # minutes, seconds gone, done, planned, seconds a step -> planned anew
    "no limit": (None, 600, 10, 420, 1.0, 420),
    "fits": (12, 20, 10, 420, 1.0, 420),
    "does not fit": (3, 40, 10, 420, 1.0, 10 + int(0.97 * (180 - 54 - 40))),
    "time is gone": (1, 90, 10, 420, 1.0, 10),
    "never none": (0.1, 60, 0, 420, 1.0, 1),
}


@pytest.mark.parametrize(("minutes", "gone", "done", "planned", "pace", "expected"), BUDGETS.values(), ids=BUDGETS.keys())
def test_planning(minutes: float | None, gone: float, done: int, planned: int, pace: float, expected: int) -> None:
    budget = Budget(minutes, started=time.monotonic() - gone)
    assert abs(budget.fitting(done, planned, pace) - expected) <= 1


def evidence(normals: list[float], anomalies: list[float]) -> Evidence:
    return Evidence(np.array(normals), np.array(anomalies), np.array(normals), "3 held-out normals")


EVIDENCE = {  # normals, anomalies; the accept threshold lies between
    "apart": (evidence([0.01, 0.02, 0.05], [0.7, 0.8, 0.95]), 0.05, 0.7),
    "far apart": (evidence([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]), 0.0, 0.5),
    "overlapping": (evidence([0.02, 0.03, 0.05, 0.1], [0.04, 0.06, 0.9]), 0.1, 0.5),
    "one odd normal": (evidence([0.02, 0.03, 0.025, 0.03, 0.02, 0.7], [0.5, 0.6, 0.9]), 0.03, 0.5),
    "identical normals": (evidence([0.05] * 5, [0.5] * 5), 0.05, 0.5),
}


@pytest.mark.parametrize(("given_scores", "above", "below"), EVIDENCE.values(), ids=EVIDENCE.keys())
def test_thresholds_lie_between_normals_and_anomalies(given_scores: Evidence, above: float, below: float) -> None:
    proposal = propose(given_scores)
    assert above < proposal.accept_threshold < below
    assert proposal.accept_threshold <= proposal.reject_threshold
    assert proposal.accept_threshold <= proposal.region_threshold <= 0.9
    assert "3 held-out normals" in proposal.evidence


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_thresholds_are_always_ordered_and_in_range(normals: list[float], anomalies: list[float]) -> None:
    proposal = propose(evidence(normals, anomalies))
    assert 0 <= proposal.accept_threshold <= proposal.reject_threshold <= 1
    assert 0 <= proposal.region_threshold <= 1


@pytest.mark.parametrize("told", [8, 12, 19, 20, 25])
def test_the_limit_of_normals_is_rarely_passed_by_one(told: int) -> None:
    rng = np.random.default_rng(0)
    passed = 0.0
    for _ in range(400):
        scores = 1 / (1 + np.exp(-rng.normal(-3, 0.4, told + 1000)))
        passed += float((scores[told:] > normal_limit(scores[:told])).mean()) / 400
    assert 0.002 < passed < 0.014


def test_one_bad_part_among_few_normals_does_not_hide_others() -> None:
    normals = [0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26]
    assert normal_limit(np.array(normals)) < normal_limit(np.array([*normals, 0.99])) < 0.5


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"head.a": torch.full((2, 3), value), "moments.0.step": torch.tensor(value)}


def state(step: int, seconds: float = 1.5) -> State:
    return State("run", step, 100, seconds, {"form": "whole-map", "k": 2, "why": "as asked"})


def test_a_checkpoint_comes_back_and_replaces_the_last(tmp_path: Path) -> None:
    for step in (10, 20):
        checkpoint.save(tmp_path, state(step, 1.5), tensors(step))
    found = checkpoint.load(tmp_path, "run")
    assert found is not None
    assert found[0] == state(20, 1.5)
    assert torch.equal(found[1]["head.a"], tensors(20)["head.a"])
    assert [path.name for path in tmp_path.iterdir()] == ["state-000020.safetensors"]


def test_another_runs_checkpoint_is_left_alone(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, state(10, 1.5), tensors(1))
    assert checkpoint.load(tmp_path, "another") is None
    assert checkpoint.load(tmp_path / "nowhere", "run") is None


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_state(content: bytes) -> bytes:
    return content.replace(b"state", b"stale")


@pytest.mark.parametrize("damage", [cut, without_state, lambda _: b"", lambda _: b"no such form"])
def test_a_damaged_checkpoint_counts_for_nothing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    checkpoint.save(tmp_path, state(10, 1.5), tensors(1))
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert checkpoint.load(tmp_path, "run") is None


def test_the_one_before_stands_in_for_a_damaged_one(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, state(10, 1.5), tensors(1))
    (tmp_path / "state-000020.safetensors").write_bytes(b"half")
    found = checkpoint.load(tmp_path, "run")
    assert found is not None
    assert found[0].step == 10


REFUSALS = {"beside it": ".draft.safetensors", "in its place": "state-000020.safetensors"}


@pytest.mark.parametrize("name", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_disk_that_refuses_is_named_and_the_last_checkpoint_survives(tmp_path: Path, name: str) -> None:
    checkpoint.save(tmp_path, state(10, 1.5), tensors(1))
    (tmp_path / name).mkdir()  # in the way: writing fails as on a full or read-only disk, for root too
    with pytest.raises(TrainingError, match="checkpoint of step 20 cannot be written"):
        checkpoint.save(tmp_path, state(20, 1.5), tensors(2))
    found = checkpoint.load(tmp_path, "run")
    assert found is not None
    assert found[0].step == 10


def test_a_step_saved_twice_is_there_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, state(10, 1.5), tensors(1))
    replace = Path.replace

    def looked_at(draft: Path, target: Path) -> Path:
        found = checkpoint.load(tmp_path, "run")
        assert found is not None
        assert torch.equal(found[1]["head.a"], tensors(1)["head.a"])
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", looked_at)
    checkpoint.save(tmp_path, state(10, 2.5), tensors(2))
    found = checkpoint.load(tmp_path, "run")
    assert found is not None
    assert torch.equal(found[1]["head.a"], tensors(2)["head.a"])


HELD = {"one": (1, 0), "few": (9, 0), "some": (20, 4), "enough": (40, 8), "many": (209, 21)}


@pytest.mark.parametrize(("count", "expected"), HELD.values(), ids=HELD.keys())
def test_how_many_normals_are_held_out(count: int, expected: int) -> None:
    assert held_out(count, 0).sum() == expected
    assert np.array_equal(held_out(count, 3), held_out(count, 3))


FRAMES = {"one": (1, 0), "few": (9, 0), "some": (20, 6), "enough": (48, 16), "many": (209, 16)}


@pytest.mark.parametrize(("count", "expected"), FRAMES.values(), ids=FRAMES.keys())
def test_how_many_frames_are_held_out(count: int, expected: int) -> None:
    assert frames_held(count, 0).sum() == expected
    assert np.array_equal(frames_held(count, 3), frames_held(count, 3))


def test_data_is_read_whole_and_seen_images_are_named(tmp_path: Path) -> None:
    data = load_training_data(write_set(tmp_path), "mvtec", seen=2, seed=0, size=SIZE)
    assert data.normals.shape == (10, 64, 64, 3)
    assert data.held.shape == (2, 64, 64, 3)
    assert [anomaly.mask.shape for anomaly in data.seen] == [SIZE, SIZE]
    assert data.grey
    assert len(set(data.normal_hashes)) == 12
    assert not set(data.normal_hashes) & set(data.seen_hashes)


def spoil_mask_size(root: Path) -> None:
    for path in (root / "ground_truth/stain").iterdir():
        write_png(path, np.full((10, 10, 1), 255, np.uint8))


def spoil_mask_content(root: Path) -> None:
    for path in (root / "ground_truth/stain").iterdir():
        write_png(path, np.zeros((128, 128, 1), np.uint8))


def spoil_image(root: Path) -> None:
    path = root / "train/good/003.png"
    path.write_bytes(path.read_bytes()[:200])


def no_normals(root: Path) -> None:
    for path in (root / "train/good").iterdir():
        path.unlink()


SPOILT = {
    "mask of another size": (spoil_mask_size, DatasetError, "must be equal"),
    "empty masks": (spoil_mask_content, DatasetError, "it has 0 defective images with masks to draw from, and 4 with an empty one"),
    "truncated image": (spoil_image, ImageError, r"003\.png"),
    "no normals": (no_normals, DatasetError, "train"),
}


@pytest.mark.parametrize(("spoil", "error", "message"), SPOILT.values(), ids=SPOILT.keys())
def test_bad_data_is_named(tmp_path: Path, spoil: object, error: type[Exception], message: str) -> None:
    root = write_set(tmp_path)
    spoil(root)  # type: ignore[operator]
    with pytest.raises(error, match=message):
        load_training_data(root, "mvtec", seen=2, seed=0, size=SIZE)


def test_a_defect_whose_mask_is_empty_is_passed_over_and_named(tmp_path: Path) -> None:
    root = write_set(tmp_path, defects=3)
    first, second = load_training_data(root, "mvtec", 3, 0, SIZE), root / "ground_truth/stain/001_mask.png"
    write_png(second, np.zeros((128, 128, 1), np.uint8))
    found = load_training_data(root, "mvtec", 2, 0, SIZE)
    assert set(found.seen_hashes) == {first.seen_hashes[0], first.seen_hashes[2]}
    with pytest.raises(DatasetError, match=r"001_mask\.png\): mark the defect"):
        load_training_data(root, "mvtec", 3, 0, SIZE)
    notes = {load_training_data(root, "mvtec", 2, seed, SIZE).notes for seed in range(6)}
    assert notes == {(), ("--seen passed over 1 defective image whose mask is empty: 001.png",)}  # () where its turn did not come


def test_of_many_textures_those_used_lie_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_inspector.training.data.TEXTURES", 6)
    for kind in ("banded", "dotted", "woven"):
        (tmp_path / kind).mkdir()
        for number in range(4):
            (tmp_path / kind / f"{number}.png").touch()
    used = texture_files(tmp_path)
    assert [path.parent.name for path in used] == ["banded", "banded", "dotted", "dotted", "woven", "woven"]
    assert len(set(used)) == 6


def test_no_textures_where_a_folder_was_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no texture image"):
        load_training_data(write_set(tmp_path / "set"), "mvtec", 0, 0, SIZE, textures=tmp_path / "empty")


def test_a_small_mask_does_not_vanish() -> None:
    mask = np.zeros((1000, 1000), np.bool_)
    mask[500, 500] = True
    assert fit_mask(mask, 64, 64).sum() == 1


def of_lines(*points: tuple[int, int], thickness: int = 1) -> Mask:
    mask = np.zeros((1024, 1024), np.uint8)
    cv2.polylines(mask, [np.array(points)], isClosed=False, color=1, thickness=thickness)
    return mask > 0


def pieces(mask: Mask) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8))[0] - 1


CRACKS = {
    "diagonal": of_lines((100, 100), (900, 870)),
    "nearly level": of_lines((50, 300), (980, 318)),
    "bent": of_lines((60, 80), (300, 200), (340, 600), (800, 640), (990, 990)),
    "two pixels wide": of_lines((500, 20), (530, 1000), thickness=2),
}


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a blob"])
@pytest.mark.parametrize("crack", CRACKS.values(), ids=CRACKS.keys())
def test_a_crack_stays_in_one_piece(crack: Mask, beside: bool) -> None:
    blob = cv2.circle(np.zeros((1024, 1024), np.uint8), (200, 800), 40, 1, -1) > 0
    touched = crack.reshape(256, 4, 256, 4).any((1, 3))
    kept = fit_mask(crack | (blob & beside), 256, 256) & touched
    assert kept.sum() >= 0.65 * touched.sum()
    assert pieces(kept) == 1


@pytest.mark.parametrize("side", [256, 384])
def test_of_a_compact_blob_the_pixels_covered_by_half_stay(side: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        blob = cv2.circle(np.zeros((1024, 1024), np.uint8), (512, 512), int(rng.integers(8, 200)), 1, -1) > 0
        covered = cv2.resize(blob.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        assert np.array_equal(fit_mask(blob, side, side), covered >= 0.5)


def test_a_mask_that_is_not_shrunk_stays_as_it_is() -> None:
    mask = CRACKS["bent"] | CRACKS["diagonal"]
    assert np.array_equal(fit_mask(mask, 1024, 1024), mask)
    assert np.array_equal(fit_mask(mask, 2048, 2048), mask.repeat(2, 0).repeat(2, 1))


def test_what_is_grey() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (32, 32, 1), np.uint8), 3, axis=2)
    assert is_grey(grey)
    assert is_grey(grey[:, :, :1])
    assert not is_grey(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8))


@pytest.mark.parametrize("source", ["box", "scribble", "click"])
def test_seen_masks_can_be_drawn_from_hints(tmp_path: Path, source: MaskSource) -> None:
    parts = write_set(tmp_path / "hints", normals=2, defects=3)
    exact = load_training_data(parts, "mvtec", 3, 1, (128, 128))
    hinted = load_training_data(parts, "mvtec", 3, 1, (128, 128), masks=source)
    assert hinted.fingerprint == exact.fingerprint
    for one, other in zip(exact.seen, hinted.seen, strict=True):
        overlap = (one.mask & other.mask).sum() / (one.mask | other.mask).sum()
        assert overlap >= 0.7
