"""What systemd hears, over real datagram sockets, and when a loop counts as hanging."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_inspector.service import Pulse, SystemClock, Watchdog, children_environment, notify, status_line, watchdog_timeout_s
from tests.notify_socket import NotifySocket


class HandClock(SystemClock):
    """Stands still unless a test moves it."""

    now_s = 100.0

    def monotonic_ns(self) -> int:
        return int(self.now_s * 1e9)


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@edge-inspector-test-{os.getpid()}"
    with NotifySocket(address) as made:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield made


def test_each_call_is_one_datagram(manager: NotifySocket) -> None:
    assert notify("READY=1\nSTATUS=Ready")
    assert notify(status_line("two\nlines  of it"))
    assert manager.next() == "READY=1\nSTATUS=Ready"
    assert manager.next() == "STATUS=two lines of it"


def test_without_a_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    assert not notify("READY=1")
    assert watchdog_timeout_s() is None
    before = threading.active_count()
    watchdog = Watchdog({}, watchdog_timeout_s())
    watchdog.start()
    assert threading.active_count() == before
    assert watchdog.stop(1.0)


def test_a_manager_that_is_gone_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]) -> None:
    expected_warnings.append("systemd's notify socket")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("30000000", None, 30.0), ("500000", "own", 0.5), ("500000", "1", None), (None, None, None), ("0", None, None), ("soon", None, None)],
)
def test_the_timeout_that_systemd_names(usec: str | None, pid: str | None, expected: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    for name, value in {"WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid()) if pid == "own" else pid}.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog_timeout_s() == expected


def test_a_child_does_not_speak_for_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("EDGE_DATA", "kept")
    left = children_environment()
    assert left.get("EDGE_DATA") == "kept"
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(left)


@pytest.mark.parametrize(
    ("allowance_s", "after_s", "late"),
    [(0.0, 4.9, None), (0.0, 5.1, 5.1), (60.0, 64.9, None), (60.0, 65.1, 65.1)],
)
def test_a_turn_is_late_past_its_bound_and_allowance(allowance_s: float, after_s: float, late: float | None) -> None:
    clock = HandClock()
    pulse = Pulse(clock)
    assert pulse.late_s(5.0) is None  # it has not begun
    pulse.mark(allowance_s)
    clock.now_s += after_s
    assert pulse.late_s(5.0) == (None if late is None else pytest.approx(late))
    pulse.mark()
    assert pulse.late_s(5.0) is None
    clock.now_s += 1000.0
    pulse.end()
    assert pulse.late_s(5.0) is None


def test_pings_stop_for_one_hanging_loop_and_come_back_with_it(manager: NotifySocket, expected_warnings: list[str]) -> None:
    expected_warnings.append("no turn of the loop of engine for 6.0 s;")
    clock = HandClock()
    camera, engine = Pulse(clock), Pulse(clock)
    watchdog = Watchdog({"camera": camera, "engine": engine}, 10.0)

    def step(seconds: float, *turning: Pulse) -> None:
        clock.now_s += seconds
        for pulse in turning:
            pulse.mark()
        watchdog.look()

    step(0.0, camera, engine)
    assert manager.next() == "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=10000000"
    watchdog.started()
    step(4.0, camera)
    assert manager.next() == "WATCHDOG=1"
    step(2.0, camera)
    assert manager.next() == "STATUS=hanging: no turn of the loop of engine for 6.0 s"
    step(2.0, camera)
    assert manager.waiting() == []
    step(0.1, camera, engine)
    assert manager.next() == "STATUS=every loop comes round again"
    assert manager.next() == "WATCHDOG=1"


def test_a_manager_that_does_not_read_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("systemd's notify socket")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr("edge_inspector.service.NOTIFY_S", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        assert notify("WATCHDOG=1")
        assert any(not notify("WATCHDOG=1") for _ in range(10_000))


def test_an_abort_leaves_the_stacks(tmp_path: Path) -> None:
    program = "import os; from edge_inspector.service import stop_on_signals\ndef hangs(): os.abort()\nstop_on_signals(); hangs()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert "in hangs" in done.stderr


def test_its_thread_pings_by_itself_and_ends(manager: NotifySocket) -> None:
    watchdog = Watchdog({}, 0.02)
    watchdog.start()
    watchdog.started()
    assert "watchdog" in {thread.name for thread in threading.enumerate()}
    manager.wait_for("WATCHDOG=1", times=3)
    assert watchdog.stop(5.0)
    assert watchdog.stop(5.0)
