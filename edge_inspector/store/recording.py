"""Copy journal entries into the tables: pure SQL inside the caller's transaction; whatever is copied twice is recorded once.

What cannot be recorded as it stands (an entry of an unknown form, two parts under one number) goes into the audit log whole: nothing is
lost, and nothing keeps later parts from being recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, cast

from sqlalchemy import Connection, Delete, Table, Update, and_, bindparam, delete, insert, select, tuple_, update

from edge_inspector.store.schema import AuditRow, EpochRow, InspectionRow, JournalPositionRow, RegionRow
from edge_inspector.wire.messages import VerdictMessage

Payload = Mapping[str, Any]
Entry = tuple[str, Payload]  # kind, payload
Row = dict[str, Any]
Key = tuple[str, int, int]  # station, epoch, seq
NS_PER_MS = 1e6
INSPECTIONS = cast(Table, InspectionRow.__table__)
THIS_VERDICT = and_(INSPECTIONS.c.station == bindparam("s"), INSPECTIONS.c.epoch == bindparam("e"), INSPECTIONS.c.seq == bindparam("q"))
MESSAGE_COLUMNS = set(VerdictMessage.model_fields) & {column.name for column in INSPECTIONS.columns}


@dataclass(slots=True)
class Batch:
    """The rows that a group of entries makes."""

    station: str
    now: datetime
    epochs: dict[tuple[str, int], int | None] = field(default_factory=dict)  # (station, epoch) -> base of its last arm, if any
    verdicts: list[Row] = field(default_factory=list)
    regions: dict[Key, list[Row]] = field(default_factory=dict)
    superseded: list[Row] = field(default_factory=list)
    sent: list[Row] = field(default_factory=list)
    acks: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    told: list[Row] = field(default_factory=list)  # serial and lot
    fired: list[Row] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)

    def note(self, action: str, subject: str, detail: Payload) -> None:
        """One row for the audit log."""
        self.audit.append({"at_utc": self.now, "actor": "recorder", "action": action, "subject": subject, "detail": dict(detail)})

    def supersede(self, row: Row, seq: int) -> None:
        """``row`` stands in for the same part's verdict of number ``seq``, which never left the line."""
        self.verdicts = [r for r in self.verdicts if _key(r) != (row["station"], row["epoch"], seq)]
        self.superseded.append({"s": row["station"], "e": row["epoch"], "q": seq, "p": row["part_id"]})


def record(connection: Connection, station: str, entries: Iterable[Entry], now: datetime) -> tuple[int, int]:
    """Copy ``entries``, in the order of the journal. Returns (verdicts newly recorded, entries that went to the audit log)."""
    batch = Batch(station, now)
    for kind, payload in entries:
        _sort_in(batch, kind, payload)
    _execute(connection, delete(INSPECTIONS).where(THIS_VERDICT, INSPECTIONS.c.part_id == bindparam("p")), batch.superseded)
    new = _unrecorded(connection, batch)
    _write_epochs(connection, batch)
    _insert(connection, InspectionRow, new)
    _insert(connection, RegionRow, [region for row in new for region in batch.regions[_key(row)]])
    times: dict[str, Any] = {"latency_ms": bindparam("latency_ms"), "overhead_ms": bindparam("overhead_ms")}
    _execute(connection, update(INSPECTIONS).where(THIS_VERDICT).values(times), batch.sent)
    _execute(connection, update(INSPECTIONS).where(THIS_VERDICT).values(acked=True), batch.acks)
    _execute(connection, update(INSPECTIONS).where(INSPECTIONS.c.part_id == bindparam("p")), batch.files)
    for rows in (batch.told, batch.fired):
        _execute(connection, update(INSPECTIONS).where(INSPECTIONS.c.part_id == bindparam("p")), rows)
    _insert(connection, AuditRow, batch.audit)
    return len(new), len(batch.audit)


