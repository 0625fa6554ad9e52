from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_inspector.errors import JournalError
from edge_inspector.outputs import segments
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.recovery import Recovery

SMALL = 16 * 1024


@contextmanager
def opened(
    folder: Path, segment_bytes: int = SMALL, reserve: int = 1000, on_fault: Callable[[str | None], None] = lambda _fault: None
) -> Iterator[tuple[Journal, Recovery]]:
    journal = Journal(folder, segment_bytes=segment_bytes, reserve=reserve, on_fault=on_fault)
    recovery = journal.open()
    try:
        yield journal, recovery
    finally:
        journal.close()


def verdict(journal: Journal, count: int, **extra: int | str) -> dict[str, Any]:
    payload = {"message": {"epoch": journal.epoch, "seq": journal.next_seq(), "trigger_count": count}, **extra}
    journal.append("verdict", payload)
    return payload


def ack(journal: Journal, payload: dict[str, Any]) -> None:
    journal.append("ack", payload["message"])


def notes(journal: Journal, position: Position | None = None) -> list[int]:
    return [payload["n"] for _, kind, payload in journal.read(position) if kind == "note"]


class TestAppendAndRead:
    def test_records_come_back_in_order(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            for n in range(1000):  # several segments
                journal.append("note", {"n": n, "text": "Ünïcödé" * 5})
            assert notes(journal) == list(range(1000))
            assert len(segments.numbers(tmp_path)) > 3

    def test_reading_goes_on_after_any_position(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            positions = [journal.append("note", {"n": n, "pad": "x" * 300}) for n in range(200)]
            assert positions == sorted(positions)
            for n in (0, 1, 57, 198):
                assert notes(journal, positions[n]) == list(range(n + 1, 200))
            assert notes(journal, journal.end()) == []

    def test_append_gives_the_position_that_read_gives(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            appended = [journal.append("note", {"n": n, "pad": "x" * 300}) for n in range(100)]
            assert [at for at, kind, _ in journal.read() if kind == "note"] == appended

    def test_a_position_outlives_a_restart(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            place = journal.append("note", {"n": 1})
            journal.append("note", {"n": 2})
        with opened(tmp_path) as (journal, _):
            journal.append("note", {"n": 3})
            assert notes(journal, place) == [2, 3]

    def test_a_position_after_what_a_power_cut_took_reads_what_came_since(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            kept = journal.append("note", {"n": 1})
            lost = journal.append("note", {"n": 2})
        file = segments.path_of(tmp_path, kept.segment)
        with file.open("r+b") as handle:
            handle.seek(kept.offset)
            handle.write(bytes(SMALL - kept.offset))
        with opened(tmp_path) as (journal, _):
            journal.append("note", {"n": 3})
            assert notes(journal, lost) == [3]
            assert notes(journal) == [1, 3]

    def test_a_tail_from_another_thread_misses_nothing(self, tmp_path: Path) -> None:
        total, done = 3000, threading.Event()
        seen: list[int] = []

        def tail(journal: Journal) -> None:
            place: Position | None = None
            while len(seen) < total and not done.is_set():
                for after, kind, payload in journal.read(place):
                    place = after
                    if kind == "note":
                        seen.append(payload["n"])

        with opened(tmp_path) as (journal, _):
            reader = threading.Thread(target=tail, args=(journal,))
            reader.start()
            writers = [threading.Thread(target=self.write, args=(journal, start, total)) for start in (0, 1, 2)]
            for thread in writers:
                thread.start()
            for thread in writers:
                thread.join()
            reader.join(20)
            done.set()
            reader.join()
        assert sorted(seen) == list(range(total))

    @staticmethod
    def write(journal: Journal, start: int, total: int) -> None:
        for n in range(start, total, 3):
            journal.append("note", {"n": n})

    @pytest.mark.parametrize("payload", [{"n": float("nan")}, {"n": object()}, {"n": "x" * SMALL}], ids=["nan", "object", "too long"])
    def test_what_cannot_be_a_record_is_refused_and_changes_nothing(self, tmp_path: Path, payload: dict[str, Any]) -> None:
        with opened(tmp_path) as (journal, _):
            before = journal.end()
            with pytest.raises(JournalError, match="note"):
                journal.append("note", payload)
            assert journal.end() == before


class TestNumbers:
    def test_they_go_on_after_a_restart_without_reuse(self, tmp_path: Path) -> None:
        used: list[int] = []
        for _ in range(4):
            with opened(tmp_path, reserve=10) as (journal, recovery):
                assert recovery.next_seq > max(used, default=0)
                used += [journal.next_seq() for _ in range(25)]
        assert used == sorted(set(used))

    def test_they_are_durable_before_use(self, tmp_path: Path) -> None:
        with opened(tmp_path, reserve=10) as (journal, _):
            for _ in range(35):
                seq = journal.next_seq()
                on_disk = max(p["to"] for _, kind, p in journal.read() if kind == "reserve")
                assert seq <= on_disk

    def test_epochs_grow_and_start_at_the_time(self, tmp_path: Path) -> None:
        epochs = []
        for _ in range(3):
            with opened(tmp_path) as (journal, _):
                epochs += [journal.start_epoch(), journal.start_epoch()]
        assert epochs == sorted(set(epochs))
        assert epochs[0] > 1_600_000_000

    def test_they_survive_the_removal_of_old_segments(self, tmp_path: Path) -> None:
        with opened(tmp_path, reserve=100_000) as (journal, _):
            epoch = journal.start_epoch()
            seq = journal.next_seq()
            journal.append("arm", {"epoch": epoch, "trigger_count": 40})
            for count in range(41, 400):
                ack(journal, verdict(journal, count, pad="x" * 100))
            assert journal.discard_before(journal.end()) > 2
        with opened(tmp_path) as (_, recovery):
            assert (recovery.last_epoch, recovery.base) == (epoch, 40)
            assert recovery.next_seq > seq + 359
            assert recovery.unaccounted(402) == [400, 401, 402]


class TestRecovery:
    def test_a_new_folder_knows_nothing(self, tmp_path: Path) -> None:
        with opened(tmp_path / "a" / "b") as (_, recovery):
            assert (recovery.last_epoch, recovery.next_seq, recovery.unsettled, recovery.base) == (0, 1, (), None)
            assert recovery.unaccounted(10) == []

    def test_unsettled_verdicts_in_order(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            journal.start_epoch()
            payloads = [verdict(journal, count) for count in range(1, 7)]
            for index in (0, 3):
                ack(journal, payloads[index])
        with opened(tmp_path) as (_, recovery):
            assert list(recovery.unsettled) == [payloads[i] for i in (1, 2, 4, 5)]

    def test_a_superseded_verdict_is_not_replayed(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            first = verdict(journal, 1)
            second = verdict(journal, 1, supersedes=first["message"]["seq"])
        with opened(tmp_path) as (_, recovery):
            assert list(recovery.unsettled) == [second]

    def test_counts_since_the_last_arm(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            for base in (0, 10):
                journal.append("arm", {"epoch": journal.start_epoch(), "trigger_count": base})
                for count in (base + 1, base + 2, base + 5):
                    verdict(journal, count)
        with opened(tmp_path) as (_, recovery):
            assert recovery.base == 10
            assert recovery.unaccounted(16) == [13, 14, 16]

    @settings(max_examples=60, deadline=None)
    @given(cut=st.integers(0, 4000), garbage=st.binary(max_size=60))
    def test_a_torn_tail_costs_only_what_was_torn(self, tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes) -> None:
        folder = tmp_path_factory.mktemp("journal")
        with opened(folder) as (journal, _):
            positions = [journal.append("note", {"n": n, "pad": "x" * (n % 37)}) for n in range(60)]
            file = segments.path_of(folder, journal.end().segment)
        with file.open("r+b") as handle:
            handle.seek(cut)
            handle.write(garbage + bytes(SMALL - cut - len(garbage)))
        with opened(folder) as (journal, _):
            journal.append("note", {"n": 1000})
            whole = [n for n, at in enumerate(positions) if at.offset <= cut]
            assert notes(journal) in ([*whole, 1000], [*whole, len(whole), 1000])  # the garbage may be what stood there

    def test_damage_in_the_middle_costs_one_record(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        expected_warnings.append(f"journal {tmp_path}:")
        with opened(tmp_path) as (journal, _):
            positions = [journal.append("note", {"n": n}) for n in range(10)]
            file = segments.path_of(tmp_path, journal.end().segment)
        with file.open("r+b") as handle:
            handle.seek(positions[4].offset + 20)
            handle.write(b"\xff")
        with opened(tmp_path) as (journal, recovery):
            assert notes(journal) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
            assert recovery.damaged_bytes > 0

    def test_a_record_is_valid_in_its_own_place_only(self) -> None:
        data = segments.frame(segments.encode_body("note", {"n": 1}), 7, 100)
        assert segments.record_at(data, 7, 100, 100) is not None
        assert segments.record_at(data, 8, 100, 100) is None
        assert segments.record_at(data, 7, 101, 101) is None


class TestDiscard:
    def test_only_what_is_recorded_and_settled_goes(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            place = journal.end()
            payloads = [verdict(journal, count, pad="x" * 200) for count in range(300)]
            assert journal.discard_before(place) == 0
            for payload in payloads[150:]:
                ack(journal, payload)
            assert journal.discard_before(journal.end()) == 0  # the oldest segment holds an unsettled verdict
            for payload in payloads[:150]:
                ack(journal, payload)
            assert journal.discard_before(journal.end()) > 3
            assert len(segments.numbers(tmp_path)) <= 2  # the present one, and the prepared one

    def test_unsettled_verdicts_do_not_hold_segments_for_ever(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edge_inspector.outputs.journal.PINNED_MAX", 3)
        with opened(tmp_path) as (journal, _):
            for count in range(400):
                verdict(journal, count, pad="x" * 300)
            journal.discard_before(journal.end())
            assert len(segments.numbers(tmp_path)) <= 4
        with opened(tmp_path) as (_, recovery):
            assert 0 < len(recovery.unsettled) < 400


class TestTrouble:
    def test_a_second_process_is_refused(self, tmp_path: Path) -> None:
        with opened(tmp_path), pytest.raises(JournalError, match="in use by another process"):
            Journal(tmp_path).open()

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(JournalError, match=r"file/journal.*cannot be used"):
            Journal(tmp_path / "file" / "journal").open()

    def test_not_open(self, tmp_path: Path) -> None:
        with pytest.raises(JournalError, match="not open"):
            Journal(tmp_path).append("note", {})

    def test_close_twice(self, tmp_path: Path) -> None:
        with opened(tmp_path) as (journal, _):
            journal.close()

    def test_a_full_disk_is_told_and_survived(self, tmp_path: Path, expected_warnings: list[str]) -> None:
        """A file size limit below a segment's size: the present segment fills up, and no other can be made."""
        expected_warnings.append(f"journal folder {tmp_path} fails")
        faults: list[str | None] = []
        told, well = threading.Event(), threading.Event()

        def on_fault(fault: str | None) -> None:
            faults.append(fault)
            (told if fault else well).set()

        size = 1024 * 1024
        with opened(tmp_path, segment_bytes=size, on_fault=on_fault) as (journal, _):
            with file_size_limit(size // 2):
                written = 0
                with pytest.raises(JournalError, match=str(tmp_path)):
                    for written in range(100):
                        journal.append("note", {"n": written, "pad": "x" * 60_000})
                assert 5 < written < 20
                assert told.wait(10)
            journal.append("note", {"n": written, "pad": "x" * 60_000})
            assert well.wait(10)
            assert notes(journal) == list(range(written + 1))
            assert str(os.strerror(errno.EFBIG)) in str(faults[0])


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


WRITER = """
import sys
from pathlib import Path
from edge_inspector.outputs.journal import Journal
journal = Journal(Path(sys.argv[1]), segment_bytes=16384, reserve=20)
journal.open()
epoch = journal.start_epoch()
count = 0
while True:
    count += 1
    seq = journal.next_seq()
    sys.stdout.write(f"{epoch} {seq} use\\n")
    journal.append("verdict", {"message": {"epoch": epoch, "seq": seq, "trigger_count": count}, "pad": "x" * (count % 300)})
    sys.stdout.write(f"{epoch} {seq} done\\n")
    sys.stdout.flush()
"""


def test_kill_9_at_random_moments_loses_nothing_and_reuses_no_number(tmp_path: Path) -> None:
    moments = random.Random(5)
    used: list[int] = []
    appended: list[tuple[int, int]] = []
    epochs: list[int] = []
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(moments.randrange(2, 900))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        said = [(int(epoch), int(seq), word) for epoch, seq, word in (line.split() for line in lines if line.endswith("\n"))]
        used += [seq for _, seq, word in said if word == "use"]
        appended += [(epoch, seq) for epoch, seq, word in said if word == "done"]
        epochs.append(said[0][0])
    assert used == sorted(set(used))
    assert epochs == sorted(set(epochs))
    with opened(tmp_path) as (journal, recovery):
        kept = [(p["message"]["epoch"], p["message"]["seq"]) for _, kind, p in journal.read() if kind == "verdict"]
        assert set(appended) <= set(kept)
        assert kept == sorted(set(kept))
        assert recovery.next_seq > max(used)
        assert len(recovery.unsettled) == len(kept)


def test_a_body_is_plain_json() -> None:
    assert json.loads(segments.encode_body("note", {"n": 1})) == ["note", {"n": 1}]
