from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from edge_inspector.images import encode_png
from edge_inspector.outputs.archive import encode_map
from ui.model.archived import painted, read
from ui.model.part_facts import choices, clock, largest_area, local_time, margin, moment_text, near_threshold, person_verdict
from ui.model.picture import decode_image, decode_map


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("accepted", ("confirm", "escape")), ("rejected", ("confirm", "false_reject")), ("missed", ("confirm", "false_reject"))],
)
def test_only_verdicts_that_fit_are_offered(outcome: str, expected: tuple[str, ...]) -> None:
    assert choices({"outcome": outcome}) == expected


def test_figures_of_a_part_and_of_one_that_has_none() -> None:
    part: dict[str, Any] = {"score": 0.45, "threshold": 0.5, "regions": [{"area": 3}, {"area": 12.5}], "person": {"verdict": "escape"}}
    none: dict[str, Any] = {"score": None, "threshold": None, "regions": [], "person": None}
    assert margin(part) == pytest.approx(-0.1)
    assert (largest_area(part), person_verdict(part)) == (12.5, "escape")
    assert (near_threshold(part, 0.11), near_threshold(part, 0.09)) == (True, False)
    assert (margin(none), largest_area(none), person_verdict(none), near_threshold(none, 1.0)) == (None, 0.0, "none", False)


def test_times_are_of_this_machine() -> None:
    now = datetime.now(timezone.utc)
    today = now.astimezone().replace(hour=12, minute=34, second=56, microsecond=789_000)
    said = today.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    assert local_time(said) == today
    assert clock(said, now) == "12:34:56"
    assert moment_text(said) == f"{today:%Y-%m-%d} 12:34:56.789"
    earlier = today - timedelta(days=3)
    assert clock(earlier.isoformat(), now) == f"{earlier:%m-%d} 12:34:56"
    assert (local_time(None), clock("", now), moment_text(None)) == (None, "", "")


def test_pictures_are_the_files_of_the_answer() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    scores = np.array([[0.0, 0.25], [0.5, 1.0]], np.float32)
    blobs = [encode_png(image), encode_map(scores)]
    views = [{"view": 0, "image": None, "map": None}, {"view": 2, "image": 0, "map": 1}, {"view": 3, "image": 7, "map": None}]
    found = read({"part_id": "p", "views": views, "why": ""}, blobs)
    assert [files.view for files in found.files] == [2]  # no image, and an index that is not there
    files = found.of(2)
    assert files is not None
    shown = decode_image(files.image)
    assert shown is not None
    assert np.array_equal(shown[:, :, ::-1], image)
    assert decode_map(files.anomaly_map) == pytest.approx(scores, abs=1e-4)
    assert found.of(0) is None
    assert read({"part_id": "p", "views": [], "why": "gone"}, []).why == "gone"


def test_a_map_is_painted_in_its_own_size_and_doubt_is_bright() -> None:
    pixels = painted(np.array([[0.0, 1.0, np.nan, 7.0]], np.float32))
    assert pixels.shape == (1, 4, 3)
    assert np.array_equal(pixels[0, 1], pixels[0, 2])
    assert np.array_equal(pixels[0, 1], pixels[0, 3])
    assert int(pixels[0, 1].sum()) > int(pixels[0, 0].sum()) + 300
