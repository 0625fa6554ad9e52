"""What people ask of the result log: parts by time, verdict, outcome and recipe; counts; percentiles of the times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator
from sqlalchemy import ColumnElement, Connection, Engine, case, func, select, tuple_

from edge_inspector.records import Decision, Outcome, Reason
from edge_inspector.service import utc_text
from edge_inspector.settings.model import Settings
from edge_inspector.store.database import store_errors
from edge_inspector.store.schema import InspectionRow, RegionRow

PAGE = 500  # rows a query answers with unless more is asked for
TIMES = ("latency_ms", "engine_ms", "overhead_ms")
PERCENTILES = (("p50", 50.0), ("p95", 95.0), ("p99", 99.0), ("max", 100.0))
COLUMNS = tuple(column.name for column in InspectionRow.__table__.columns)
Part = dict[str, Any]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment


Moment = Annotated[datetime, AfterValidator(_aware)]


class Filter(Settings):
    """Which parts; None asks for all. Times are of the trigger (UTC where they name no zone), ``since`` included, ``until`` not.

    ``after`` and ``before`` are row ids, not included. ``recipe`` is a name, for any version of it, or ``name:version``.
    """

    since: Moment | None = None
    until: Moment | None = None
    verdict: Decision | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    recipe: str | None = None
    station: str | None = None
    epoch: int | None = None
    after: int | None = None
    before: int | None = None
    late: bool | None = None
    serial: str | None = None
    lot: str | None = None


ALL = Filter()


def history(engine: Engine, wanted: Filter = ALL, limit: int = PAGE, newest_first: bool = True) -> list[Part]:
    """Parts with their regions, as JSON holds them (times ISO 8601 in UTC). Raises StoreError.

    With ``newest_first``, the next page is ``before`` the last row's id; else ``after`` it.
    """
    order = InspectionRow.id.desc() if newest_first else InspectionRow.id
    statement = select(InspectionRow.__table__).where(*_tests(wanted)).order_by(order).limit(limit)
    with store_errors(engine.url), engine.connect() as connection:
        rows = [_part(row) for row in connection.execute(statement).mappings()]
        for start in range(0, len(rows), PAGE):
            _add_regions(connection, rows[start : start + PAGE])
    return rows


def part(engine: Engine, part_id: str) -> Part | None:
    """One part with its regions, or None. Raises StoreError."""
    with store_errors(engine.url), engine.connect() as connection:
        row = connection.scalar(select(InspectionRow.id).where(InspectionRow.part_id == part_id))
    return None if row is None else history(engine, Filter(after=row - 1, before=row + 1), 1)[0]


def pages(engine: Engine, wanted: Filter = ALL, size: int = PAGE) -> Iterator[list[Part]]:
    """All parts, oldest first, page by page; what is recorded meanwhile may be in the last. Raises StoreError."""
    after = wanted.after or 0
    while page := history(engine, wanted.model_copy(update={"after": after}), size, newest_first=False):
        yield page
        after = page[-1]["id"]


def counts(engine: Engine, wanted: Filter = ALL) -> dict[str, int]:
    """parts = accepted + rejected + missed; ``review`` is part of rejected, ``late`` of missed, ``acked`` of all. Raises StoreError."""
    row = InspectionRow
    columns = {
        "parts": func.count(),
        "accepted": _count_of(row.outcome == "accepted"),
        "rejected": _count_of(row.outcome == "rejected"),
        "missed": _count_of(row.outcome == "missed"),
        "review": _count_of(row.verdict == "review"),
        "late": _count_of(row.late.is_(True)),
        "acked": _count_of(row.acked.is_(True)),
    }
    statement = select(*(expression.label(name) for name, expression in columns.items())).select_from(row).where(*_tests(wanted))
    with store_errors(engine.url), engine.connect() as connection:
        return {name: int(value) for name, value in connection.execute(statement).mappings().one().items()}


def timings(engine: Engine, wanted: Filter = ALL) -> dict[str, dict[str, float]]:
    """p50, p95, p99 and max of ``latency_ms``, ``engine_ms`` and ``overhead_ms`` over the parts that the engine saw.

    0.0 throughout where there is no such part. Raises StoreError.
    """
    columns = (InspectionRow.latency_ms, InspectionRow.engine_ms, InspectionRow.overhead_ms)
    statement = select(*columns).where(InspectionRow.engine_ms.is_not(None), *_tests(wanted))
    with store_errors(engine.url), engine.connect() as connection:
        rows = connection.execute(statement).mappings().all()
    return {name: percentiles([row[name] for row in rows if row[name] is not None]) for name in TIMES}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 (linear interpolation) and max; 0.0 where there are no values."""
    if not values:
        return {name: 0.0 for name, _ in PERCENTILES}
    found = np.percentile(np.asarray(values, np.float64), [q for _, q in PERCENTILES])
    return {name: float(value) for (name, _), value in zip(PERCENTILES, found, strict=True)}


Test = ColumnElement[bool]


def _recipe_is(value: str) -> Test:
    column = InspectionRow.recipe
    return column == value if ":" in value else (column == value) | column.startswith(f"{value}:", autoescape=True)


_TESTS: dict[str, Callable[[Any], Test]] = {
    "since": lambda value: InspectionRow.triggered_utc >= value,
    "until": lambda value: InspectionRow.triggered_utc < value,
    "after": lambda value: InspectionRow.id > value,
    "before": lambda value: InspectionRow.id < value,
    "recipe": _recipe_is,
    "late": InspectionRow.late.is_,
    "station": lambda value: InspectionRow.station == value,
    "serial": lambda value: InspectionRow.serial == value,
    "lot": lambda value: InspectionRow.lot == value,
    "epoch": lambda value: InspectionRow.epoch == value,
    "verdict": lambda value: InspectionRow.verdict == value.value,
    "outcome": lambda value: InspectionRow.outcome == value.value,
    "reason": lambda value: InspectionRow.reason == value.value,
}


def _tests(wanted: Filter) -> list[Test]:
    asked = ((name, getattr(wanted, name)) for name in _TESTS)
    return [_TESTS[name](value) for name, value in asked if value is not None]


def _count_of(condition: Test) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _add_regions(connection: Connection, rows: Sequence[Part]) -> None:
    keys = [_key(row) for row in rows]
    here = tuple_(RegionRow.station, RegionRow.epoch, RegionRow.seq).in_(keys)
    found = defaultdict(list)
    for region in connection.execute(select(RegionRow.__table__).where(here).order_by(RegionRow.number)).mappings():
        found[_key(region)].append({name: region[name] for name in ("view", "x", "y", "w", "h", "area", "peak")})
    for row in rows:
        row["regions"] = found.get(_key(row), [])


def _key(row: Mapping[Any, Any]) -> tuple[str, int, int]:
    return row["station"], row["epoch"], row["seq"]


def _part(row: Mapping[Any, Any]) -> Part:
    return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in row.items()}
