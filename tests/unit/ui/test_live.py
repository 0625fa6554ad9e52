"""What the live screen shows, without a screen."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ui.model.live import HOLD_S, REJECTS, TREND, Kind, LiveModel, kind_of


def part(number: int, verdict: str = "accept", outcome: str = "accepted", score: float | None = 0.1, **more: object) -> dict[str, Any]:
    return {"n": number, "part_id": f"p{number}", "verdict": verdict, "outcome": outcome, "score": score, "reason": "none", **more}


def running() -> LiveModel:
    model = LiveModel()
    model.connected = True
    model.state = {"state": "ContinuousExecution"}
    return model


@pytest.mark.parametrize(
    ("verdict", "outcome", "kind"),
    [
        ("accept", "accepted", Kind.ACCEPT),
        ("reject", "rejected", Kind.REJECT),
        ("review", "rejected", Kind.REVIEW),
        ("reject", "missed", Kind.MISSED),
        ("accept", "missed", Kind.MISSED),
        ("gibberish", "rejected", Kind.REJECT),
    ],
)
def test_kinds(verdict: str, outcome: str, kind: Kind) -> None:
    assert kind_of(part(1, verdict, outcome)) is kind


def test_a_reject_stays_on_the_banner_of_a_fast_line() -> None:
    model = running()
    model.take([part(1), part(2, "reject", "rejected"), part(3)], 10.0)
    assert model.banner(10.0).kind is Kind.REJECT
    assert model.banner(10.0 + HOLD_S).kind is Kind.ACCEPT


def test_rejects_of_the_moment_are_counted() -> None:
    model = running()
    model.take([part(1, "reject", "rejected"), part(2, "reject", "rejected")], 10.0)
    assert model.banner(10.1).recent == 2


@pytest.mark.parametrize(
    ("connected", "state", "kind"),
    [
        (False, "ContinuousExecution", Kind.OFFLINE),
        (True, "Error", Kind.STOPPED),
        (True, "Preoperational", Kind.STOPPED),
        (True, "Ready", Kind.IDLE),
    ],
)
def test_without_parts(connected: bool, state: str, kind: Kind) -> None:
    model = LiveModel()
    model.connected, model.state = connected, {"state": state}
    assert model.banner(0.0).kind is kind


def test_a_stopped_line_never_shows_accept() -> None:
    model = running()
    model.take([part(1)], 0.0)
    model.state = {"state": "Error"}
    assert model.banner(100.0).kind is Kind.STOPPED


def test_memory_is_bounded() -> None:
    model = running()
    model.take([part(n, "reject", "rejected") for n in range(1, 5001)], 1.0)
    assert len(model.scores()[0]) == TREND
    assert len(model.rejects) == REJECTS
    assert model.rejects[0]["n"] == 5000


def test_a_missed_part_has_no_score() -> None:
    model = running()
    model.take([part(1, "reject", "missed", None)], 1.0)
    _, scores, kinds = model.scores()
    assert math.isnan(scores[0])
    assert kinds == [Kind.MISSED]


def test_another_run_of_the_line_forgets_the_old_one() -> None:
    model = running()
    model.take([part(7), part(8)], 1.0)
    model.take([part(1)], 2.0)
    assert model.scores()[0] == [1]


def test_counters_and_yield() -> None:
    model = running()
    model.state = {"counts": {"triggers": 11, "accepted": 8, "rejected": 1, "review": 1, "missed": 1, "late": 0, "open": 1}}
    assert model.counters().good == pytest.approx(0.8)
    assert LiveModel().counters().good is None


def test_conditions_the_worst_first_and_what_is_over_last() -> None:
    model = running()
    severities = [("maintenance_required", True), ("failure", False), ("out_of_specification", True), ("failure", True)]
    model.state = {"conditions": [{"name": str(i), "severity": s, "active": a, "since_utc": str(i)} for i, (s, a) in enumerate(severities)]}
    assert [c["name"] for c in model.conditions()] == ["3", "2", "0", "1"]


def test_parts_that_come_late_together_are_no_rejects_of_the_moment() -> None:
    model = running()
    old = [part(n, "reject", "rejected", triggered_utc=f"2026-01-01T10:00:{n:02d}.000Z") for n in range(1, 20)]
    model.take([*old, part(20, triggered_utc="2026-01-01T10:00:40.000Z")], 100.0)
    assert model.banner(100.0).kind is Kind.ACCEPT
    assert model.rate(100.0) == pytest.approx(0.1)
