from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from edge_inspector.store.recording import Entry, load_place, record, save_place
from edge_inspector.store.schema import AuditRow, Base, EpochRow, InspectionRow, RegionRow
from tests.unit.store.entries import EPOCH, ack, verdict

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def put(engine: Engine, *entries: Entry) -> tuple[int, int]:
    with engine.begin() as connection:
        return record(connection, "line1", entries, NOW)


def rows(engine: Engine, table: type[Base] = InspectionRow) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table.__table__))]


def test_a_verdict_becomes_a_row_with_all_it_carries(engine: Engine) -> None:
    put(engine, ("epoch", {"epoch": EPOCH}), ("arm", {"epoch": EPOCH, "trigger_count": 40}), ("verdict", verdict(42, detail="why")))
    (row,) = rows(engine)
    expected = verdict(42)["message"] | {
        "id": 1,
        "triggered_utc": datetime(2026, 1, 2, 3, 0, 42, 250_000, tzinfo=timezone.utc),
        "recorded_utc": NOW,
        "camera": "cam0",
        "engine_ms": 3.0,
        "latency_ms": 12.0,
        "overhead_ms": 1.5,
        "acked": False,
        "detail": "why",
        "archive": [],
        "serial": "",
        "lot": "",
        "fired_utc": None,
    }
    del expected["v"], expected["type"]
    assert row == expected
    assert rows(engine, RegionRow) == [
        {"station": "line1", "epoch": EPOCH, "seq": 42, "number": 0, "view": 0, "x": 1, "y": 2, "w": 3, "h": 4, "area": 9.5, "peak": 0.9}
    ]
    assert rows(engine, EpochRow) == [{"station": "line1", "epoch": EPOCH, "recorded_utc": NOW, "base_trigger_count": 40}]


def test_what_the_plc_tells_of_a_part_comes_with_its_verdict_or_after_it(engine: Engine) -> None:
    part, when = {"epoch": EPOCH, "trigger_count": 2}, "2026-01-02T03:00:44.000Z"
    put(engine, ("verdict", verdict(1, serial="SN-1", lot="L1")), ("verdict", verdict(2)), ("verdict", verdict(3)))
    put(engine, ("part", part | {"serial": "SN-2", "lot": "L2"}), ("fired", part | {"fired_utc": when}))
    put(engine, ("part", part | {"trigger_count": 99, "serial": "nobody", "lot": ""}))
    found = [(row["serial"], row["lot"], row["fired_utc"] is not None) for row in rows(engine)]
    assert found == [("SN-1", "L1", False), ("SN-2", "L2", True), ("", "", False)]


def test_a_part_that_was_not_inspected_has_no_times(engine: Engine) -> None:
    message = {"outcome": "missed", "verdict": "reject", "reason": "grab_failed", "score": None, "threshold": None}
    put(engine, ("verdict", verdict(1, message=message, engine_ns=0, overhead_ns=0)))
    (row,) = rows(engine)
    assert (row["engine_ms"], row["overhead_ms"], row["score"], row["outcome"]) == (None, None, None, "missed")


def test_later_entries_complete_the_row(engine: Engine) -> None:
    put(engine, ("verdict", verdict(1)), ("verdict", verdict(2)))
    sent = {"epoch": EPOCH, "seq": 2, "latency_ns": 5_000_000, "overhead_ns": 250_000}
    files = {"part_id": f"line1-{EPOCH}-2", "paths": ["a.png", "a.map.png"]}
    put(engine, ("sent", sent), ("ack", ack(2)), ("archived", files), ("ack", ack(99)), ("reserve", {"to": 1000}), ("later", {}))
    first, second = rows(engine)
    assert (first["acked"], first["latency_ms"], first["archive"]) == (False, 12.0, [])
    assert (second["acked"], second["latency_ms"], second["overhead_ms"], second["archive"]) == (True, 5.0, 0.25, ["a.png", "a.map.png"])