def quarantine(connection: Connection, station: str, entry: Entry, problem: str, now: datetime) -> None:
    """Put one entry that the tables refuse into the audit log."""
    batch = Batch(station, now)
    batch.note("journal.refused", station, {"problem": problem, "kind": entry[0], "payload": dict(entry[1])})
    _insert(connection, AuditRow, batch.audit)


def load_place(connection: Connection, station: str) -> tuple[int, int] | None:
    """(segment, offset) up to where the station's journal is recorded; None where nothing of it is."""
    row = connection.execute(
        select(JournalPositionRow.segment, JournalPositionRow.offset).where(JournalPositionRow.station == station)
    ).first()
    return None if row is None else (row.segment, row.offset)


def save_place(connection: Connection, station: str, segment: int, offset: int) -> None:
    """Remember up to where the journal is recorded; in the transaction that recorded it."""
    values = {"segment": segment, "offset": offset}
    changed = connection.execute(update(JournalPositionRow).where(JournalPositionRow.station == station).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(JournalPositionRow).values(station=station, **values))


def _sort_in(batch: Batch, kind: str, payload: Payload) -> None:
    sorter = SORTERS.get(kind)
    if sorter is None:
        return  # `reserve` and what a newer journal may hold: nothing to record
    try:
        sorter(batch, payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        batch.note("journal.unreadable", batch.station, {"problem": repr(error), "kind": kind, "payload": dict(payload)})


def _sort_epoch(batch: Batch, payload: Payload) -> None:
    batch.epochs.setdefault((batch.station, int(payload["epoch"])), None)


def _sort_arm(batch: Batch, payload: Payload) -> None:
    batch.epochs[batch.station, int(payload["epoch"])] = int(payload["trigger_count"])


def _sort_ack(batch: Batch, payload: Payload) -> None:
    batch.acks.append({"s": batch.station, "e": int(payload["epoch"]), "q": int(payload["seq"])})


def _sort_sent(batch: Batch, payload: Payload) -> None:
    key = {"s": batch.station, "e": int(payload["epoch"]), "q": int(payload["seq"])}
    batch.sent.append(key | {"latency_ms": _ms(payload, "latency_ns"), "overhead_ms": _ms(payload, "overhead_ns")})


def _sort_archived(batch: Batch, payload: Payload) -> None:
    batch.files.append({"p": str(payload["part_id"]), "archive": [str(path) for path in payload["paths"]]})


def _sort_part(batch: Batch, payload: Payload) -> None:
    batch.told.append(_part(batch, payload) | {"serial": str(payload["serial"]), "lot": str(payload["lot"])})


def _sort_fired(batch: Batch, payload: Payload) -> None:
    batch.fired.append(_part(batch, payload) | {"fired_utc": _utc(str(payload["fired_utc"]))})


def _part(batch: Batch, payload: Payload) -> Row:
    return {"p": f"{batch.station}-{int(payload['epoch'])}-{int(payload['trigger_count'])}"}


def _sort_verdict(batch: Batch, payload: Payload) -> None:
    message = VerdictMessage.model_validate(payload["message"])
    row = message.model_dump(mode="json", include=MESSAGE_COLUMNS)
    row |= {
        "triggered_utc": _utc(message.triggered_utc),
        "recorded_utc": batch.now,
        "camera": str(payload.get("camera", "")),
        "engine_ms": _ms(payload, "engine_ns"),
        "latency_ms": _ms(payload, "latency_ns"),
        "overhead_ms": _ms(payload, "overhead_ns"),
        "acked": False,
        "detail": str(payload.get("detail", "")),
        "archive": list(payload.get("archive") or ()),
        "serial": str(payload.get("serial", "")),
        "lot": str(payload.get("lot", "")),
        "fired_utc": None,
    }
    regions = [_region(row, number, region) for number, region in enumerate(payload.get("regions") or ())]
    batch.epochs.setdefault((row["station"], row["epoch"]), None)
    if "supersedes" in payload:
        batch.supersede(row, int(payload["supersedes"]))
    batch.verdicts.append(row)
    batch.regions.setdefault(_key(row), regions)


SORTERS: dict[str, Callable[[Batch, Payload], None]] = {
    "epoch": _sort_epoch,
    "arm": _sort_arm,
    "verdict": _sort_verdict,
    "sent": _sort_sent,
    "ack": _sort_ack,
    "archived": _sort_archived,
    "part": _sort_part,
    "fired": _sort_fired,
}


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)  # Python 3.10 does not read the Z


