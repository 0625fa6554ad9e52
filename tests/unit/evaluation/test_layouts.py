"""Each layout read from a small tree of its form; broken trees name the folder and what was expected."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_inspector import images
from edge_inspector.errors import DatasetError, SettingsError
from edge_inspector.evaluation.layouts import LAYOUTS, Dataset, Sample, load_dataset, load_part, pick_seen, sha256_file

CLEAN = np.zeros((8, 8, 1), np.uint8)
MARKED = np.pad(np.full((2, 2, 1), 255, np.uint8), ((3, 3), (3, 3), (0, 0)))


def put(root: Path, *names: str, pixels: np.ndarray = CLEAN) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode_png(pixels))


def mvtec(root: Path) -> None:
    put(root, *(f"train/good/{i:03d}.png" for i in range(4)), "test/good/000.png")
    for defect, n in (("crack", 3), ("stain", 2)):
        put(root, *(f"test/{defect}/{i:03d}.png" for i in range(n)))
        put(root, *(f"ground_truth/{defect}/{i:03d}_mask.png" for i in range(n)), pixels=MARKED)


def btad(root: Path) -> None:
    put(root, "train/ok/1.bmp", "train/ok/2.bmp", "test/ok/3.bmp", "test/ko/4.bmp", "test/ko/5.png")
    put(root, "ground_truth/ko/4.png", "ground_truth/ko/5.bmp", pixels=MARKED)


def kolektor(root: Path) -> None:
    for folder in range(8):
        for part in range(3):
            put(root, f"kos{folder:02d}/Part{part}.jpg")
            put(root, f"kos{folder:02d}/Part{part}_label.bmp", pixels=MARKED if part == 1 else CLEAN)


def kolektor2(root: Path) -> None:
    for split, bad in (("train", 1), ("test", 2)):
        for i in range(4):
            put(root, f"{split}/{i:05d}.png")
            put(root, f"{split}/{i:05d}_GT.png", pixels=MARKED if i < bad else CLEAN)


def dagm(root: Path) -> None:
    for kind in ("Class1", "Class2"):
        for split in ("Train", "Test"):
            put(root, *(f"{kind}/{split}/{i:04d}.PNG" for i in range(3)))
            put(root, f"{kind}/{split}/Label/0001_label.PNG", pixels=MARKED)


def visa(root: Path) -> None:
    rows = ["object,split,label,image,mask"]
    for kind in ("candle", "pcb1"):
        for i in range(3):
            put(root, f"{kind}/Data/Images/Normal/{i}.JPG")
            rows.append(f"{kind},{'train' if i else 'test'},normal,{kind}/Data/Images/Normal/{i}.JPG,")
        put(root, f"{kind}/Data/Images/Anomaly/0.JPG")
        put(root, f"{kind}/Data/Masks/Anomaly/0.png", pixels=MARKED)
        rows.append(f"{kind},test,anomaly,{kind}/Data/Images/Anomaly/0.JPG,{kind}/Data/Masks/Anomaly/0.png")
    (root / "split_csv").mkdir()
    (root / "split_csv" / "1cls.csv").write_text("\n".join(rows))


def folder(root: Path) -> None:
    put(root, *(f"good/{i}.tiff" for i in range(10)), "bad/a.jpg", "bad/dent/b.png", "bad/dent/c.png")
    put(root, "masks/a.png", "masks/dent/b.png", "masks/dent/c_mask.png", pixels=MARKED)


TREES: dict[str, tuple[Callable[[Path], None], dict[tuple[str, str], int]]] = {
    # layout: (a tree of it, how many of each split and defect it holds)
    "mvtec": (mvtec, {("train", "good"): 4, ("test", "good"): 1, ("test", "crack"): 3, ("test", "stain"): 2}),
    "btad": (btad, {("train", "good"): 2, ("test", "good"): 1, ("test", "ko"): 2}),
    "kolektor": (kolektor, {("train", "good"): 8, ("train", "defect"): 4, ("test", "good"): 8, ("test", "defect"): 4}),
    "kolektor2": (kolektor2, {("train", "good"): 3, ("train", "defect"): 1, ("test", "good"): 2, ("test", "defect"): 2}),
    "dagm": (dagm, {(s, d): n for s in ("train", "test") for d, n in (("good", 4), ("Class1", 1), ("Class2", 1))}),
    "visa": (visa, {("train", "good"): 4, ("test", "good"): 2, ("test", "candle"): 1, ("test", "pcb1"): 1}),
    "folder": (folder, {("train", "good"): 8, ("test", "good"): 2, ("test", "bad"): 1, ("test", "dent"): 2}),
}


def count(dataset: Dataset) -> dict[tuple[str, str], int]:
    return dict(Counter((s.split, s.defect) for s in dataset.samples))


def test_every_layout_is_tested() -> None:
    assert set(TREES) == set(LAYOUTS)


@pytest.mark.parametrize("layout", TREES)
def test_a_layout_is_read(layout: str, tmp_path: Path) -> None:
    make, expected = TREES[layout]
    make(tmp_path)
    put(tmp_path, ".hidden.png")
    dataset = load_dataset(tmp_path, layout)
    assert count(dataset) == expected
    for sample in dataset.samples:
        assert (sample.label == "good") == (sample.defect == "good") == (sample.mask is None)
        assert sample.path.is_file()
        if sample.mask is not None:
            assert images.decode_mask(sample.mask).any()
    assert load_dataset(tmp_path, layout) == dataset


@pytest.mark.parametrize("layout", TREES)
def test_a_folder_of_another_form_is_an_error_that_says_what_was_expected(layout: str, tmp_path: Path) -> None:
    put(tmp_path, "somewhere/else.png")
    with pytest.raises(DatasetError, match=f"layout {layout} expects") as caught:
        load_dataset(tmp_path, layout)
    assert str(tmp_path) in str(caught.value)


def test_an_absent_folder_or_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none: no such folder"):
        load_dataset(tmp_path / "none", "mvtec")
    with pytest.raises(SettingsError, match="unknown layout 'coco'; one of mvtec"):
        load_dataset(tmp_path, "coco")


def empty_training(root: Path) -> None:
    for path in (root / "train/good").iterdir():
        path.unlink()


BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a mask is missing": ("mvtec", lambda r: (r / "ground_truth/crack/001_mask.png").unlink(), "no mask for image '001'"),
    "no training images": ("mvtec", empty_training, "no images of the train part"),
    "a label is missing": ("kolektor", lambda r: (r / "kos00/Part0_label.bmp").unlink(), "Part0_label.bmp: no such file"),
    "a visa image is missing": ("visa", lambda r: (r / "pcb1/Data/Images/Normal/0.JPG").unlink(), "no such image"),
    "a visa mask is missing": ("visa", lambda r: (r / "pcb1/Data/Masks/Anomaly/0.png").unlink(), "names it as the mask"),
    "a visa column is missing": ("visa", lambda r: (r / "split_csv/1cls.csv").write_text("object,split\na,b"), "column 'label'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_tree_names_what_is_wrong(name: str, tmp_path: Path) -> None:
    layout, damage, message = BROKEN[name]
    TREES[layout][0](tmp_path)
    damage(tmp_path)
    with pytest.raises(DatasetError, match=message):
        load_dataset(tmp_path, layout)


@pytest.mark.parametrize("name", ["a mask is missing", "a label is missing", "a visa mask is missing"])
def test_a_part_of_a_set_may_lack_masks(name: str, tmp_path: Path) -> None:
    layout, damage, _ = BROKEN[name]
    TREES[layout][0](tmp_path)
    bad = len([s for s in load_dataset(tmp_path, layout).samples if s.label == "bad"])
    damage(tmp_path)
    found = [s for s in load_part(tmp_path, layout).samples if s.label == "bad"]
    assert (len(found), sum(s.mask is None for s in found)) in {(bad, 1), (bad + 1, 1)}  # without its label any image may be bad


def test_a_few_labelled_defects_are_a_part_of_a_set(tmp_path: Path) -> None:
    mvtec(tmp_path)
    whole = load_dataset(tmp_path, "mvtec")
    for folder in ("train", "test/good", "test/stain"):
        shutil.rmtree(tmp_path / folder)
    assert load_part(tmp_path, "mvtec").samples == tuple(s for s in whole.samples if s.defect == "crack")


@pytest.mark.parametrize("layout", sorted(set(TREES) - {"visa"}))
def test_a_part_without_any_image_is_an_error(layout: str, tmp_path: Path) -> None:
    put(tmp_path, "somewhere/else.png")
    with pytest.raises(DatasetError, match=f"no images found; layout {layout} expects"):
        load_part(tmp_path, layout)


NO_TEST = {  # layout: what its set may lack where only the training part is needed
    "mvtec": ("test", "ground_truth"),
    "btad": ("test", "ground_truth"),
    "kolektor2": ("test",),
    "dagm": ("Class1/Test", "Class2/Test"),
}


@pytest.mark.parametrize("layout", NO_TEST)
def test_a_set_may_have_nothing_to_test_where_that_is_not_needed(layout: str, tmp_path: Path) -> None:
    make, whole = TREES[layout]
    make(tmp_path)
    for name in NO_TEST[layout]:
        shutil.rmtree(tmp_path / name)
    assert count(load_dataset(tmp_path, layout, needs=("train",))) == {key: n for key, n in whole.items() if key[0] == "train"}
    with pytest.raises(DatasetError, match=f"no images of the test part; layout {layout} expects"):
        load_dataset(tmp_path, layout)


def test_good_images_alone_make_a_folder_set(tmp_path: Path) -> None:
    put(tmp_path, *(f"good/{i}.png" for i in range(10)))
    assert count(load_dataset(tmp_path, "folder")) == {("train", "good"): 8, ("test", "good"): 2}


@pytest.mark.parametrize("first", ["bad/001.png", "bad/crack/001.png"])
def test_a_flat_mask_of_two_images_is_an_error_that_names_them(first: str, tmp_path: Path) -> None:
    folder(tmp_path)
    put(tmp_path, first, "bad/hole/001.png")
    put(tmp_path, "masks/001.png", pixels=MARKED)
    for read in (load_dataset, load_part):
        with pytest.raises(DatasetError, match=rf"masks/001\.png: .*{first} and .*bad/hole/001\.png .*below masks/<defect>/"):
            read(tmp_path, "folder")
    put(tmp_path, "masks/hole/001.png", pixels=MARKED)
    found = {s.path: s.mask for s in load_dataset(tmp_path, "folder").samples if s.path.stem == "001"}
    assert found == {tmp_path / first: tmp_path / "masks/001.png", tmp_path / "bad/hole/001.png": tmp_path / "masks/hole/001.png"}


def test_masks_of_a_type_that_is_called_bad_are_looked_for_in_its_folder(tmp_path: Path) -> None:
    folder(tmp_path)
    put(tmp_path, "bad/bad/a.png")
    put(tmp_path, "masks/bad/a.png", pixels=MARKED)
    masks = {s.path: s.mask for s in load_dataset(tmp_path, "folder").samples if s.defect == "bad"}
    assert masks == {tmp_path / "bad/a.jpg": tmp_path / "masks/a.png", tmp_path / "bad/bad/a.png": tmp_path / "masks/bad/a.png"}


def test_a_class_without_its_training_part_is_an_error(tmp_path: Path) -> None:
    TREES["dagm"][0](tmp_path)
    shutil.rmtree(tmp_path / "Class2/Train")
    with pytest.raises(DatasetError, match="Class2/Train: no such folder"):
        load_dataset(tmp_path, "dagm")


def test_a_class_without_any_labels_is_no_class_of_good_images(tmp_path: Path) -> None:
    dagm(tmp_path)
    shutil.rmtree(tmp_path / "Class2/Train/Label")
    assert len(load_dataset(tmp_path, "dagm").samples) == 12
    shutil.rmtree(tmp_path / "Class2/Test/Label")
    with pytest.raises(DatasetError, match="Class2: no Label folder in Train or Test, so that every image would pass for good"):
        load_dataset(tmp_path, "dagm")
    (tmp_path / "Class2/Test/Label").mkdir()
    assert count(load_dataset(tmp_path / "Class2", "dagm")) == {("train", "good"): 3, ("test", "good"): 3}


def test_a_defect_without_any_masks_is_taken_without(tmp_path: Path) -> None:
    mvtec(tmp_path)
    (tmp_path / "ground_truth/stain").rename(tmp_path / "elsewhere")
    samples = load_dataset(tmp_path, "mvtec").part("test", "bad")
    assert {s.defect: s.mask is None for s in samples} == {"crack": False, "stain": True}


def test_one_object_or_class_can_be_named_by_its_folder(tmp_path: Path) -> None:
    visa(tmp_path / "visa")
    assert count(load_dataset(tmp_path / "visa/candle", "visa")) == {("train", "good"): 2, ("test", "good"): 1, ("test", "candle"): 1}
    dagm(tmp_path / "dagm")
    assert len(load_dataset(tmp_path / "dagm/Class2", "dagm").samples) == 6


def test_kolektor_splits_by_folder(tmp_path: Path) -> None:
    kolektor(tmp_path)
    split = {(s.path.parent.name, s.split) for s in load_dataset(tmp_path, "kolektor").samples}
    assert len(split) == 8


# ---- seen


def dataset_of(root: Path, layout: str = "mvtec") -> Dataset:
    TREES[layout][0](root)
    return load_dataset(root, layout)


@pytest.mark.parametrize("n", range(6))
def test_seen_are_spread_over_the_types(n: int, tmp_path: Path) -> None:
    per_type = Counter(s.defect for s in pick_seen(dataset_of(tmp_path), n, seed=0))
    assert sum(per_type.values()) == n
    assert max(per_type["crack"] - per_type["stain"], per_type["stain"] - per_type["crack"]) <= 1


def test_seen_are_drawn_by_seed_alone(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path)
    drawn = [pick_seen(dataset, 2, seed) for seed in range(12)]
    assert drawn == [pick_seen(dataset, 2, seed) for seed in range(12)]
    assert len(set(drawn)) > 1
    shuffled = Dataset(dataset.root, dataset.layout, dataset.samples[::-1])
    assert pick_seen(shuffled, 2, 3) == drawn[3]


def test_more_seen_include_those_of_fewer(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path)
    assert set(pick_seen(dataset, 2, 1)) < set(pick_seen(dataset, 4, 1))


@pytest.mark.parametrize(("layout", "split"), [("mvtec", "test"), ("kolektor", "train"), ("kolektor2", "train"), ("folder", "test")])
def test_seen_come_from_the_training_part_where_it_has_defects(layout: str, split: str, tmp_path: Path) -> None:
    assert {s.split for s in pick_seen(dataset_of(tmp_path, layout), 1, 0)} == {split}


def test_too_many_seen_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"6 seen images asked for \(--seen\); it has 5"):
        pick_seen(dataset_of(tmp_path), 6, 0)


def test_a_defect_without_a_mask_cannot_be_seen(tmp_path: Path) -> None:
    bare = Dataset(tmp_path, "mvtec", (Sample(tmp_path / "a.png", "test", "bad", "dent"),))
    with pytest.raises(DatasetError, match="it has 0"):
        pick_seen(bare, 1, 0)


def test_a_defect_whose_mask_is_empty_is_not_drawn_and_shifts_no_other(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path)
    before = [pick_seen(dataset, n, seed) for seed in range(8) for n in range(5)]
    put(tmp_path, "ground_truth/crack/001_mask.png")
    empty = next(s for s in dataset.samples if s.defect == "crack" and s.path.stem == "001")
    passed: list[Sample] = []
    after = [pick_seen(dataset, n, seed, passed.append) for seed in range(8) for n in range(5)]
    assert set(passed) == {empty}
    for old, new in zip(before, after, strict=True):
        assert empty not in new
        assert set(old) - set(new) <= {empty}
        assert Counter(s.defect for s in old) == Counter(s.defect for s in new)
    with pytest.raises(DatasetError, match=r"it has 4 .* and 1 with an empty one \(.*001_mask\.png\)"):
        pick_seen(dataset, 5, 0)


def test_sha256_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(DatasetError, match="cannot be read"):
        sha256_file(tmp_path / "none")


@pytest.mark.real_parts
def test_the_real_parts_are_read(edge_data: Path) -> None:
    bottle = load_dataset(edge_data / "mvtec_bottle", "mvtec")
    assert (len(bottle.part("train")), len(bottle.part("test", "good")), len(bottle.part("test", "bad"))) == (209, 20, 63)
    assert Counter(s.defect for s in pick_seen(bottle, 10, 0)).most_common()[0][1] == 4
