"""The line as a process, with a PLC beside it: every part has its verdict, its ack and its row."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import zmq

from edge_inspector.errors import RequestError
from edge_inspector.gateway.sim import run_plc_sim
from edge_inspector.wire.client import ControlClient
from tests.system.fuzz import fuzz
from tests.system.lines import LineProcess, ask, part_images, simulated, wait_until, write_station


def rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "state" / "results.db") as connection:
        found = connection.execute(f"select {columns} from inspections order by id").fetchall()
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
    return found


def test_a_folder_of_images_is_inspected_once_each_and_in_order(tmp_path: Path) -> None:
    folder = part_images(tmp_path / "parts", 25)
    (folder / "011.png").write_bytes((folder / "011.png").read_bytes()[:-40])  # truncated: missed, and the line goes on
    station = write_station(tmp_path, {"driver": "folder", "path": str(folder), "rate": 20.0})
    with LineProcess(station) as line:
        counts = run_plc_sim(station.endpoint("reject"), 25, timeout_s=60)
        assert line.stop() == 0, line.log_tail()
    assert {k: counts[k] for k in ("verdicts", "acks", "duplicates", "out_of_order", "missed")} == {
        "verdicts": 25, "acks": 25, "duplicates": 0, "out_of_order": 0, "missed": 1,
    }  # fmt: skip
    found = rows(tmp_path, "trigger_count, seq, outcome, reason, acked")
    assert [row[0] for row in found] == list(range(1, 26))
    assert [row[1] for row in found] == sorted({row[1] for row in found})
    assert found[11][2:4] == ("missed", "grab_failed")
    assert all(row[4] for row in found)


def test_control_and_desk(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated(), require_gate=False)
    with LineProcess(station) as line:
        line.wait_for(("ContinuousExecution",))
        wait_until(lambda: ask(station, "status")["counts"]["triggers"] > 10, "parts run")
        stopped = ask(station, "stop")
        assert stopped["state"] == "Ready"
        seen: list[dict[str, int]] = []  # a part that the camera had begun to grab when the line stopped is still told, as missed

        def still() -> bool:
            time.sleep(0.25)  # longer than a camera takes that hangs in its grab
            seen.append(ask(station, "status")["counts"])
            return seen[-1]["open"] == 0 and seen[-4:] == [seen[-1]] * 4

        wait_until(still, "the line drains")
        counts = seen[-1]
        assert counts["triggers"] == counts["accepted"] + counts["rejected"] + counts["missed"]
        assert ask(station, "status")["counts"] == counts  # nothing runs while stopped

        before = ask(station, "status")["recipe"]
        changed = ask(station, "threshold", accept_threshold=0.0, reject_threshold=0.0)
        assert changed["recipe"] != before
        parts = ask(station, "parts", since=0)["parts"]
        newest = parts[-1]["n"]
        assert [part["n"] for part in parts] == list(range(1, newest + 1))
        assert ask(station, "start")["state"] == "ContinuousExecution"
        fresh = wait_until(lambda: ask(station, "parts", since=newest)["parts"], "parts run again")
        assert fresh[0]["n"] == newest + 1
        assert fresh[0]["recipe"] == changed["recipe"]
        assert fresh[0]["outcome"] == "rejected"  # nothing is below an accept threshold of 0

        back = ask(station, "recipe", name="part", version=1)
        assert back["recipe"] == before
        history = wait_until(lambda: ask(station, "history.query", "desk", limit=5).get("rows"), "the desk has rows")
        assert len(history) == 5
        assert line.stop() == 0, line.log_tail()
    final = rows(tmp_path, "count(*), count(distinct seq), count(distinct part_id)")
    assert len(set(final[0])) == 1


def test_users_of_a_running_line(tmp_path: Path) -> None:
    """The first admin is added while it runs; from then on changes need the desk's token, and reading does not."""
    station = write_station(tmp_path, simulated(), require_gate=False)
    with LineProcess(station) as line:
        line.wait_for(("ContinuousExecution",))
        ends = ask(station, "ping")["endpoints"]
        assert ends == {name: station.endpoint(name) for name in ("status", "control", "desk")}
        polygon = [[8.0, 8.0], [56.0, 8.0], [56.0, 56.0]]
        status = ask(station, "threshold", accept_threshold=0.25, reject_threshold=0.5, roi=[polygon])
        assert {name: status["thresholds"][name] for name in ("accept_threshold", "roi", "dont_care")} == {
            "accept_threshold": 0.25, "roi": [polygon], "dont_care": [],
        }  # fmt: skip
        taken = wait_until(lambda: [c for c in ask(station, "status")["cameras"] if c["last_count"]], "the camera's triggers are taken")
        assert [(camera["name"], camera["connected"]) for camera in taken] == [("cam0", True)]
        assert status["plc"] == []
        run_plc_sim(station.endpoint("reject"), 1, timeout_s=30)
        (plc,) = wait_until(lambda: [p for p in ask(station, "status")["plc"] if not p["connected"]], "the gate has left")
        assert set(plc) == {"name", "connected", "silent_ms"}

        wait_until(lambda: Path(ends["desk"].removeprefix("ipc://")).exists(), "the desk listens")
        account = {"name": "Boss", "role": "admin", "password": "correct horse"}
        with ControlClient(ends["desk"]) as desk, ControlClient(ends["control"]) as control:
            desk.call("users.add", account, 10.0)
            with pytest.raises(RequestError) as refused:
                control.call("stop")
            assert refused.value.code == "login_needed"
            assert control.call("status")["state"] == "ContinuousExecution"
            control.token = desk.call("login", {"user": "Boss", "password": "correct horse"}, 10.0)["token"]
            assert control.call("whoami") == {"user": "Boss", "role": "admin", "login_needed": False}
            assert control.call("stop")["state"] == "Ready"
        assert line.stop() == 0, line.log_tail()


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("threshold", {"accept_threshold": 7}, "accept_threshold = 7"),
        ("threshold", {"colour": 1}, "colour"),
        ("recipe", {"name": "nobody"}, "no recipe nobody"),
        ("acknowledge", {"condition": "none such"}, "none such"),
        ("parts", {"since": "yesterday"}, "since"),
        ("fly", {}, "fly"),
    ],
)
def test_wrong_requests_are_refused_and_change_nothing(running_line: Any, method: str, params: dict[str, Any], message: str) -> None:  # noqa: ANN401
    before = ask(running_line, "status")["recipe"]
    with pytest.raises(RequestError, match=message):
        ask(running_line, method, **params)
    assert ask(running_line, "status")["recipe"] == before


