"""What the journal's records add up to: kept up to date while running, and built again from the files after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge_inspector.outputs.ranges import Ranges
from edge_inspector.outputs.segments import END, Record, numbers, path_of, scan

UNSETTLED_MAX = 100_000  # the newest that are kept for replay
Key = tuple[int, int]  # (epoch, seq)


@dataclass(slots=True)
class JournalState:
    """The sum of all records so far."""

    epoch: int = 0
    reserved: int = 0  # every seq up to it may have been used
    armed: dict[str, int] | None = None  # the last arm record: epoch, trigger_count (the base)
    verdicts: dict[int, Ranges] = field(default_factory=dict)  # epoch, the armed one or a later -> counts above the base with a verdict
    unsettled: dict[Key, int] = field(default_factory=dict)  # verdicts without an ack -> their segment, oldest first

    @property
    def counts(self) -> Ranges:
        """The trigger counts above the base that have a verdict.

        A later epoch than the armed one counts too: a start reports what passed in its absence in its own epoch, before it arms.
        """
        return Ranges(pair for ranges in self.verdicts.values() for pair in ranges.pairs())

    def apply(self, segment: int, kind: str, payload: dict[str, Any]) -> None:
        """Take one record in; kinds without a bearing on a restart are passed over."""
        if kind == "verdict":
            self._verdict(segment, payload)
        elif kind == "ack":
            self.unsettled.pop((payload["epoch"], payload["seq"]), None)
        elif kind == "epoch":
            self.epoch = max(self.epoch, payload["epoch"])
        elif kind == "reserve":
            self.reserved = max(self.reserved, payload["to"])
        elif kind == "arm":
            self._arm(payload)
        elif kind == "checkpoint":
            self._checkpoint(payload)

    def _verdict(self, segment: int, payload: dict[str, Any]) -> None:
        message = payload["message"]
        self.unsettled.pop((message["epoch"], payload.get("supersedes", -1)), None)
        self.unsettled[(message["epoch"], message["seq"])] = segment
        if len(self.unsettled) > UNSETTLED_MAX:
            self.unsettled.pop(next(iter(self.unsettled)))
        if self._after_base(message["epoch"], message["trigger_count"]):
            self.verdicts.setdefault(message["epoch"], Ranges()).add(message["trigger_count"])

    def _after_base(self, epoch: int, count: int) -> bool:
        return self.armed is None or (epoch >= self.armed["epoch"] and count > self.armed["trigger_count"])

    def _arm(self, payload: dict[str, Any]) -> None:
        epoch, base = payload["epoch"], payload["trigger_count"]
        self.armed = {"epoch": epoch, "trigger_count": base}
        # The PLC may have begun anew since an older epoch: its counts name other parts.
        self.verdicts = {found: ranges.above(base) for found, ranges in self.verdicts.items() if found >= epoch}

    def _checkpoint(self, payload: dict[str, Any]) -> None:
        self.epoch = max(self.epoch, payload["epoch"])
        self.reserved = max(self.reserved, payload["reserved"])
        self.armed = payload["armed"]
        self.verdicts = {}
        unnamed = self.armed["epoch"] if self.armed else payload["epoch"]  # earlier versions wrote no epoch beside a range
        for low, high, *named in payload["counts"]:
            self.verdicts.setdefault(named[0] if named else unnamed, Ranges()).add(low, high)

    def checkpoint(self) -> dict[str, Any]:
        """What a new segment begins with, so that older ones can be removed."""
        counts = [(low, high, epoch) for epoch, ranges in self.verdicts.items() for low, high in ranges.pairs()]
        return {"epoch": self.epoch, "reserved": self.reserved, "armed": self.armed, "counts": counts}


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the journal knew when it was opened.

    ``next_seq`` is greater than every sequence number ever used. ``unsettled`` are the payloads of verdict records that no gate
    acknowledged, oldest first. ``base`` is the trigger count of the last ``arm`` (None: never armed); ``counts`` the trigger counts
    after it that have a verdict. ``damaged_bytes`` lie between valid records and could not be read.
    """

    last_epoch: int
    next_seq: int
    unsettled: tuple[dict[str, Any], ...]
    base: int | None
    counts: Ranges
    damaged_bytes: int = 0

    def unaccounted(self, trigger_count: int) -> list[int]:
        """The triggers after the last arm, up to ``trigger_count`` inclusive, without a verdict; none where the line was never armed.

        A count below one that has a verdict belongs to a PLC that counts anew. Where it began again from 0 (at most half of what was
        known), all it has counted since passed unseen; where it did not, nobody knows which parts those were.
        """
        if self.base is None:
            return []
        known = max(self.base, self.counts.highest() or 0)
        if trigger_count < known:
            return list(range(1, trigger_count + 1)) if trigger_count <= known // 2 else []
        return list(self.counts.missing(self.base + 1, trigger_count))


@dataclass(slots=True)
class Scanned:
    """The result of reading all segments of a folder."""

    state: JournalState
    recovery: Recovery
    segments: list[int]  # with records in them
    empty: list[int]  # prepared and never used
    open_ends: list[tuple[int, int]]  # (segment, offset) of segments that lack their end record


def scan_folder(folder: Path) -> Scanned:
    """Read every segment. Raises OSError where a file cannot be read."""
    state, verdicts = JournalState(), dict[Key, dict[str, Any]]()
    found = Scanned(state, Recovery(0, 1, (), None, Ranges()), [], [], [])
    damaged = 0
    for segment in numbers(folder):
        records = list(scan(path_of(folder, segment).read_bytes(), segment))
        damaged += sum(after.start - before.after for before, after in pairwise(records))
        _place(found, segment, records)
        for record in records:
            state.apply(segment, record.kind, record.payload)
            if record.kind == "verdict":
                message = record.payload["message"]
                verdicts[(message["epoch"], message["seq"])] = record.payload
    found.recovery = Recovery(
        last_epoch=state.epoch,
        next_seq=state.reserved + 1,
        unsettled=tuple(verdicts[key] for key in state.unsettled),
        base=state.armed["trigger_count"] if state.armed else None,
        counts=state.counts,
        damaged_bytes=damaged,
    )
    return found


def _place(found: Scanned, segment: int, records: list[Record]) -> None:
    if not records:
        found.empty.append(segment)
        return
    found.segments.append(segment)
    if records[-1].kind != END:
        found.open_ends.append((segment, records[-1].after))
