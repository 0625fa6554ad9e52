"""The commands of ``labels`` from their arguments to files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge_inspector.cli import build
from edge_inspector.errors import LabelError, SettingsError
from edge_inspector.images import decode_mask, write_png
from tests.unit.training.parts import stained, write_set


def say(*arguments: object) -> dict[str, object]:
    result = CliRunner().invoke(build(), ["labels", *map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_box_becomes_a_mask_file(tmp_path: Path) -> None:
    image, mask = stained(np.random.default_rng(3))
    write_png(tmp_path / "p.png", image)
    rows, columns = np.nonzero(mask)
    x, y, w, h = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
    report = say("propose", tmp_path / "p.png", "--box", f"{x},{y},{w},{h}", "--out", tmp_path / "new" / "m.png")
    found = decode_mask(tmp_path / "new" / "m.png")
    assert (report["hint"], report["area"], report["with_map"]) == ("box", int(found.sum()), False)
    assert (found & mask).sum() / (found | mask).sum() >= 0.8


def test_labels_go_out_and_come_in(tmp_path: Path) -> None:
    parts = write_set(tmp_path / "parts", normals=1, defects=2, size=64)
    assert say("export", "--data", parts, "--layout", "mvtec", "--format", "coco", "--out", tmp_path / "c.json")["labels"] == 2
    report = say("import", tmp_path / "c.json", "--format", "coco", "--images", parts, "--out", tmp_path / "new")
    assert (report["written"], report["without_marks"]) == (2, 0)
    assert len(list((tmp_path / "new" / "ground_truth" / "stain").iterdir())) == 2


WRONG = {
    "no hint": ([], SettingsError, "give one of"),
    "two hints": (["--click", "1,1", "--box", "1,1,2,2"], SettingsError, "give one of"),
    "letters": (["--box", "a,b,c,d"], SettingsError, "4 whole numbers"),
    "too few": (["--click", "1"], SettingsError, "2 whole numbers"),
    "odd scribble": (["--scribble", "1,2,3"], SettingsError, "even number"),
    "outside": (["--click", "128,1"], LabelError, "outside the image"),
}


@pytest.mark.parametrize(("arguments", "kind", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_hints_are_named(arguments: list[str], kind: type[Exception], message: str, tmp_path: Path) -> None:
    write_png(tmp_path / "p.png", np.zeros((128, 128, 3), np.uint8))
    result = CliRunner().invoke(build(), ["labels", "propose", str(tmp_path / "p.png"), "--out", str(tmp_path / "m.png"), *arguments])
    assert isinstance(result.exception, kind)
    assert message in str(result.exception)
    assert not (tmp_path / "m.png").exists()


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        build(), ["labels", "export", "--data", ".", "--layout", "mvtec", "--format", "voc", "--out", str(tmp_path)]
    )
    assert isinstance(result.exception, SettingsError)
    assert "--format voc" in str(result.exception)
