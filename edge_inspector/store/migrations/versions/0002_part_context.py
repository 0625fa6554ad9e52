"""What the PLC tells of a part: serial number, lot, and when the gate moved for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision. In place: copying the table would take its regions along."""
    op.add_column("inspections", sa.Column("serial", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("inspections", sa.Column("lot", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("inspections", sa.Column("fired_utc", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_inspections_serial", "inspections", ["serial"])


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_index("ix_inspections_serial", "inspections")
    for column in ("fired_utc", "lot", "serial"):
        op.drop_column("inspections", column)
