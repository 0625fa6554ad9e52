"""Which images a retraining takes, and what it says of those it cannot take."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from edge_inspector.cli import retrain as command
from edge_inspector.engine.bundle import Bundle, seal
from edge_inspector.errors import BundleError, DatasetError, ImageError, SettingsError, TrainingError
from edge_inspector.evaluation.layouts import sha256_file
from edge_inspector.images import decode_mask, write_png
from edge_inspector.settings.manifest import Added, Manifest
from edge_inspector.training.data import read_training_data
from edge_inspector.training.material import gather
from edge_inspector.training.retrain import RetrainSettings, retrain
from tests.bundles import make_bundle
from tests.unit.training.parts import write_defects


def first(folder: Path) -> Path:
    return min(folder.iterdir())


def seen_paths(parent: Bundle, discs: Path) -> list[Path]:
    return [path for path in sorted((discs / "test/stain").iterdir()) if sha256_file(path) in parent.manifest.training.seen]


def lose_a_normal(parent: Bundle, discs: Path, add: Path) -> None:
    first(discs / "train/good").unlink()


def rename_a_normal(parent: Bundle, discs: Path, add: Path) -> None:
    first(discs / "train/good").rename(discs / "train/good/zzz.png")


def lose_a_seen_one(parent: Bundle, discs: Path, add: Path) -> None:
    seen_paths(parent, discs)[0].unlink()


def move_a_seen_one_to_what_is_added(parent: Bundle, discs: Path, add: Path) -> None:
    found = seen_paths(parent, discs)[0]
    shutil.move(discs / "ground_truth/stain" / f"{found.stem}_mask.png", add / "ground_truth/scratch/old_mask.png")
    shutil.move(found, add / "test/scratch/old.png")


def add_a_seen_one_again(parent: Bundle, discs: Path, add: Path) -> None:
    found = seen_paths(parent, discs)[0]
    shutil.copy(discs / "ground_truth/stain" / f"{found.stem}_mask.png", add / "ground_truth/scratch/again_mask.png")
    shutil.copy(found, add / "test/scratch/again.png")


def add_one_twice(parent: Bundle, discs: Path, add: Path) -> None:
    for path in (add / "test/scratch/0.png", add / "ground_truth/scratch/0_mask.png"):
        shutil.copy(path, path.with_name("twice" + path.name[1:]))


def lose_a_mask(parent: Bundle, discs: Path, add: Path) -> None:
    first(add / "ground_truth/scratch").unlink()


def empty_a_mask(parent: Bundle, discs: Path, add: Path) -> None:
    write_png(first(add / "ground_truth/scratch"), np.zeros((128, 128, 1), np.uint8))


def add_good_images(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.copytree(discs / "train/good", add / "train/good")


def add_a_normal_as_defect(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.copy(first(discs / "train/good"), add / "test/scratch/9.png")
    shutil.copy(add / "ground_truth/scratch/0_mask.png", add / "ground_truth/scratch/9_mask.png")


def add_in_a_folder_of_their_own(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.copytree(discs / "test/stain", add / "test/scratch/monday")


def nothing(parent: Bundle, discs: Path, add: Path) -> None:
    """As it is."""


Change = Callable[[Bundle, Path, Path], None]
FOUND: dict[str, tuple[Change, tuple[int, int, int], str]] = {  # change -> normals, old, new; note
    "everything": (nothing, (12, 2, 3), ""),
    "a normal is lost": (lose_a_normal, (11, 2, 3), "1 of 12 normals of discs-1 are not in"),
    "a normal has another name": (rename_a_normal, (12, 2, 3), ""),
    "a seen one is lost": (lose_a_seen_one, (12, 1, 3), "1 of 2 seen anomalies of discs-1 were not found with their masks"),
    "a seen one lies elsewhere": (move_a_seen_one_to_what_is_added, (12, 2, 3), "are known already and taken once only: old.png"),
    "a seen one again": (add_a_seen_one_again, (12, 2, 3), "are known already and taken once only: again.png"),
    "one twice": (add_one_twice, (12, 2, 3), "are known already and taken once only: twice.png"),
    "a mask is lost": (lose_a_mask, (12, 2, 2), "have no mask and are left out: 0.png"),
    "a mask is empty": (empty_a_mask, (12, 2, 2), "mark nothing: their images are left out: 0_mask.png"),
    "good images": (add_good_images, (12, 2, 3), "12 good images of"),
    "in a folder of their own": (add_in_a_folder_of_their_own, (12, 2, 3), "not read ("),
    "a normal as a defect": (add_a_normal_as_defect, (11, 2, 4), "1 normals of discs-1 are added as defects"),
}


@pytest.mark.parametrize(("change", "expected", "note"), FOUND.values(), ids=FOUND.keys())
def test_images_are_found_by_content(
    parent: Bundle, discs: Path, scratches: Path, change: Change, expected: tuple[int, int, int], note: str
) -> None:
    change(parent, discs, scratches)
    found = gather(parent.manifest, discs, scratches, "mvtec")
    assert (len(found.normals), len(found.old), len(found.new)) == expected
    assert len(found.notes) == bool(note)
    assert note in "".join(found.notes)


def test_two_types_on_one_part_are_one_image_with_both_masks(parent: Bundle, discs: Path, scratches: Path) -> None:
    """As the desk stores them: the image under each type, every time with that type's mask."""
    image, mask = scratches / "test/scratch/0.png", decode_mask(scratches / "ground_truth/scratch/0_mask.png")
    other = np.zeros_like(mask)
    other[:4, :4] = True
    for folder in ("test/dent", "ground_truth/dent"):
        (scratches / folder).mkdir()
    shutil.copy(image, scratches / "test/dent/0.png")
    write_png(scratches / "ground_truth/dent/0_mask.png", (other * np.uint8(255))[:, :, None])
    found = gather(parent.manifest, discs, scratches, "mvtec")
    assert (len(found.new), found.notes) == (3, ())
    seen = dict(found.new)[sha256_file(image)]
    assert seen.marked().tolist() == (mask | other).tolist()
    data = read_training_data(found.normals, found.held, [(seen, "exact")], parent.manifest.input)
    assert data.seen[0].content[1][:4, :4].all()
    assert len(data.mask_hashes) == 2