@pytest.mark.parametrize("together", [True, False], ids=["in one group", "in two groups"])
def test_a_verdict_that_could_not_leave_gives_way_to_the_one_that_did(engine: Engine, together: bool) -> None:
    early = verdict(2)
    late = verdict(3, message={"part_id": early["message"]["part_id"], "outcome": "missed", "reason": "late", "late": True}, supersedes=2)
    entries: list[Entry] = [("verdict", early), ("verdict", late)]
    for group in [entries] if together else [[entry] for entry in entries]:
        put(engine, *group)
    for again in (entries, entries[:1], entries[1:]):
        put(engine, *again)
    (row,) = rows(engine)
    assert (row["seq"], row["outcome"], row["late"]) == (3, "missed", True)
    assert rows(engine, RegionRow) == []
    assert rows(engine, AuditRow) == []


CONFLICTS = {
    "two parts under one number": verdict(1, message={"part_id": "other"}),
    "one part under two numbers": verdict(7, message={"part_id": f"line1-{EPOCH}-1"}),
    "one part in two epochs": verdict(1, EPOCH + 9, message={"part_id": f"line1-{EPOCH}-1"}),
}


@pytest.mark.parametrize("name", CONFLICTS)
@pytest.mark.parametrize("together", [True, False], ids=["in one group", "in two groups"])
def test_contradicting_verdicts_are_kept_for_a_person(engine: Engine, name: str, together: bool) -> None:
    entries: list[Entry] = [("verdict", verdict(1)), ("verdict", CONFLICTS[name]), ("verdict", verdict(2))]
    told = [put(engine, *group) for group in ([entries] if together else [[entry] for entry in entries])]
    assert sum(new for new, _ in told) == 2
    assert sum(noted for _, noted in told) == 1
    assert [row["seq"] for row in rows(engine)] == [1, 2]
    (note,) = rows(engine, AuditRow)
    assert note["action"] == "journal.conflict"
    assert note["detail"]["row"]["part_id"] == CONFLICTS[name]["message"]["part_id"]


BROKEN: dict[str, Entry] = {
    "no message": ("verdict", {}),
    "a message of another form": ("verdict", {"message": {"epoch": 1}}),
    "a message that is none": ("verdict", {"message": 7}),
    "a time that is none": ("verdict", verdict(3, message={"triggered_utc": "yesterday"})),
    "a region without a place": ("verdict", verdict(3, regions=[{"x": 1}])),
    "an ack of nothing": ("ack", {}),
    "files of nothing": ("archived", {"part_id": "x"}),
    "an epoch of no number": ("epoch", {"epoch": "x"}),
    "an arm of no number": ("arm", {"epoch": 1, "trigger_count": None}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_unreadable_entry_stands_in_the_audit_log_and_stops_nothing(engine: Engine, name: str) -> None:
    assert put(engine, ("verdict", verdict(1)), BROKEN[name], ("verdict", verdict(2))) == (2, 1)
    assert [row["seq"] for row in rows(engine)] == [1, 2]
    (note,) = rows(engine, AuditRow)
    kind, payload = BROKEN[name]
    assert (note["action"], note["detail"]["kind"], note["detail"]["payload"]) == ("journal.unreadable", kind, payload)


def test_a_renamed_stations_old_verdicts_stay_its_own(engine: Engine) -> None:
    put(engine, ("verdict", verdict(1)))
    with engine.begin() as connection:
        again = record(connection, "renamed", [("verdict", verdict(1)), ("verdict", verdict(2))], NOW)
    assert again == (1, 0)
    assert [(row["station"], row["seq"]) for row in rows(engine)] == [("line1", 1), ("line1", 2)]


def test_the_place_is_one_a_station(engine: Engine) -> None:
    with engine.begin() as connection:
        assert load_place(connection, "line1") is None
        save_place(connection, "line1", 1, 2)
        save_place(connection, "line2", 8, 9)
        save_place(connection, "line1", 3, 4)
        assert (load_place(connection, "line1"), load_place(connection, "line2")) == ((3, 4), (8, 9))


ENTRIES: list[Entry] = [entry for seq in range(1, 9) for entry in (("verdict", verdict(seq)), ("ack", ack(seq)))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 16)), max_size=6))
def test_whatever_is_read_again_each_entry_counts_once(engine: Engine, reads: list[tuple[int, int]]) -> None:
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    for start, length in [*reads, (0, 16)]:
        put(engine, *ENTRIES[start : start + length])
    assert sorted((row["seq"], row["acked"]) for row in rows(engine)) == [(seq, True) for seq in range(1, 9)]
    assert len(rows(engine, RegionRow)) == 4
    assert rows(engine, AuditRow) == []
