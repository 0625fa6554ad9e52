"""What is written is read back as the same mask; damaged and foreign files are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_inspector.errors import LabelError
from edge_inspector.images import decode, decode_mask, write_png
from edge_inspector.labels.coco import from_coco, to_coco
from edge_inspector.labels.contours import of_run_lengths, polygons, regions, run_lengths
from edge_inspector.labels.folders import dataset_labels, mask_of, read_labels, write_labels, write_masks
from edge_inspector.labels.hints import MASK_SOURCES, hints_of
from edge_inspector.labels.labelme import from_labelme, to_labelme
from edge_inspector.labels.record import Label, Mark
from edge_inspector.labels.shapes import Box, Click, Scribble, drawn
from edge_inspector.records import Mask
from tests.unit.training.parts import write_set

MASKS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda size: arrays(np.bool_, size))


def label_of(mask: Mask) -> Label:
    marks = tuple(Mark(shape=polygon, defect="stain") for polygon in polygons(mask))
    return Label(image="a/b.png", sha256="0" * 64, height=mask.shape[0], width=mask.shape[1], author="eva", marks=marks)


def mask_from(label: Label) -> Mask:
    mask = np.zeros(label.size, np.bool_)
    for mark in label.marks:
        mask |= drawn(mark.shape, label.size)
    return mask


@given(MASKS)
def test_polygons_are_the_mask(mask: Mask) -> None:
    assert np.array_equal(mask_from(label_of(mask)), mask)


@given(MASKS)
def test_run_lengths_are_the_mask(mask: Mask) -> None:
    counts = run_lengths(mask)
    assert sum(counts) == mask.size
    assert np.array_equal(of_run_lengths(counts, *mask.shape), mask)


@given(MASKS)
def test_coco_gives_the_mask_back(mask: Mask) -> None:
    label = label_of(mask)
    (found,) = from_coco(json.loads(json.dumps(to_coco([label]))))
    assert (found.image, found.sha256, found.size) == (label.image, label.sha256, label.size)
    assert found.author == (label.author if label.marks else "")
    assert np.array_equal(mask_from(found), mask)


@given(MASKS)
def test_labelme_gives_the_mask_back(mask: Mask) -> None:
    label = label_of(mask)
    found = from_labelme(json.loads(json.dumps(to_labelme(label))))
    assert (found.image, found.sha256, found.size, found.author) == (label.image, label.sha256, label.size, label.author)
    assert np.array_equal(mask_from(found), mask)


@given(MASKS)
def test_hints_lie_on_the_regions_they_are_of(mask: Mask) -> None:
    count = len(list(regions(mask)))
    for source in MASK_SOURCES[1:]:
        hints = hints_of(mask, source)
        assert len(hints) == count
        assert all((drawn(hint, (mask.shape[0], mask.shape[1])) & mask).any() for hint in hints)


def test_labelme_keeps_boxes_strokes_and_points() -> None:
    shapes = (Box(x=1, y=2, w=3, h=4), Click(x=5, y=6), Scribble(points=((1, 1), (4, 6))))
    label = Label(image="p.png", height=9, width=9, marks=tuple(Mark(shape=shape, defect="dent") for shape in shapes))
    assert from_labelme(to_labelme(label)) == label


def test_coco_keeps_boxes_and_refuses_points() -> None:
    label = Label(image="p.png", height=9, width=9, marks=(Mark(shape=Box(x=1, y=2, w=3, h=4), defect="dent"),))
    assert from_coco(to_coco([label])) == (label,)
    with pytest.raises(LabelError, match="COCO has no click"):
        to_coco([Label(image="p.png", height=9, width=9, marks=(Mark(shape=Click(x=0, y=0)),))])


def test_a_data_set_goes_out_and_comes_in_again(tmp_path: Path) -> None:
    parts = write_set(tmp_path / "parts", normals=2, defects=3, size=64)
    labels = tuple(dataset_labels(parts, "mvtec"))
    assert len(labels) == 3
    for form, target in (("coco", "coco.json"), ("labelme", "labelme"), ("mvtec", "copy")):
        write_labels(labels, parts, tmp_path / target, form)  # type: ignore[arg-type]
    for form, target in (("coco", "coco.json"), ("labelme", "labelme")):
        out = tmp_path / f"from-{form}"
        assert write_masks(read_labels(tmp_path / target, form), parts, out) == 3  # type: ignore[arg-type]
        assert _same(out, parts)
    assert _same(tmp_path / "copy", parts)


def _same(one: Path, other: Path) -> bool:
    names = [f"{number:03d}" for number in range(3)]
    images = all((one / f"test/stain/{n}.png").read_bytes() == (other / f"test/stain/{n}.png").read_bytes() for n in names)
    masks = [[decode_mask(root / f"ground_truth/stain/{n}_mask.png") for n in names] for root in (one, other)]
    return images and all(np.array_equal(a, b) for a, b in zip(*masks, strict=True))


def labelled(tmp_path: Path) -> Label:
    write_png(tmp_path / "p.png", np.zeros((9, 12, 3), np.uint8))
    return Label(image="p.png", height=9, width=12, marks=(Mark(shape=Box(x=1, y=2, w=3, h=4), defect="dent"),))


def test_an_image_that_is_not_the_labelled_one_is_refused(tmp_path: Path) -> None:
    label = labelled(tmp_path)
    with pytest.raises(LabelError, match="no such image"):
        write_masks([label.model_copy(update={"image": "q.png"})], tmp_path, tmp_path / "out")
    with pytest.raises(LabelError, match="sha256 is another"):
        write_masks([label.model_copy(update={"sha256": "f" * 64})], tmp_path, tmp_path / "out")
    with pytest.raises(LabelError, match="labelled at"):
        mask_of(label.model_copy(update={"height": 10}), decode(tmp_path / "p.png"))
    assert not (tmp_path / "out").exists()


def test_a_label_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    label = labelled(tmp_path)
    with pytest.raises(LabelError, match="no such image"):
        write_masks([label.model_copy(update={"image": "../p.png"})], tmp_path / "in", tmp_path / "out")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    label = labelled(tmp_path)
    write_masks([label], tmp_path, tmp_path / "out")
    with pytest.raises(LabelError, match="already there"):
        write_masks([label], tmp_path, tmp_path / "out")


COCO: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "p.png", "height": 9, "width": 9}],
    "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 4, 0, 4, 4]]}],
    "categories": [{"id": 1, "name": "dent"}],
}
BAD_COCO: dict[str, tuple[dict[str, Any], str]] = {
    "no images": ({"images": None}, "images"),
    "unknown image": ({"annotations": [{"image_id": 2, "category_id": 1}]}, "image 2"),
    "nothing marked": ({"annotations": [{"image_id": 1, "category_id": 1}]}, "neither segmentation nor bbox"),
    "odd polygon": ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3]]}]}, "3 numbers"),
    "outside": ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 9, 0, 0, 5]]}]}, "outside the image"),
    "short run lengths": ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": {"counts": [5], "size": [9, 9]}}]}, "add up"),
    "other size": ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": {"counts": [5], "size": [5, 1]}}]}, "run lengths of"),
    "a class that is a path": ({"categories": [{"id": 1, "name": "../etc"}]}, "defect"),
    "no number": ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, float("inf"), 2]}]}, "bbox"),
}


@pytest.mark.parametrize(("change", "message"), BAD_COCO.values(), ids=BAD_COCO.keys())
def test_a_wrong_coco_file_is_named(change: dict[str, Any], message: str) -> None:
    assert len(from_coco(COCO)) == 1
    with pytest.raises(LabelError, match=f"labels.json.*{message}"):
        from_coco({**COCO, **change}, "labels.json")


LABELME: dict[str, Any] = {"imagePath": "p.png", "imageHeight": 9, "imageWidth": 9}
BAD_SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "circle": ({"label": "a", "shape_type": "circle", "points": [[1, 1], [2, 2]]}, "'circle' is not supported"),
    "no points": ({"label": "a", "points": []}, "points"),
    "no PNG": ({"label": "a", "shape_type": "mask", "points": [[0, 0]], "mask": "AAAA"}, "holds no PNG"),
    "outside": ({"label": "a", "shape_type": "point", "points": [[9, 1]]}, "outside the image"),
    "no class": ({"label": "", "shape_type": "point", "points": [[1, 1]]}, "defect"),
    "no number": ({"label": "a", "shape_type": "point", "points": [[float("nan"), 1]]}, "points"),
}


@pytest.mark.parametrize(("shape", "message"), BAD_SHAPES.values(), ids=BAD_SHAPES.keys())
def test_a_wrong_labelme_file_is_named(shape: dict[str, Any], message: str) -> None:
    with pytest.raises(LabelError, match=f"p.json.*{message}"):
        from_labelme({**LABELME, "shapes": [shape]}, "p.json")


FILES = {"absent": (None, "cannot be read"), "no JSON": ("{", "not valid JSON"), "a list": ("[]", "object was expected")}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES.keys())
def test_a_file_that_holds_no_labels_is_named(content: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LabelError, match=f"labels.json: .*{message}"):
        read_labels(path, "coco")
    with pytest.raises(LabelError, match=r"holds no \.json file"):
        read_labels(_empty(tmp_path), "labelme")


def _empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder
