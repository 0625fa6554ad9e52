"""What counts as accounted for after a restart: verdicts of the epoch that is armed, or of one that began since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.ranges import Ranges
from edge_inspector.outputs.recovery import JournalState, Recovery
from edge_inspector.service import SystemClock

Records = list[tuple[str, dict[str, Any]]]


def arm(epoch: int, base: int) -> Records:
    return [("arm", {"epoch": epoch, "trigger_count": base})]


def verdicts(epoch: int, *counts: int) -> Records:
    return [("verdict", {"message": {"epoch": epoch, "seq": 1000 * epoch + n, "trigger_count": n}}) for n in counts]


def checkpoint(armed: tuple[int, int], *counts: list[int]) -> Records:
    epoch, base = armed
    payload = {"epoch": epoch, "reserved": 9, "armed": {"epoch": epoch, "trigger_count": base}, "counts": list(counts)}
    return [("checkpoint", payload)]


CASES: dict[str, tuple[Records, list[int]]] = {
    "one epoch": (arm(1, 2) + verdicts(1, 3, 4, 6), [3, 4, 6]),
    "never armed": (verdicts(1, 3) + verdicts(2, 4), [3, 4]),
    "armed again, higher": (arm(1, 0) + verdicts(1, 1, 2, 3) + arm(1, 2), [3]),
    "the PLC began anew": (arm(1, 0) + verdicts(1, *range(1, 50)) + arm(2, 0) + verdicts(2, 1, 2), [1, 2]),
    "the PLC began anew, from higher up": (arm(1, 100) + verdicts(1, 101, 102) + arm(2, 5) + verdicts(2, 6), [6]),
    "verdicts of the new epoch from before its arm": (arm(1, 0) + verdicts(1, 1) + verdicts(2, 2, 3, 4) + arm(2, 3), [4]),
    "killed while it reported its absence": (arm(1, 0) + verdicts(1, 1, 2) + verdicts(2, 3, 4), [1, 2, 3, 4]),
    "a verdict of the epoch before, after the arm": (arm(2, 0) + verdicts(1, 7) + verdicts(2, 1), [1]),
    "a checkpoint": (checkpoint((1, 0), [1, 5, 1]) + verdicts(1, 6), [1, 2, 3, 4, 5, 6]),
    "a checkpoint, and the PLC begins anew": (checkpoint((1, 0), [1, 5, 1], [6, 7, 2]) + arm(2, 0), [6, 7]),
    "a checkpoint of an earlier version": (checkpoint((1, 0), [1, 3], [5, 6]) + verdicts(1, 7), [1, 2, 3, 5, 6, 7]),
    "a checkpoint of an earlier version, and the PLC begins anew": (checkpoint((1, 0), [1, 9]) + arm(2, 0) + verdicts(2, 1), [1]),
    "a checkpoint of an earlier version, never armed": ([("checkpoint", {**JournalState().checkpoint(), "counts": [[1, 2]]})], [1, 2]),
}


@pytest.mark.parametrize(("records", "counts"), CASES.values(), ids=CASES)
def test_counts_with_a_verdict(records: Records, counts: list[int]) -> None:
    state = JournalState()
    for kind, payload in records:
        state.apply(1, kind, payload)
    assert [n for low, high in state.counts.pairs() for n in range(low, high + 1)] == counts
    again = JournalState()
    again.apply(2, "checkpoint", state.checkpoint())
    assert again.checkpoint() == state.checkpoint()


def test_a_counter_that_began_anew_hides_no_part_from_the_restart(tmp_path: Path) -> None:
    with Journal(tmp_path, SystemClock(), segment_bytes=16 * 1024) as journal:
        journal.open()
        for counts in (range(1, 401), range(1, 4)):  # several segments, and a reset to 0
            epoch = journal.start_epoch()
            for kind, payload in arm(epoch, 0) + verdicts(epoch, *counts):
                journal.append(kind, payload)
        journal.discard_before(journal.end())
    journal = Journal(tmp_path, SystemClock())
    with journal:
        assert journal.open().unaccounted(6) == [4, 5, 6]


@pytest.mark.parametrize(
    ("name", "count", "lost"),
    [
        ("counts on", 105, [104, 105]),
        ("nothing new", 103, []),
        ("began again from 0: the counts of before say nothing of these parts", 3, [1, 2, 3]),
        ("a little behind: which parts those were nobody knows", 102, []),
    ],
)
def test_what_is_unaccounted_after_a_restart(name: str, count: int, lost: list[int]) -> None:
    recovery = Recovery(1, 1, (), 100, Ranges([(101, 103)]))
    assert recovery.unaccounted(count) == lost, name
