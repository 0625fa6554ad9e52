"""What a proposed mask was made from stays beside it, and training draws the mask again from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_inspector.errors import LabelError
from edge_inspector.evaluation.layouts import load_part, sha256_file
from edge_inspector.images import decode_mask, write_png
from edge_inspector.labels.folders import write_masks
from edge_inspector.labels.marks import kept_marks, marks_file, scaled
from edge_inspector.labels.record import Label, Mark
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble, Shape, check
from edge_inspector.settings.manifest import InputForm
from edge_inspector.training.data import read_training_data
from tests.unit.training.parts import stained, write_set

BOX = Box(x=20, y=30, w=40, h=24)
OUTLINE = Polygon(rings=(((20.0, 30.0), (59.0, 30.0), (59.0, 53.0)),))


def imported(folder: Path, *shapes: Shape) -> Path:
    """The mask that importing an image with these marks makes."""
    image, _ = stained(np.random.default_rng(3))
    (folder / "images").mkdir(parents=True)
    write_png(folder / "images/7.png", image)
    label = Label(
        image="7.png",
        sha256=sha256_file(folder / "images/7.png"),
        height=image.shape[0],
        width=image.shape[1],
        marks=tuple(Mark(shape=shape, defect="dent") for shape in shapes),
    )
    assert write_masks([label], folder / "images", folder / "out") == 1
    return folder / "out/ground_truth/dent/7_mask.png"


def test_marks_stay_beside_the_mask(tmp_path: Path) -> None:
    mask = imported(tmp_path, BOX, OUTLINE)
    size = decode_mask(mask).shape
    assert kept_marks(mask, (size[0], size[1])) == (BOX, OUTLINE)
    assert kept_marks(mask, (size[0] // 2, size[1] // 2))[0] == Box(x=10, y=15, w=20, h=12)


def test_outlines_alone_are_the_mask(tmp_path: Path) -> None:
    assert not marks_file(imported(tmp_path, OUTLINE)).exists()


def test_a_mask_that_was_painted_over_is_exact(tmp_path: Path) -> None:
    mask = imported(tmp_path, BOX)
    painted = decode_mask(mask)
    painted[:3, :3] = True
    write_png(mask, (painted * np.uint8(255))[:, :, None])
    assert kept_marks(mask, (128, 128)) == ()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    mask = imported(tmp_path, BOX)
    marks_file(mask).write_text("{", encoding="utf-8")
    with pytest.raises(LabelError, match=r"7_mask\.marks\.json"):
        kept_marks(mask, (128, 128))


def test_training_learns_from_the_marks(tmp_path: Path) -> None:
    imported(tmp_path, BOX)
    (bad,) = load_part(tmp_path / "out", "mvtec").samples
    good = load_part(write_set(tmp_path / "set", normals=2, defects=1), "mvtec").part("train", "good")
    data = read_training_data(good, np.zeros(len(good), np.bool_), [(bad, "exact")], InputForm(height=64, width=64))
    assert data.seen[0].hints == (Box(x=10, y=15, w=20, h=12),)


SHAPES: dict[str, Shape] = {
    "box": Box(x=99, y=99, w=1, h=1),
    "whole": Box(x=0, y=0, w=100, h=100),
    "click": Click(x=99, y=0),
    "scribble": Scribble(points=((0.0, 0.0), (99.0, 99.0)), width=9),
    "polygon": Polygon(rings=(((0.0, 0.0), (99.0, 0.0), (99.0, 99.0)),)),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("to", [(7, 13), (33, 50), (100, 100), (255, 300)])
def test_a_scaled_mark_lies_in_its_image(shape: Shape, to: tuple[int, int]) -> None:
    check(scaled(shape, (100, 100), to), to)