def test_the_normals_held_out_are_the_parents(parent: Bundle, discs: Path, scratches: Path) -> None:
    whole = gather(parent.manifest, discs, scratches, "mvtec")
    assert whole.held.sum() == 2
    held = {sample.path.name for sample, out in zip(whole.normals, whole.held, strict=True) if out}
    next(path for path in sorted((discs / "train/good").iterdir()) if path.name not in held).unlink()
    fewer = gather(parent.manifest, discs, scratches, "mvtec")
    assert {sample.path.name for sample, out in zip(fewer.normals, fewer.held, strict=True) if out} == held


def fewer_normals(parent: Manifest, held: tuple[str, ...]) -> Manifest:
    """What a retraining that was given a normal as a defect would have written: one image less, and who is held out."""
    images = parent.training.images
    lost = next(digest for digest in images if digest not in parent.training.held)
    training = parent.training.model_copy(update={"images": tuple(digest for digest in images if digest != lost), "held": held})
    return parent.model_copy(update={"training": training})


def test_over_generations_the_same_normals_are_held_out(parent: Bundle, discs: Path, scratches: Path) -> None:
    def held(manifest: Manifest) -> set[str]:
        found = gather(manifest, discs, scratches, "mvtec")
        return {sha256_file(sample.path) for sample, out in zip(found.normals, found.held, strict=True) if out}

    wanted = parent.manifest.training.held
    assert held(parent.manifest) == held(fewer_normals(parent.manifest, wanted)) == set(wanted)
    assert held(fewer_normals(parent.manifest, ())) != set(wanted)  # why they are named: the rule picks others of eleven


def test_where_only_held_out_normals_are_left_they_train(parent: Bundle, discs: Path, scratches: Path) -> None:
    whole = gather(parent.manifest, discs, scratches, "mvtec")
    for sample, held in zip(whole.normals, whole.held, strict=True):
        if not held:
            sample.path.unlink()
    assert gather(parent.manifest, discs, scratches, "mvtec").held.tolist() == [False, False]


def child_of(parent: Manifest, added: Path, folder: str = "") -> Manifest:
    """What a retraining with the defects of ``added`` would have written, of images and folders."""
    hashes = tuple(sha256_file(path) for path in sorted(added.glob("test/*/*")))
    entry = Added(folder=folder or str(added), layout="mvtec", images=hashes)
    training = parent.training.model_copy(update={"seen": (*parent.training.seen, *hashes), "added": (entry,), "masks": "box"})
    return parent.model_copy(update={"id": "discs-2", "training": training})


def test_a_grandchild_finds_what_its_parent_was_given(parent: Bundle, discs: Path, scratches: Path, tmp_path: Path) -> None:
    more = write_defects(tmp_path / "more", seed=10)
    found = gather(child_of(parent.manifest, scratches), discs, more, "mvtec")
    assert [source for _, source in found.old] == ["box", "box", "exact", "exact", "exact"]  # added masks are as they were painted
    assert found.notes == ()
    moved = gather(child_of(parent.manifest, scratches, folder=str(tmp_path / "gone")), discs, more, "mvtec")
    assert len(moved.old) == 2
    assert moved.notes[0].startswith("3 of 5 seen anomalies of discs-2 were not found with their masks")


# -------------------------------------------------------------------------------------------------------------- wrong use