@pytest.fixture(scope="module")
def running_line(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    station = write_station(tmp_path_factory.mktemp("line"), simulated(rate=10.0), require_gate=False)
    with LineProcess(station) as line:
        line.wait_for(("ContinuousExecution",))
        yield station


def test_garbage_on_every_socket_changes_nothing(running_line: Any) -> None:  # noqa: ANN401
    before = ask(running_line, "status")
    garbage = [
        b"",
        b"\xff\xfe",
        b"{}",
        b"[" * 5000,
        b'{"v":2,"type":"hello"}',
        b"x" * 100_000,
        json.dumps({"v": 1, "type": "ack"}).encode(),
    ]
    with zmq.Context() as context:
        for name in ("reject", "control", "desk"):
            with context.socket(zmq.SocketType.DEALER) as socket:
                socket.linger = 200
                socket.connect(running_line.endpoint(name))
                for message in garbage * 20:
                    socket.send_multipart([message])
                    socket.send_multipart([message, message, message])
    after = wait_until(
        lambda: (s := ask(running_line, "status"))["counts"]["triggers"] > before["counts"]["triggers"] + 5 and s, "the line goes on"
    )
    assert after["state"] == "ContinuousExecution"
    assert after["gates"] == []
    assert after["counts"]["missed"] == before["counts"]["missed"]


def test_hostile_messages_at_every_socket_change_nothing(running_line: Any) -> None:  # noqa: ANN401
    wait_until(lambda: Path(running_line.endpoint("desk").removeprefix("ipc://")).exists(), "the desk listens")
    fuzz(running_line, 1000)  # `python -m tests.system.fuzz` sends 100,000 to each


def test_parts_wait_for_the_gate_and_are_missed_without_it(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated(rate=20.0), gate={"reject_window_ms": 200.0})
    gone = threading.Event()
    with LineProcess(station) as line:
        assert line.wait_for(("Ready",))["counts"]["triggers"] == 0
        gate = threading.Thread(target=run_plc_sim, args=(station.endpoint("reject"), None, 60, gone), name="gate")
        gate.start()
        try:
            wait_until(lambda: ask(station, "status")["counts"]["accepted"] + ask(station, "status")["counts"]["rejected"] > 5, "parts run")
        finally:
            gone.set()
            gate.join()
        status = wait_until(lambda: (s := ask(station, "status"))["counts"]["missed"] > 5 and s, "parts are missed without the gate")
        assert "gate" in [condition["name"] for condition in status["conditions"] if condition["active"]]
        counts = run_plc_sim(station.endpoint("reject"), 1, timeout_s=30)  # back again: told what it has not heard
        assert counts["verdicts"] >= 1
        assert line.stop() == 0, line.log_tail()
    assert [row[0] for row in rows(tmp_path, "outcome")].count("missed") > 5
