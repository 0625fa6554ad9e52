"""What people say of inspected parts. It stands beside the machine's verdict, which stays as it left the line.

Every statement is kept; of a part the newest counts, and ``none`` withdraws what was said before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, ScalarSelect, Select, func, insert, select

from edge_inspector.errors import StateError
from edge_inspector.records import Outcome, PersonVerdict
from edge_inspector.service import utc_text
from edge_inspector.store import audit
from edge_inspector.store.database import store_errors
from edge_inspector.store.schema import InspectionRow, ReviewRow

PAGE = 500  # part ids a statement
Person = dict[str, Any]


def set_review(engine: Engine, part_id: str, verdict: PersonVerdict, by: str, note: str = "") -> None:
    """Put on record, and into the audit log, what ``by`` says of a part.

    Raises StateError for a part that is not on record, or whose outcome the verdict contradicts: ``false_reject`` is said of parts
    that were not accepted, ``escape`` of accepted ones. Raises StoreError.
    """
    now = datetime.now(timezone.utc)
    with store_errors(engine.url), engine.begin() as connection:
        outcome = connection.scalar(select(InspectionRow.outcome).where(InspectionRow.part_id == part_id))
        _check(part_id, outcome, verdict)
        before = newest(connection, [part_id]).get(part_id)
        row = {"part_id": part_id, "at_utc": now, "by": by, "verdict": verdict.value, "note": note}
        connection.execute(insert(ReviewRow), [row])
        detail = {"verdict": verdict.value, "before": before and before["verdict"], "outcome": outcome, "note": note}
        audit.add(connection, by, "review.set", part_id, detail)


def _check(part_id: str, outcome: str | None, verdict: PersonVerdict) -> None:
    if outcome is None:
        raise StateError(f"no part '{part_id}' is on record; a part is recorded a moment after its verdict has left")
    accepted = outcome == Outcome.ACCEPTED.value
    if verdict is PersonVerdict.FALSE_REJECT and accepted:
        raise StateError(f"part {part_id} was accepted: it is no false reject; a bad part that was accepted is an escape")
    if verdict is PersonVerdict.ESCAPE and not accepted:
        raise StateError(f"part {part_id} was {outcome}: it is no escape; a good part that was not accepted is a false reject")


def newest(connection: Connection, part_ids: Sequence[str]) -> dict[str, Person]:
    """What counts for each of the parts that somebody has judged: verdict, by, at_utc, note, as JSON holds them."""
    found: dict[str, Person] = {}
    for start in range(0, len(part_ids), PAGE):
        wanted = _counting().where(ReviewRow.part_id.in_(part_ids[start : start + PAGE]))
        for row in connection.execute(wanted):
            found[row.part_id] = {"verdict": row.verdict, "by": row.by, "at_utc": utc_text(row.at_utc), "note": row.note}
    return found


def judged_as(verdict: PersonVerdict) -> ColumnElement[bool]:
    """For a query of inspections: the parts of which somebody says that; ``none``: of which nobody says anything."""
    if verdict is PersonVerdict.NONE:
        return InspectionRow.part_id.not_in(_counting().with_only_columns(ReviewRow.part_id))
    return InspectionRow.part_id.in_(_counting().with_only_columns(ReviewRow.part_id).where(ReviewRow.verdict == verdict.value))


def verdict_of_part() -> ScalarSelect[str]:
    """For a query of inspections: what somebody says of the part, a column that may be NULL."""
    here = select(ReviewRow.verdict).where(ReviewRow.part_id == InspectionRow.part_id)
    return here.order_by(ReviewRow.id.desc()).limit(1).correlate(InspectionRow).scalar_subquery()


def _counting() -> Select[str, str, str, datetime, str]:
    """The newest row of each part, unless it withdraws."""
    last = select(func.max(ReviewRow.id)).group_by(ReviewRow.part_id)
    columns = (ReviewRow.part_id, ReviewRow.verdict, ReviewRow.by, ReviewRow.at_utc, ReviewRow.note)
    return select(*columns).where(ReviewRow.id.in_(last), ReviewRow.verdict != PersonVerdict.NONE.value)
