"""The audit log: who did what to what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from edge_inspector.service import utc_text
from edge_inspector.store.database import store_errors
from edge_inspector.store.schema import AuditRow


def note(engine: Engine, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Add one row, now. Raises StoreError."""
    with noting(engine, actor, action, subject, detail):
        pass


@contextmanager
def noting(engine: Engine, actor: str, action: str, subject: str, detail: dict[str, Any]) -> Iterator[None]:
    """Add one row where the body, a quick one, succeeds. Raises StoreError before the body, or after it where it cannot be committed."""
    with store_errors(engine.url), engine.begin() as connection:
        add(connection, actor, action, subject, detail)
        yield


def add(connection: Connection, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Add one row in the caller's transaction: on record together with what it is about, or neither."""
    row = {"at_utc": datetime.now(timezone.utc), "actor": actor, "action": action, "subject": subject, "detail": detail}
    connection.execute(insert(AuditRow), [row])


def entries(engine: Engine, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """The newest rows first, at most ``limit``, below row id ``before`` where given, as JSON holds them. Raises StoreError."""
    statement = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditRow.id < before)
    with store_errors(engine.url), engine.connect() as connection:
        found = connection.execute(statement.with_only_columns(*AuditRow.__table__.columns)).mappings()
        return [{**row, "at_utc": utc_text(row["at_utc"])} for row in found]


def about(engine: Engine, subject: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(actor, action, detail) of what was done to ``subject``, oldest first. Raises StoreError."""
    statement = select(AuditRow.actor, AuditRow.action, AuditRow.detail).where(AuditRow.subject == subject).order_by(AuditRow.id)
    with store_errors(engine.url), engine.connect() as connection:
        return [(row.actor, row.action, row.detail) for row in connection.execute(statement)]
