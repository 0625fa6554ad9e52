"""The line under a service manager: ready when it is, pinged for only while every loop turns, and stopped in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_inspector.rehearsal.processes import TemporaryStation
from tests.notify_socket import NotifySocket
from tests.system.lines import LineProcess, ask, simulated, write_station

TIMEOUT_S = 2.0  # the manager's; a loop hangs after half of it
READY = ("Ready", "ContinuousExecution")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    with NotifySocket(str(tmp_path / "notify")) as made:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", str(int(TIMEOUT_S * 1e6)))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        monkeypatch.setenv("HANG_FOLDER", str(tmp_path))
        yield made


def station(folder: Path, require_gate: bool) -> TemporaryStation:
    made = write_station(folder, simulated(rate=20.0), require_gate=require_gate)
    made.config.write_text('engine = {backend = "stub"}\n' + made.config.read_text())
    return made


def hanging_line(made: TemporaryStation) -> LineProcess:
    return LineProcess(made, run=("tests.system.hanging", "run"))


def test_ready_after_warm_up_and_pings_while_every_loop_turns(tmp_path: Path, manager: NotifySocket) -> None:
    made = station(tmp_path, require_gate=False)
    (tmp_path / "hang-warm-up").touch()
    with hanging_line(made) as line:
        manager.wait_for("STATUS=Preoperational")
        manager.wait_for(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={int(TIMEOUT_S * 1e6)}", times=4)  # for longer than a loop may hang
        assert ask(made, "status")["state"] == "Preoperational"
        (tmp_path / "hang-warm-up").unlink()
        manager.wait_for("READY=1")
        assert ask(made, "status")["state"] in READY
        for name, loop in {"camera": "camera cam0", "engine": "engine", "reject": "reject", "main": "main"}.items():
            (tmp_path / f"hang-{name}").touch()
            manager.wait_for(f"STATUS=hanging: no turn of the loop of {loop} for")
            threading.Event().wait(TIMEOUT_S / 2)  # in which two pings would come
            assert "WATCHDOG=1" not in manager.waiting(), name
            (tmp_path / f"hang-{name}").unlink()
            manager.wait_for("WATCHDOG=1")
        (tmp_path / "hang-camera").touch()
        manager.wait_for("STATUS=hanging")
        assert line.stop() == 1  # it ends, although the camera's thread does not
        assert "the process ends without its threads camera-cam0, which hang" in line.log_tail(100)


def test_a_killed_line_is_ready_again_an_idle_one_is_pinged_for_and_a_drained_one_says_stopping(
    tmp_path: Path, manager: NotifySocket
) -> None:
    made = station(tmp_path, require_gate=True)
    with LineProcess(made) as line:
        manager.wait_for("READY=1")
        line.kill()
    manager.waiting()
    with LineProcess(made) as line:
        manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1", times=5)  # more than the time-out, and no part has come
        assert ask(made, "status")["counts"]["triggers"] == 0
        assert line.stop() == 0, line.log_tail()
    heard = manager.waiting()
    assert heard[-1] == "STATUS=stopped: 0 parts, 0 of them without an outcome"
    assert sum("STOPPING=1" in text for text in heard) == 1
    assert not any("READY=1" in text for text in heard)  # the desk, its child, does not speak for it
