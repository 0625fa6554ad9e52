from __future__ import annotations

from typing import Any

import pytest

from ui.model.label_queue import LabelQueue


def row(number: int, *, archive: bool = True, person: str = "") -> dict[str, Any]:
    said = {"verdict": person} if person else None
    return {"id": number, "part_id": f"p{number}", "archive": [f"p{number}.png"] if archive else [], "person": said}


def label(number: int, at: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"part_id": f"p{number}", "view": 0, "classes": ["hole"], "author": "ann", "at_utc": at, "area": 4}


def test_a_label_without_a_defect_is_a_label() -> None:
    queue = queue_of(row(9), row(8))
    queue.take_labels([{**label(9), "classes": [], "area": 0}])
    assert waiting(queue) == ["p8"]
    assert [found.classes for found in queue.labels] == [()]


def queue_of(*rows: dict[str, Any]) -> LabelQueue:
    queue = LabelQueue()
    queue.take_newest({"rows": list(rows), "next": {"before": 1}})
    return queue


def waiting(queue: LabelQueue) -> list[str]:
    return [part["part_id"] for part in queue.open]


def test_only_archived_parts_without_a_label_wait() -> None:
    queue = queue_of(row(9), row(8, archive=False), row(7, person="false_reject"), row(6, person="confirm"), row(5))
    queue.take_labels([label(5)])
    assert waiting(queue) == ["p9", "p6"]


@pytest.mark.parametrize(
    ("here", "before", "after"),
    [
        pytest.param("p9", None, "p7", id="newest"),
        pytest.param("p8", "p9", "p7", id="labelled meanwhile"),
        pytest.param("p5", "p7", None, id="oldest"),
        pytest.param("other", None, "p9", id="not of the queue"),
    ],
)
def test_the_way_goes_on_from_where_one_is(here: str, before: str | None, after: str | None) -> None:
    queue = queue_of(row(9), row(8), row(7), row(5))
    queue.take_labels([label(8)])
    assert (queue.before(here), queue.after(here)) == (before, after)


def test_a_part_waits_until_each_of_its_pictures_has_a_label() -> None:
    files = ["2026/rejected/p9.png", "2026/rejected/p9.2.png", "2026/rejected/p9.map.png", "2026/rejected/p9.2.map.png"]
    queue = queue_of({**row(9), "archive": files}, row(8))
    assert (queue.next_view("p9"), queue.further_view("p9", 0)) == (0, 2)
    queue.take_labels([label(9)])
    assert (waiting(queue), queue.next_view("p9"), queue.further_view("p9", 2)) == (["p9", "p8"], 2, None)
    queue.good("p9", 2)
    assert (waiting(queue), queue.next_view("p9")) == (["p8"], 0)
    queue.take_labels([])
    assert (waiting(queue), queue.next_view("p9")) == (["p9", "p8"], 0)


def test_pages_join() -> None:
    queue = queue_of(row(9), row(8))
    queue.take({"rows": [row(8), row(7)], "next": None})
    assert waiting(queue) == ["p9", "p8", "p7"]
    assert queue.more is None
    queue.done("p8")
    assert waiting(queue) == ["p9", "p7"]


def test_asked_again_new_parts_come_first_and_what_is_known_stays() -> None:
    queue = queue_of(row(9, archive=False), row(8))
    queue.take({"rows": [row(7), row(6)], "next": {"before": 6}})
    queue.take_newest({"rows": [row(11), row(9)], "next": {"before": 9}})
    assert waiting(queue) == ["p11", "p9", "p8", "p7", "p6"]
    assert queue.more == {"before": 6}
    queue.take_newest({"rows": [row(40), row(39)], "next": {"before": 39}})
    assert waiting(queue) == ["p40", "p39"]
    assert queue.more == {"before": 39}


def test_the_newest_label_comes_first() -> None:
    queue = LabelQueue()
    queue.take_labels([label(1), label(2, "2026-01-03T00:00:00Z"), label(3, "2026-01-02T00:00:00Z")])
    assert [found.part_id for found in queue.labels] == ["p2", "p3", "p1"]
