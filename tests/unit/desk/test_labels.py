"""Labels over a real socket: proposed, stored in the layout that retraining reads, replaced and removed, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import Kind, made_spec
from edge_inspector.desk.label_folder import IndexMask
from edge_inspector.errors import LabelError, RequestError
from edge_inspector.evaluation.layouts import load_part
from edge_inspector.images import decode_bytes, decode_mask
from edge_inspector.labels.hints import hints_of
from edge_inspector.labels.shapes import Box
from edge_inspector.settings import Station
from edge_inspector.wire.client import ControlClient
from tests.unit.desk.stock import add_parts, add_pictures, as_base64, desk, name

IMAGE = np.random.default_rng(5).integers(0, 255, (24, 32, 3), np.uint8)
MAP = np.zeros((12, 16), np.float32)
MASK = np.zeros((24, 32), np.uint8)
MASK[2:6, 3:9], MASK[10:12, 20:30] = 1, 2
CLASSES = ["scratch", "hole"]


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def put(client: ControlClient, seq: int = 2, mask: IndexMask = MASK, classes: list[str] | None = None, **more: int) -> dict[str, Any]:
    return client.call(
        "labels.put", {"part_id": name(seq), "classes": CLASSES if classes is None else classes, "mask": as_base64(mask), **more}
    )


def test_a_label_is_stored_as_retraining_reads_it(station: Station, client: ControlClient) -> None:
    image = add_pictures(station, 2, (IMAGE, MAP))[0]
    root = station.state / "labels"
    assert put(client) == {"part_id": name(2), "view": 0, "classes": CLASSES, "area": 44, "folder": str(root)}
    stem = name(2)
    assert files(root) == [
        f"ground_truth/hole/{stem}_mask.png",
        f"ground_truth/scratch/{stem}_mask.png",
        f"records/{stem}.json",
        f"test/hole/{stem}.png",
        f"test/scratch/{stem}.png",
    ]
    for index, defect in enumerate(CLASSES, 1):
        assert (root / "test" / defect / f"{stem}.png").read_bytes() == image.read_bytes()
        assert np.array_equal(decode_mask(root / "ground_truth" / defect / f"{stem}_mask.png"), index == MASK)
    samples = {sample.defect: sample for sample in load_part(root, "mvtec").samples}
    assert {defect: sample.mask is not None for defect, sample in samples.items()} == {"scratch": True, "hole": True}
    record = json.loads((root / "records" / f"{stem}.json").read_text())
    assert (record["part_id"], record["view"], record["author"], record["classes"]) == (stem, 0, "local", CLASSES)
    assert record["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    (entry,) = client.call("audit.query")["entries"]
    assert (entry["action"], entry["subject"], entry["detail"]["classes"], entry["detail"]["area"]) == ("label.put", stem, CLASSES, 44)


def test_a_label_comes_back_as_it_was_put(station: Station, client: ControlClient) -> None:
    add_pictures(station, 2, (IMAGE, MAP), (IMAGE[::-1], None))
    assert client.fetch("labels.get", {"part_id": name(2)}) == ({"classes": []}, [])
    put(client)
    put(client, view=1, mask=MASK // 2, classes=["dent"])
    for view, classes, mask in ((0, CLASSES, MASK), (1, ["dent"], MASK // 2)):
        answer, frames = client.fetch("labels.get", {"part_id": name(2), "view": view})
        assert (answer["classes"], answer["author"]) == (classes, "local")
        assert np.array_equal(decode_bytes(frames[0])[:, :, 0], mask)
    listed = client.call("labels.list")
    assert [(entry["view"], entry["classes"], entry["area"]) for entry in listed["labels"]] == [(0, CLASSES, 44), (1, ["dent"], 20)]
    assert client.call("labels.classes") == {"classes": ["dent", "hole", "scratch"]}


def test_putting_again_replaces(station: Station, client: ControlClient) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    root = station.state / "labels"
    put(client)
    assert put(client, classes=["dust", "stain", "dent"], mask=MASK // 2 * 2)["classes"] == ["stain"]
    assert files(root) == [f"ground_truth/stain/{name(2)}_mask.png", f"records/{name(2)}.json", f"test/stain/{name(2)}.png"]
    assert [entry["detail"]["classes"] for entry in client.call("audit.query")["entries"]] == [["stain"], CLASSES]


@pytest.mark.parametrize("before", [False, True], ids=["first", "after a label"])
def test_a_mask_of_zeros_says_that_nothing_is_wrong(station: Station, client: ControlClient, before: bool) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    if before:
        put(client)
    assert put(client, mask=MASK * 0)["classes"] == []
    assert files(station.state / "labels") == [f"records/{name(2)}.json"]
    (listed,) = client.call("labels.list")["labels"]
    assert (listed["part_id"], listed["view"], listed["classes"], listed["author"], listed["area"]) == (name(2), 0, [], "local", 0)
    answer, frames = client.fetch("labels.get", {"part_id": name(2)})
    assert (answer["classes"], answer["author"], answer["at_utc"], frames) == ([], "local", listed["at_utc"], [])
    assert client.call("labels.classes") == {"classes": []}
    assert [entry["detail"]["classes"] for entry in client.call("audit.query")["entries"]] == [[], CLASSES][: 1 + before]
    assert put(client)["classes"] == CLASSES
    assert len(files(station.state / "labels")) == 5


def test_what_is_left_of_a_part_with_nothing_wrong_is_no_picture(station: Station, client: ControlClient) -> None:
    kept = add_pictures(station, 2, (IMAGE, MAP))
    put(client, mask=MASK * 0)
    for path in kept:
        path.unlink()
    with pytest.raises(RequestError, match="is not archived: there is no picture to label"):
        put(client)


DAMAGED = {"no JSON": "{", "an unknown key": '{"part": 1}', "nothing": "", "an array": "[]"}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_takes_no_other_label_along(
    station: Station, client: ControlClient, expected_warnings: list[str], content: str
) -> None:
    expected_warnings.append("a label is left out: ")
    add_pictures(station, 2, (IMAGE, MAP))
    add_pictures(station, 4, (IMAGE, MAP))
    put(client, 2)
    put(client, 4, mask=MASK // 2, classes=["dent"])
    (station.state / "labels" / "records" / f"{name(2)}.json").write_text(content)
    assert [entry["part_id"] for entry in client.call("labels.list")["labels"]] == [name(4)]
    assert client.call("labels.classes") == {"classes": ["dent"]}
    put(client, 2, mask=MASK // 2, classes=["dent"])
    assert {entry["part_id"] for entry in client.call("labels.list")["labels"]} == {name(2), name(4)}
    assert len(files(station.state / "labels")) == 6


def test_a_label_outlives_its_picture_in_the_archive(station: Station, client: ControlClient) -> None:
    kept = add_pictures(station, 2, (IMAGE, MAP))
    put(client)
    for path in kept:
        path.unlink()
    assert put(client, mask=MASK // 2, classes=["dent"])["area"] == 20
    assert client.fetch("labels.propose", {"part_id": name(2), "box": [3, 2, 6, 4]})[0]["area"] > 0
    add_parts(station, 4)
    with pytest.raises(RequestError, match=r"view 0 of part .* is not archived: there is no picture to label"):
        put(client, 4)


def grey(mask: IndexMask) -> str:
    return as_base64(mask)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a class of normals": ({"classes": ["good", "hole"]}, "'good' is no defect class"),
    "a class that is a path": ({"classes": ["../up", "hole"]}, "classes.0"),
    "a class twice": ({"classes": ["hole", "hole"]}, "'hole' is named twice"),
    "more values than classes": ({"classes": ["hole"]}, "holds the value 2; 1 classes are named"),
    "another size": ({"mask": grey(MASK[:-1])}, "32 x 23 pixels, its image 32 x 24"),
    "no base64": ({"mask": "a?"}, "not base64"),
    "no picture": ({"mask": "aGFsbG8="}, "not an 8-bit grey PNG"),
    "a damaged picture": ({"mask": grey(MASK)[:-24]}, "damaged or truncated"),
    "no such view": ({"view": 3}, "view 3 of part"),
    "an unknown key": ({"note": "x"}, "unknown key 'note'"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_label_is_refused_and_nothing_changes(station: Station, client: ControlClient, change: dict[str, Any], says: str) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    put(client, mask=MASK // 2, classes=["dent"])
    before = files(station.state / "labels")
    with pytest.raises(RequestError, match=says):
        client.call("labels.put", {"part_id": name(2), "classes": CLASSES, "mask": grey(MASK), **change})
    assert files(station.state / "labels") == before
    assert len(client.call("audit.query")["entries"]) == 1


def test_no_label_without_its_audit_entry(station: Station, client: ControlClient) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    put(client, mask=MASK // 2, classes=["dent"])
    before = files(station.state / "labels")
    with sqlite3.connect(str(station.state / "results.db")) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    other.close()
    with pytest.raises(RequestError, match="disk full"):
        put(client)
    assert files(station.state / "labels") == before


def stop_at(moment: str, count: int = 1) -> Callable[[pytest.MonkeyPatch], None]:
    """The disk fails at the ``count``-th rename or link."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        real, calls = getattr(Path, moment), []

        def failing(self: Path, target: Path) -> Path:
            calls.append(self)
            if len(calls) == count:
                raise OSError(28, "No space left on device")
            found: Path = real(self, target)
            return found

        patch.setattr(Path, moment, failing)

    return apply


