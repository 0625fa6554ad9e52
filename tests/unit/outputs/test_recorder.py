from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from edge_inspector.errors import StoreError
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.recorder import BATCH, Recorder
from edge_inspector.store.database import open_database
from tests.unit.outputs.sink import Conditions
from tests.unit.store.entries import EPOCH, ack, verdict


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'results.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal", segment_bytes=64 * 1024)
    journal.open()
    yield journal
    journal.close()


@pytest.fixture
def conditions() -> Conditions:
    return Conditions()


@pytest.fixture
def recorder(engine: Engine, journal: Journal, conditions: Conditions) -> Iterator[Recorder]:
    recorder = Recorder(engine, journal, "line1", conditions, commit_every_ms=5)
    yield recorder
    recorder.stop(5.0)


def scalar(engine: Engine, sql: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(sql)).scalar()


def number(engine: Engine, sql: str) -> int:
    found = scalar(engine, sql)
    assert isinstance(found, int)
    return found


def numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT seq FROM inspections ORDER BY id")).scalars())


def until(true: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.01)


def started(recorder: Recorder, journal: Journal) -> None:
    """Started, and done with all that the journal held."""
    journal.append("epoch", {"epoch": EPOCH})
    recorder.start()
    until(lambda: recorder.place == journal.end())


def say(journal: Journal, *seqs: int) -> None:
    for seq in seqs:
        journal.append("verdict", verdict(seq))


def test_records_what_stood_there_and_what_comes(engine: Engine, journal: Journal, recorder: Recorder) -> None:
    journal.append("epoch", {"epoch": EPOCH})
    say(journal, 1, 2)
    recorder.start()
    until(lambda: recorder.recorded == 2)
    say(journal, 3)
    journal.append("ack", ack(3))
    recorder.notify()
    until(lambda: number(engine, "SELECT count(*) FROM inspections WHERE acked") == 1)
    assert numbers(engine) == [1, 2, 3]


def test_finds_what_nobody_told_of(engine: Engine, journal: Journal, recorder: Recorder) -> None:
    started(recorder, journal)
    say(journal, 1)
    until(lambda: numbers(engine) == [1])


def test_stop_drains_to_the_end_of_the_journal(engine: Engine, journal: Journal, conditions: Conditions) -> None:
    recorder = Recorder(engine, journal, "line1", conditions, commit_every_ms=60_000)
    recorder.start()
    say(journal, *range(1, 2 * BATCH + 10))
    said = journal.end()  # the journal goes on by itself: it reserves numbers whenever its own thread comes to it
    recorder.stop(20.0)
    recorder.stop(20.0)
    assert numbers(engine) == list(range(1, 2 * BATCH + 10))
    assert recorder.place is not None and recorder.place >= said


def test_groups_share_a_commit(engine: Engine, journal: Journal, conditions: Conditions) -> None:
    recorder = Recorder(engine, journal, "line1", conditions, commit_every_ms=60_000)
    recorder.start()
    for seq in range(1, 31):
        say(journal, seq)
        recorder.notify()
    recorder.stop(20.0)
    assert number(engine, "SELECT count(*) FROM inspections") == 30
    assert number(engine, "SELECT count(DISTINCT recorded_utc) FROM inspections") <= 2


def test_goes_on_from_the_place_the_database_remembers(engine: Engine, journal: Journal, conditions: Conditions) -> None:
    for first in (1, 11, 21):
        recorder = Recorder(engine, journal, "line1", conditions, commit_every_ms=5)
        recorder.start()
        say(journal, *range(first, first + 10))
        recorder.stop(20.0)
        assert recorder.recorded == 10
    assert numbers(engine) == list(range(1, 31))


def test_a_place_in_a_journal_that_is_gone_is_given_up(
    engine: Engine, journal: Journal, recorder: Recorder, expected_warnings: list[str]
) -> None:
    expected_warnings.append("the database has recorded a journal up to")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO journal_position VALUES ('line1', 99999999999, 5)"))
    say(journal, 1)
    recorder.start()
    until(lambda: numbers(engine) == [1])


def test_start_names_a_database_that_does_not_answer(engine: Engine, recorder: Recorder) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE journal_position"))
    with pytest.raises(StoreError, match=r"results\.db.*journal_position"):
        recorder.start()


def test_a_locked_database_is_waited_for(
    engine: Engine, journal: Journal, recorder: Recorder, conditions: Conditions, tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("results cannot be recorded (database is locked)")
    started(recorder, journal)
    thief = sqlite3.connect(tmp_path / "results.db", isolation_level=None)
    thief.execute("BEGIN EXCLUSIVE")
    say(journal, 1, 2, 3)
    recorder.notify()
    conditions.wait_for("database")
    assert "journal keeps them" in conditions.active["database"]
    say(journal, 4)
    thief.execute("ROLLBACK")
    thief.close()
    conditions.wait_for("database", active=False)
    until(lambda: numbers(engine) == [1, 2, 3, 4])


def test_stop_gives_up_in_time_and_the_next_start_records(
    engine: Engine, journal: Journal, recorder: Recorder, conditions: Conditions, tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings += ["results cannot be recorded (database is locked)", "the database does not answer"]
    started(recorder, journal)
    thief = sqlite3.connect(tmp_path / "results.db", isolation_level=None)
    thief.execute("BEGIN EXCLUSIVE")
    say(journal, 1, 2)
    began = time.monotonic()
    recorder.stop(5.0)
    assert time.monotonic() - began < 10.0
    thief.close()
    again = Recorder(engine, journal, "line1", conditions)
    again.start()
    again.stop(20.0)
    assert numbers(engine) == [1, 2]


def test_a_full_disk_is_waited_for(
    engine: Engine, journal: Journal, recorder: Recorder, conditions: Conditions, expected_warnings: list[str]
) -> None:
    expected_warnings.append("results cannot be recorded (database or disk is full)")
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))  # this pooled connection is the one that the recorder takes
        connection.rollback()
    recorder.start()
    say(journal, *range(1, 301))
    recorder.notify()
    conditions.wait_for("database")
    engine.dispose()  # "space again": the next connection has no such limit
    until(lambda: len(numbers(engine)) == 300)
    assert numbers(engine) == list(range(1, 301))
    conditions.wait_for("database", active=False)


