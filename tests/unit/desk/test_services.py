"""Images, reviews, scores, recipes and the audit log, over a real socket."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_inspector.errors import RequestError
from edge_inspector.outputs.archive import decode_map
from edge_inspector.settings import Recipe, Station, parse_model
from edge_inspector.store import recipes
from edge_inspector.wire.client import ControlClient
from tests.unit.desk.stock import add_parts, add_pictures, closing_engine, name, put

IMAGE = np.random.default_rng(5).integers(0, 255, (24, 32, 3), np.uint8)
MAP = np.linspace(0, 1, 12 * 16, dtype=np.float32).reshape(12, 16)


def test_pictures_come_as_the_archives_files(station: Station, client: ControlClient) -> None:
    files = add_pictures(station, 2, (IMAGE, MAP), (IMAGE[:, :, :1], None))
    answer, frames = client.fetch("images.get", {"part_id": name(2)})
    views = [{"view": 0, "image": 0, "map": 1}, {"view": 1, "image": 2, "map": None}]
    assert answer == {"part_id": name(2), "views": views, "why": ""}
    assert frames == [path.read_bytes() for path in files]
    assert np.abs(decode_map(frames[1]) - MAP).max() < 1e-5


def test_one_view_comes_alone(station: Station, client: ControlClient) -> None:
    files = add_pictures(station, 2, (IMAGE, MAP), (IMAGE[:, :, :1], None))
    answer, frames = client.fetch("images.get", {"part_id": name(2), "view": 1})
    assert (answer["views"], answer["why"]) == ([{"view": 1, "image": 0, "map": None}], "")
    assert frames == [files[2].read_bytes()]
    answer, frames = client.fetch("images.get", {"part_id": name(2), "view": 3})
    assert (answer["views"], answer["why"], frames) == ([], "of view 3 nothing is archived; there is: 0, 1", [])
    with pytest.raises(RequestError, match="view"):
        client.call("images.get", {"part_id": name(2), "view": -1})


def test_a_part_without_pictures_says_why(station: Station, client: ControlClient) -> None:
    add_parts(station, 1)
    answer, frames = client.fetch("images.get", {"part_id": name(1)})
    assert (answer["views"], frames) == ([], [])
    assert answer["why"].startswith("not archived")
    for path in add_pictures(station, 2, (IMAGE, MAP)):
        path.unlink()
    answer, frames = client.fetch("images.get", {"part_id": name(2)})
    assert (answer["views"], answer["why"], frames) == ([], "its files are no longer in the archive", [])
    with pytest.raises(RequestError, match="no part 'nobody' is on record"):
        client.call("images.get", {"part_id": "nobody"})


OUTSIDE = ["../secret.png", "/etc/hostname", "2026-01-02/../../secret.png", "link/secret.png"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leaves_the_archive_is_refused(station: Station, client: ControlClient, path: str) -> None:
    add_pictures(station, 2, (IMAGE, MAP))
    assert station.archive.path is not None
    (station.state / "secret.png").write_bytes(b"secret")
    (station.archive.path / "link").symlink_to(station.state)
    put(station, ("archived", {"part_id": name(2), "paths": [path]}))
    for method, more in (("images.get", {}), ("labels.propose", {"click": [1, 1]})):
        with pytest.raises(RequestError, match="outside the archive folder"):
            client.call(method, {"part_id": name(2), **more})


def test_a_persons_verdict_stands_beside_the_machines(station: Station, client: ControlClient) -> None:
    add_parts(station, 1, 2, 3)
    part = client.call("review.set", {"part_id": name(2), "verdict": "false_reject", "note": "dust"})["part"]
    assert (part["verdict"], part["outcome"], part["person"]["verdict"], part["person"]["by"]) == (
        "reject",
        "rejected",
        "false_reject",
        "local",
    )
    assert [row["seq"] for row in client.call("history.query", {"person": "false_reject"})["rows"]] == [2]
    assert [row["seq"] for row in client.call("history.query", {"person": "none"})["rows"]] == [3, 1]
    client.call("review.set", {"part_id": name(2), "verdict": "none"})
    assert client.call("history.part", {"part_id": name(2)})["part"]["person"] is None
    entries = client.call("audit.query", {"limit": 10})["entries"]
    assert [(e["actor"], e["action"], e["subject"], e["detail"]["verdict"]) for e in entries] == [
        ("local", "review.set", name(2), "none"),
        ("local", "review.set", name(2), "false_reject"),
    ]
    older = client.call("audit.query", {"limit": 10, "before": entries[0]["id"]})["entries"]
    assert [e["id"] for e in older] == [entries[1]["id"]]


def test_scores_with_truth_for_the_active_recipe(station: Station, client: ControlClient) -> None:
    with closing_engine(station) as engine:
        for label in ("cup", "ring"):
            recipe = parse_model(Recipe, {"name": label, "bundle": "demo", "gate": {"reject_window_ms": 200}}, "test")
            recipes.activate(engine, label, recipes.import_recipe(engine, recipe)[0])
    add_parts(station, 1, 2)
    add_parts(station, 5, message={"recipe": "cup:1"})
    client.call("review.set", {"part_id": name(1), "verdict": "escape"})
    answer = client.call("tune.scores")
    common = {"part_id": name(1), "score": 0.125, "area": 0.0, "truth": "bad", "verdict": "accept", "outcome": "accepted"}
    assert (answer["recipe"], answer["model"], len(answer["parts"])) == ("ring", "demo", 2)
    assert answer["parts"][0] == {**common, "recipe": "ring:1"}
    add_parts(station, 7, message={"recipe": "ring:2"})
    assert [part["recipe"] for part in client.call("tune.scores")["parts"]] == ["ring:1", "ring:1", "ring:2"]
    assert [part["part_id"] for part in client.call("tune.scores", {"recipe": "cup"})["parts"]] == [name(5)]
    assert [part["part_id"] for part in client.call("tune.scores", {"last": 1})["parts"]] == [name(7)]
    active = client.call("recipe.active")
    assert (active["name"], active["version"], active["recipe"]["gate"]["reject_window_ms"]) == ("ring", 1, 200)
    listed = client.call("recipe.list")["recipes"]
    assert [(r["name"], r["version"], r["active"]) for r in listed] == [("cup", 1, False), ("ring", 1, True)]


def test_nothing_active_and_nothing_scored(station: Station, client: ControlClient) -> None:
    add_parts(station)
    assert client.call("tune.scores") == {"recipe": "", "model": "", "parts": []}
    with pytest.raises(RequestError, match="no recipe is active yet"):
        client.call("recipe.active")


def test_hours_are_of_this_moment(station: Station, client: ControlClient) -> None:
    add_parts(station, 1)
    assert client.call("history.hours", {"hours": 2}) == {"hours": []}


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a verdict of no person": ("review.set", {"part_id": "a", "verdict": "reject"}, "verdict = 'reject'"),
    "a note too long": ("review.set", {"part_id": "a", "verdict": "none", "note": "x" * 2001}, "note"),
    "a review of nothing": ("review.set", {"verdict": "none"}, "'part_id' is missing"),
    "no part": ("images.get", {}, "'part_id' is missing"),
    "hours": ("history.hours", {"hours": 0}, "hours = 0"),
    "last": ("tune.scores", {"last": -1}, "last = -1"),
    "audit": ("audit.query", {"limit": 10**6}, "limit = 1000000"),
    "recipe": ("recipe.active", {"name": "ring"}, "unknown key 'name'"),
    "borderline": ("history.query", {"borderline": 2}, "borderline = 2"),
    "outcomes": ("history.query", {"outcomes": ["good"]}, "outcomes.0 = 'good'"),
}


@pytest.mark.parametrize(("method", "params", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_parameter_is_named(station: Station, client: ControlClient, method: str, params: dict[str, Any], says: str) -> None:
    add_parts(station, 1)
    with pytest.raises(RequestError, match=says) as caught:
        client.call(method, params)
    assert caught.value.code == "SettingsError"


def test_a_change_waits_for_the_lines_database(tmp_path: Path, station: Station, client: ControlClient) -> None:
    with pytest.raises(RequestError, match=r"results\.db: no such database"):
        client.call("review.set", {"part_id": name(1), "verdict": "confirm"})
    assert not list(tmp_path.rglob("results.db*"))
    add_parts(station, 1)
    assert client.call("review.set", {"part_id": name(1), "verdict": "confirm"})["part"]["person"]["verdict"] == "confirm"


def test_a_recorder_that_holds_the_database_is_waited_for_and_then_named(station: Station, client: ControlClient) -> None:
    add_parts(station, 1)
    with sqlite3.connect(str(station.state / "results.db"), isolation_level=None) as recorder:
        recorder.execute("BEGIN IMMEDIATE")
        with pytest.raises(RequestError, match="database is locked"):
            client.call("review.set", {"part_id": name(1), "verdict": "confirm"}, timeout_s=20.0)
        assert client.call("history.part", {"part_id": name(1)})["part"]["person"] is None
        recorder.execute("ROLLBACK")
    recorder.close()
    client.call("review.set", {"part_id": name(1), "verdict": "confirm"})
