from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine

from edge_inspector.errors import StateError
from edge_inspector.records import PersonVerdict
from edge_inspector.settings import parse_model
from edge_inspector.store import audit
from edge_inspector.store.queries import Filter, counts, history, hours, part
from edge_inspector.store.recording import record
from edge_inspector.store.reviews import set_review
from edge_inspector.store.scores import scores, truth
from tests.unit.store.entries import EPOCH, verdict
from tests.unit.store.test_recording import NOW

MESSAGES: dict[int, dict[str, Any]] = {
    2: {"score": 0.52},
    3: {"score": 0.49},
    5: {"verdict": "reject", "outcome": "missed", "reason": "late", "late": True},
    7: {"verdict": "reject", "outcome": "missed", "reason": "grab_failed", "score": None},
    8: {"verdict": "review", "reason": "region"},
}
REGION = {"x": 1, "y": 2, "w": 3, "h": 4, "area": 9.5, "peak": 0.9, "view": 0}
REGIONS: dict[int, list[dict[str, Any]]] = {4: [REGION, REGION | {"area": 250.0}], 6: [], 3: [REGION | {"area": 40.0}]}


def name(seq: int) -> str:
    return f"line1-{EPOCH}-{seq}"


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Parts 1 to 8: 1, 3 accepted, 2, 4, 6 rejected, 8 for review, 5 late, 7 not grabbed."""
    entries = [("verdict", verdict(seq, message=MESSAGES.get(seq))) for seq in range(1, 9)]
    for seq, regions in REGIONS.items():
        entries[seq - 1][1]["regions"] = regions
    with engine.begin() as connection:
        record(connection, "line1", entries, NOW)
    return engine


def test_the_newest_word_counts_and_all_are_kept(filled: Engine) -> None:
    set_review(filled, name(2), PersonVerdict.CONFIRM, "anna", "a scratch")
    set_review(filled, name(2), PersonVerdict.FALSE_REJECT, "ben", "dust, größer als 1 mm")
    found = part(filled, name(2))
    assert found is not None
    assert json.loads(json.dumps(found)) == found
    person = found.pop("person")
    assert (person["verdict"], person["by"], person["note"]) == ("false_reject", "ben", "dust, größer als 1 mm")
    assert datetime.fromisoformat(person["at_utc"].replace("Z", "+00:00")) > NOW
    assert (found["verdict"], found["outcome"]) == ("reject", "rejected")
    set_review(filled, name(2), PersonVerdict.NONE, "anna")
    assert [row["person"] for row in history(filled)] == [None] * 8
    log = [(e["actor"], e["action"], e["subject"], e["detail"]["verdict"], e["detail"]["before"]) for e in audit.entries(filled, 10)]
    assert log == [
        ("anna", "review.set", name(2), "none", "false_reject"),
        ("ben", "review.set", name(2), "false_reject", "confirm"),
        ("anna", "review.set", name(2), "confirm", None),
    ]


REFUSED = {
    "no such part": ("nobody", PersonVerdict.CONFIRM, "no part 'nobody' is on record"),
    "an accepted part as false reject": (name(1), PersonVerdict.FALSE_REJECT, "was accepted: it is no false reject"),
    "a rejected part as escape": (name(2), PersonVerdict.ESCAPE, "was rejected: it is no escape"),
    "a missed part as escape": (name(7), PersonVerdict.ESCAPE, "was missed: it is no escape"),
}


@pytest.mark.parametrize(("part_id", "says", "message"), REFUSED.values(), ids=REFUSED)
def test_a_word_that_contradicts_the_outcome_is_refused(filled: Engine, part_id: str, says: PersonVerdict, message: str) -> None:
    with pytest.raises(StateError, match=message):
        set_review(filled, part_id, says, "anna")
    assert audit.entries(filled, 10) == []
    assert counts(filled, Filter(person=PersonVerdict.NONE))["parts"] == 8


FILTERS: dict[str, tuple[dict[str, object], list[int]]] = {
    "outcomes": ({"outcomes": ["rejected", "missed"]}, [2, 4, 5, 6, 7, 8]),
    "no outcome": ({"outcomes": []}, []),
    "area from": ({"area_min": 40}, [3, 4]),
    "area from nothing": ({"area_min": 0}, [1, 2, 3, 4, 5, 6, 7, 8]),
    "area up to": ({"area_max": 9.5}, [1, 2, 5, 6, 7, 8]),
    "area between": ({"area_min": 5, "area_max": 100}, [2, 3, 8]),
    "near the threshold": ({"borderline": 0.05}, [2, 3]),
    "nearer still": ({"borderline": 0.03}, [3]),
    "confirmed": ({"person": "confirm"}, [4]),
    "false rejects": ({"person": "false_reject"}, [2, 5]),
    "escapes": ({"person": "escape"}, [3]),
    "not judged": ({"person": "none"}, [1, 6, 7, 8]),
    "rejects not judged": ({"person": "none", "outcome": "rejected"}, [6, 8]),
}


@pytest.fixture
def judged(filled: Engine) -> Engine:
    words = {4: "confirm", 2: "false_reject", 5: "false_reject", 3: "escape", 6: "confirm"}
    for seq, word in words.items():
        set_review(filled, name(seq), PersonVerdict(word), "anna")
    set_review(filled, name(6), PersonVerdict.NONE, "anna")
    return filled


@pytest.mark.parametrize("case", FILTERS)
def test_a_filter_lets_through_what_it_names(judged: Engine, case: str) -> None:
    values, expected = FILTERS[case]
    wanted = parse_model(Filter, values, "test")
    assert [row["seq"] for row in history(judged, wanted, newest_first=False)] == expected
    assert counts(judged, wanted)["parts"] == len(expected)


def test_hours_of_the_clock_in_order_and_without_empty_ones(engine: Engine) -> None:
    begin = datetime(2026, 1, 2, 3, 0, tzinfo=timezone.utc)
    minutes = {1: 0, 2: 59, 3: 60, 4: 185, 5: 186, 8: -1}
    when = {seq: {"triggered_utc": (begin + timedelta(minutes=m)).isoformat().replace("+00:00", "Z")} for seq, m in minutes.items()}
    with engine.begin() as connection:
        record(connection, "line1", [("verdict", verdict(s, message={**MESSAGES.get(s, {}), **when[s]})) for s in minutes], NOW)
    now = begin + timedelta(hours=3, minutes=20)
    found = hours(engine, 4, now)
    zero = {"accepted": 0, "rejected": 0, "missed": 0, "review": 0, "late": 0}
    assert found == [
        {"hour_utc": "2026-01-02T03:00:00.000Z", "parts": 2, **zero, "accepted": 1, "rejected": 1},
        {"hour_utc": "2026-01-02T04:00:00.000Z", "parts": 1, **zero, "accepted": 1},
        {"hour_utc": "2026-01-02T06:00:00.000Z", "parts": 2, **zero, "rejected": 1, "missed": 1, "late": 1},
    ]
    assert [hour["hour_utc"][11:13] for hour in hours(engine, 5, now)] == ["02", "03", "04", "06"]


def test_scores_are_of_one_model_with_areas_and_truth(judged: Engine) -> None:
    with judged.begin() as connection:
        other = [("verdict", verdict(seq, message={"model": "next", "recipe": "cup:3"})) for seq in (11, 12)]
        record(connection, "line1", other, NOW)
    model, found = scores(judged, 2000, "ring")
    assert model == "demo"
    assert [(p["part_id"], p["area"], p["truth"]) for p in found] == [
        (name(1), 0.0, ""),
        (name(2), 9.5, "good"),
        (name(3), 40.0, "bad"),
        (name(4), 250.0, "bad"),
        (name(5), 0.0, "good"),
        (name(6), 0.0, ""),
        (name(8), 9.5, ""),
    ]
    assert [p["part_id"] for p in scores(judged, 2, "ring")[1]] == [name(6), name(8)]
    assert [p["part_id"] for p in scores(judged, 9)[1]] == [name(11), name(12)]
    assert scores(judged, 9, "nothing") == ("", [])


TRUTHS = [
    ("accepted", "confirm", "good"),
    ("accepted", "escape", "bad"),
    ("accepted", None, ""),
    ("rejected", "confirm", "bad"),
    ("rejected", "false_reject", "good"),
    ("missed", "confirm", ""),
    ("missed", "false_reject", "good"),
]


@pytest.mark.parametrize(("outcome", "said", "expected"), TRUTHS)
def test_truth_by_a_persons_word(outcome: str, said: str | None, expected: str) -> None:
    assert truth(outcome, said) == expected
