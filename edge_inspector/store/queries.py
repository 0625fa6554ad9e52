"""What people ask of the result log: parts by time, verdict, outcome and recipe; counts; percentiles of the times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, Connection, Engine, Select, case, exists, func, select, true, tuple_, union_all
from sqlalchemy.orm import aliased

from edge_inspector.records import Decision, Outcome, PersonVerdict, Reason
from edge_inspector.service import utc_text
from edge_inspector.settings.model import Settings
from edge_inspector.store import reviews
from edge_inspector.store.database import store_errors
from edge_inspector.store.schema import InspectionRow, RegionRow

PAGE = 500  # rows a query answers with unless more is asked for
SLACK = 10_000  # parts: so many may the order of recording differ from that of the triggers (several lines, a clock set back)
TIMES = ("latency_ms", "engine_ms", "overhead_ms")
PERCENTILES = (("p50", 50.0), ("p95", 95.0), ("p99", 99.0), ("max", 100.0))
COLUMNS = tuple(column.name for column in InspectionRow.__table__.columns)
Part = dict[str, Any]
Test = ColumnElement[bool]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment


Moment = Annotated[datetime, AfterValidator(_aware)]


class Filter(Settings):
    """Which parts; None asks for all. Times are of the trigger (UTC where they name no zone), ``since`` included, ``until`` not.

    ``after`` and ``before`` are row ids, not included. ``recipe`` is a name, for any version of it, or ``name:version``.
    ``outcomes``: one of these. ``area_min`` and ``area_max``, both included, are of the part's largest region in pixels of the camera
    image, 0 where it has none. ``borderline``: the score is at most so far from its threshold, as a share of the threshold.
    ``person``: what a person says of the part; ``none`` is what nobody has judged yet.
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
    outcomes: tuple[Outcome, ...] | None = None
    area_min: Annotated[float, Field(ge=0.0)] | None = None
    area_max: Annotated[float, Field(ge=0.0)] | None = None
    borderline: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    person: PersonVerdict | None = None


ALL = Filter()


def history(engine: Engine, wanted: Filter = ALL, limit: int = PAGE, newest_first: bool = True) -> list[Part]:
    """Parts with their ``regions`` and what a ``person`` says of them (None, or verdict, by, at_utc, note), as JSON holds them (times
    ISO 8601 in UTC). Raises StoreError.

    With ``newest_first``, the next page is ``before`` the last row's id; else ``after`` it. Whatever else is asked, no row outside
    ``since`` and ``until`` is looked at, but for ``SLACK`` of them; a query without them may walk the whole history for its rows.
    """
    with store_errors(engine.url), engine.connect() as connection:
        rows = [_part(row) for row in connection.execute(page(wanted, limit, newest_first)).mappings()]
        for start in range(0, len(rows), PAGE):
            _add_regions(connection, rows[start : start + PAGE])
        said = reviews.newest(connection, [row["part_id"] for row in rows])
    return [row | {"person": said.get(row["part_id"])} for row in rows]


def page(wanted: Filter, limit: int, newest_first: bool = True) -> Select[Any]:
    """The statement of one page of inspections, all columns, in the order of their ids."""
    tests = [*conditions(wanted), *_span(wanted)]
    if wanted.outcomes and len(wanted.outcomes) > 1:  # in one statement SQLite would sort all parts of these outcomes
        others = [*conditions(wanted.model_copy(update={"outcomes": None})), *_span(wanted)]
        each = (_ids(others, outcome, limit, newest_first).subquery() for outcome in dict.fromkeys(wanted.outcomes))
        tests = [InspectionRow.id.in_(union_all(*(select(ids.c.id) for ids in each)))]
    return select(InspectionRow.__table__).where(*tests).order_by(_order(newest_first)).limit(limit)


def _ids(tests: Sequence[Test], outcome: Outcome, limit: int, newest_first: bool) -> Select[int]:
    return select(InspectionRow.id).where(InspectionRow.outcome == outcome.value, *tests).order_by(_order(newest_first)).limit(limit)


def _order(newest_first: bool) -> ColumnElement[int]:
    return InspectionRow.id.desc() if newest_first else InspectionRow.id.asc()


