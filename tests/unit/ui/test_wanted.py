from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ui.model.wanted import Span, Wanted, Which

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=timezone.utc)
REJECT = {"verdict": "reject", "outcome": "rejected", "score": 0.8, "threshold": 0.5, "recipe": "ring:3", "regions": [{"area": 40}]}
REVIEW = {**REJECT, "verdict": "review", "score": 0.51}
MISSED = {**REJECT, "outcome": "missed", "score": None, "threshold": None, "regions": []}
ACCEPT = {**REJECT, "verdict": "accept", "outcome": "accepted", "score": 0.1, "regions": []}
NEAR = {**ACCEPT, "score": 0.46}
PARTS = {"reject": REJECT, "review": REVIEW, "missed": MISSED, "accept": ACCEPT, "near": NEAR}


def test_what_is_to_be_looked_at_is_two_questions_that_no_part_answers_both() -> None:
    bad, good = Wanted(Span.HOUR).questions(NOW, 50)
    assert bad == {"since": "2026-03-04T11:00:00+00:00", "limit": 50, "outcomes": ["rejected", "missed"]}
    assert good == {"since": "2026-03-04T11:00:00+00:00", "limit": 50, "outcomes": ["accepted"], "borderline": 0.1}


QUESTIONS = [
    ("shift", Wanted(Span.SHIFT, which=Which.ALL), {"since": "2026-03-04T04:00:00+00:00"}),
    ("week", Wanted(Span.WEEK, which=Which.MISSED), {"since": "2026-02-25T12:00:00+00:00", "outcomes": ["missed"]}),
    ("rejects", Wanted(Span.RANGE, which=Which.REJECTED), {"outcomes": ["rejected"], "verdict": "reject"}),
    ("reviews", Wanted(Span.RANGE, which=Which.REVIEW), {"outcomes": ["rejected"], "verdict": "review"}),
    (
        "range",
        Wanted(Span.RANGE, NOW - timedelta(hours=2), NOW, Which.ACCEPTED),
        {"since": "2026-03-04T10:00:00+00:00", "until": "2026-03-04T12:00:00+00:00", "outcomes": ["accepted"]},
    ),
    (
        "figures",
        Wanted(Span.RANGE, which=Which.ALL, recipe="ring", area_min=10, area_max=90, borderline=0.05, person="none"),
        {"recipe": "ring", "area_min": 10, "area_max": 90, "borderline": 0.05, "person": "none"},
    ),
]


@pytest.mark.parametrize(("wanted", "expected"), [case[1:] for case in QUESTIONS], ids=[case[0] for case in QUESTIONS])
def test_filters_as_questions(wanted: Wanted, expected: dict[str, Any]) -> None:
    assert wanted.questions(NOW, 100) == ({**expected, "limit": 100},)


@pytest.mark.parametrize(("asked", "expected"), [(0.05, 0.05), (0.2, 0.1)], ids=["narrower", "wider"])
def test_a_wider_distance_brings_no_more_accepted_parts_to_look_at(asked: float, expected: float) -> None:
    bad, good = Wanted(Span.RANGE, borderline=asked).questions(NOW)
    assert (bad["borderline"], good["borderline"]) == (asked, expected)


def test_today_begins_at_midnight_here() -> None:
    begin = Wanted(Span.TODAY).begin(NOW)
    assert begin is not None
    here = NOW.astimezone()
    assert (begin.date(), begin.hour, begin.minute) == (here.date(), 0, 0)
    assert begin <= NOW < begin + timedelta(hours=25)


FITS = [
    ("to look at", Wanted(), {"reject", "review", "missed", "near"}),
    ("all", Wanted(which=Which.ALL), set(PARTS)),
    ("accepted", Wanted(which=Which.ACCEPTED), {"accept", "near"}),
    ("missed", Wanted(which=Which.MISSED), {"missed"}),
    ("reviews", Wanted(which=Which.REVIEW), {"review"}),
    ("rejects", Wanted(which=Which.REJECTED), {"reject"}),
    ("recipe", Wanted(recipe="ring"), {"reject", "review", "missed", "near"}),
    ("other recipe", Wanted(recipe="rin"), set()),
    ("area", Wanted(which=Which.ALL, area_min=40), {"reject", "review"}),
    ("no area", Wanted(which=Which.ALL, area_max=39), {"missed", "accept", "near"}),
    ("borderline", Wanted(which=Which.ALL, borderline=0.05), {"review"}),
    ("judged", Wanted(person="confirm"), set()),
    ("past", Wanted(Span.RANGE, until=NOW), set()),
    ("to come", Wanted(Span.RANGE, since=NOW + timedelta(seconds=1)), set()),
]


@pytest.mark.parametrize(("wanted", "expected"), [case[1:] for case in FITS], ids=[case[0] for case in FITS])
def test_what_a_new_part_must_be_to_belong_to_the_list(wanted: Wanted, expected: set[str]) -> None:
    assert {name for name, part in PARTS.items() if wanted.fits(part, NOW)} == expected
