from __future__ import annotations

from edge_inspector.outputs.resend import ATTEMPTS, Entry, ResendTable

PAUSE = 100


def entry(seq: int, deadline_ns: int = 0, epoch: int = 1) -> Entry:
    return Entry((epoch, seq), seq, b"", deadline_ns)


def filled(*entries: Entry, limit: int = 1000) -> ResendTable:
    table = ResendTable(PAUSE, limit)
    for one in entries:
        table.add(one)
    return table


def seqs(found: list[Entry]) -> list[int]:
    return [one.key[1] for one in found]


def times_sent(table: ResendTable, until: int) -> list[int]:
    """When the entries are due, each sent at once."""
    times = []
    while (due := table.next_due()) is not None and due <= until:
        for one in table.due(due, 10):
            times.append(due)
            table.sent(one, due)
    return times


def test_within_the_window_every_pause() -> None:
    one = entry(1, deadline_ns=1000)
    table = filled(one)
    table.sent(one, 0)
    assert times_sent(table, 900) == list(range(100, 1000, 100))


def test_after_the_window_with_growing_pauses_and_an_end() -> None:
    one = entry(1, deadline_ns=0)
    table = filled(one)
    table.sent(one, 0)
    times = times_sent(table, 10**9)
    assert times == [100, 300, 700, 1500, 3100, 6300]
    assert len(times) == ATTEMPTS
    assert len(table) == 1


def test_a_gate_that_comes_gets_what_it_lacks_now_and_the_rest_a_pause_later() -> None:
    table = filled(*(entry(seq) for seq in range(1, 7)))
    table.plan_all(5000, last_seq=4)
    assert seqs(table.due(5000, 100)) == [5, 6]
    assert seqs(table.due(5000 + PAUSE, 100)) == [1, 2, 3, 4]


def test_portions_are_in_order() -> None:
    table = filled(*(entry(seq) for seq in range(1, 11)))
    table.plan_all(0, last_seq=0)
    assert seqs(table.due(0, 4)) == [1, 2, 3, 4]
    assert seqs(table.due(0, 4)) == [5, 6, 7, 8]


def test_settled_is_gone() -> None:
    table = filled(entry(1), entry(2))
    table.plan_all(0, last_seq=0)
    table.settle((1, 1))
    assert seqs(table.due(0, 10)) == [2]
    assert table.get((1, 1)) is None
    assert table.next_due() is None


def test_what_was_not_taken_comes_again() -> None:
    one = entry(1)
    table = filled(one)
    table.postpone(one, 50)
    assert table.due(49, 10) == []
    assert seqs(table.due(50, 10)) == [1]
    assert not one.left


def test_the_newest_are_kept() -> None:
    table = filled(*(entry(seq) for seq in range(1, 11)), limit=4)
    table.plan_all(0, last_seq=0)
    assert seqs(table.due(0, 100)) == [7, 8, 9, 10]
    assert table.dropped == 6
