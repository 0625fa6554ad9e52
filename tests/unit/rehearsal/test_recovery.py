"""Recovery as the belt measures it, and the growth of memory."""

from __future__ import annotations

from edge_inspector.records import Outcome
from edge_inspector.rehearsal.faults import Fault, Kind
from edge_inspector.rehearsal.recovery import Recoveries
from edge_inspector.rehearsal.soak import growth
from tests.unit.rehearsal.test_accounting import told


def belt(recoveries: Recoveries, counts: range) -> None:
    for count in counts:
        recoveries.trigger(count, float(count))


def test_the_first_inspected_part_after_a_fault_ends_it() -> None:
    recoveries = Recoveries()
    belt(recoveries, range(1, 10))
    recoveries.begin(Fault(Kind.CAMERA_UNPLUG, 3, 2.0, 0), 3.0)  # from 3 to 5
    recoveries.verdict(told(4, Outcome.ACCEPTED), 4.1)  # triggered while it lasted
    recoveries.verdict(told(6, Outcome.MISSED), 6.1)
    assert recoveries.lasting == [Kind.CAMERA_UNPLUG]
    recoveries.verdict(told(7, Outcome.REJECTED), 7.25)
    recoveries.begin(Fault(Kind.CAMERA_UNPLUG, 8, 0.0, 1), 8.0)
    recoveries.verdict(told(9, Outcome.ACCEPTED), 9.5)
    assert recoveries.summary() == {"faults": {"camera_unplug": 2}, "recovered": {"camera_unplug": 2.25}, "unrecovered": []}


def test_a_killed_lines_last_words_are_no_recovery() -> None:
    recoveries = Recoveries()
    belt(recoveries, range(1, 5))
    recoveries.verdict(told(1, Outcome.ACCEPTED), 1.1)  # epoch 1
    recoveries.begin(Fault(Kind.LINE_KILL, 2, 0.0, 0), 2.0)
    recoveries.verdict(told(3, Outcome.ACCEPTED), 3.1)
    assert recoveries.lasting == [Kind.LINE_KILL]
    recoveries.verdict(told(4, Outcome.ACCEPTED).model_copy(update={"epoch": 2}), 4.5)
    assert recoveries.summary()["recovered"] == {"line_kill": 2.5}


def test_a_fault_that_nothing_followed_is_told() -> None:
    recoveries = Recoveries()
    recoveries.begin(Fault(Kind.PLC_GONE, 1, 1.0, 0), 1.0)
    assert recoveries.summary() == {"faults": {"plc_gone": 1}, "recovered": {}, "unrecovered": ["plc_gone"]}


def test_growth_holds_the_last_tenth_against_the_second() -> None:
    memory = [(count, 100 if count <= 100 else 200 if count <= 200 else 230) for count in range(10, 1001, 10)]
    assert growth([*memory, (995, 0)], 1000) == 0.15  # 0: the process was gone for a moment
    assert growth(memory[:5], 1000) == 0.0
