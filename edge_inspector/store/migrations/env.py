"""Run by Alembic: migrates over the connection that the caller put into the configuration, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from edge_inspector.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table only by copying it
)
context.run_migrations()
