"""Too many rejects, as tables."""

from __future__ import annotations

import pytest

from edge_inspector.line.alarms import IN_ROW, RATE, RejectAlarms
from edge_inspector.records import Outcome
from edge_inspector.settings.recipe import AlarmRules

OUTCOMES = {"a": Outcome.ACCEPTED, "r": Outcome.REJECTED, "m": Outcome.MISSED}


def changes(parts: str, **rules: object) -> list[str]:
    """After which part what is raised (+) or over (-)."""
    alarms = RejectAlarms(AlarmRules.model_validate(rules))
    found = []
    for number, part in enumerate(parts, 1):
        found += [f"{'+' if alarm.message else '-'}{alarm.name}@{number}" for alarm in alarms.count(OUTCOMES[part])]
    return found


@pytest.mark.parametrize(
    ("parts", "rules", "expected"),
    [
        ("rrrrrrrrrr", {}, []),
        ("rarrarrr", {"rejects_in_row": 3}, [f"+{IN_ROW}@8"]),
        ("rmrmrr", {"rejects_in_row": 3}, [f"+{IN_ROW}@3"]),  # a missed part is a reject at the gate
        ("rrrarrr", {"rejects_in_row": 3}, [f"+{IN_ROW}@3", f"-{IN_ROW}@4", f"+{IN_ROW}@7"]),
        ("r" * 9, {"reject_rate": 0.5, "window": 10}, []),  # not enough parts to speak of a rate
        ("ra" * 5, {"reject_rate": 0.5, "window": 10}, [f"+{RATE}@10"]),
        ("ra" * 5 + "a" * 3, {"reject_rate": 0.5, "window": 10}, [f"+{RATE}@10", f"-{RATE}@13"]),  # 4 of 10 is not under four fifths yet
        ("r" * 10 + "a" * 10, {"reject_rate": 1.0, "window": 10}, [f"+{RATE}@10", f"-{RATE}@13"]),
    ],
)
def test_when_an_alarm_stands(parts: str, rules: dict[str, object], expected: list[str]) -> None:
    assert changes(parts, **rules) == expected


def test_who_starts_the_line_begins_to_count_anew() -> None:
    alarms = RejectAlarms(AlarmRules(rejects_in_row=2))
    assert [len(alarms.count(Outcome.REJECTED)) for _ in range(2)] == [0, 1]
    alarms.reset()
    assert [len(alarms.count(Outcome.REJECTED)) for _ in range(2)] == [0, 1]


def test_other_rules_count_anew_and_a_standing_alarm_that_they_do_not_have_is_over() -> None:
    alarms = RejectAlarms(AlarmRules(rejects_in_row=2))
    alarms.count(Outcome.REJECTED)
    assert [alarm.name for alarm in alarms.count(Outcome.REJECTED)] == [IN_ROW]
    alarms.follow(AlarmRules(reject_rate=0.5))
    (over,) = alarms.count(Outcome.REJECTED)
    assert (over.name, over.message) == (IN_ROW, "")
