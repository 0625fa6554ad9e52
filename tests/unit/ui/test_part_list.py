from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ui.model.part_list import PartList


def row(number: int) -> dict[str, Any]:
    return {"id": number, "part_id": f"p{number}"}


def answer(stock: list[int], params: dict[str, Any], page: int) -> dict[str, Any]:
    """As the history answers: newest first, ``next`` where there may be more."""
    rows = [row(number) for number in sorted(stock, reverse=True) if number < params.get("before", 10**9)][:page]
    return {"rows": rows, "next": {"before": rows[-1]["id"]} if len(rows) == page else None}


@given(st.lists(st.integers(0, 2), max_size=40), st.integers(1, 7))
def test_questions_merge_to_one_list_newest_first(owners: list[int], page: int) -> None:
    stocks: list[list[int]] = [[number for number, owner in enumerate(owners) if owner == which] for which in (0, 1)]
    parts = PartList([{"which": 0}, {"which": 1}])
    for _ in range(100):
        asked = parts.ask()
        if not asked:
            break
        for number, params in asked:
            parts.rows += parts.take(number, answer(stocks[number], params, page))
    assert parts.complete
    assert [part["id"] for part in parts.rows] == sorted(stocks[0] + stocks[1], reverse=True)


def test_a_page_is_asked_for_once_and_again_after_a_failure() -> None:
    parts = PartList([{"a": 1}, {"b": 2}])
    assert parts.ask() == [(0, {"a": 1}), (1, {"b": 2})]
    assert (parts.ask(), parts.waiting) == ([], True)
    parts.take(0, {"rows": [row(5)], "next": {"before": 5}})
    parts.failed(1)
    assert parts.ask() == [(1, {"b": 2})]


def test_no_row_is_shown_before_a_newer_one_could_come() -> None:
    parts = PartList([{}, {}])
    parts.ask()
    assert parts.take(0, {"rows": [row(9), row(4)], "next": None}) == []
    assert [part["id"] for part in parts.take(1, {"rows": [row(7), row(6)], "next": {"before": 6}})] == [9, 7, 6]


def test_neighbours_also_of_a_part_that_is_not_listed() -> None:
    parts = PartList()
    parts.rows = [row(9), row(7), row(4)]
    cases = {
        "below": (row(9), 1, 1),
        "above": (row(7), -1, 0),
        "last": (row(4), 1, None),
        "first": (row(9), -1, None),
        "unlisted, older": (row(8), 1, 1),
        "unlisted, newer": (row(8), -1, 0),
        "older than all": (row(1), 1, None),
        "newer than all": (row(10), -1, None),
    }
    assert {name: parts.beside(part, step) for name, (part, step, _) in cases.items()} == {name: case[2] for name, case in cases.items()}
    assert PartList().complete
