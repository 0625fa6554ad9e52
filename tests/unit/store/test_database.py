from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateTable

from edge_inspector.errors import StoreError
from edge_inspector.store.database import make_durable, open_database, read_database
from edge_inspector.store.migrations.versions import __path__ as versions
from edge_inspector.store.schema import Base


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_models_and_migrations_have_the_same_checks_and_keys(engine: Engine, tmp_path: Path) -> None:
    other = open_database(url(tmp_path / "models.db"))
    with other.begin() as connection:
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)

    def seen(e: Engine) -> dict[str, object]:
        look = inspect(e)
        names = sorted(Base.metadata.tables)
        return {
            name: (
                sorted(str(c) for c in look.get_check_constraints(name)),
                sorted(str(c) for c in look.get_foreign_keys(name)),
                look.get_pk_constraint(name),
                sorted(str(c) for c in look.get_unique_constraints(name)),
            )
            for name in names
        }

    assert seen(engine) == seen(other)
    other.dispose()


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: str(table.name))
def test_schema_can_be_made_by_postgresql(table: object) -> None:
    statement = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[arg-type, no-untyped-call]
    assert "DATETIME" not in statement
    assert "CREATE TABLE" in statement


def test_opens_with_its_pragmas_on_every_connection(engine: Engine) -> None:
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            got = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
            assert got == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
            connection.rollback()


def test_opens_again_without_a_change(tmp_path: Path) -> None:
    path = tmp_path / "new folder % ?" / "results.db"
    for _ in range(2):
        engine = open_database(f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}")
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0004"]
        engine.dispose()
    assert path.is_file()
    assert sorted(p.name for p in Path(next(iter(versions))).glob("0*.py")) == [
        "0001_initial.py",
        "0002_part_context.py",
        "0003_users.py",
        "0004_reviews.py",
    ]


def test_a_refused_row_changes_nothing(engine: Engine) -> None:
    sql = text("INSERT INTO recipes (name, version, created_utc, content, sha256) VALUES ('a', 0, '2026-01-01', '', '')")
    with pytest.raises(IntegrityError, match="version_positive"), engine.begin() as connection:
        connection.execute(sql)


def test_a_newer_programs_database_is_refused(tmp_path: Path) -> None:
    open_database(url(tmp_path / "r.db")).dispose()
    with sqlite3.connect(tmp_path / "r.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for use in (open_database, read_database):
        with pytest.raises(StoreError, match=r"r\.db.*9999.*newer edge-inspector; update"):
            use(url(tmp_path / "r.db"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/state.*database\.url"):
        open_database(url(tmp_path / "file" / "state" / "results.db"))


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(StoreError, match=r"/proc/self.*may be written"):
        open_database("sqlite:////proc/self/results.db")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "not a database URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("nosuch://host/db", "driver is not installed"),
    ],
)
def test_an_address_that_is_wrong_is_named(address: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        open_database(address)
    assert address in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "results.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"results\.db.*restore a backup"):
        open_database(url(tmp_path / "results.db"))


def test_a_reader_makes_no_file_and_writes_nothing(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(StoreError, match="no such database"):
        read_database(url(tmp_path / "absent.db"))
    assert not (tmp_path / "absent.db").exists()
    reader = read_database(url(tmp_path / "results.db"))
    with pytest.raises(OperationalError, match="readonly"), reader.begin() as connection:
        connection.execute(text("DELETE FROM audit"))
    reader.dispose()


def test_a_reader_wants_the_programs_schema(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match=r"empty\.db.*start the line once"):
        read_database(url(tmp_path / "empty.db"))


def test_durable_only_when_no_reader_holds_the_log_back(engine: Engine, tmp_path: Path) -> None:
    assert make_durable(engine)
    reader = read_database(url(tmp_path / "results.db"))
    with reader.connect() as reading:
        reading.execute(text("SELECT count(*) FROM audit"))
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO epochs (station, epoch, recorded_utc) VALUES ('a', 1, '2026-01-01')"))
        held = make_durable(engine)
    assert not held
    assert make_durable(engine)
    reader.dispose()


def test_several_stations_of_one_process_migrate_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as stations:
        for made in stations.map(open_database, [url(tmp_path / f"{number}.db") for number in range(8)]):
            assert set(inspect(made).get_table_names()) >= set(Base.metadata.tables)
            made.dispose()
