"""What gates say to the main loop: hello in the midst of an arming, and what ends execution."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from edge_inspector.line.gate_watch import GateWatch
from edge_inspector.line.listener import LineListener
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.outputs.recorder import Recorder
from edge_inspector.pipeline.events import CameraOpen, EngineReady
from edge_inspector.records import State
from edge_inspector.service import SystemClock
from tests.unit.line.bench import Bench, bench, judge


def listener(b: Bench) -> LineListener:
    """The link's, without anybody who follows the parts."""
    return LineListener(b.controller, b.conditions, cast("Recorder", None), Encoder(SystemClock()), (), cast("GateWatch", None))


def test_a_plc_that_begins_anew_before_it_has_answered_is_armed_anew(tmp_path: Path) -> None:
    """It says hello before anybody has noticed that it was gone."""
    with bench(tmp_path) as b:
        b.execute(10)
        b.took(20)
        b.ask(b.controller.stop)
        b.ask(b.controller.start)
        old = b.answer()
        b.feed(b.gate(0))
        assert b.link.arms[1:] == [(old.arm.epoch, 20), (b.journal.epoch, 0)]
        b.feed(old)
        assert b.state() is State.READY
        b.feed(b.answer())
        assert (b.state(), b.pipeline.armed[-1]) == (State.CONTINUOUS_EXECUTION, (b.journal.epoch, 0))


def test_a_gate_that_names_another_part_stops_the_line_and_start_is_the_way_back(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition ack_mismatch")
    with bench(tmp_path) as b:
        b.execute(10)
        listener(b).fault("ack_mismatch", "gate plc acknowledged verdict 7 for trigger 12; it is for 11")
        b.ask(lambda: None)
        assert (b.state(), b.active(), b.pipeline.executing) == (State.ERROR, ("ack_mismatch",), False)
        assert b.pipeline.distrusted
        assert "trigger 12; it is for 11" in b.conditions.listed()[0].message
        b.ask(b.controller.start)
        b.feed(b.answer())
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())


def test_a_failure_of_the_link_stands_until_somebody_starts_the_line(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition reject_link")
    with bench(tmp_path) as b:
        b.execute(10)
        listener(b).fault("reject_link", "ValueError: x")
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ("reject_link",))
        b.ask(b.controller.start)
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())


def test_a_gate_without_a_count_is_not_armed_until_it_tells_one(tmp_path: Path, expected_warnings: list[str]) -> None:
    """Parts would be accepted that a gate which was never armed rejects."""
    expected_warnings.append("condition gate")
    with bench(tmp_path) as b:
        b.feed(EngineReady(judge()), CameraOpen("cam0"), b.gate(None))
        assert (b.state(), b.active(), b.pipeline.armed, b.link.arms) == (State.READY, ("gate",), [], [])
        assert "trigger_count" in b.conditions.listed()[0].message
        b.controller.plc_count(12)  # by a heartbeat
        b.ask(lambda: None)
        assert (b.active(), b.link.arms) == ((), [(b.journal.epoch, 12)])
        b.feed(b.answer())
        assert (b.state(), b.pipeline.armed) == (State.CONTINUOUS_EXECUTION, [(b.journal.epoch, 12)])


def test_a_camera_that_paces_itself_needs_no_count_of_the_gate(tmp_path: Path) -> None:
    with bench(tmp_path, external=False) as b:
        b.feed(EngineReady(judge()), CameraOpen("cam0"), b.gate(None))
        b.feed(b.answer())
        assert (b.state(), b.active(), b.pipeline.armed) == (State.CONTINUOUS_EXECUTION, (), [(b.journal.epoch, 0)])
