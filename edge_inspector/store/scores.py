"""Stored scores with what people say of the parts: what thresholds are tuned on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from edge_inspector.records import Outcome, PersonVerdict
from edge_inspector.store.database import store_errors
from edge_inspector.store.queries import Filter, conditions
from edge_inspector.store.reviews import verdict_of_part
from edge_inspector.store.schema import InspectionRow, RegionRow

Truth = Literal["good", "bad", ""]
Part = dict[str, Any]


def scores(engine: Engine, last: int, recipe: str | None = None) -> tuple[str, list[Part]]:
    """The model of the newest part that has a score, and the ``last`` parts it has scored, oldest first; "" where there is none.

    Only one model's: another's scores mean something else. ``recipe`` is a name or ``name:version``, None for all. A part has part_id,
    score, area (of its largest region in pixels, 0 where none), truth (see `truth`), verdict, outcome and recipe, the ``name:version``
    whose rules gave score and area. Raises StoreError.
    """
    wanted = [InspectionRow.score.is_not(None), *conditions(Filter(recipe=recipe))]
    newest = select(InspectionRow.model).where(*wanted).order_by(InspectionRow.id.desc()).limit(1)
    with store_errors(engine.url), engine.connect() as connection:
        model = connection.scalar(newest)
        if model is None:
            return "", []
        return model, _parts(connection, [*wanted, InspectionRow.model == model], last)


def _parts(connection: Connection, wanted: Sequence[ColumnElement[bool]], last: int) -> list[Part]:
    row, region = InspectionRow, RegionRow
    here = (region.station == row.station, region.epoch == row.epoch, region.seq == row.seq)
    area = select(func.max(region.area)).where(*here).correlate(row).scalar_subquery()
    columns = (row.part_id, row.score, row.verdict, row.outcome, row.recipe, area.label("area"), verdict_of_part().label("said"))
    found = connection.execute(select(*columns).where(*wanted).order_by(row.id.desc()).limit(last)).all()
    return [
        {
            "part_id": part.part_id,
            "score": part.score,
            "area": part.area or 0.0,
            "truth": truth(part.outcome, part.said),
            "verdict": part.verdict,
            "outcome": part.outcome,
            "recipe": part.recipe,
        }
        for part in reversed(found)
    ]


def truth(outcome: str, said: str | None) -> Truth:
    """What a part is, by a person's word on its outcome. A confirmed miss says nothing: it was missed, whatever it is."""
    if said == PersonVerdict.FALSE_REJECT.value:
        return "good"
    if said == PersonVerdict.ESCAPE.value:
        return "bad"
    if said == PersonVerdict.CONFIRM.value and outcome != Outcome.MISSED.value:
        return "good" if outcome == Outcome.ACCEPTED.value else "bad"
    return ""