def test_what_the_tables_refuse_stands_in_the_audit_log(
    engine: Engine, journal: Journal, recorder: Recorder, conditions: Conditions, expected_warnings: list[str]
) -> None:
    expected_warnings.append("1 journal entries could not be recorded")
    huge = verdict(2, regions=[{"x": 2**70, "y": 0, "w": 1, "h": 1, "area": 1.0, "peak": 1.0}])
    say(journal, 1)
    journal.append("verdict", huge)
    say(journal, 3)
    started(recorder, journal)
    assert numbers(engine) == [1, 3]
    assert scalar(engine, "SELECT action FROM audit") == "journal.refused"
    assert list(conditions.active) == ["database_entries"]


def test_recorded_segments_are_discarded_and_unsettled_ones_stay(engine: Engine, journal: Journal, recorder: Recorder) -> None:
    recorder.start()
    for seq in range(1, 400):
        say(journal, seq)
        journal.append("ack", ack(seq))
    recorder.notify()
    until(lambda: recorder.place == journal.end() and len(list(journal.folder.glob("*.log"))) <= 2)
    say(journal, 400)  # not acknowledged: its segment stays
    for seq in range(401, 800):
        say(journal, seq)
        journal.append("ack", ack(seq))
    recorder.notify()
    until(lambda: len(numbers(engine)) == 799)
    assert {payload["message"]["seq"] for _, kind, payload in journal.read() if kind == "verdict"} >= {400}


class Broken:
    """A journal that cannot be read until it is mended."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.mended = False

    def end(self) -> Position:
        return self.journal.end()

    def read(self, position: Position | None = None) -> Iterator[tuple[Position, str, dict[str, Any]]]:
        if not self.mended:
            raise ValueError("cannot be read")
        return self.journal.read(position)

    def discard_before(self, position: Position) -> int:
        return self.journal.discard_before(position)


def test_no_error_ends_the_thread(engine: Engine, journal: Journal, conditions: Conditions, expected_warnings: list[str]) -> None:
    expected_warnings.append("results cannot be recorded (cannot be read)")
    broken = Broken(journal)
    recorder = Recorder(engine, broken, "line1", conditions, commit_every_ms=5)
    say(journal, 1)
    recorder.start()
    conditions.wait_for("database")
    broken.mended = True
    conditions.wait_for("database", active=False)
    recorder.stop(5.0)
    assert numbers(engine) == [1]


CHILD = """
import sys, threading
from pathlib import Path
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.recorder import Recorder
from edge_inspector.store.database import open_database
from tests.unit.outputs.sink import Conditions
from tests.unit.store.entries import ack, verdict

folder = Path(sys.argv[1])
journal = Journal(folder / "journal", segment_bytes=64 * 1024)
journal.open()
engine = open_database(f"sqlite:///{folder / 'results.db'}")
recorder = Recorder(engine, journal, "line1", Conditions(), commit_every_ms=1)
recorder.start()
epoch = journal.start_epoch()
while True:
    seq = journal.next_seq()
    journal.append("verdict", verdict(seq, epoch))
    journal.append("ack", ack(seq, epoch))
    recorder.notify()
    print(seq, flush=True)
    threading.Event().wait(0.001)
"""


def test_kill_9_at_any_moment_records_each_verdict_exactly_once(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as child:
            assert child.stdout is not None
            for _line in range(chance.randint(20, 300)):
                assert child.stdout.readline()
            os.kill(child.pid, signal.SIGKILL)
    journal = Journal(tmp_path / "journal", segment_bytes=64 * 1024)
    journal.open()
    engine = open_database(f"sqlite:///{tmp_path / 'results.db'}")
    recorder = Recorder(engine, journal, "line1", Conditions())
    recorder.start()
    recorder.stop(20.0)
    journaled = {p["message"]["seq"] for _, kind, p in journal.read() if kind == "verdict"}
    recorded = numbers(engine)
    assert scalar(engine, "PRAGMA integrity_check") == "ok"
    assert recorded == sorted(set(recorded))
    assert journaled <= set(recorded)
    assert number(engine, "SELECT count(*) FROM inspections WHERE NOT acked") <= 5  # at most the one that each kill kept from its ack
    assert number(engine, "SELECT count(DISTINCT epoch) FROM inspections") == 5
    assert number(engine, "SELECT count(*) FROM audit") == 0
    engine.dispose()
    journal.close()
