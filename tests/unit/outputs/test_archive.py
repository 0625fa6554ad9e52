from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from edge_inspector.errors import ImageError, JournalError, StoreError
from edge_inspector.images import decode
from edge_inspector.outputs.archive import Archive, decode_map, encode_map
from edge_inspector.records import Outcome
from edge_inspector.settings.station import ArchiveSettings
from tests.unit.outputs.parts import anomaly_map, image, sent
from tests.unit.outputs.sink import Conditions

Told = list[tuple[str, list[str]]]
Make = Callable[..., Archive]


@pytest.fixture
def conditions() -> Conditions:
    return Conditions()


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def make(tmp_path: Path, conditions: Conditions, told: Told) -> Iterator[Make]:
    made: list[Archive] = []

    def make(
        archived: Callable[[str, list[str]], object] = lambda *entry: told.append(entry), queue: int = 32, **settings: float
    ) -> Archive:
        archive = Archive(ArchiveSettings.model_validate({"path": tmp_path / "archive", **settings}), conditions, archived, queue)
        made.append(archive)
        return archive

    yield make
    for archive in made:
        archive.stop(5.0)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_keeps_image_and_map_losslessly(make: Make, tmp_path: Path, told: Told) -> None:
    archive = make()
    archive.start()
    grey = image(1, channels=1)
    archive.put(sent(1, images=(image(0),)))
    archive.put(sent(2, Outcome.MISSED, images=(grey, image(2)), day="2026-01-03"))
    archive.stop(5.0)
    root = tmp_path / "archive"
    paths = [
        "2026-01-02/rejected/line1-7-1.map.png",
        "2026-01-02/rejected/line1-7-1.png",
        "2026-01-03/missed/line1-7-2.1.map.png",
        "2026-01-03/missed/line1-7-2.1.png",
        "2026-01-03/missed/line1-7-2.map.png",
        "2026-01-03/missed/line1-7-2.png",
    ]
    assert files(root) == paths
    assert [(part_id, sorted(kept)) for part_id, kept in told] == [("line1-7-1", paths[:2]), ("line1-7-2", paths[2:])]
    np.testing.assert_array_equal(decode(root / paths[1]), image(0))
    np.testing.assert_array_equal(decode(root / paths[5]), grey)
    np.testing.assert_allclose(decode_map((root / paths[0]).read_bytes()), anomaly_map(), atol=1 / 131070)
    assert (archive.written, archive.dropped) == (2, 0)


WANTED: dict[str, tuple[dict[str, int], list[int]]] = {
    "rejects and every fourth accept": ({"accepts_every": 4}, [1, 5, 9, 10]),
    "no accepts": ({"accepts_every": 0}, [9, 10]),
    "no rejects": ({"accepts_every": 100, "rejects": 0}, [1]),
}


@pytest.mark.parametrize("name", WANTED)
def test_keeps_what_the_settings_say(make: Make, tmp_path: Path, name: str) -> None:
    settings, expected = WANTED[name]
    archive = make(**settings)
    archive.start()
    for seq in range(1, 9):
        archive.put(sent(seq, Outcome.ACCEPTED))
    archive.put(sent(9, Outcome.REJECTED))
    archive.put(sent(10, Outcome.MISSED))
    archive.put(sent(11, Outcome.MISSED, images=(None,)))  # nothing to keep of it
    archive.stop(5.0)
    assert sorted({int(f.split("-")[-1].split(".")[0]) for f in files(tmp_path / "archive")}) == expected


def test_a_part_with_a_missing_view_keeps_the_others(make: Make, tmp_path: Path) -> None:
    archive = make()
    archive.start()
    archive.put(sent(1, Outcome.MISSED, images=(None, image())))
    archive.stop(5.0)
    assert files(tmp_path / "archive") == ["2026-01-02/missed/line1-7-1.1.png"]


def test_the_oldest_go_first_and_accepted_ones_before_others(make: Make, tmp_path: Path, told: Told) -> None:
    archive = make(accepts_every=1, max_gb=20_000e-9)  # room for some six parts of 3 kB
    archive.start()
    for seq in range(1, 4):
        archive.put(sent(seq, Outcome.ACCEPTED))
    for seq in range(4, 12):
        archive.put(sent(seq, day=f"2026-01-{seq:02d}"))
    archive.stop(5.0)
    kept = files(tmp_path / "archive")
    assert sum((tmp_path / "archive" / name).stat().st_size for name in kept) <= 20_000
    assert not any("accepted" in name for name in kept)
    days = sorted({name[:10] for name in kept})
    assert days == [f"2026-01-{day:02d}" for day in range(12 - len(days), 12)]
    assert sorted(p.name for p in (tmp_path / "archive").iterdir()) == days  # empty folders are gone too
    gone = [part_id for part_id, paths in told if not paths]
    assert gone[:3] == ["line1-7-1", "line1-7-2", "line1-7-3"]
    assert len(gone) + len(kept) // 2 == 11


