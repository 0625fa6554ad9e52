"""What a person is told of a data set besides its samples."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_inspector import images
from edge_inspector.evaluation.layouts import load_dataset, load_part
from edge_inspector.evaluation.remarks import named, unlabelled, unmasked, unread, untestable
from tests.unit.evaluation.test_layouts import CLEAN, TREES, dagm, mvtec, put


@pytest.mark.parametrize("layout", TREES)
def test_of_a_set_as_it_should_be_nothing_is_said(layout: str, tmp_path: Path) -> None:
    TREES[layout][0](tmp_path)
    dataset = load_dataset(tmp_path, layout)
    assert [*unread(dataset), *unlabelled(dataset), *untestable(dataset), *unmasked(dataset.samples)] == []


def test_images_in_folders_that_the_layout_does_not_know_are_told(tmp_path: Path) -> None:
    mvtec(tmp_path)
    put(tmp_path, *(f"train/good/lot 1/{n}.png" for n in range(7)), "test/crack/deep/deeper/9.PNG", "test/good/.cache/1.png")
    (tmp_path / "train/good/empty").mkdir()
    told = list(unread(load_dataset(tmp_path, "mvtec")))
    assert len(told) == 2
    crack, lot = sorted(told)
    assert str(tmp_path / "test/crack/deep") in crack
    assert "1 image not read (9.PNG)" in crack
    assert "7 images not read (0.png, 1.png, 2.png, 3.png, 4.png and 2 more)" in lot
    assert "layout mvtec takes what lies in good/ itself" in lot


LACKING = {"no normal test images": ("good",), "no defective test images": ("crack", "stain"), "no test images": ("good", "crack", "stain")}


@pytest.mark.parametrize(("said", "gone"), LACKING.items())
def test_a_set_that_nothing_can_be_evaluated_on(said: str, gone: tuple[str, ...], tmp_path: Path) -> None:
    mvtec(tmp_path)
    for name in gone:
        shutil.rmtree(tmp_path / "test" / name)
    (told,) = untestable(load_part(tmp_path, "mvtec"))
    assert told.startswith(said)
    assert str(tmp_path) in told
    assert "cannot be evaluated" in told


def test_defects_of_whose_pixels_nobody_knows_are_counted(tmp_path: Path) -> None:
    mvtec(tmp_path)
    shutil.rmtree(tmp_path / "ground_truth/stain")
    images.write_png(tmp_path / "ground_truth/crack/001_mask.png", CLEAN)
    (told,) = unmasked(load_dataset(tmp_path, "mvtec").samples)
    assert "3 of 5 defective test images have no mask, or an empty one (001.png, 000.png, 001.png)" in told


def test_half_a_class_without_labels_is_told(tmp_path: Path) -> None:
    dagm(tmp_path)
    shutil.rmtree(tmp_path / "Class2/Train/Label")
    (told,) = unlabelled(load_dataset(tmp_path, "dagm"))
    assert str(tmp_path / "Class2/Train") in told
    assert "taken for good" in told


def test_the_first_few_are_named() -> None:
    assert named([Path("x/a.png"), Path("b.png")]) == "a.png, b.png"
