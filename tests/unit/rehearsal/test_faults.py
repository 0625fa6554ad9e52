"""The plan of faults: its file, the moments drawn from it, and when each falls due."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from edge_inspector.errors import SettingsError
from edge_inspector.rehearsal.faults import Fault, FaultPlan, Kind, PlannedFault, Schedule, draw, load_plan, read_faults, write_faults

SHIPPED = Path(__file__).parents[2] / "system" / "faults.toml"


def test_the_plan_shipped_has_every_kind_ten_times_in_20000_parts() -> None:
    found = Counter(fault.kind for fault in draw(load_plan(SHIPPED), 20_000, 50.0))
    assert set(found) == set(Kind)
    assert min(found.values()) >= 10


@pytest.mark.parametrize("parts", [50, 700, 20_000])
def test_faults_keep_apart_within_the_run_and_are_the_same_each_time(parts: int) -> None:
    plan = load_plan(SHIPPED)
    faults = draw(plan, parts, 50.0)
    assert faults == draw(plan, parts, 50.0)
    assert {fault.kind for fault in faults} == set(Kind)  # each at least once, however short the run
    assert all(1 <= fault.at <= 0.99 * parts for fault in faults)
    for fault, following in pairwise(faults):
        assert fault.at + fault.seconds * 50.0 <= following.at + 1


def test_another_seed_draws_other_moments() -> None:
    plan = load_plan(SHIPPED)
    assert draw(plan, 2000, 50.0) != draw(plan.model_copy(update={"seed": 2}), 2000, 50.0)


def test_no_plan_is_no_fault() -> None:
    assert draw(FaultPlan(), 1000, 50.0) == ()


BAD = {
    "unknown kind": ('[[fault]]\nkind = "fire"\n', r"fault\.0\.kind = 'fire'.*camera_unplug"),
    "count of none": ('[[fault]]\nkind = "nan_score"\ncount = 0\n', r"fault\.0\.count = 0"),
    "unknown key": ('[[fault]]\nkind = "nan_score"\nhow_often = 3\n', "unknown key 'fault.0.how_often'"),
    "not TOML": ("[[fault\n", "not valid TOML"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_plan_that_is_wrong_is_named_with_key_and_value(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "faults.toml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_plan(tmp_path / "faults.toml")


def test_faults_go_to_a_file_and_back(tmp_path: Path) -> None:
    faults = draw(FaultPlan(fault=(PlannedFault(kind=Kind.ENGINE_STALL, count=30, seconds=0.5),)), 2000, 50.0)
    write_faults(faults, tmp_path / "faults.json")
    assert read_faults(tmp_path / "faults.json") == faults


def test_a_fault_falls_due_once_at_its_count() -> None:
    schedule = Schedule([Fault(Kind.NAN_SCORE, 5, 0.0, 0), Fault(Kind.NAN_SCORE, 5, 0.0, 1), Fault(Kind.CLOCK_STEP, 6, 0.0, 0)])
    schedule.reach(1)
    assert schedule.due(Kind.NAN_SCORE, Kind.CLOCK_STEP) is None
    schedule.reach(5)
    schedule.reach(4)  # out of order: the count does not go back
    assert schedule.due(Kind.CLOCK_STEP) is None
    assert [fault.number for fault in (schedule.due(Kind.NAN_SCORE), schedule.due(Kind.NAN_SCORE)) if fault] == [0, 1]
    assert schedule.due(Kind.NAN_SCORE) is None


def test_a_restarted_line_does_not_suffer_its_predecessors_faults() -> None:
    schedule = Schedule([Fault(Kind.NAN_SCORE, 5, 0.0, 0), Fault(Kind.NAN_SCORE, 50, 0.0, 1)])
    schedule.reach(20)
    assert schedule.due(Kind.NAN_SCORE) is None
    schedule.reach(50)
    assert schedule.due(Kind.NAN_SCORE) == Fault(Kind.NAN_SCORE, 50, 0.0, 1)
