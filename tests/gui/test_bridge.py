"""The bridge on control and status sockets that do what lines and desks do on bad days: restart, fall silent, take long, drop messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from edge_inspector.wire.server import ControlServer, Refused, StatusPublisher
from ui.bridge import Bridge

WAIT_MS = 15_000


class Line:
    """Control and status of a line, and a desk, told what to say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[dict[str, Any]] = []
        self.held = threading.Event()
        self.held.set()
        self.asked = threading.Event()
        self.begin()

    def begin(self) -> None:
        self.publisher = StatusPublisher(f"ipc://{self.folder}/status")
        self.parts = []
        told = {"status": f"ipc://{self.folder}/status", "control": self.endpoint, "desk": f"ipc://{self.folder}/desk"}
        self.control = ControlServer(
            self.endpoint,
            {"ping": lambda _p: {"process": "line", "endpoints": told}, "status": lambda _p: self.state(), "parts": self.answer},
        )
        self.desk = ControlServer(
            f"ipc://{self.folder}/desk",
            {"ping": lambda _p: {"process": "desk", "services": ["history"]}, "slow": self.slow, "no": self.refuse},
            "desk",
        )
        for server in (self.publisher, self.control, self.desk):
            server.start()

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.folder}/control"

    def state(self) -> dict[str, Any]:
        return {"state": "Ready", "counts": {"accepted": len(self.parts), "rejected": 0, "missed": 0}}

    def answer(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = [p for p in self.parts if p["n"] > params.get("since", 0)][: params.get("limit", 1000)]
        return {"run": self.publisher.run, "parts": wanted, "oldest": 1, "newest": len(self.parts)}

    def slow(self, _params: dict[str, Any]) -> dict[str, Any]:
        self.asked.set()
        self.held.wait(20.0)
        return {"done": True}

    @staticmethod
    def refuse(_params: dict[str, Any]) -> dict[str, Any]:
        raise Refused("bad_token", "the token has expired")

    def add(self, count: int, publish: bool = True) -> None:
        for _ in range(count):
            part = {"run": self.publisher.run, "n": len(self.parts) + 1, "verdict": "accept", "outcome": "accepted"}
            self.parts.append(part)
            if publish:
                self.publisher.put("part", part)

    def end(self) -> None:
        self.held.set()
        for server in (self.publisher, self.control, self.desk):
            server.stop()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.end()


class Heard(QObject):
    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.numbers: list[int] = []
        self.begun = 0
        bridge.parts.connect(lambda parts: self.numbers.extend(p["n"] for p in parts))
        bridge.begun.connect(self._begun)

    def _begun(self) -> None:
        self.begun += 1


@pytest.fixture
def bridge(line: Line, qapp: object) -> Iterator[Bridge]:
    bridge = Bridge(line.endpoint)
    yield bridge
    bridge.stop()


def started(qtbot: QtBot, bridge: Bridge) -> Heard:
    heard = Heard(bridge)
    bridge.start()
    qtbot.waitUntil(lambda: bridge.connected and bool(bridge.services), timeout=WAIT_MS)
    return heard


def test_a_window_that_comes_late_gets_the_parts_before_it(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    line.add(30)
    heard = started(qtbot, bridge)
    qtbot.waitUntil(lambda: heard.numbers == list(range(1, 31)), timeout=WAIT_MS)


def test_parts_that_no_later_one_betrays_are_asked_for(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    heard = started(qtbot, bridge)
    line.add(3)
    qtbot.waitUntil(lambda: heard.numbers == [1, 2, 3], timeout=WAIT_MS)
    line.add(700, publish=False)  # dropped, and then the belt stands
    qtbot.waitUntil(lambda: heard.numbers == list(range(1, 704)), timeout=WAIT_MS)
    assert bridge.lost == 0


def test_a_line_that_begins_anew_is_told_of_before_its_first_part(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    line.add(5)
    heard = started(qtbot, bridge)
    qtbot.waitUntil(lambda: len(heard.numbers) == 5, timeout=WAIT_MS)
    before = heard.begun
    line.end()
    qtbot.waitUntil(lambda: not bridge.connected, timeout=WAIT_MS)
    line.begin()
    qtbot.waitUntil(lambda: heard.begun == before + 1, timeout=WAIT_MS)
    line.add(2)
    qtbot.waitUntil(lambda: heard.numbers == [1, 2, 3, 4, 5, 1, 2], timeout=WAIT_MS)


def test_a_question_that_takes_too_long_fails_alone(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    started(qtbot, bridge)
    line.held.clear()
    said: list[tuple[str, str]] = []
    owner, changes = QObject(), []
    bridge.desk_changed.connect(lambda up, _why: changes.append(up))
    bridge.ask_desk(owner, "slow", {}, _unwanted, lambda code, text: said.append((code, text)), 0.3)
    qtbot.waitUntil(lambda: bool(said), timeout=WAIT_MS)
    assert said[0][0] == "timeout"
    line.held.set()
    done: list[dict[str, Any]] = []
    bridge.ask_desk(owner, "ping", {}, lambda result, _blobs: done.append(result))
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT_MS)
    assert changes == []


def test_it_ends_while_an_answer_is_waited_for(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    started(qtbot, bridge)
    line.held.clear()
    before = set(threading.enumerate())
    bridge.ask_desk(QObject(), "slow", {}, _unwanted, lambda _code, _text: None, 60.0)
    assert line.asked.wait(WAIT_MS / 1e3)
    bridge.stop()
    assert [t.name for t in before & set(threading.enumerate()) if t.name.startswith("ui-")] == []


def test_an_ended_session_is_told_whoever_asked(qtbot: QtBot, bridge: Bridge, line: Line) -> None:
    started(qtbot, bridge)
    ended: list[str] = []
    bridge.session_ended.connect(ended.append)
    bridge.ask_desk(QObject(), "no", {}, _unwanted, lambda _code, _text: None)
    qtbot.waitUntil(lambda: ended == ["the token has expired"], timeout=WAIT_MS)


def test_one_screens_failure_keeps_no_mail_from_another(qtbot: QtBot, bridge: Bridge, line: Line, expected_warnings: list[str]) -> None:
    expected_warnings.append("mail could not be taken")
    started(qtbot, bridge)
    owner, failed, done = QObject(), [], []

    def stumble(_result: dict[str, Any], _blobs: list[bytes]) -> None:
        raise KeyError("hours")

    bridge.ask_desk(owner, "ping", {}, stumble, lambda code, _text: failed.append(code))
    bridge.ask_desk(owner, "ping", {}, lambda result, _blobs: done.append(result))
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT_MS)
    assert failed == ["internal"]


def test_a_request_while_nobody_answers_fails_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    bridge = Bridge(f"ipc://{tmp_path}/nobody")
    bridge.start()
    said: list[str] = []
    bridge.ask_line(bridge, "start", {}, _unwanted, lambda code, _text: said.append(code))
    qtbot.waitUntil(lambda: said == ["not_connected"], timeout=WAIT_MS)
    bridge.stop()


def _unwanted(_result: dict[str, Any], _blobs: list[bytes]) -> None:
    pytest.fail("this was not to be answered")


OpenDesk = Callable[..., Any]


def test_not_connected_nothing_is_said_to_be_well(qtbot: QtBot, open_desk: OpenDesk, line: Line) -> None:
    desk = open_desk(line.endpoint)
    screen = desk.window.screens[0]
    qtbot.waitUntil(lambda: "are well" in screen.conditions._calm.text(), timeout=WAIT_MS)
    line.end()
    qtbot.waitUntil(lambda: "not known" in screen.conditions._calm.text(), timeout=WAIT_MS)
    assert not screen.health.isEnabled()
    assert screen.picture.image_size == (0, 0)
    line.begin()


def test_the_window_before_a_change_of_language_is_gone(qtbot: QtBot, open_desk: OpenDesk, line: Line) -> None:
    desk = open_desk(line.endpoint)
    old = desk.window
    gone: list[bool] = []
    old.destroyed.connect(lambda: gone.append(True))
    old.language_wanted.emit("de")
    qtbot.waitUntil(lambda: bool(gone), timeout=WAIT_MS)
    desk.shared.part_wanted.emit("p1")
    desk.bridge.refused.emit("x", "y")
    desk.window.language_wanted.emit("en")
