"""Hints on simulated parts become masks near the exact ones; bad hints are named."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_inspector.camera.simulator.render import Rendered, render
from edge_inspector.camera.simulator.spec import Kind, made_spec
from edge_inspector.errors import ImageError, LabelError
from edge_inspector.labels.hints import MaskSource, hints_of, redrawn
from edge_inspector.labels.propose import propose
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble
from edge_inspector.records import Mask
from tests.unit.training.parts import stained


def part(product: str, number: int, kind: Kind) -> Rendered:
    return render(made_spec(product, 77, number, (kind,)), 256)


def iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


FLOORS: dict[str, tuple[str, MaskSource, float]] = {
    "ring from boxes": ("ring", "box", 0.7),
    "texture from boxes": ("texture", "box", 0.7),
    "ring from scribbles": ("ring", "scribble", 0.5),
    "texture from scribbles": ("texture", "scribble", 0.7),
    "texture from clicks": ("texture", "click", 0.6),
}


@pytest.mark.parametrize(("product", "source", "floor"), FLOORS.values(), ids=FLOORS.keys())
def test_the_median_mask_is_near_the_exact_one(product: str, source: MaskSource, floor: float) -> None:
    drawn = [part(product, number, list(Kind)[number % 6]) for number in range(18)]
    found = [iou(redrawn(d.image, d.mask, source), d.mask) for d in drawn]
    assert float(np.median(found)) >= floor


@pytest.mark.parametrize("source", ["box", "scribble", "click"])
def test_a_plain_stain_is_found_from_any_hint(source: MaskSource) -> None:
    image, mask = stained(np.random.default_rng(3))
    assert iou(redrawn(image, mask, source), mask) >= 0.8


@pytest.mark.parametrize("source", ["box", "scribble", "click"])
def test_the_same_hint_gives_the_same_mask(source: MaskSource) -> None:
    drawn = part("ring", 2, Kind.STAIN)
    assert np.array_equal(redrawn(drawn.image, drawn.mask, source), redrawn(drawn.image, drawn.mask, source))


def test_exact_masks_stay_as_they_are() -> None:
    image, mask = stained(np.random.default_rng(3))
    assert redrawn(image, mask, "exact") is mask


def test_a_mask_stays_inside_its_box_and_is_never_empty() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)
    for box in (Box(x=0, y=0, w=90, h=60), Box(x=89, y=59, w=1, h=1), Box(x=3, y=0, w=1, h=60), Box(x=10, y=10, w=30, h=20)):
        mask = propose(noise, [box])
        outside = mask.copy()
        outside[box.y : box.y + box.h, box.x : box.x + box.w] = False
        assert mask.any()
        assert not outside.any()


FLAT = {
    "box": Box(x=5, y=5, w=20, h=10),
    "click": Click(x=10, y=10),
    "scribble": Scribble(points=((3, 3), (20, 20))),
    "corner": Click(x=0, y=0),
}


@pytest.mark.parametrize("shape", FLAT.values(), ids=FLAT.keys())
def test_an_image_without_any_contrast_still_gives_a_mask(shape: Box | Click | Scribble) -> None:
    mask = propose(np.full((40, 50, 1), 90, np.uint8), [shape])
    assert mask.dtype == np.bool_
    assert 0 < mask.sum() < mask.size / 2


def test_a_map_says_what_colours_cannot() -> None:
    image = np.full((128, 128, 3), 90, np.uint8)
    truth = np.zeros((128, 128), np.bool_)
    truth[40:60, 40:80] = True
    truth[40:50, 40:60] = False  # a corner that the box cannot tell
    scores = truth[::2, ::2].astype(np.float32) * 0.9 + 0.02
    box = hints_of(truth, "box")
    assert iou(propose(image, box, scores), truth) >= 0.85 > iou(propose(image, box), truth)
    assert iou(propose(image, [Click(x=60, y=55)], scores), truth) >= 0.85


BLURRED: dict[str, tuple[Kind, MaskSource]] = {
    "a scratch from a click": (Kind.SCRATCH, "click"),
    "a dent from a click": (Kind.DENT, "click"),
    "a hole from a click": (Kind.HOLE, "click"),
    "a stain from a scribble": (Kind.STAIN, "scribble"),
    "a hole from a box": (Kind.HOLE, "box"),
}


@pytest.mark.parametrize(("kind", "source"), BLURRED.values(), ids=BLURRED)
def test_colours_sharpen_what_a_blurred_map_says(kind: Kind, source: MaskSource) -> None:
    found = []
    for number in range(5):
        drawn = part("ring", number, kind)
        blurred = cv2.GaussianBlur(drawn.mask.astype(np.float32), (0, 0), 3.0)[::2, ::2]
        found.append(iou(propose(drawn.image, hints_of(drawn.mask, source), np.asarray(blurred)), drawn.mask))
    assert float(np.median(found)) >= 0.8


def test_colours_that_tell_another_story_leave_the_map_as_it_is() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (128, 128, 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 2.0)  # blots everywhere, none of them the defect
    truth = np.zeros((128, 128), np.bool_)
    truth[40:80, 40:90] = True
    scores = truth[::4, ::4].astype(np.float32) * 0.9
    assert iou(propose(np.asarray(image), [Click(x=60, y=60)], scores), truth) >= 0.6


def test_a_map_that_says_nothing_changes_nothing() -> None:
    drawn = part("texture", 1, Kind.HOLE)
    hints = hints_of(drawn.mask, "box")
    flat = np.full((64, 64), np.nan, np.float32)
    assert np.array_equal(propose(drawn.image, hints, flat), propose(drawn.image, hints))


BAD: dict[str, tuple[list[Polygon | Box | Scribble | Click], str]] = {
    "none": ([], "no mark"),
    "empty box": ([Box(x=1, y=1, w=0, h=5)], "box 1,1,0,5 is empty"),
    "turned box": ([Box(x=9, y=9, w=-3, h=5)], "is empty"),
    "box outside": ([Box(x=40, y=1, w=11, h=5)], "outside the image of 50 x 40"),
    "box before": ([Box(x=-1, y=1, w=4, h=5)], "outside the image"),
    "click outside": ([Click(x=50, y=0)], "outside the image"),
    "scribble outside": ([Scribble(points=((1, 1), (1, 40)))], "outside the image"),
    "polygon outside": ([Polygon(rings=(((0, 0), (60, 0), (0, 9)),))], "outside the image"),
    "polygon of nothing": ([Polygon(rings=((),))], "no points"),
}


@pytest.mark.parametrize(("shapes", "message"), BAD.values(), ids=BAD.keys())
def test_bad_hints_are_named(shapes: list[Polygon | Box | Scribble | Click], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        propose(np.zeros((40, 50, 3), np.uint8), shapes)


def test_a_wrong_image_and_a_wrong_map_are_named() -> None:
    with pytest.raises(ImageError, match="an image is uint8"):
        propose(np.zeros((0, 5, 3), np.uint8), [Click(x=0, y=0)])
    with pytest.raises(LabelError, match="anomaly map"):
        propose(np.zeros((9, 9, 3), np.uint8), [Click(x=0, y=0)], np.zeros((0, 3), np.float32))


def test_exact_is_no_hint() -> None:
    with pytest.raises(LabelError, match="'exact' is no hint"):
        hints_of(np.ones((3, 3), np.bool_), "exact")