def shrink_a_mask(parent: Bundle, discs: Path, add: Path) -> None:
    write_png(first(add / "ground_truth/scratch"), np.full((64, 64, 1), 255, np.uint8))


def damage_a_mask(parent: Bundle, discs: Path, add: Path) -> None:
    first(add / "ground_truth/scratch").write_bytes(b"no image")


def lose_the_masks(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.rmtree(add / "ground_truth")


def empty_what_is_added(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.rmtree(add)
    add.mkdir()


def add_known_ones_only(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.rmtree(add)
    for path in seen_paths(parent, discs):
        for file in (path, discs / "ground_truth/stain" / f"{path.stem}_mask.png"):
            target = add / file.relative_to(discs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


def lose_the_normals(parent: Bundle, discs: Path, add: Path) -> None:
    shutil.rmtree(discs / "train/good")


def fill_the_place(parent: Bundle, discs: Path, add: Path) -> None:
    (discs.parent / "out").mkdir()
    (discs.parent / "out" / "mine.txt").write_text("mine")


WRONG: dict[str, tuple[Change, dict[str, str], type[Exception], str]] = {  # change, options -> error, message
    "no bundle": (nothing, {"--model": "{discs}"}, BundleError, "no model bundle"),
    "a bundle of another program": (nothing, {"--model": "{other}"}, BundleError, "head of this program"),
    "nothing added": (empty_what_is_added, {}, DatasetError, "scratches: no images found; layout mvtec expects"),
    "nowhere": (nothing, {"--add": "{discs}/none"}, DatasetError, "none: no such folder"),
    "another layout": (nothing, {"--layout": "btad"}, DatasetError, "no images found; layout btad expects"),
    "no layout": (nothing, {"--layout": "coco"}, SettingsError, "unknown layout 'coco'; one of mvtec"),
    "no masks": (lose_the_masks, {}, DatasetError, "3 without a mask: 0.png, 1.png, 2.png"),
    "a mask of another size": (shrink_a_mask, {}, DatasetError, r"0_mask\.png: the mask is \(64, 64\)"),
    "a damaged mask": (damage_a_mask, {}, ImageError, r"0_mask\.png: not a PNG"),
    "known ones only": (add_known_ones_only, {}, DatasetError, "2 seen by discs-1 before, or twice there"),
    "other normals": (lose_the_normals, {}, DatasetError, "has none of the 12 normal images that discs-1 was trained on"),
    "a place that is taken": (fill_the_place, {}, SettingsError, "out: already exists"),
    "steps": (nothing, {"--steps": "0"}, SettingsError, "--steps 0"),
    "prototypes": (nothing, {"--prototypes": "5"}, SettingsError, "--prototypes 5: one of keep, refresh"),
}


@pytest.mark.parametrize(("change", "options", "error", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(
    parent: Bundle,
    discs: Path,
    scratches: Path,
    tmp_path: Path,
    change: Change,
    options: dict[str, str],
    error: type[Exception],
    message: str,
) -> None:
    other = make_bundle(tmp_path / "other")
    change(parent, discs, scratches)
    asked = {
        "--model": str(parent.folder),
        "--add": str(scratches),
        "--layout": "mvtec",
        "--out": str(tmp_path / "out"),
        "--data": str(discs),
    }
    asked |= {name: value.format(discs=discs, other=other) for name, value in options.items()}
    app = Typer()
    command.register(app)
    result = CliRunner().invoke(app, [word for pair in asked.items() for word in pair])
    assert isinstance(result.exception, error), result.output
    with pytest.raises(error, match=message):
        raise result.exception
    assert not (tmp_path / "out.part").exists()


def test_a_training_folder_that_has_gone_asks_for_data(parent: Bundle, scratches: Path, tmp_path: Path) -> None:
    moved = moved_parent(parent, tmp_path / "moved", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match=r"--data: the folder that discs-1 was trained on, '.*gone', is not there"):
        retrain(RetrainSettings(moved, scratches, "mvtec", tmp_path / "out"))


def moved_parent(parent: Bundle, folder: Path, data: str) -> Path:
    shutil.copytree(parent.folder, folder)
    manifest: Manifest = parent.manifest
    seal(folder, manifest.model_copy(update={"training": manifest.training.model_copy(update={"folder": data})}))
    return folder


def test_the_command_says_what_is_missing_without_torch(parent: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edge_inspector.training.retrain", None)
    monkeypatch.delattr("edge_inspector.training.retrain", raising=False)
    app = Typer()
    command.register(app)
    result = CliRunner().invoke(app, ["--model", str(parent.folder), "--add", "a", "--layout", "mvtec", "--out", str(tmp_path / "o")])
    assert isinstance(result.exception, TrainingError)
    assert 'pip install "edge-inspector[train]"' in str(result.exception)
