"""What the archive keeps when its room is used up: accepted parts go first, then the others, the oldest first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

PARTIAL = ".part"
ACCEPTED = "accepted"


@dataclass(frozen=True, order=True, slots=True)
class Kept:
    """The files of one part, all in one folder; ``age`` is its date and the time of writing, by which the oldest is found.

    There are as many of these as parts in the archive, so names are put together when they are wanted, and what many share is one object.
    """

    age: tuple[str, int]
    part_id: str
    folder: Path = field(compare=False)
    endings: tuple[str, ...] = field(compare=False)
    size: int = field(compare=False)

    @property
    def names(self) -> list[str]:
        """Of its files."""
        return [f"{self.part_id}{ending}" for ending in self.endings]


class Retention:
    """Counts the archive's bytes and removes the oldest parts above ``max_bytes``. Used by one thread."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._accepted: list[Kept] = []
        self._others: list[Kept] = []
        self._folders: dict[Path, Path] = {}
        self._endings: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.size = 0
        """Bytes counted so far."""

    def scan(self) -> Iterator[None]:
        """Count what earlier runs left, and remove their unfinished files; yields after each folder, so that other work need not wait."""
        for folder in sorted(path for path in self._root.glob("*/*") if path.is_dir()):
            if folder.is_dir():  # `evict` may have removed it while we were away
                for kept in _parts(folder):
                    self.add(kept)
            yield

    def add(self, kept: Kept) -> None:
        """Count a part's files."""
        folder, endings = self._folders.setdefault(kept.folder, kept.folder), self._endings.setdefault(kept.endings, kept.endings)
        heapq.heappush(self._accepted if folder.name == ACCEPTED else self._others, replace(kept, folder=folder, endings=endings))
        self.size += kept.size

    def evict(self) -> Iterator[str]:
        """Remove parts until the rest fits; yields the part_id of each. Raises OSError where a file cannot be removed."""
        while self.size > self._max_bytes and (self._accepted or self._others):
            shelf = self._accepted or self._others
            oldest = shelf[0]
            for name in oldest.names:
                (oldest.folder / name).unlink(missing_ok=True)
            heapq.heappop(shelf)
            self.size -= oldest.size
            _remove_if_empty(oldest.folder)
            yield oldest.part_id


def _parts(folder: Path) -> Iterator[Kept]:
    files: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for path in folder.iterdir():
        if path.name.endswith(PARTIAL):
            path.unlink(missing_ok=True)
            continue
        status = path.stat()
        files[path.name.split(".")[0]].append((path.name, status.st_size, status.st_mtime_ns))
    for part_id, found in files.items():
        age = (folder.parent.name, min(time for _, _, time in found))
        endings = tuple(name.removeprefix(part_id) for name, _, _ in found)
        yield Kept(age, part_id, folder, endings, sum(size for _, size, _ in found))


def _remove_if_empty(folder: Path) -> None:
    for path in (folder, folder.parent):
        if any(path.iterdir()):
            return
        path.rmdir()
