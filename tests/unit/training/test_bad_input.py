"""Data as a line delivers them: what training takes with a word about it, what it refuses and how it says so, and a disk that fills."""

from __future__ import annotations

import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_inspector.cli import main
from edge_inspector.errors import TrainingError
from edge_inspector.evaluation.layouts import load_dataset, sha256_file
from edge_inspector.images import write_png
from edge_inspector.settings.manifest import InputForm
from edge_inspector.training import checkpoint
from edge_inspector.training.data import is_black, read_training_data
from edge_inspector.training.options import TrainSettings
from edge_inspector.training.progress import Silent
from edge_inspector.training.run import train
from tests.unit.training.parts import disc, write_set

Damage = Callable[[Path], object]


def good(root: Path) -> list[Path]:
    return sorted((root / "train/good").iterdir())


def blacken(path: Path) -> None:
    image = np.full((128, 128, 3), 2, np.uint8)
    image[5, 5] = 255  # a hot pixel
    write_png(path, image)


def blacken_all(root: Path) -> None:
    for path in good(root):
        blacken(path)


def rewrite(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Each normal as ``change`` makes it, written as it is: one channel or three (BGR), 8 or 16 bit."""

    def damage(root: Path) -> None:
        for path in good(root):
            image = cv2.imread(str(path))
            assert image is not None
            assert cv2.imwrite(str(path), change(image))

    return damage


def mix(root: Path) -> None:
    """Other sizes, grey beside colour, 16 bit beside 8, JPEG beside PNG."""
    first, second, third, fourth = good(root)[:4]
    rng = np.random.default_rng(0)
    write_png(first, disc(rng, 200)[:, :, :1])
    write_png(second, disc(rng, 96)[:60])
    assert cv2.imwrite(str(third), disc(rng, 150).astype(np.uint16) * 257)
    assert cv2.imwrite(str(fourth.with_suffix(".jpg")), np.roll(disc(rng, 128), 1, 2) // np.array([1, 2, 3], np.uint8))


def sort_by_lot(root: Path) -> None:
    lot = root / "train/good/lot2"
    lot.mkdir()
    for path in good(root)[3:6]:
        path.rename(lot / path.name)


def remove(*names: str) -> Damage:
    def damage(root: Path) -> None:
        for name in names:
            path = root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def only_good(root: Path) -> None:
    """The folder layout with nothing but good images."""
    (root / "train/good").rename(root / "good")
    remove("train", "test", "ground_truth")(root)


def only_one(root: Path) -> None:
    only_good(root)
    for path in sorted((root / "good").iterdir())[1:]:
        path.unlink()


SIMULATED = "training on simulated anomalies alone"
UNTESTABLE = "cannot be evaluated on this set"
TAKEN: dict[str, tuple[Damage, str, int, tuple[str, ...]]] = {  # damage, layout, seen, what its notes say
    "no defects": (remove("test/stain", "ground_truth"), "mvtec", 0, (UNTESTABLE, SIMULATED)),
    "no test part": (remove("test", "ground_truth"), "mvtec", 0, (UNTESTABLE, SIMULATED)),
    "no masks, none seen": (remove("ground_truth"), "mvtec", 0, (SIMULATED,)),
    "good images alone": (only_good, "folder", 0, (UNTESTABLE, SIMULATED)),
    "images in a folder of their own": (sort_by_lot, "mvtec", 2, ("3 images not read (003.png, 004.png, 005.png)",)),
    "one normal": (only_one, "folder", 0, (UNTESTABLE, SIMULATED)),
    "one black": (lambda root: blacken(good(root)[2]), "mvtec", 2, ("1 of 6 normals are black and left out of the training: 002.png",)),
    "grey": (rewrite(lambda image: image[:, :, 0]), "mvtec", 2, ()),
    "16 bit": (rewrite(lambda image: image.astype(np.uint16) * 257), "mvtec", 2, ()),
    "16 bit grey": (rewrite(lambda image: image[:, :, 0].astype(np.uint16) * 257), "mvtec", 2, ()),
    "mixed": (mix, "mvtec", 2, ("letterbox: size as asked; aspect kept, as 1 of 7 normals",)),
}


class Reached(BaseException):
    """The steps are done: the rest of a run is the same for all."""


class UpToTheSteps(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def stage(self, title: str, total: int) -> None:
        if title == "proposing thresholds":
            raise Reached

    def note(self, text: str) -> None:
        self.notes.append(text)


def settings(parts: Path, layout: str, out: Path, seen: int = 0, steps: int = 1) -> TrainSettings:
    return TrainSettings(parts, layout, out, seen, steps=steps, batch=4, size=(128, 128), device="cpu")


@pytest.mark.parametrize(("damage", "layout", "seen", "said"), TAKEN.values(), ids=TAKEN.keys())
def test_what_training_takes_and_says(damage: Damage, layout: str, seen: int, said: tuple[str, ...], tmp_path: Path) -> None:
    parts = write_set(tmp_path / "parts", normals=6, defects=3)
    damage(parts)
    watcher = UpToTheSteps()
    with pytest.raises(Reached):
        train(settings(parts, layout, tmp_path / "out", seen), watcher)
    assert len(watcher.notes) == len(said), watcher.notes
    assert all(words in note for note, words in zip(watcher.notes, said, strict=True))


def mask_of_another_size(root: Path) -> None:
    for path in (root / "ground_truth/stain").iterdir():
        write_png(path, np.full((64, 128, 1), 255, np.uint8))


def black_seen(root: Path) -> None:
    for path in (root / "test" / "stain").iterdir():
        blacken(path)


def empty_mask(root: Path) -> None:
    for path in (root / "ground_truth/stain").iterdir():
        write_png(path, np.zeros((128, 128, 1), np.uint8))


def one_black(root: Path) -> None:
    for path in good(root)[1:]:
        path.unlink()
    blacken(good(root)[0])


def a_folder_as_image(root: Path) -> None:
    good(root)[1].unlink()
    (root / "train/good/001.png").mkdir()


DARK = {"the others": ((0, 1), [False, True]), "all that train": ((1, 2), [False, False])}  # held out -> held of those that are left


@pytest.mark.parametrize(("held", "left"), DARK.values(), ids=DARK.keys())
def test_chosen_normals_that_are_black_are_left_out_too(held: tuple[int, ...], left: list[bool], tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", normals=3, defects=0)
    blacken(good(root)[0])
    normals = [sample for sample in load_dataset(root, "mvtec").samples if sample.split == "train"]
    which = np.isin(np.arange(3), held)
    data = read_training_data(normals, which, [], InputForm(height=128, width=128))
    assert (len(data.normals), len(data.held)) == (left.count(False), left.count(True))
    assert data.notes == ("1 of 3 normals are black and left out of the training: 000.png",)
    assert sha256_file(good(root)[0]) not in data.normal_hashes


NOTHING = ("train/good/000.png", "black", "nothing to learn from", "light")
REFUSED: dict[str, tuple[Damage, int, int, tuple[str, ...]]] = {  # damage, seen, exit code, what stderr says
    "mask of another size": (mask_of_another_size, 3, 1, ("000_mask.png", "(64, 128)", "(128, 128)", "must be equal")),
    "a black seen image": (black_seen, 3, 1, ("black (none reaches 16 of 255", "its defect cannot be seen", "take the image out")),
    "empty mask": (empty_mask, 3, 1, ("3 seen images asked for (--seen); it has 0", "_mask.png", "mark the defect")),
    "all black": (blacken_all, 0, 1, (*NOTHING, "6 read")),
    "the only one is black": (one_black, 0, 1, NOTHING),
    "12 bits in 16": (rewrite(lambda image: image.astype(np.uint16) * 16), 0, 1, (*NOTHING, "16-bit images over their full range")),
    "train/good missing": (remove("train/good"), 0, 1, ("train/good", "no such folder", "layout mvtec expects train/good")),
    "train/good empty": (remove(*(f"train/good/{n:03d}.png" for n in range(6))), 0, 1, ("no images of the train part", "train/good")),
    "test missing": (remove("test"), 2, 1, ("2 seen images asked for (--seen); it has 0", "test/<defect>")),
    "masks missing": (
        remove("ground_truth"),
        2,
        1,
        ("2 seen images asked for (--seen); it has 0", "and 3 without one", "ground_truth/<defect>/<name>_mask.png"),
    ),
    "one mask missing": (remove("ground_truth/stain/001_mask.png"), 2, 1, ("no mask for image '001'",)),
    "more seen than there are": (lambda root: None, 9, 1, ("9 seen images asked for (--seen); it has 3",)),
    "truncated": (lambda root: good(root)[1].write_bytes(good(root)[1].read_bytes()[:300]), 0, 1, ("train/good/001.png", "truncated")),
    "no image": (lambda root: good(root)[1].write_text("hello"), 0, 1, ("train/good/001.png", "not a PNG")),
    "an empty file": (lambda root: good(root)[1].write_bytes(b""), 0, 1, ("train/good/001.png", "0 bytes")),
    "a folder as image": (a_folder_as_image, 0, 1, ("train/good/001.png", "cannot be read")),
    "no such data": (shutil.rmtree, 0, 1, ("parts", "no such folder")),
    "the out folder cannot be made": (lambda root: (root.parent / "new").write_text("a file"), 0, 1, ("new/out.part", "cannot be made")),
}


def run_command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """The exit code of ``edge-inspector`` with these words."""
    monkeypatch.setattr(sys, "argv", ["edge-inspector", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("damage", "seen", "code", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_training_refuses(
    damage: Damage,
    seen: int,
    code: int,
    said: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = write_set(tmp_path / "parts", normals=6, defects=3)
    damage(parts)
    words = ("train", "--data", parts, "--layout", "mvtec", "--out", tmp_path / "new/out", "--seen", seen, "--device", "cpu", "--steps", 1)
    assert run_command(monkeypatch, *words) == code
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert [text for text in said if text not in error] == []
    assert not (tmp_path / "new/out").exists()


@pytest.mark.parametrize("command", [("train",), ("ablate", "--table", "seen")], ids=["train", "ablate"])
def test_a_seed_below_0_is_wrong_use(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = write_set(tmp_path / "parts", normals=2, defects=2)
    words = (*command, "--data", parts, "--layout", "mvtec", "--out", tmp_path / "out", "--seen", 1, "--seed", -1, "--device", "cpu")
    assert run_command(monkeypatch, *words) == 2
    assert "--seed -1: must be at least 0" in capsys.readouterr().err


BLACK = {  # an image, whether it is black
    "dark with noise": (np.random.default_rng(0).integers(0, 14, (300, 200, 1), np.uint8), True),
    "a small bright part": (np.pad(np.full((12, 12, 1), 200, np.uint8), ((200, 200), (200, 200), (0, 0))), False),
    "small": (np.full((2, 8, 3), 15, np.uint8), True),
    "grey": (np.full((8, 300, 1), 16, np.uint8), False),
}


@pytest.mark.parametrize(("image", "black"), BLACK.values(), ids=BLACK.keys())
def test_what_is_black(image: np.ndarray, black: bool) -> None:
    assert is_black(image) == black


# ------------------------------------------------------------------------------------------------------ a disk that fills


@contextmanager
def kept_limit() -> Iterator[None]:
    """Whatever limit on file sizes is set inside ends with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FillsAt(Silent):
    """From ``step`` on the system refuses to write files of more than 50 kB, as a full disk refuses them."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.notes: list[str] = []

    def advance(self, done: int, total: int, text: str) -> None:
        if done == self.step:
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_disk_that_fills_costs_the_bundle_but_not_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)  # a checkpoint each step
    parts = write_set(tmp_path / "parts", normals=1, defects=0)
    wanted, part = settings(parts, "mvtec", tmp_path / "out", steps=5), tmp_path / "out.part"
    full = FillsAt(3)
    with kept_limit(), pytest.raises(TrainingError, match=r"bundle cannot be written: File too large; the training is kept to step 2"):
        train(wanted, full)
    assert [note for note in full.notes if "checkpoint" in note] == [
        f"{part}: the checkpoint of step 3 cannot be written: File too large; the last whole one is kept; free space; the training goes on"
    ]
    assert [path.name for path in part.iterdir()] == ["state-000002.safetensors"]
    again = UpToTheSteps()
    with pytest.raises(Reached):
        train(wanted, again)
    assert "going on from step 2 of 5" in again.notes
    assert [path.name for path in part.iterdir()] == ["state-000005.safetensors"]


class FillsFor(FillsAt):
    """The disk is full from ``step`` to ``until``."""

    def __init__(self, step: int, until: int, limit: tuple[int, int]) -> None:
        super().__init__(step)
        self.until, self.limit = until, limit

    def advance(self, done: int, total: int, text: str) -> None:
        super().advance(done, total, text)
        if done == self.until:
            resource.setrlimit(resource.RLIMIT_FSIZE, self.limit)

    def stage(self, title: str, total: int) -> None:
        if title == "proposing thresholds":
            raise Reached


def test_checkpoints_are_written_again_once_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)
    parts = write_set(tmp_path / "parts", normals=2, defects=1)
    full = FillsFor(2, 4, resource.getrlimit(resource.RLIMIT_FSIZE))
    with kept_limit(), pytest.raises(Reached):
        train(settings(parts, "mvtec", tmp_path / "out", steps=5), full)
    assert [note.split(":")[-1] for note in full.notes if "checkpoint" in note][1:] == ["checkpoints can be written again, from step 4 on"]
    assert [path.name for path in (tmp_path / "out.part").iterdir()] == ["state-000005.safetensors"]
