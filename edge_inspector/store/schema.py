"""The tables of the result log. Nothing here is particular to SQLite: the same schema is meant for PostgreSQL.

Times are aware UTC; ``_ms`` columns are durations in milliseconds; boxes are in pixels of the camera image. A part is named by (station,
epoch, seq) and by ``part_id``: both are unique, so that no verdict can be recorded twice whatever is read again.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts rows by itself only in a column of its own INTEGER type.
RowId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out, also where the database keeps no zone. A naive time is a ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite's driver gets it without the zone, which it could not keep."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} has no zone")
        utc = value.astimezone(timezone.utc)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC whatever the driver returned."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class Base(DeclarativeBase):
    """Base of the tables; every constraint has a name, so that a migration can change it."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Double()}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class EpochRow(Base):
    """One start of a line. ``base_trigger_count`` is that of the last `arm`: the parts after it were inspected."""

    __tablename__ = "epochs"

    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recorded_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    base_trigger_count: Mapped[int | None] = mapped_column(BigInteger)


class RecipeRow(Base):
    """One version of a recipe: its TOML, and the sha256 of its content (key order and layout aside)."""

    __tablename__ = "recipes"
    __table_args__ = (UniqueConstraint("name", "version"), CheckConstraint("version > 0", name="version_positive"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class ActivationRow(Base):
    """A recipe version became the active one; the newest row is in force, the others are its history."""

    __tablename__ = "recipe_activations"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipes.id"))
    activated_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)


class InspectionRow(Base):
    """One journaled verdict. ``id`` rises in the order of recording; ``archive`` lists its kept files, relative to the archive folder.

    ``serial`` and ``lot`` are what the PLC told of the part; ``fired_utc`` is when it said that the gate moved for it.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("station", "epoch", "seq"),
        UniqueConstraint("part_id"),
        ForeignKeyConstraint(["station", "epoch"], ["epochs.station", "epochs.epoch"]),
        CheckConstraint("verdict IN ('accept', 'reject', 'review')", name="verdict_known"),
        CheckConstraint("outcome IN ('accepted', 'rejected', 'missed')", name="outcome_known"),
        Index(None, "triggered_utc"),
        Index(None, "outcome", "id"),
        Index(None, "serial"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    station: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
    part_id: Mapped[str] = mapped_column(Text)
    trigger_count: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    score: Mapped[float | None]
    threshold: Mapped[float | None]
    triggered_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    age_ms: Mapped[float]
    deadline_ms: Mapped[float]
    late: Mapped[bool]
    recipe: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    camera: Mapped[str] = mapped_column(Text)
    engine_ms: Mapped[float | None]
    latency_ms: Mapped[float | None]
    overhead_ms: Mapped[float | None]
    acked: Mapped[bool]
    detail: Mapped[str] = mapped_column(Text)
    archive: Mapped[list[str]] = mapped_column(JSON)
    serial: Mapped[str] = mapped_column(Text, server_default=text("''"))
    lot: Mapped[str] = mapped_column(Text, server_default=text("''"))
    fired_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RegionRow(Base):
    """One region of a part's map, in the order of the verdict (``number`` from 0)."""

    __tablename__ = "regions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["station", "epoch", "seq"],
            ["inspections.station", "inspections.epoch", "inspections.seq"],
            ondelete="CASCADE",
        ),
    )

    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    view: Mapped[int] = mapped_column(Integer)
    x: Mapped[int] = mapped_column(Integer)
    y: Mapped[int] = mapped_column(Integer)
    w: Mapped[int] = mapped_column(Integer)
    h: Mapped[int] = mapped_column(Integer)
    area: Mapped[float]
    peak: Mapped[float]


class JournalPositionRow(Base):
    """Up to where a station's journal has been recorded; changed in the transaction that recorded it."""

    __tablename__ = "journal_position"

    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    segment: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)


class UserRow(Base):
    """A person who may log in. ``password`` is an argon2 hash in its own text form; one who is not active keeps the name for the record."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("name"), CheckConstraint("role IN ('operator', 'engineer', 'admin')", name="role_known"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewRow(Base):
    """What a person said of a part, never changed afterwards; the newest row of a part counts, and ``none`` withdraws."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("verdict IN ('confirm', 'false_reject', 'escape', 'none')", name="verdict_known"),
        Index(None, "part_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    part_id: Mapped[str] = mapped_column(Text)
    at_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)


class AuditRow(Base):
    """Who did what to what, and what the program itself found worth a person's look."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
