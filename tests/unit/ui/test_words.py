"""What the line calls its conditions has a word on the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edge_inspector
from edge_inspector.line import alarms, gate_watch, policies
from edge_inspector.outputs import archive, recorder
from ui.words import condition_word

RAISED = re.compile(r"(?:raise_condition|_fail|listener\.fault),?\(?\s*f?\"([a-z_]+)")
NAMED = (*alarms.ALARMS, gate_watch.CONDITION, policies.LATE, archive.DISK, archive.FULL, recorder.AWAY, recorder.REFUSED)


def raised() -> list[str]:
    """The names that are written where conditions are raised."""
    files = [file for part in ("line", "outputs", "pipeline") for file in (Path(edge_inspector.__file__).parent / part).glob("*.py")]
    return sorted({name for file in files for name in RAISED.findall(file.read_text(encoding="utf-8"))})


def test_conditions_are_found() -> None:
    assert {"gate", "journal", "slips", "count_slip", "main_loop", "reject_link", "ack_mismatch"} <= set(raised())


@pytest.mark.parametrize("name", sorted({*raised(), *NAMED, "camera"} - {"engine", "camera", "database"}))
def test_a_condition_has_a_word(name: str) -> None:
    assert condition_word(name) != name


def test_of_which_camera() -> None:
    assert condition_word("slips top") == "trigger counts cannot be compared top"
    assert condition_word("of a later line") == "of a later line"
