"""A person confirms what a machine has only taken note of; the audit log holds who, what and when."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database

from edge_inspector.errors import SettingsError, StateError
from edge_inspector.records import Caller, Role, Severity
from edge_inspector.store import audit
from edge_inspector.store.recording import record
from edge_inspector.wire.server import Refused
from tests.unit.line.test_recipes import control, database
from tests.unit.store.entries import EPOCH, verdict

__all__ = ["database"]

GOOD, BAD = f"line1-{EPOCH}-1", f"line1-{EPOCH}-2"


def record_two(engine: Database) -> None:
    with engine.begin() as connection:
        record(connection, "line1", [("verdict", verdict(1)), ("verdict", verdict(2))], datetime(2026, 1, 2, tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("part", "decision", "action"),
    [
        (GOOD, "accept", "verdict.confirm"),
        (GOOD, "reject", "verdict.overrule"),
        (BAD, "reject", "verdict.confirm"),
        (BAD, "accept", "verdict.overrule"),
    ],
)
def test_a_person_says_what_a_part_is(tmp_path: Path, database: Database, part: str, decision: str, action: str) -> None:
    record_two(database)
    with control(tmp_path, database) as (_, made):
        answer = made.handlers()["confirm"]({"by": "A. Meier", "part": part, "decision": decision, "note": "scratch"})
    assert isinstance(answer, dict)
    assert answer["agrees"] is (action == "verdict.confirm")
    ((actor, done, detail),) = audit.about(database, part)
    assert (actor, done, detail["decision"], detail["note"]) == ("A. Meier", action, decision, "scratch")


def test_a_condition_is_acknowledged_by_machines_and_confirmed_by_people(
    tmp_path: Path,
    database: Database,
    expected_warnings: list[str],
) -> None:
    expected_warnings.append("condition")
    with control(tmp_path, database) as (b, made):
        for name in ("light", "disk"):
            b.conditions.raise_condition(name, Severity.MAINTENANCE_REQUIRED, "old")
        made.handlers()["acknowledge"]({"condition": "light"})
        made.handlers()["confirm"]({"by": "A. Meier", "condition": "disk", "note": "ordered"})
        assert [(c.name, c.acknowledged, c.confirmed_by) for c in b.conditions.listed()] == [
            ("light", True, ""),
            ("disk", False, "A. Meier"),
        ]
        for name in ("light", "disk"):
            b.conditions.clear_condition(name)
        assert b.conditions.listed() == ()
    assert audit.about(database, "disk") == [("A. Meier", "condition.confirm", {"note": "ordered"})]
    assert audit.about(database, "light") == []


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"condition": "light"}, SettingsError, "by"),
        ({"by": "me"}, SettingsError, "a condition or a part"),
        ({"by": "me", "condition": "light", "part": GOOD}, SettingsError, "a condition or a part"),
        ({"by": "me", "condition": "light"}, StateError, "no condition 'light'"),
        ({"by": "me", "part": GOOD}, SettingsError, "decision"),
        ({"by": "me", "part": GOOD, "decision": "review"}, SettingsError, "accept or reject"),
        ({"by": "me", "part": "nobody", "decision": "accept"}, StateError, "no part 'nobody' is on record"),
        ({"by": "me", "part": GOOD, "decision": "accept", "note": 7}, SettingsError, "note"),
    ],
    ids=str,
)
def test_what_cannot_be_confirmed_is_refused_and_leaves_no_trace(
    tmp_path: Path,
    database: Database,
    params: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    record_two(database)
    with control(tmp_path, database) as (_, made), pytest.raises(error, match=message):
        made.handlers()["confirm"](params)
    assert [audit.about(database, subject) for subject in (GOOD, "light", "nobody")] == [[], [], []]


def test_a_user_acts_in_the_own_name(tmp_path: Path, database: Database, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition")
    anna = Caller("Anna", Role.OPERATOR)
    with control(tmp_path, database) as (b, made):
        b.execute()
        b.conditions.raise_condition("light", Severity.MAINTENANCE_REQUIRED, "old")

        def ask(method: str, **params: object) -> Any:  # noqa: ANN401 - the method's answer
            return made.handlers()[method](params, anna)

        with pytest.raises(Refused, match=r"Anna cannot confirm in the name of 'A\. Meier'"):
            ask("confirm", condition="light", by="A. Meier")
        assert [c.confirmed_by for c in b.conditions.listed()] == [""]
        ask("acknowledge", condition="light")
        ask("confirm", condition="light")
        ask("confirm", condition="light", by="Anna")
        ask("stop")
        ask("start")
        assert [c.confirmed_by for c in b.conditions.listed()] == ["Anna"]
    assert [(actor, action) for actor, action, _ in audit.about(database, "light")] == [
        ("Anna", "condition.acknowledge"),
        *[("Anna", "condition.confirm")] * 2,
    ]
    assert [(actor, action) for actor, action, _ in audit.about(database, "s")] == [("Anna", "line.stop"), ("Anna", "line.start")]
