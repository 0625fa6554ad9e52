"""What a person says of a part that has its verdict. The verdict stays as it left the line; the audit log holds both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from edge_inspector.errors import SettingsError, StateError
from edge_inspector.records import Decision
from edge_inspector.store import audit, queries

DECISIONS = (Decision.ACCEPT.value, Decision.REJECT.value)


def confirm_part(database: Engine, person: str, part_id: str, decision: str, note: str) -> dict[str, Any]:
    """Put on record that ``person`` finds the part to accept or to reject; a reviewed part counts as rejected until somebody says so.

    Raises SettingsError for another decision, StateError for a part that is not on record, StoreError.
    """
    if decision not in DECISIONS:
        raise SettingsError(f"decision = {decision!r}: expected {' or '.join(DECISIONS)}")
    part = queries.part(database, part_id)
    if part is None:
        raise StateError(f"no part '{part_id}' is on record; a part is recorded a moment after its verdict has left")
    agrees = (part["verdict"] == Decision.ACCEPT.value) == (decision == Decision.ACCEPT.value)
    action = "verdict.confirm" if agrees else "verdict.overrule"
    found = {"part": part_id, "verdict": part["verdict"], "decision": decision, "agrees": agrees}
    audit.note(database, person, action, part_id, {**found, "note": note})
    return found