MOMENTS = {"before it is valid": ("rename", 1, False), "at the first file": ("replace", 1, True), "at a later one": ("replace", 4, True)}


@pytest.mark.parametrize(("moment", "count", "stored"), MOMENTS.values(), ids=MOMENTS)
def test_what_fails_midway_is_undone_or_finished_later(
    station: Station, monkeypatch: pytest.MonkeyPatch, moment: str, count: int, stored: bool
) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    with desk(station) as client:
        put(client, mask=MASK // 2, classes=["dent"])
        with monkeypatch.context() as patch:
            stop_at(moment, count)(patch)
            with pytest.raises(RequestError, match="No space left") as caught:
                put(client)
            assert caught.value.code == LabelError.__name__
    with desk(station) as client:
        assert client.call("labels.get", {"part_id": name(2)})["classes"] == (CLASSES if stored else ["dent"])
        assert len(client.call("audit.query")["entries"]) == 1 + stored
    found = files(station.state / "labels")
    assert len(found) == (5 if stored else 3)
    assert not any(".part" in path or ".ready" in path for path in found)


MARKS: dict[str, Callable[[Box], dict[str, Any]]] = {
    "box": lambda box: {"box": [box.x, box.y, box.w, box.h]},
    "click": lambda box: {"click": [box.x + box.w / 2, box.y + box.h / 2]},
    "scribble": lambda box: {"scribble": [[box.x + box.w * share, box.y + box.h / 2] for share in (0.3, 0.5, 0.7)]},
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_mask_is_proposed(station: Station, client: ControlClient, mark: str) -> None:
    part = render(made_spec("texture", 77, 3, (Kind.HOLE,)), 1024)
    image = np.ascontiguousarray(np.pad(part.image, ((0, 0), (0, 256), (0, 0)), "reflect"))
    truth = np.pad(part.mask, ((0, 0), (0, 256)))
    add_pictures(station, 2, (image, truth[::8, ::8].astype(np.float32)))
    (box,) = hints_of(truth, "box")
    assert isinstance(box, Box)
    answer, frames = client.fetch("labels.propose", {"part_id": name(2), "view": 0, **MARKS[mark](box)})
    mask = decode_bytes(frames[0])[:, :, 0]
    assert mask.shape == truth.shape
    assert set(np.unique(mask).tolist()) == {0, 255}
    assert answer["area"] == np.count_nonzero(mask)
    x, y, w, h = answer["box"]
    assert np.count_nonzero(mask[y : y + h, x : x + w]) == answer["area"]
    assert ((mask > 0) & truth).sum() / ((mask > 0) | truth).sum() >= 0.7


BAD_MARKS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "give a box, a click or a scribble"),
    "two": ({"click": [1, 1], "box": [1, 1, 2, 2]}, "one of the three"),
    "a click outside": ({"click": [32, 1]}, "outside the image of 32 x 24"),
    "a box outside": ({"box": [40, 1, 5, 5]}, "holds no pixel of the image of 32 x 24"),
    "a click of three": ({"click": [1, 1, 1]}, "click"),
    "no points": ({"scribble": []}, "scribble"),
    "no number": ({"click": ["a", 1]}, "click.0 = 'a'"),
}


@pytest.mark.parametrize(("marks", "says"), BAD_MARKS.values(), ids=BAD_MARKS)
def test_a_wrong_mark_is_named(station: Station, client: ControlClient, marks: dict[str, Any], says: str) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    with pytest.raises(RequestError, match=says):
        client.call("labels.propose", {"part_id": name(2), **marks})


def test_a_box_may_reach_beyond_the_image(station: Station, client: ControlClient) -> None:
    add_pictures(station, 2, (IMAGE, None))
    answer, _ = client.fetch("labels.propose", {"part_id": name(2), "box": [-4.0, 20.0, 12.0, 30.0]})
    x, y, w, h = answer["box"]
    assert 0 <= x <= x + w <= 8
    assert 20 <= y <= y + h <= 24
