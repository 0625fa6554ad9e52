from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from edge_inspector.errors import SettingsError, StoreError
from edge_inspector.records import Outcome
from edge_inspector.settings import parse_model
from edge_inspector.store.export import export_csv
from edge_inspector.store.queries import COLUMNS, Filter, counts, history, page, pages, part, percentiles, timings
from edge_inspector.store.recording import record
from tests.unit.store.entries import EPOCH, ack, verdict
from tests.unit.store.test_recording import NOW
from ui.model.wanted import Span, Wanted, Which

SPECIAL: dict[int, dict[str, Any]] = {
    3: {"verdict": "review", "outcome": "rejected", "reason": "region"},
    5: {"verdict": "reject", "outcome": "missed", "reason": "late", "late": True, "recipe": "ring:2"},
    7: {"verdict": "reject", "outcome": "missed", "reason": "grab_failed", "score": None, "recipe": "ring2:1"},
}


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Parts 1 to 10, of which 1, 9 are accepted, 2, 4, 6, 8, 10 rejected, 3 for review, 5 late and 7 not grabbed; 1 to 4 acknowledged."""
    times = {seq: {"engine_ns": 0, "overhead_ns": 0} if seq == 7 else {"engine_ns": seq * 1_000_000} for seq in range(1, 11)}
    entries = [("verdict", verdict(seq, message=SPECIAL.get(seq), **times[seq])) for seq in range(1, 11)]
    with engine.begin() as connection:
        record(connection, "line1", [*entries, *(("ack", ack(seq)) for seq in range(1, 5))], NOW)
    return engine


FILTERS: dict[str, tuple[dict[str, object], list[int]]] = {
    "all": ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    "from a time on": ({"since": "2026-01-02T03:00:09.250Z"}, [9, 10]),
    "from a time in another zone": ({"since": "2026-01-02T05:00:09.250+02:00"}, [9, 10]),
    "from a time without a zone": ({"since": "2026-01-02T03:00:09.250"}, [9, 10]),
    "before a time": ({"until": "2026-01-02T03:00:02.250Z"}, [1]),
    "verdict": ({"verdict": "review"}, [3]),
    "outcome": ({"outcome": "missed"}, [5, 7]),
    "reason": ({"reason": "late"}, [5]),
    "late": ({"late": True}, [5]),
    "not late": ({"late": False, "outcome": "missed"}, [7]),
    "recipe by name": ({"recipe": "ring"}, [1, 2, 3, 4, 5, 6, 8, 9, 10]),
    "recipe by version": ({"recipe": "ring:2"}, [5]),
    "recipe of no such name": ({"recipe": "rin%"}, []),
    "station": ({"station": "line2"}, []),
    "epoch": ({"epoch": EPOCH, "outcome": "accepted"}, [1, 9]),
    "row ids": ({"after": 3, "before": 6}, [4, 5]),
    "two outcomes": ({"outcomes": ["rejected", "missed"]}, [2, 3, 4, 5, 6, 7, 8, 10]),
    "two outcomes within a time": (
        {"outcomes": ["accepted", "missed"], "since": "2026-01-02T03:00:02Z", "until": "2026-01-02T03:00:09Z"},
        [5, 7],
    ),
    "no part so late": ({"since": "2027-01-01T00:00:00Z"}, []),
    "no part so early": ({"until": "2025-01-01T00:00:00Z"}, []),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_lets_through_what_it_names(filled: Engine, name: str) -> None:
    values, expected = FILTERS[name]
    wanted = parse_model(Filter, values, "test")
    assert [row["seq"] for row in history(filled, wanted, newest_first=False)] == expected
    assert [row["seq"] for row in history(filled, wanted)] == expected[::-1]
    assert [row["seq"] for page in pages(filled, wanted, size=3) for row in page] == expected
    assert counts(filled, wanted)["parts"] == len(expected)


def test_parts_recorded_late_are_found_by_time(engine: Engine) -> None:
    seconds = {1: 10, 2: 40, 3: 20, 4: 30}  # in the order of recording
    entries = [("verdict", verdict(seq, message={"triggered_utc": f"2026-01-02T03:00:{at}.000Z"})) for seq, at in seconds.items()]
    with engine.begin() as connection:
        record(connection, "line1", entries, NOW)
    for values, expected in (({"since": "2026-01-02T03:00:25Z"}, [4, 2]), ({"until": "2026-01-02T03:00:25Z"}, [3, 1])):
        assert [row["seq"] for row in history(engine, parse_model(Filter, values, "test"))] == expected


LAST = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
RANGE = {"span": Span.RANGE, "since": LAST - timedelta(days=2), "until": LAST - timedelta(days=1)}
NARROWED: dict[str, dict[str, Any]] = {
    **{f"{which.value} of {span.value}": {"which": which, "span": span} for which in Which for span in Span if span is not Span.RANGE},
    **{f"{which.value} of a range": {"which": which, **RANGE} for which in Which},
    "a recipe": {"which": Which.ALL, "recipe": "ring"},
    "large regions": {"which": Which.ALL, "area_min": 20},
    "small regions": {"which": Which.ALL, "area_max": 20},
    "near the threshold": {"which": Which.ALL, "borderline": 0.05},
    "not judged": {"which": Which.ALL, "person": "none"},
    "escapes": {"which": Which.ALL, "person": "escape"},
    "everything at once": {"recipe": "ring", "area_min": 1, "area_max": 20, "borderline": 0.05, "person": "confirm", **RANGE},
}


@pytest.mark.parametrize("older", [{}, {"before": 1000}], ids=["first page", "further page"])
def test_no_question_of_the_review_screen_leaves_its_time(engine: Engine, older: dict[str, int]) -> None:
    wrong = {}
    for name, narrowed in NARROWED.items():
        for params in Wanted(**narrowed).questions(LAST):
            limit = params.pop("limit")
            plan = explained(engine, parse_model(Filter, params | older, "test"), limit)
            walks = [step for step in plan if step.startswith(("SCAN inspections", "SEARCH inspections "))]
            bad = [step for step in walks if not BOUNDED.search(step)]
            bad += [step for step in plan if "regions" in step and "station=? AND epoch=? AND seq=?" not in step]
            if bad or not walks:
                wrong[name] = bad or plan
    assert wrong == {}


BOUNDED = re.compile(r"\b(rowid|id|triggered_utc)[>=]|\(part_id=\?\)")


def explained(engine: Engine, wanted: Filter, limit: int, newest_first: bool = True) -> list[str]:
    def explain(_c: object, _cursor: object, statement: str, values: object, _context: object, _many: bool) -> tuple[str, object]:
        return f"EXPLAIN QUERY PLAN {statement}", values

    event.listen(engine, "before_cursor_execute", explain, retval=True)
    try:
        with engine.connect() as connection:
            return [row[3] for row in connection.execute(page(wanted, limit, newest_first)).cursor.fetchall()]
    finally:
        event.remove(engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("newest_first", [True, False])
def test_several_outcomes_are_not_sorted_all(engine: Engine, newest_first: bool) -> None:
    plan = explained(engine, Filter(outcomes=(Outcome.REJECTED, Outcome.MISSED)), 100, newest_first)
    assert sum("ix_inspections_outcome_id (outcome=?)" in step for step in plan) == 2
    assert not any("TEMP B-TREE" in step for step in plan)


@pytest.mark.parametrize(
    ("values", "says"),
    [({"verdict": "bad"}, "verdict = 'bad'"), ({"since": "yesterday"}, "since = 'yesterday'"), ({"sinse": 1}, "unknown key 'sinse'")],
)
def test_a_wrong_filter_is_named(values: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_model(Filter, values, "test")


def test_counts_add_up(filled: Engine, engine: Engine) -> None:
    assert counts(filled) == {"parts": 10, "accepted": 2, "rejected": 6, "missed": 2, "review": 1, "late": 1, "acked": 4}


def test_counts_of_nothing_are_zero(engine: Engine) -> None:
    assert set(counts(engine).values()) == {0}
    assert timings(engine)["engine_ms"] == {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}


def test_a_part_is_json_with_its_regions(filled: Engine) -> None:
    found = part(filled, f"line1-{EPOCH}-2")
    assert found is not None
    assert json.loads(json.dumps(found)) == found
    assert found["regions"] == [{"view": 0, "x": 1, "y": 2, "w": 3, "h": 4, "area": 9.5, "peak": 0.9}]
    assert (found["triggered_utc"], found["recorded_utc"], found["acked"]) == ("2026-01-02T03:00:02.250Z", "2026-01-02T03:04:05.000Z", True)
    assert part(filled, "nobody") is None


def test_many_rows_have_their_own_regions(engine: Engine) -> None:
    with engine.begin() as connection:
        record(connection, "line1", [("verdict", verdict(seq)) for seq in range(1, 1202)], NOW)
    rows = history(engine, limit=5000)
    assert len(rows) == 1201
    assert all(len(row["regions"]) == (row["seq"] + 1) % 2 for row in rows)


def test_times_are_of_the_parts_that_the_engine_saw(filled: Engine) -> None:
    engine_ms = np.array([1, 2, 3, 4, 5, 6, 8, 9, 10], float)
    expected = {"p50": 5.0, "p95": float(np.percentile(engine_ms, 95)), "p99": float(np.percentile(engine_ms, 99)), "max": 10.0}
    assert timings(filled)["engine_ms"] == pytest.approx(expected)
    assert timings(filled)["latency_ms"] == {"p50": 12.0, "p95": 12.0, "p99": 12.0, "max": 12.0}


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_rise_to_the_greatest(values: list[float]) -> None:
    found = percentiles(values)
    assert min(values) <= found["p50"] <= found["p95"] <= found["p99"] <= found["max"] == max(values)


def test_a_csv_holds_every_part_and_column(filled: Engine, tmp_path: Path) -> None:
    steps: list[int] = []
    assert export_csv(filled, tmp_path / "out.csv", progress=steps.append) == 10
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(steps) == 10
    assert [int(row["seq"]) for row in rows] == list(range(1, 11))
    assert set(rows[0]) == {*COLUMNS, "regions", "person"}
    assert json.loads(rows[1]["regions"])[0]["area"] == 9.5
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_csv_that_fails_leaves_the_one_before(filled: Engine, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")

    def fail(_rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match=r"out\.csv: cannot be written: No space left"):
        export_csv(filled, tmp_path / "out.csv", progress=fail)
    assert (tmp_path / "out.csv").read_text() == "before"
    with pytest.raises(StoreError, match="nowhere"):
        export_csv(filled, tmp_path / "nowhere" / "out.csv")


QUERIES: dict[str, Callable[[Engine], object]] = {"history": history, "counts": counts, "timings": timings, "part": lambda e: part(e, "x")}


@pytest.mark.parametrize("name", QUERIES)
def test_a_database_that_fails_is_named(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE regions")
        connection.exec_driver_sql("DROP TABLE inspections")
    with pytest.raises(StoreError, match=r"results\.db.*inspections"):
        QUERIES[name](engine)