def _span(wanted: Filter) -> list[Test]:
    """Between which row ids the parts of that time lie: a page is read in the order of ids, and would not stop at a time."""
    row, found = aliased(InspectionRow), []
    if wanted.since is not None:
        first = select(row.id).where(row.triggered_utc >= wanted.since).order_by(row.triggered_utc).limit(SLACK).subquery()
        found.append(InspectionRow.id >= select(func.min(first.c.id)).scalar_subquery())
    if wanted.until is not None:
        last = select(row.id).where(row.triggered_utc < wanted.until).order_by(row.triggered_utc.desc()).limit(SLACK).subquery()
        found.append(InspectionRow.id <= select(func.max(last.c.id)).scalar_subquery())
    return found


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
    acked = {"acked": _count_of(InspectionRow.acked.is_(True))}
    with store_errors(engine.url), engine.connect() as connection:
        return _counted(connection, {**_outcomes(), **acked}, wanted)


def hours(engine: Engine, count: int, now: datetime) -> list[Part]:
    """parts, accepted, rejected, missed, review and late of the last ``count`` hours of the clock, the running one included.

    Oldest first, each with its beginning ``hour_utc``; hours without parts are left out. Raises StoreError.
    """
    running = now.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
    begins = [running - timedelta(hours=back) for back in range(count - 1, -1, -1)]
    with store_errors(engine.url), engine.connect() as connection:
        # An hour a query: each reads its own stretch of the index by time, in any SQL
        found = [(hour, _counted(connection, _outcomes(), Filter(since=hour, until=hour + timedelta(hours=1)))) for hour in begins]
    return [{"hour_utc": utc_text(hour), **counted} for hour, counted in found if counted["parts"]]


def _outcomes() -> dict[str, ColumnElement[int]]:
    row = InspectionRow
    return {
        "parts": func.count(),
        "accepted": _count_of(row.outcome == "accepted"),
        "rejected": _count_of(row.outcome == "rejected"),
        "missed": _count_of(row.outcome == "missed"),
        "review": _count_of(row.verdict == "review"),
        "late": _count_of(row.late.is_(True)),
    }


def _counted(connection: Connection, columns: Mapping[str, ColumnElement[int]], wanted: Filter) -> dict[str, int]:
    labelled = (expression.label(name) for name, expression in columns.items())
    statement = select(*labelled).select_from(InspectionRow).where(*conditions(wanted))
    return {name: int(value) for name, value in connection.execute(statement).mappings().one().items()}


def timings(engine: Engine, wanted: Filter = ALL) -> dict[str, dict[str, float]]:
    """p50, p95, p99 and max of ``latency_ms``, ``engine_ms`` and ``overhead_ms`` over the parts that the engine saw.

    0.0 throughout where there is no such part. Raises StoreError.
    """
    columns = (InspectionRow.latency_ms, InspectionRow.engine_ms, InspectionRow.overhead_ms)
    statement = select(*columns).where(InspectionRow.engine_ms.is_not(None), *conditions(wanted))
    with store_errors(engine.url), engine.connect() as connection:
        rows = connection.execute(statement).mappings().all()
    return {name: percentiles([row[name] for row in rows if row[name] is not None]) for name in TIMES}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 (linear interpolation) and max; 0.0 where there are no values."""
    if not values:
        return {name: 0.0 for name, _ in PERCENTILES}
    found = np.percentile(np.asarray(values, np.float64), [q for _, q in PERCENTILES])
    return {name: float(value) for (name, _), value in zip(PERCENTILES, found, strict=True)}


def _recipe_is(value: str) -> Test:
    column = InspectionRow.recipe
    return column == value if ":" in value else (column == value) | column.startswith(f"{value}:", autoescape=True)


def _has_region(test: Test) -> Test:
    """The parts with a region of that kind; each part's regions are looked up, never those of the parts that were not asked for."""
    row, region = InspectionRow, RegionRow
    here = (region.station == row.station, region.epoch == row.epoch, region.seq == row.seq, test)
    return exists().where(*here).correlate(row)


def _near_threshold(share: float) -> Test:
    return func.abs(InspectionRow.score - InspectionRow.threshold) <= share * InspectionRow.threshold


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
    "outcomes": lambda values: InspectionRow.outcome.in_([value.value for value in values]),
    "area_min": lambda value: _has_region(RegionRow.area >= value) if value > 0 else true(),
    "area_max": lambda value: ~_has_region(RegionRow.area > value),
    "borderline": _near_threshold,
    "person": reviews.judged_as,
}


def conditions(wanted: Filter) -> list[Test]:
    """The conditions of a query of inspections that the filter means."""
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
