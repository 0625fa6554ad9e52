"""Users: who may log in, with which role. Every change is in the audit log; there is always an active admin once there is a user."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session

from edge_inspector.errors import SettingsError, StateError, StoreError
from edge_inspector.records import LOCAL, Role
from edge_inspector.store.database import changing, is_absent, read_database, store_errors
from edge_inspector.store.schema import AuditRow, UserRow

if TYPE_CHECKING:
    from edge_inspector.store.passwords import PasswordHash

log = logging.getLogger(__name__)

LONGEST_NAME = 64
RESERVED = (LOCAL.name, "control", "desk", "file", "recorder")  # actors of the audit log that are no persons


@dataclass(frozen=True, slots=True)
class User:
    """One user, without the password."""

    name: str
    role: Role
    active: bool
    created_utc: datetime
    last_login_utc: datetime | None


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is to be another; None leaves it."""

    role: Role | None = None
    active: bool | None = None
    password: PasswordHash | None = None


def list_users(engine: Engine) -> list[User]:
    """Every user, by name. Raises StoreError."""
    with store_errors(engine.url), Session(engine) as session:
        return [_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]


def find_user(engine: Engine, name: str) -> tuple[User, PasswordHash] | None:
    """A user, active or not, with the password's hash; None where there is none such. Raises StoreError."""
    from edge_inspector.store.passwords import PasswordHash

    with store_errors(engine.url), Session(engine) as session:
        row = session.scalar(_named(name))
        return None if row is None else (_user(row), PasswordHash(row.password))


def add_user(engine: Engine, name: str, role: Role, password: PasswordHash, actor: str) -> User:
    """Add an active user.

    Raises SettingsError for a wrong name, StateError where the name is taken or the first is no admin, StoreError.
    """
    _check_name(name)
    with changing(engine, "users") as session:
        _lock(session)
        if any(row.name.casefold() == name.casefold() for row in session.scalars(select(UserRow))):
            raise StateError(f"there is a user {name} already, or one whose name differs only in case; choose another name")
        row = UserRow(name=name, role=role.value, password=password, active=True, created_utc=_now(), last_login_utc=None)
        session.add_all([row, _audit(actor, "user.add", name, {"role": role.value})])
        _require_admin(session, f"user {name} cannot be the first and be {role.value}: add an admin first")
        return _user(row)


def change_user(engine: Engine, name: str, change: UserChange, actor: str) -> User:
    """Change role, password or whether the user may log in. Raises StateError: no such user, or the last active admin; StoreError."""
    with changing(engine, "users") as session:
        _lock(session)
        row = session.scalar(_named(name))
        if row is None:
            raise StateError(f"there is no user {name}; there are: {', '.join(session.scalars(select(UserRow.name))) or 'none'}")
        detail = _apply(row, change)
        session.add(_audit(actor, "user.change", name, detail))
        _require_admin(session, f"user {name} is the last active admin: make another one first")
        return _user(row)


def note_login(engine: Engine, name: str, rehashed: PasswordHash | None = None) -> None:
    """The user has logged in; ``rehashed`` replaces a hash of old parameters. Raises StoreError."""
    with changing(engine, "users") as session:
        row = session.scalar(_named(name))
        if row is not None:
            row.last_login_utc = _now()
            row.password = rehashed or row.password
        session.add(_audit(name, "login", name, {}))


def note_password(engine: Engine, name: str, password: PasswordHash) -> None:
    """The user has changed the own password. Raises StoreError."""
    with changing(engine, "users") as session:
        row = session.scalars(_named(name)).one()
        row.password = password
        session.add(_audit(name, "password.change", name, {}))


class StoredAccounts:
    """What the users of the database at ``url`` may do at this moment; used by one thread.

    Read anew each time, so that a change counts at once; while the database cannot be read, as it was when it last could.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._known: Mapping[str, Role | None] | None = None  # None: not active

    def any(self) -> bool:
        """Whether there are users. Raises StoreError where that was never known."""
        return bool(self._present())

    def role(self, name: str) -> Role | None:
        """The role of an active user; None where there is none such. Raises StoreError where that was never known."""
        return self._present().get(name)

    def close(self) -> None:
        """Let go of the database. Idempotent."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _present(self) -> Mapping[str, Role | None]:
        if not self._known and is_absent(self._url):
            return {}
        try:
            self._known = self._read()
        except StoreError as error:
            self.close()
            if self._known is None:
                raise
            log.warning("users cannot be read, and count as they were: %s", error)
        return self._known

    def _read(self) -> Mapping[str, Role | None]:
        if self._engine is None:
            self._engine = read_database(self._url)
        with store_errors(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(select(UserRow.name, UserRow.role, UserRow.active))
            return {row.name: Role(row.role) if row.active else None for row in rows}


def _lock(session: Session) -> None:
    """Nobody else takes an admin away in between (on SQLite the transaction itself sees to that)."""
    session.scalars(select(UserRow).where(UserRow.role == Role.ADMIN.value).with_for_update()).all()


def _apply(row: UserRow, change: UserChange) -> dict[str, Any]:
    """Change the row; what has changed, for the audit log."""
    detail: dict[str, Any] = {}
    if change.role is not None:
        detail |= {"role": change.role.value, "role_before": row.role}
        row.role = change.role.value
    if change.active is not None:
        detail |= {"active": change.active}
        row.active = change.active
    if change.password is not None:
        detail |= {"password": "changed"}
        row.password = change.password
    return detail


def _require_admin(session: Session, problem: str) -> None:
    session.flush()
    admins = select(func.count()).select_from(UserRow).where(UserRow.role == Role.ADMIN.value, UserRow.active)
    if not session.scalar(admins):
        raise StateError(problem)


def _check_name(name: str) -> None:
    plain = unicodedata.normalize("NFC", name) == name == name.strip() and name.isprintable()
    if not plain or not 1 <= len(name) <= LONGEST_NAME or name.casefold() in RESERVED:
        raise SettingsError(
            f"user name {name!r}: 1 to {LONGEST_NAME} printable characters are expected, without spaces around them, "
            f"and none of {', '.join(RESERVED)}"
        )


def _named(name: str) -> Select[UserRow]:
    return select(UserRow).where(UserRow.name == name)


def _user(row: UserRow) -> User:
    return User(row.name, Role(row.role), row.active, row.created_utc, row.last_login_utc)


def _audit(actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditRow:
    return AuditRow(at_utc=_now(), actor=actor, action=action, subject=subject, detail=detail)


def _now() -> datetime:
    return datetime.now(timezone.utc)
