"""Open the result log: SQLite with the pragmas it needs (or another database by its URL), brought to this program's schema."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from edge_inspector.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATING = threading.Lock()  # Alembic's context is the whole process's
BUSY_MS = 2000  # how long SQLite itself waits for another writer before it says "database is locked"


def open_database(url: str) -> Engine:
    """The database at ``url`` for reading and writing, made where it is absent and migrated to the newest schema.

    Raises StoreError naming the folder or database: it cannot be written, is no database, or belongs to a newer program.
    """
    address = _address(url)
    _make_folder(address)
    with store_errors(address):
        engine = create_engine(address)
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"), "BEGIN IMMEDIATE")
    return _checked(engine, address, migrate)


def read_database(url: str) -> Engine:
    """The database at ``url`` for reading alone. Raises StoreError where it is absent, no database, or of another schema than ours."""
    return _existing(url, ("PRAGMA query_only=ON",), "BEGIN")


def join_database(url: str) -> Engine:
    """The database at ``url`` for reading and writing beside the line, which makes and migrates it. Raises as `read_database`."""
    return _existing(url, ("PRAGMA synchronous=NORMAL",), "BEGIN IMMEDIATE")


def _existing(url: str, pragmas: tuple[str, ...], begin: str) -> Engine:
    address = _address(url)
    if address.get_backend_name() != "sqlite":
        with store_errors(address):
            engine = create_engine(address)
    else:
        path = Path(str(address.database)).absolute()
        if not path.is_file():
            raise StoreError(f"{path}: no such database; it is made when the line starts (edge-inspector run)")
        query = {"mode": "rw", "uri": "true"}  # rw: a reader of a WAL database shares its index; it never makes the file
        # No pool: each use opens the file that is there now, also after a backup was restored over it.
        engine = create_engine(address.set(database="file:" + quote(str(path)), query=query), poolclass=NullPool)
        _prepare_sqlite(engine, pragmas, begin)
    return _checked(engine, address, require_head)


def is_absent(url: str) -> bool:
    """Whether the database is an SQLite file that nobody has made yet. Raises StoreError where ``url`` is none."""
    address = _address(url)
    return address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists()


def migrate(connection: Connection) -> None:
    """Bring the schema to this program's revision; nothing to do where it is. Raises StoreError where a newer program wrote it."""
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    _known(scripts, current)
    config = _config()
    config.attributes["connection"] = connection
    with MIGRATING:
        command.upgrade(config, "head")


def require_head(connection: Connection) -> None:
    """Raise StoreError unless the schema is this program's."""
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    _known(scripts, current)
    if current != scripts.get_current_head():
        raise StoreError(f"its schema is {current or 'empty'}, not {scripts.get_current_head()}; start the line once, which migrates it")


def make_durable(engine: Engine) -> bool:
    """True once everything committed so far survives a power cut (WAL with synchronous=NORMAL does not promise it at each commit).

    Raises SQLAlchemyError or sqlite3.Error where the database does not answer.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(FULL)")
        busy, log, checkpointed = cursor.fetchone() or (1, 0, 0)
        cursor.close()
        return not busy and log == checkpointed
    finally:
        connection.close()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(f"{url!r} is not a database URL; write e.g. sqlite:////var/lib/edge-inspector/results.db") from None
    if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
        raise StoreError(f"{url}: a database in memory keeps nothing; give it a file")
    return address


def _make_folder(address: URL) -> None:
    if address.get_backend_name() != "sqlite":
        return
    folder = Path(str(address.database)).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"database folder {folder} cannot be made ({error.strerror}); make it, or change database.url") from error


def _prepare_sqlite(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    """SQLite's settings for every connection; transactions begin as ``begin`` says, DDL included, which the driver alone would not do."""

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (f"PRAGMA busy_timeout={BUSY_MS}", "PRAGMA foreign_keys=ON", *pragmas):
            connection.execute(pragma).close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _checked(engine: Engine, address: URL, check: Callable[[Connection], None]) -> Engine:
    try:
        with store_errors(address), engine.begin() as connection:
            check(connection)
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def store_errors(address: URL) -> Iterator[None]:
    """Errors of database and driver become StoreErrors that name the database and what to do."""
    name = _name(address)
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from None
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(f"{name}: its driver is not installed ({error}); for PostgreSQL install edge-inspector[postgres]") from error
    except DatabaseError as error:
        raise StoreError(f"{name}: {error.orig}; {_advice(str(error.orig), address)}") from error
    except (SQLAlchemyError, CommandError) as error:
        raise StoreError(f"{name}: {error}") from error


@contextmanager
def changing(engine: Engine, what: str) -> Iterator[Session]:
    """A session that is committed at the end, whole or not at all. Raises StoreError, also where another program changed ``what``
    (a noun in the plural) at the same moment."""
    with store_errors(engine.url), Session(engine, expire_on_commit=False) as session:
        try:
            with session.begin():
                yield session
        except IntegrityError as error:
            raise StoreError(f"{what} were changed by another program at the same moment; try again ({error.orig})") from error


def _name(address: URL) -> str:
    if address.get_backend_name() != "sqlite":
        return address.render_as_string(hide_password=True)
    path = str(address.database)
    return unquote(path.removeprefix("file:")) if address.query.get("uri") else str(Path(path).absolute())


def _advice(problem: str, address: URL) -> str:
    if "not a database" in problem or "malformed" in problem:
        return "move the file away and restore a backup"
    if "locked" in problem:
        return "another program holds it; end that program"
    if address.get_backend_name() == "sqlite":
        return f"check that folder {Path(_name(address)).parent} may be written and has room, or change database.url"
    return "check that the server runs and takes this user, or change database.url"


def _known(scripts: ScriptDirectory, current: str | None) -> None:
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(f"schema {current} is of a newer edge-inspector; update this one, or give it another database")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
