"""The first schema: epochs, recipes and which was active, inspections with their regions, the recorder's place, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
TABLES = ("audit", "epochs", "journal_position", "recipes", "inspections", "recipe_activations", "regions")


def upgrade() -> None:
    """To this revision."""
    _create_audit()
    _create_epochs()
    _create_journal_position()
    _create_recipes()
    _create_inspections()
    _create_recipe_activations()
    _create_regions()


def downgrade() -> None:
    """Back to an empty database."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at_utc", UTC, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def _create_epochs() -> None:
    op.create_table(
        "epochs",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_utc", UTC, nullable=False),
        sa.Column("base_trigger_count", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("station", "epoch", name=op.f("pk_epochs")),
    )


def _create_journal_position() -> None:
    op.create_table(
        "journal_position",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", name=op.f("pk_journal_position")),
    )


def _create_recipes() -> None:
    op.create_table(
        "recipes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_utc", UTC, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_recipes_version_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipes")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_recipes_name_version")),
    )


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("trigger_count", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("triggered_utc", UTC, nullable=False),
        sa.Column("recorded_utc", UTC, nullable=False),
        sa.Column("age_ms", sa.Double(), nullable=False),
        sa.Column("deadline_ms", sa.Double(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("engine_ms", sa.Double(), nullable=True),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("overhead_ms", sa.Double(), nullable=True),
        sa.Column("acked", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("archive", sa.JSON(), nullable=False),
        sa.CheckConstraint("outcome IN ('accepted', 'rejected', 'missed')", name=op.f("ck_inspections_outcome_known")),
        sa.CheckConstraint("verdict IN ('accept', 'reject', 'review')", name=op.f("ck_inspections_verdict_known")),
        sa.ForeignKeyConstraint(["station", "epoch"], ["epochs.station", "epochs.epoch"], name=op.f("fk_inspections_station_epoch_epochs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("part_id", name=op.f("uq_inspections_part_id")),
        sa.UniqueConstraint("station", "epoch", "seq", name=op.f("uq_inspections_station_epoch_seq")),
    )
    op.create_index(op.f("ix_inspections_outcome_id"), "inspections", ["outcome", "id"], unique=False)
    op.create_index(op.f("ix_inspections_triggered_utc"), "inspections", ["triggered_utc"], unique=False)


def _create_recipe_activations() -> None:
    op.create_table(
        "recipe_activations",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("recipe_id", ROW_ID, nullable=False),
        sa.Column("activated_utc", UTC, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipes.id"], name=op.f("fk_recipe_activations_recipe_id_recipes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipe_activations")),
    )


def _create_regions() -> None:
    op.create_table(
        "regions",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("view", sa.Integer(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("w", sa.Integer(), nullable=False),
        sa.Column("h", sa.Integer(), nullable=False),
        sa.Column("area", sa.Double(), nullable=False),
        sa.Column("peak", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station", "epoch", "seq"],
            ["inspections.station", "inspections.epoch", "inspections.seq"],
            name=op.f("fk_regions_station_epoch_seq_inspections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("station", "epoch", "seq", "number", name=op.f("pk_regions")),
    )
