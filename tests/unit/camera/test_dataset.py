"""Data sets, sheets and pictures of simulated parts, and the commands that write them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edge_inspector.camera.simulator.dataset import Plan, write_dataset
from edge_inspector.camera.simulator.pictures import kinds_picture
from edge_inspector.camera.simulator.sheet import defect_sheet, write_sheet
from edge_inspector.camera.simulator.spec import KINDS
from edge_inspector.cli import simulate
from edge_inspector.errors import DatasetError, ImageError, SettingsError
from edge_inspector.evaluation.layouts import load_dataset

PLAN = Plan(good=3, test_good=2, bad=7, size=64)


def app() -> typer.Typer:
    commands = typer.Typer()
    simulate.register(commands)
    commands.command("other")(lambda: None)
    return commands


def test_a_data_set_has_the_mvtec_layout(tmp_path: Path) -> None:
    heard: list[int] = []
    assert write_dataset(tmp_path / "set", PLAN, heard.append) == 12
    assert heard == list(range(1, 13))
    dataset = load_dataset(tmp_path / "set", "mvtec")
    good = [s for s in dataset.samples if s.label == "good"]
    bad = [s for s in dataset.samples if s.label == "bad"]
    assert (sum(s.split == "train" for s in good), sum(s.split == "test" for s in good), len(bad)) == (3, 2, 7)
    assert {s.defect for s in bad} == {k.value for k in KINDS}
    for sample in bad:
        assert sample.mask is not None
        mask = cv2.imread(str(sample.mask), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert set(np.unique(mask).tolist()) == {0, 255}
        assert mask.shape == (64, 64)


def test_no_two_images_are_the_same_part(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", PLAN)
    contents = [p.read_bytes() for p in (tmp_path / "set").rglob("*.png") if "ground_truth" not in p.parts]
    assert len(set(contents)) == 12


def test_the_same_seed_writes_the_same_set_and_another_one_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_dataset(tmp_path / name, Plan(good=1, test_good=0, bad=1, size=64, seed=seed))
    first, again, other = ((tmp_path / n / "train/good/0000.png").read_bytes() for n in "abc")
    assert first == again != other


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DatasetError, match="not empty"):
        write_dataset(tmp_path, PLAN)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("plan", "message"), [(Plan(product="gear"), "no simulated product 'gear'"), (PLAN, "cannot be written")])
def test_what_cannot_be_written_is_named(tmp_path: Path, plan: Plan, message: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatasetError, match=message):
        write_dataset(tmp_path / "file", plan)


def test_a_sheet_shows_every_kind_in_growing_size(tmp_path: Path) -> None:
    sheet = defect_sheet(size=64, columns=2)
    assert sheet.shape == (14 * 68 + 4, 2 * 68 + 4, 3)
    assert kinds_picture("texture").dtype == np.uint8
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImageError, match="picture cannot be written"):
        write_sheet(tmp_path / "file" / "sheet.png", sheet)


def test_the_commands_print_one_json_object(tmp_path: Path) -> None:
    runner = CliRunner()
    options = ["--product", "texture", "--good", "2", "--bad", "6", "--test-good", "1", "--size", "64", "--seed", "9", "--json"]
    done = runner.invoke(app(), ["simulate", "dataset", str(tmp_path / "set"), *options])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["images"] == 9
    done = runner.invoke(app(), ["simulate", "sheet", str(tmp_path / "sheet.png"), "--size", "64", "--json"])
    assert json.loads(done.stdout)["path"] == str(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000


# ------------------------------------------------------------------------------------------------------------- wide frames


def test_a_data_set_of_wide_frames_has_specks_and_their_masks(tmp_path: Path) -> None:
    options = [
        "dataset",
        str(tmp_path / "set"),
        "--product",
        "texture",
        "--size",
        "400x300",
        "--good",
        "2",
        "--test-good",
        "1",
        "--bad",
        "2",
    ]
    result = CliRunner().invoke(app(), ["simulate", *options, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["size"] == "400x300"
    dataset = load_dataset(tmp_path / "set", "mvtec")
    assert sorted((s.split, s.label, s.defect) for s in dataset.samples) == [
        ("test", "bad", "speck"),
        ("test", "bad", "speck"),
        ("test", "good", "good"),
        ("train", "good", "good"),
        ("train", "good", "good"),
    ]
    for sample in dataset.samples:
        image = cv2.imread(str(sample.path), cv2.IMREAD_UNCHANGED)
        assert image is not None and image.shape == (300, 400)
        assert sample.label == "good" or int(sample.marked().sum()) == 64


@pytest.mark.parametrize("size", ["63", "4097", "0x300", "300x", "300x9000", "300x300x300", "wide", "-300x300"])
def test_a_size_that_is_none_is_refused(tmp_path: Path, size: str) -> None:
    with pytest.raises(SettingsError, match="--size"):
        CliRunner().invoke(
            app(), ["simulate", "dataset", str(tmp_path / "set"), f"--size={size}"], catch_exceptions=False, standalone_mode=False
        )


@pytest.mark.parametrize(("product", "frame"), [("ring", (300, 400)), ("texture", (30, 400))])
def test_wide_frames_that_cannot_be_made_are_refused(tmp_path: Path, product: str, frame: tuple[int, int]) -> None:
    with pytest.raises(DatasetError, match="frames of"):
        write_dataset(tmp_path / "set", Plan(product=product, frame=frame))
