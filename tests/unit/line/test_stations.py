"""Several stations in one process: what they may not share, and whose trouble a dead thread is."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.errors import SettingsError
from edge_inspector.line.events import ThreadDied
from edge_inspector.line.plan import Plan
from edge_inspector.line.stations import Chorus, check_apart
from edge_inspector.line.threads import ThreadWatch
from tests.unit.line.test_recipes import write


def two(folder: Path, **shared: object) -> list[Plan]:
    """Two plans that differ in everything but what is ``shared``."""
    plans = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        plan = write(folder / name)
        endpoints = {
            socket: getattr(plan.station, socket).model_copy(update={"endpoint": f"ipc://{folder}/{name}/{socket}"})
            for socket in ("reject", "status", "control", "desk")
        }
        plans.append(replace(plan, station=plan.station.model_copy(update={"station": name, **endpoints, **shared})))
    return plans


def test_stations_of_their_own_go_together(tmp_path: Path) -> None:
    check_apart(two(tmp_path))


@pytest.mark.parametrize("what", ["station", "state", "endpoint", "database.url", "archive.path"])
def test_what_two_stations_share_is_named_with_both_files(tmp_path: Path, what: str) -> None:
    first, second = two(tmp_path)
    mine, theirs = first.station, second.station
    updates: dict[str, dict[str, Any]] = {
        "station": {"station": mine.station},
        "state": {"state": mine.state},
        "endpoint": {"desk": theirs.desk.model_copy(update={"endpoint": mine.reject.endpoint})},
        "database.url": {"database": mine.database},
        "archive.path": {"archive": mine.archive},
    }
    plans = [first, replace(second, station=theirs.model_copy(update=updates[what]))]
    with pytest.raises(SettingsError, match=rf"second/station.toml: {what} .*first/station.toml"):
        check_apart(plans)


def test_the_service_manager_hears_one_voice() -> None:
    said: list[str] = []
    chorus = Chorus(["left", "right"], said.append)
    left, right = chorus.voice("left"), chorus.voice("right")
    left("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=9")
    left("READY=1\nSTATUS=Ready")
    left("WATCHDOG=1")
    assert said == ["STATUS=left: Ready"]  # of the other nothing is known yet
    right("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=9")
    right("READY=1\nSTATUS=Ready")
    right("WATCHDOG=1")  # alone: the other may hang
    assert said[1:] == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=9", "READY=1\nSTATUS=left: Ready; right: Ready"]
    left("WATCHDOG=1")
    left("STOPPING=1")
    right("STOPPING=1")
    assert said[3:] == ["WATCHDOG=1", "STOPPING=1"]


def test_a_station_that_has_failed_keeps_the_others_neither_from_ready_nor_from_their_pings() -> None:
    said: list[str] = []
    chorus = Chorus(["left", "right"], said.append)
    chorus.voice("left")("READY=1")
    chorus.failed("right", "no camera")
    assert said == ["READY=1\nSTATUS=right: ended: no camera"]
    chorus.voice("left")("WATCHDOG=1")
    assert said[1:] == ["WATCHDOG=1"]
    chorus.failed("left", "no disk")
    assert said[2:] == ["STATUS=left: ended: no disk; right: ended: no camera"]


@pytest.mark.parametrize("order", [("left", "right"), ("right", "left")], ids=" then ".join)
def test_more_time_is_asked_for_whoever_pings_last(order: tuple[str, str]) -> None:
    said: list[str] = []
    chorus = Chorus(["left", "right"], said.append)
    pings = {"left": "WATCHDOG=1", "right": "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30"}  # the right one waits for its camera
    chorus.voice("left")("READY=1")
    for _ in range(2):
        for name in order:
            chorus.voice(name)(pings[name])
    assert said == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30"] * 2
    chorus.voice("right")("READY=1")
    for name in order:
        chorus.voice(name)("WATCHDOG=1")
    assert said[2:] == ["READY=1", "WATCHDOG=1"]


@pytest.mark.parametrize("pinged", [False, True], ids=["before the other's ping", "after it"])
def test_a_station_that_has_ended_keeps_the_others_from_nothing(pinged: bool) -> None:
    said: list[str] = []
    chorus = Chorus(["left", "right"], said.append)
    for name in ("left", "right"):
        chorus.voice(name)("READY=1")
    if pinged:
        chorus.voice("left")("WATCHDOG=1")
    chorus.ended("right")  # its parts are done
    if not pinged:
        chorus.voice("left")("WATCHDOG=1")
    assert [text for text in said if "WATCHDOG" in text] != []
    chorus.voice("left")("WATCHDOG=1")
    assert sum("WATCHDOG=1" in text for text in said) == 2
    chorus.voice("left")("STOPPING=1")
    assert said[-1] == "STOPPING=1"
    chorus.ended("left")
    assert "WATCHDOG=1" not in said[-1]


def fail() -> None:
    raise ValueError("a bug")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_told_to_its_own_line_and_one_that_nobody_knows_to_all() -> None:
    told: list[tuple[str, ThreadDied]] = []
    with ThreadWatch() as watch:
        lines = {name: watch.owner() for name in ("first", "second")}
        for name, owner in lines.items():
            owner.tell = lambda event, name=name: told.append((name, event))  # type: ignore[misc]
        go = threading.Event()

        def later() -> None:
            go.wait(10.0)
            fail()

        with lines["second"].starting():
            known = threading.Thread(target=later, name="engine")
            known.start()
        go.set()
        known.join()
        stray = threading.Thread(target=fail, name="stray")
        stray.start()
        stray.join()
    event = ThreadDied("engine", "ValueError: a bug")
    unknown = ThreadDied("stray", "ValueError: a bug")
    assert told == [("second", event), ("first", unknown), ("second", unknown)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_line_that_hangs_as_it_starts_holds_up_no_other_and_gets_none_of_its_threads() -> None:
    told: list[str] = []
    with ThreadWatch() as watch:
        first, second = watch.owner(), watch.owner()
        first.tell, second.tell = (lambda _event: told.append("first")), (lambda _event: told.append("second"))
        inside, answers = threading.Event(), threading.Event()

        def start_first() -> None:
            with first.starting():
                inside.set()
                answers.wait(10.0)  # its database does not answer

        hanging = threading.Thread(target=start_first)
        hanging.start()
        assert inside.wait(10.0)

        def parent() -> None:
            child = threading.Thread(target=fail)  # of a driver's thread, at any time
            child.start()
            child.join()

        with second.starting():
            engine = threading.Thread(target=parent)
            engine.start()
        engine.join()
        answers.set()
        hanging.join()
        assert (first.owns(engine), second.owns(engine), second.owns(threading.current_thread())) == (False, True, False)
    assert told == ["second"]


HANGS = """
import threading
from pathlib import Path
from types import SimpleNamespace as Some
from edge_inspector.errors import EdgeInspectorError
from edge_inspector.line import process, stations

class Line:
    def __init__(self, *_what): pass
    def run(self, _stop):
        threading.Thread(target=threading.Event().wait, name="driver").start()
        raise EdgeInspectorError("the camera is on fire")

for module in (process, stations):
    module.Line, module.make_plan = Line, lambda path: Some(station=Some(station=str(path)))
stations.check_apart = lambda plans: None
"""


@pytest.mark.parametrize("run", ["process.run_line(Path('a'))", "stations.run_lines([Path('a'), Path('b')])"])
def test_a_process_that_fails_ends_without_the_driver_that_hangs(run: str) -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS + run], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "the camera is on fire" in ended.stderr
    assert "ends without its threads" in ended.stderr
