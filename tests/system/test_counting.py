"""A count that slips by one between PLC and camera: found within two parts, whichever is ahead, and the line stops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.belts import HandBelt
from tests.system.lines import LineProcess, ask, simulated, write_station

PART_S = 0.25
FAULT_AT = 4


@contextmanager
def belt_and_line(folder: Path, *names: str, encoder: bool = False, **recipe: Any) -> Iterator[tuple[HandBelt, LineProcess, Any]]:  # noqa: ANN401
    trigger = f"ipc://{folder}/trigger"
    cameras = [simulated(name=name, trigger=trigger, seed=seed) for seed, name in enumerate(names or ("cam0",))]
    station = write_station(folder, *cameras, image={"reject_frozen": False}, **recipe)
    with LineProcess(station) as line, HandBelt(trigger, station.endpoint("reject"), encoder=encoder) as belt:
        belt.wait_armed(len(cameras))
        yield belt, line, station


def active(station: Any) -> list[str]:  # noqa: ANN401
    return [condition["name"] for condition in ask(station, "status")["conditions"] if condition["active"]]


@pytest.mark.parametrize(("extra", "lost"), [(0, 1), (1, 0)], ids=["the PLC ahead", "ours ahead"])
def test_a_slip_by_one_stops_the_line_within_two_parts(tmp_path: Path, extra: int, lost: int) -> None:
    with belt_and_line(tmp_path) as (belt, line, station):
        label = 0
        for part in range(1, FAULT_AT + 3):  # the faulty part and two more
            belt.count += 1
            seen = (1 + extra - lost) if part == FAULT_AT else 1
            for _ in range(seen):
                label += 1
                belt.trigger(label, part)
            belt.listen(PART_S)
        belt.listen_until(lambda: ask(station, "status")["state"] == "Error", "the line stops")
        assert "count_slip" in active(station)  # nobody keeps the belt's link going while the line is asked
        before = {n: outcome for n, outcome in belt.outcomes().items() if n < FAULT_AT}
        assert len(before) == FAULT_AT - 1
        assert set(before.values()) <= {"accepted", "rejected"}
        if lost:  # the frames of parts 5 and 6 came as 4 and 5: none was let through as its neighbour
            assert {belt.outcomes().get(n, "none") for n in (FAULT_AT, FAULT_AT + 1)} <= {"counter_gap", "none"}
        assert line.stop() == 0, line.log_tail()


def test_two_cameras_make_one_part_and_a_dead_one_makes_it_missed(tmp_path: Path) -> None:
    with belt_and_line(tmp_path, "left", "right", gate={"reject_window_ms": 1000.0}) as (belt, line, station):
        for part in (1, 2, 3):
            belt.count = part
            belt.trigger(part, part)
            belt.listen(0.1)
        belt.listen_until(lambda: len(belt.verdicts) == 3, "three verdicts")
        assert set(belt.outcomes().values()) <= {"accepted", "rejected"}
        parts = ask(station, "parts", since=0)["parts"]
        assert [part["cameras"] for part in parts] == [["left", "right"]] * 3
        counts = ask(station, "status")["counts"]
        assert (counts["triggers"], counts["open"]) == (3, 0)
        assert line.stop() == 0, line.log_tail()


def test_by_encoder_a_part_is_late_when_the_belt_says_so(tmp_path: Path) -> None:
    with belt_and_line(tmp_path, encoder=True, gate={"reject_window_counts": 500}) as (belt, line, station):
        for part, at_trigger, now in ((1, 100, 110), (2, 200, 701), (3, 700, 710)):  # the second is told of late
            triggered_ns = time.monotonic_ns()
            belt.encoder = now
            belt.client.beat()
            belt.listen(0.2)
            belt.count = part
            belt.trigger(part, part, at_trigger, triggered_ns)
            belt.listen(0.4)
        belt.listen_until(lambda: len(belt.verdicts) == 3, "three verdicts")
        found = belt.outcomes()
        assert found[2] == "late"
        assert {found[1], found[3]} <= {"accepted", "rejected"}
        assert belt.verdicts[1].deadline_counts == 490
        assert ask(station, "status")["counts"]["late"] == 1
        assert line.stop() == 0, line.log_tail()


def test_a_window_in_counts_without_a_plc_that_tells_its_encoder_is_a_condition(tmp_path: Path) -> None:
    with belt_and_line(tmp_path, heartbeat_ms=500, gate={"reject_window_counts": 500}) as (belt, line, station):

        def named() -> bool:
            belt.listen(0.1)
            return "encoder" in {condition["name"] for condition in ask(station, "status")["conditions"]}

        belt.listen_until(named, "the condition is raised")
        assert ask(station, "status")["state"] == "ContinuousExecution"
        assert line.stop() == 0, line.log_tail()