def test_what_earlier_runs_left_counts_and_unfinished_files_go(make: Make, tmp_path: Path, told: Told) -> None:
    first = make(accepts_every=1)
    first.start()
    for seq in range(1, 5):
        first.put(sent(seq, Outcome.ACCEPTED))
    first.stop(5.0)
    (tmp_path / "archive/2026-01-02/accepted/.line1-7-9.png.part").write_bytes(b"half")
    told.clear()
    second = make(max_gb=8_000e-9)
    second.start()
    second.put(sent(5))
    second.stop(5.0)
    assert [part_id for part_id, paths in told if not paths][:2] == ["line1-7-1", "line1-7-2"]
    left = files(tmp_path / "archive")
    assert "2026-01-02/rejected/line1-7-5.png" in left
    assert not any(name.endswith(".part") for name in left)


def test_a_full_queue_drops_the_new_part_and_says_so(make: Make, conditions: Conditions, told: Told) -> None:
    hold = threading.Event()
    held = threading.Event()

    def slow(part_id: str, paths: list[str]) -> None:
        held.set()
        hold.wait(10.0)
        told.append((part_id, paths))

    archive = make(slow, queue=2)
    archive.start()
    archive.put(sent(1))
    assert held.wait(5.0)
    for seq in range(2, 6):
        archive.put(sent(seq))
    assert archive.dropped == 2
    assert "2 parts wait" in conditions.active["archive_queue"]
    hold.set()
    conditions.wait_for("archive_queue", active=False)
    archive.stop(5.0)
    assert [part_id for part_id, _ in told] == ["line1-7-1", "line1-7-2", "line1-7-3"]


def test_a_full_disk_is_a_condition_until_there_is_room(
    make: Make, tmp_path: Path, conditions: Conditions, expected_warnings: list[str]
) -> None:
    expected_warnings.append("part line1-7-1: archive: ")
    archive = make()
    archive.start()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # each file beyond 1000 bytes fails (EFBIG), as it would on a full disk
    try:
        archive.put(sent(1))
        conditions.wait_for("archive")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "line1-7-1 could not be archived" in conditions.active["archive"]
    assert files(tmp_path / "archive") == []
    archive.put(sent(2))
    conditions.wait_for("archive", active=False)
    archive.stop(5.0)
    assert files(tmp_path / "archive") == ["2026-01-02/rejected/line1-7-2.map.png", "2026-01-02/rejected/line1-7-2.png"]
    assert (archive.written, archive.dropped) == (1, 1)


def test_what_the_journal_did_not_take_is_told_with_the_next_part(
    make: Make, told: Told, conditions: Conditions, expected_warnings: list[str]
) -> None:
    expected_warnings.append("part line1-7-1: archive: its files are written but not on record")
    refuse = [True]

    def journal(part_id: str, paths: list[str]) -> None:
        if refuse.pop() if refuse else False:
            raise JournalError("disk full")
        told.append((part_id, paths))

    archive = make(journal)
    archive.start()
    archive.put(sent(1))
    conditions.wait_for("archive")
    archive.put(sent(2))
    archive.stop(5.0)
    assert [part_id for part_id, _ in told] == ["line1-7-1", "line1-7-2"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, conditions: Conditions) -> None:
    (tmp_path / "file").write_text("")
    archive = Archive(ArchiveSettings(path=tmp_path / "file" / "archive"), conditions, lambda *_: None)
    with pytest.raises(StoreError, match=r"file/archive.*archive\.path"):
        archive.start()
    archive.stop(1.0)


MAPS = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(0, 1, width=32))


@given(MAPS)
def test_a_map_comes_back(values: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(decode_map(encode_map(values)), values, atol=1 / 131070 + 1e-7)


def test_what_is_no_number_is_written_as_one() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 7.0, -7.0]], np.float32)
    assert decode_map(encode_map(values)).tolist() == [[1.0, 1.0, 0.0, 1.0, 0.0]]


@pytest.mark.parametrize("data", [b"", b"nonsense"])
def test_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="not an archived map"):
        decode_map(data)
