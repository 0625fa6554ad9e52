from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.history import HistoryService
from edge_inspector.errors import SettingsError, StoreError, WireError
from edge_inspector.store.database import open_database
from edge_inspector.store.recording import record
from edge_inspector.wire.client import ControlClient
from tests.unit.store.entries import EPOCH, verdict
from tests.unit.store.test_recording import NOW


def fill(path: Path, *seqs: int) -> None:
    engine = open_database(f"sqlite:///{path}")
    with engine.begin() as connection:
        record(connection, "line1", [("verdict", verdict(seq)) for seq in seqs], NOW)
    engine.dispose()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[HistoryService]:
    database = DeskDatabase(f"sqlite:///{tmp_path / 'results.db'}")
    yield HistoryService(database)
    database.close()


def test_pages_meet_without_gap_or_overlap(service: HistoryService, tmp_path: Path) -> None:
    fill(tmp_path / "results.db", *range(1, 12))
    for newest_first in (True, False):
        seen: list[int] = []
        more: dict[str, object] | None = {}
        while more is not None:
            answer = service.query({"limit": 4, "newest_first": newest_first, **more})
            json.dumps(answer)
            seen += [row["seq"] for row in answer["rows"]]
            more = answer["next"]
        assert seen == (list(range(11, 0, -1)) if newest_first else list(range(1, 12)))


def test_part_and_counts(service: HistoryService, tmp_path: Path) -> None:
    fill(tmp_path / "results.db", 1, 2)
    assert service.part({"part_id": f"line1-{EPOCH}-2"})["part"]["outcome"] == "rejected"
    assert service.part({"part_id": "nobody"}) == {"part": None}
    answer = service.counts({"outcome": "accepted"})
    assert (answer["counts"]["parts"], answer["times"]["engine_ms"]["max"]) == (1, 3.0)


def test_waits_for_a_database_and_follows_one_that_is_replaced(service: HistoryService, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"results\.db: no such database"):
        service.query({})
    fill(tmp_path / "results.db", 1)
    assert len(service.query({})["rows"]) == 1
    for file in tmp_path.glob("results.db*"):
        file.unlink()
    with pytest.raises(StoreError, match=r"results\.db"):
        service.query({})
    fill(tmp_path / "results.db", 1, 2)
    assert len(service.query({})["rows"]) == 2


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        ("history.query", {"limit": 0}, "limit = 0"),
        ("history.query", {"limit": 10**9}, "limit = 1000000000"),
        ("history.query", {"limit": "5"}, "limit = '5'"),
        ("history.query", {"newest_first": 1}, "newest_first = 1"),
        ("history.query", {"verdict": "bad"}, "verdict = 'bad'"),
        ("history.query", {"since": "soon"}, "since = 'soon'"),
        ("history.query", {"colour": "red"}, "unknown key 'colour'"),
        ("history.counts", {"epoch": "x"}, "epoch = 'x'"),
        ("history.part", {}, "part_id = None"),
    ],
)
def test_a_wrong_parameter_is_named(service: HistoryService, method: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        service.handlers()[method](params)


STATION = """
station = "line1"
recipe = "recipe.toml"
[[camera]]
driver = "simulated"
[desk]
endpoint = "ipc://{folder}/desk"
"""


def test_the_process_answers_and_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "station.toml").write_text(STATION.format(folder=tmp_path))
    command = [sys.executable, "-m", "edge_inspector", "desk", "--config", str(tmp_path / "station.toml"), "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process, ControlClient(f"ipc://{tmp_path}/desk") as client:
        assert client.call("ping", {}, timeout_s=30.0) == {
            "process": "desk",
            "station": "line1",
            "services": ["audit", "history", "images", "labels", "password", "recipe", "review", "tune", "users"],
        }
        with pytest.raises(WireError, match="no such database"):
            client.call("history.query")
        fill(tmp_path / "state" / "results.db", 1, 2, 3)
        assert [row["seq"] for row in client.call("history.query")["rows"]] == [3, 2, 1]
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20.0) == 0


def test_sigterm_ends_it_and_a_taken_endpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "station.toml").write_text(STATION.format(folder=tmp_path))
    command = [sys.executable, "-m", "edge_inspector", "desk", "--config", str(tmp_path / "station.toml")]
    with subprocess.Popen(command) as process, ControlClient(f"ipc://{tmp_path}/desk") as client:
        client.call("ping", {}, timeout_s=30.0)
        second = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
        assert second.returncode == 1
        assert "is in use by another process" in second.stderr
        process.terminate()
        assert process.wait(20.0) == 0
