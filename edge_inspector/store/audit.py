"""The audit log: who did what to what."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Engine, insert, select

from edge_inspector.store.database import store_errors
from edge_inspector.store.schema import AuditRow


def note(engine: Engine, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Add one row, now. Raises StoreError."""
    row = {"at_utc": datetime.now(timezone.utc), "actor": actor, "action": action, "subject": subject, "detail": detail}
    with store_errors(engine.url), engine.begin() as connection:
        connection.execute(insert(AuditRow), [row])


def about(engine: Engine, subject: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(actor, action, detail) of what was done to ``subject``, oldest first. Raises StoreError."""
    statement = select(AuditRow.actor, AuditRow.action, AuditRow.detail).where(AuditRow.subject == subject).order_by(AuditRow.id)
    with store_errors(engine.url), engine.connect() as connection:
        return [(row.actor, row.action, row.detail) for row in connection.execute(statement)]