def _region(row: Row, number: int, region: Payload) -> Row:
    place = {name: int(region[name]) for name in ("x", "y", "w", "h")}
    key = {"station": row["station"], "epoch": row["epoch"], "seq": row["seq"], "number": number}
    return key | place | {"view": int(region.get("view", 0)), "area": float(region["area"]), "peak": float(region["peak"])}


def _ms(payload: Payload, key: str) -> float | None:
    """ns to ms; 0 is how the line says that there was none."""
    value = payload.get(key) or 0
    return value / NS_PER_MS if value else None


def _key(row: Row) -> Key:
    return row["station"], row["epoch"], row["seq"]


def _unrecorded(connection: Connection, batch: Batch) -> list[Row]:
    """The verdicts that are not in the tables yet; one that contradicts a recorded one is noted for the audit log."""
    recorded = _recorded(connection, batch.verdicts)
    parts = {part: key for key, part in recorded.items()}
    new = []
    for row in batch.verdicts:
        key, part = _key(row), row["part_id"]
        if recorded.get(key) == part or _outdated(key, parts.get(part)):
            continue  # read again after a crash
        if key in recorded or part in parts:
            batch.note("journal.conflict", part, {"recorded": str(parts.get(part, recorded.get(key))), "row": _text(row)})
            continue
        recorded[key], parts[part] = part, key
        new.append(row)
    return new


def _outdated(key: Key, recorded: Key | None) -> bool:
    """Whether the part is recorded under a later number of the same epoch: the one that superseded this."""
    return recorded is not None and recorded[:2] == key[:2] and recorded[2] > key[2]


def _text(row: Row) -> dict[str, str]:
    return {column: str(value) for column, value in row.items()}


def _recorded(connection: Connection, rows: Sequence[Row]) -> dict[Key, str]:
    """The recorded verdicts that share number or part with one of ``rows``."""
    if not rows:
        return {}
    columns = select(InspectionRow.station, InspectionRow.epoch, InspectionRow.seq, InspectionRow.part_id)
    keys = tuple_(InspectionRow.station, InspectionRow.epoch, InspectionRow.seq).in_([_key(row) for row in rows])
    parts = InspectionRow.part_id.in_([row["part_id"] for row in rows])
    # Two queries: each uses its own index, which SQLite's planner does not do for an OR with row values.
    found = [*connection.execute(columns.where(keys)), *connection.execute(columns.where(parts))]
    return {(row.station, row.epoch, row.seq): row.part_id for row in found}


def _write_epochs(connection: Connection, batch: Batch) -> None:
    if not batch.epochs:
        return
    known = select(EpochRow.station, EpochRow.epoch).where(EpochRow.epoch.in_({epoch for _, epoch in batch.epochs}))
    missing = set(batch.epochs) - {(row.station, row.epoch) for row in connection.execute(known)}
    _insert(connection, EpochRow, [_epoch_row(batch, station, epoch) for station, epoch in sorted(missing)])
    for (station, epoch), base in batch.epochs.items():
        if base is not None:
            here = (EpochRow.station == station, EpochRow.epoch == epoch)
            connection.execute(update(EpochRow).where(*here).values(base_trigger_count=base))


def _epoch_row(batch: Batch, station: str, epoch: int) -> Row:
    return {"station": station, "epoch": epoch, "recorded_utc": batch.now, "base_trigger_count": None}


def _insert(connection: Connection, table: type[Any], rows: list[Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _execute(connection: Connection, statement: Update | Delete, rows: list[Row]) -> None:
    if rows:
        connection.execute(statement, rows)
