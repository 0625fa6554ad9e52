"""Training on long narrow parts: padding stays padding, masks lie where the defects are, anomalies stay on the part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.evaluation.layouts import load_dataset
from edge_inspector.geometry import PADDING, on_canvas, window_of
from edge_inspector.images import size_of, write_png
from edge_inspector.records import Image, Mask
from edge_inspector.settings.manifest import InputForm
from edge_inspector.training.augment import Variation, vary
from edge_inspector.training.batches import make_batch
from edge_inspector.training.data import TrainingData, load_training_data, read_training_data
from edge_inspector.training.describe import describe
from edge_inspector.training.evidence import evidence_of, held_sources, reference_images, sources_of
from edge_inspector.training.extended import SeenAnomaly, place
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import _Run
from edge_inspector.training.schedule import Budget
from edge_inspector.training.shapes import simulated_mask
from edge_inspector.training.synthesis import KINDS, Sources, made
from edge_inspector.training.textures import borrowed, procedural
from edge_inspector.training.thresholds import Evidence, propose

FORM = InputForm(height=128, width=256, fit="letterbox")
LENGTHS = ((50, 300), (50, 200), (40, 300), (200, 60), (3, 280))


def strip(rng: np.random.Generator, height: int, width: int) -> Image:
    """A bright strip with a dark edge, uint8 (height, width, 3)."""
    image = np.full((height, width, 3), 160, np.uint8)
    image[: height // 8] = 60
    return np.clip(image + rng.normal(0, 3, image.shape[:2])[:, :, None], 0, 255).astype(np.uint8)


def spoilt(rng: np.random.Generator, height: int, width: int) -> tuple[Image, Mask]:
    """The same with a black box near its far end, and its mask."""
    image, mask = strip(rng, height, width), np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (width * 3 // 4, height // 3, max(3, width // 20), max(3, height // 5)), 1, -1)
    image[mask > 0] = 10
    return image, mask.astype(np.bool_)


def write_strips(root: Path, normals: int = 12) -> Path:
    """An mvtec folder of strips, most of them lying, of several lengths."""
    rng = np.random.default_rng(3)
    for folder in ("train/good", "test/good", "test/spot", "ground_truth/spot"):
        (root / folder).mkdir(parents=True)
    for number in range(normals):
        write_png(root / "train/good" / f"{number:03d}.png", strip(rng, 50, 230 + 10 * (number % 3)))
    for number in range(3):
        image, mask = spoilt(rng, 50, 240)
        write_png(root / "test/spot" / f"{number:03d}.png", image)
        write_png(root / "ground_truth/spot" / f"{number:03d}_mask.png", (mask * np.uint8(255))[:, :, None])
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    return load_training_data(write_strips(tmp_path_factory.mktemp("strips") / "set"), "mvtec", 2, 0, None)


@pytest.fixture(scope="module")
def sources() -> Sources:
    """Normals and seen anomalies of every shape in LENGTHS."""
    rng = np.random.default_rng(0)
    normals = [strip(rng, *size) for size in LENGTHS]
    seen = []
    for size in LENGTHS[:4]:
        image, mask = spoilt(rng, *size)
        window = window_of(size, FORM)
        small = cv2.resize(mask.astype(np.uint8), (window.w, window.h), interpolation=cv2.INTER_NEAREST) > 0
        seen.append(SeenAnomaly(on_canvas(image, FORM), window.pad(small, False), window))
    canvases = np.stack([on_canvas(image, FORM) for image in normals])
    textures = (procedural(70, 90, rng).astype(np.uint8),)
    return Sources(canvases, tuple(seen), textures, windows=tuple(window_of(size, FORM) for size in LENGTHS))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_even_and_never_marked(kind: str, sources: Sources) -> None:
    marked = 0
    for number in range(40):
        sample = made(kind, sources, np.random.default_rng(number))
        image, mask = sample.on_canvas
        outside = sample.window.pad(np.zeros(sample.mask.shape, np.bool_), True)
        assert image.shape == (128, 256, 3)
        assert image.dtype == np.uint8
        assert outside.any()
        assert (image[outside] == PADDING).all()
        assert not mask[outside].any()
        marked += bool(mask.any())
        assert np.array_equal(image, KINDS[kind](sources, np.random.default_rng(number))[0])
    assert marked == 0 if kind == "normal" else marked > 25


def test_a_batch_of_narrow_parts_has_clean_padding(sources: Sources) -> None:
    batch = make_batch(replace(sources, normals=sources.normals[:1], windows=sources.windows[:1], seen=()), 8, 0, 0)
    window = sources.windows[0]
    outside = window.pad(np.zeros((window.h, window.w), np.bool_), True)
    assert (batch.images[:, outside] == PADDING).all()
    assert not batch.masks[:, 0][:, outside[::2, ::2]].any()
    assert batch.masks.any()


def test_windows_must_be_as_many_as_normals(sources: Sources) -> None:
    with pytest.raises(ValueError, match="5 windows of 2 normals"):
        replace(sources, normals=sources.normals[:2])


def test_masks_lie_where_the_defects_are(data: TrainingData) -> None:
    assert (data.form.height, data.form.width, data.form.fit) == (128, 256, "letterbox")
    for seen in data.seen:
        assert seen.window is not None
        dark = (seen.image.max(axis=2) < 40) & (seen.image.max(axis=2) > 0)
        assert (seen.mask & dark).sum() / (seen.mask | dark).sum() > 0.8
        outside = seen.window.pad(np.zeros((seen.window.h, seen.window.w), np.bool_), True)
        assert not seen.mask[outside].any()
        assert (seen.image[outside] == PADDING).all()


def test_every_normal_has_its_window(data: TrainingData) -> None:
    assert (len(data.windows), len(data.held_windows)) == (len(data.normals), len(data.held)) == (10, 2)
    for image, window in zip([*data.normals, *data.held], [*data.windows, *data.held_windows], strict=True):
        outside = window.pad(np.zeros((window.h, window.w), np.bool_), True)
        assert (image[outside] == PADDING).all()
        assert (window.cut(image)[:, 0] != PADDING).any()
    assert len({window.h for window in data.windows}) > 1
    assert held_sources(data).windows == data.held_windows
    assert held_sources(replace(data, held=data.held[:0], held_windows=()), 3).windows == data.windows[:3]


def test_chosen_samples_are_read_onto_the_form_that_is_given(data: TrainingData, tmp_path: Path) -> None:
    samples = [s for s in load_dataset(write_strips(tmp_path / "set", normals=4), "mvtec").samples if s.label == "good"]
    form = data.form.model_copy(update={"why": "the parent's"})
    found = read_training_data(samples, np.array([False, True, False, False]), [], form)
    assert found.form == form
    assert (len(found.windows), len(found.held_windows)) == (3, 1)
    shapes = [size_of(sample.path) for sample in samples]
    assert [*found.held_windows, *found.windows] == [window_of(shapes[n], form) for n in (1, 0, 2, 3)]


def test_square_parts_have_no_windows(tmp_path: Path) -> None:
    root = write_strips(tmp_path / "set", normals=2)
    for path in (root / "train/good").iterdir():
        write_png(path, strip(np.random.default_rng(0), 40, 40))
    data = load_training_data(root, "mvtec", 0, 0, (64, 64))
    assert (data.form.fit, data.windows, data.held_windows) == ("stretch", (), ())
    assert sources_of(data).window(0).whole


@given(seed=st.integers(0, 2**31), height=st.integers(1, 80), width=st.integers(1, 160))
@settings(max_examples=60, deadline=None)
def test_parts_of_any_shape_can_be_varied_and_marked(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    image = strip(rng, height, width)
    assert vary(image, None, rng, Variation())[0].shape == image.shape
    assert simulated_mask(np.ones((height, width), np.bool_), rng).shape == (height, width)
    for texture in (borrowed(image, (width, height), rng), procedural(width, height, rng)):
        assert texture.shape == (width, height, 3)
        assert np.isfinite(texture).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_seen_anomaly_lies_on_a_part_that_lies_elsewhere(seed: int) -> None:
    shape, part = np.zeros((2, 96, 96), np.bool_)
    shape[30:50, 10:22], part[:, 60:] = True, True
    _, mask = place(SeenAnomaly(np.full((96, 96, 3), 255, np.uint8), shape), part, np.random.default_rng(seed))
    assert mask[:, 60:].any()
    assert not mask[:, :50].any()


def test_in_place_is_the_same_share_of_the_way_on_a_part_of_another_shape() -> None:
    image, mask = np.zeros((40, 200, 3), np.uint8), np.zeros((40, 200), np.bool_)
    mask[10:20, 150:160] = True
    image[mask] = 255
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        region, moved = place(SeenAnomaly(image, mask), np.ones((80, 100), np.bool_), rng)
        assert region.shape == (80, 100, 3)
        ys, xs = np.nonzero(moved > 0.5)
        found.append(bool(ys.size) and abs(ys.mean() - 29) < 6 and abs(xs.mean() - 77) < 6)
    assert 0.2 < np.mean(found) < 0.6  # a third stays in place


class PaddingNetwork(torch.nn.Module):
    """Finds anomalies on rows of nothing but padding, and nowhere else."""

    pixels = (5,)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = torch.nn.Linear(1, 1)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """uint8 (N, H, W, 3) -> map (N, H/2, W/2), score (N,), prototypes (N, 3)."""
        rows = (image == PADDING).flatten(2).all(2)[:, ::2].float()
        return rows[:, :, None].repeat(1, 1, image.shape[2] // 2), rows.amax(1), torch.zeros(len(image), 3)


def test_thresholds_are_proposed_from_the_part_alone(data: TrainingData) -> None:
    network = PaddingNetwork()
    assert network(torch.from_numpy(data.held))[1].min() == 1.0
    evidence = evidence_of(network, data, 1)  # type: ignore[arg-type]
    assert (len(evidence.normals), len(evidence.normal_peaks)) == (22, 22)
    assert max(evidence.normals.max(), evidence.normal_peaks.max(), evidence.anomalies.max()) == 0.0


def test_a_run_says_how_parts_are_seen(tmp_path: Path) -> None:
    root = write_strips(tmp_path / "set", normals=3)
    run = _Run(
        TrainSettings(root, "mvtec", tmp_path / "out", seed=1, steps=1, batch=2, k=1, size=(128, 128), device="cpu"), Silent(), Budget(None)
    )
    ready = run.prepare()
    assert "input 128 x 128, letterbox: size as asked; aspect kept, as 3 of 3 normals have another" in run.notes
    assert run.steps(ready) == 1
    thresholds = propose(Evidence(np.zeros(2), np.ones(2), np.zeros(2), "none"))
    manifest = describe(run.settings, ready.start, ready.plan, 1, run.minutes, thresholds)
    assert manifest["input"] == ready.data.form.model_dump()
    assert manifest["output"] == {"height": 64, "width": 64}
    assert reference_images(ready.data, 1).shape == (4, 128, 128, 3)
