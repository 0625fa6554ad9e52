"""What people say of a part, beside the machine's verdict."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VERDICTS = "verdict IN ('confirm', 'false_reject', 'escape', 'none')"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "reviews",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(VERDICTS, name=op.f("ck_reviews_verdict_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_part_id_id"), "reviews", ["part_id", "id"], unique=False)


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_table("reviews")
