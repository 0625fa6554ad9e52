"""Legal transitions only; conditions stay until they are over and acknowledged."""

from __future__ import annotations

import itertools

import pytest

from edge_inspector.errors import StateError
from edge_inspector.pipeline import Conditions, StateMachine
from edge_inspector.pipeline.states import TRANSITIONS
from edge_inspector.records import Severity, State
from edge_inspector.service import SystemClock


def reach(target: State) -> StateMachine:
    """A machine in ``target``, brought there by the shortest legal way."""
    paths = {State.PREOPERATIONAL: [State.PREOPERATIONAL]}
    while target not in paths:
        for state, path in list(paths.items()):
            for following in TRANSITIONS[state]:
                paths.setdefault(following, [*path, following])
    machine = StateMachine()
    for state in paths[target]:
        machine.to(state)
    return machine


@pytest.mark.parametrize(("start", "end"), list(itertools.permutations(State, 2)))
def test_every_pair(start: State, end: State) -> None:
    machine = reach(start)
    if end in TRANSITIONS[start]:
        machine.to(end)
        assert machine.state is end
    else:
        with pytest.raises(StateError, match=start.value):
            machine.to(end)
        assert machine.state is start


def test_listener_hears_each_change_once() -> None:
    heard: list[State] = []
    machine = StateMachine(heard.append)
    for state in (State.INITIALIZED, State.INITIALIZED, State.READY):
        machine.to(state)
    assert heard == [State.INITIALIZED, State.READY]


def test_conditions(expected_warnings: list[str]) -> None:
    expected_warnings.append("condition camera")
    changes: list[int] = []
    conditions = Conditions(SystemClock(), lambda: changes.append(1))
    conditions.raise_condition("camera", Severity.FAILURE, "unplugged")
    conditions.raise_condition("camera", Severity.FAILURE, "unplugged")
    assert conditions.active() == ("camera",)
    assert len(changes) == 1
    conditions.clear_condition("camera")
    assert conditions.active() == ()
    assert [c.name for c in conditions.listed()] == ["camera"]
    conditions.acknowledge("camera")
    assert conditions.listed() == ()
    with pytest.raises(StateError, match="no condition 'camera'"):
        conditions.acknowledge("camera")


def test_an_acknowledged_condition_that_changes_its_words_stays_acknowledged(expected_warnings: list[str]) -> None:
    expected_warnings.append("condition archive")
    conditions = Conditions(SystemClock())
    conditions.raise_condition("archive", Severity.MAINTENANCE_REQUIRED, "1 dropped")
    conditions.acknowledge("archive")
    conditions.raise_condition("archive", Severity.MAINTENANCE_REQUIRED, "2 dropped")
    (listed,) = conditions.listed()
    assert (listed.message, listed.acknowledged, listed.active) == ("2 dropped", True, True)


def test_an_acknowledged_condition_leaves_when_it_is_over(expected_warnings: list[str]) -> None:
    expected_warnings.append("condition disk")
    conditions = Conditions(SystemClock())
    conditions.raise_condition("disk", Severity.MAINTENANCE_REQUIRED, "nearly full")
    conditions.acknowledge("disk")
    assert conditions.listed()[0].acknowledged
    conditions.clear_condition("disk")
    assert conditions.listed() == ()
