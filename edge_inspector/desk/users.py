"""The users service: login, and who may log in. It alone issues tokens; line and desk verify them (wire/access.py)."""

from __future__ import annotations

import contextlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from edge_inspector.errors import SettingsError, StoreError
from edge_inspector.records import LOCAL, Caller, Role
from edge_inspector.service import utc_text
from edge_inspector.store import audit, users
from edge_inspector.store.database import is_absent, open_database, read_database
from edge_inspector.store.passwords import PasswordHash, hashed, is_dated, matches
from edge_inspector.store.users import User, UserChange
from edge_inspector.wire.access import issue, secret
from edge_inspector.wire.server import Handler, Refused

log = logging.getLogger(__name__)

FAILURES, WITHIN_S, PAUSE_S = 5, 60.0, 30.0
FAILURES_OVERALL = 30  # within a minute: names are free, the work for each password and its row in the audit log are not
NAMES = 1000  # whose failures are remembered
Params = dict[str, Any]


class Attempts:
    """Failed logins: after ``FAILURES`` of one name within a minute it is refused for half a minute, right password or not.

    After ``FAILURES_OVERALL`` of whatever names within a minute every name is refused until the minute is over, but for those that have
    logged in before: guessing must keep nobody from the screen who is known.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._failed: OrderedDict[str, tuple[float, ...]] = OrderedDict()  # when, oldest first
        self._last: deque[float] = deque(maxlen=FAILURES_OVERALL)  # of any name
        self._known: set[str] = set()

    def check(self, name: str) -> None:
        """Raises Refused (``too_many``) while the name is refused."""
        failed = self._failed.get(name, ())
        left = failed[-1] + PAUSE_S - self._now_s() if len(failed) >= FAILURES else 0.0
        if left > 0.0:
            raise Refused("too_many", f"too many failed logins for this name; try again in {left:.0f} s")
        if len(failed) >= FAILURES:
            del self._failed[name]
        self._check_overall(name)

    def failed(self, name: str) -> bool:
        """Count a failure; whether the name is refused from now on."""
        now = self._now_s()
        recent = (*(at for at in self._failed.pop(name, ()) if now - at < WITHIN_S), now)
        self._failed[name] = recent
        self._last.append(now)
        if len(self._failed) > NAMES:
            self._failed.popitem(last=False)
        return len(recent) >= FAILURES

    def succeeded(self, name: str) -> None:
        """Forget the failures of the name, of somebody who knows the password."""
        self._failed.pop(name, None)
        self._known.add(name)

    def forget(self, name: str) -> None:
        """Forget the failures of the name."""
        self._failed.pop(name, None)

    def _check_overall(self, name: str) -> None:
        full = len(self._last) == FAILURES_OVERALL
        left = self._last[0] + WITHIN_S - self._now_s() if full else 0.0
        if left > 0.0 and name not in self._known:
            raise Refused("too_many", f"too many failed logins at this station; try again in {left:.0f} s")


class UserService:
    """Answers ``login``, ``users.*`` and ``password.change``; used by one thread. The database at ``url`` is opened for each request."""

    def __init__(self, url: str, station: str, state: Path, attempts: Attempts | None = None) -> None:
        self._url = url
        self._station = station
        self._state = state
        self._attempts = attempts or Attempts()

    def handlers(self) -> dict[str, Handler]:
        """For the control server."""
        return {
            "login": self.login,
            "users.list": self.list,
            "users.add": self.add,
            "users.change": self.change,
            "password.change": self.change_password,
        }

    def login(self, params: Params) -> Params:
        """A ``token`` for ``user`` with ``password``; also while the database takes no record: somebody must be able to stop the line.

        Raises Refused (``login_failed``, ``too_many``), SettingsError, StoreError (the database cannot be read), WireError.
        """
        name, password = _text(params, "user"), _text(params, "password")
        key = secret(self._state)
        user, stored = self._authenticated(name, password)
        rehashed = hashed(password) if is_dated(stored) else None
        self._note(lambda engine: users.note_login(engine, name, rehashed), f"the login of {name}")
        token = issue(key, self._station, Caller(name, user.role), time.time())
        expires = datetime.fromtimestamp(token.expires, timezone.utc)
        return {"token": token.text, "user": name, "role": user.role.value, "expires_utc": utc_text(expires)}

    def list(self, _params: Params) -> Params:
        """``users`` by name. Raises StoreError."""
        with self._database() as engine:
            return {"users": [user_json(user) for user in users.list_users(engine)]}

    def add(self, params: Params, caller: Caller) -> Params:
        """Add ``name`` with ``role`` and ``password``; the first must be an admin. Raises SettingsError, StateError, StoreError."""
        _only(params, "name", "role", "password")
        name, role, password = _text(params, "name"), _role(params.get("role")), _text(params, "password")
        with self._database() as engine:
            return {"user": user_json(users.add_user(engine, name, role, hashed(password), caller.name))}

    def change(self, params: Params, caller: Caller) -> Params:
        """Change ``role``, ``password`` or ``active`` of ``name``. Raises SettingsError, StateError, StoreError."""
        _only(params, "name", "role", "password", "active")
        name, active = _text(params, "name"), params.get("active")
        if active is not None and not isinstance(active, bool):
            raise SettingsError(f"active = {active!r}: true or false is expected")
        role = _role(params["role"]) if "role" in params else None
        change = UserChange(role, active, hashed(_text(params, "password")) if "password" in params else None)
        if change == UserChange():
            raise SettingsError("users.change takes role, password or active; got none of them")
        with self._database() as engine:
            changed = users.change_user(engine, name, change, caller.name)
        self._attempts.forget(name)
        return {"user": user_json(changed)}

    def change_password(self, params: Params, caller: Caller) -> Params:
        """The caller's own password from ``old`` to ``new``. Raises Refused, SettingsError, StoreError."""
        if caller.name == LOCAL.name:
            raise Refused("not_allowed", "this station has no users, and so no passwords")
        old, new = _text(params, "old"), hashed(_text(params, "new"))
        self._authenticated(caller.name, old)
        with self._database() as engine:
            users.note_password(engine, caller.name, new)
        return {"user": caller.name}

    def _authenticated(self, name: str, password: str) -> tuple[User, PasswordHash]:
        self._attempts.check(name)
        found = self._find(name)
        user, stored = found if found is not None and found[0].active else (None, None)
        if not matches(stored, password) or user is None or stored is None:
            detail = {"refused_now": self._attempts.failed(name)}
            # An unknown name may be a password that was typed into the wrong field: it is not put on record.
            subject = name if found is not None else "unknown name"
            self._note(lambda engine: audit.note(engine, "desk", "login.failed", subject, detail), "a failed login")
            raise Refused("login_failed", "name or password is wrong, or the user is not active")
        self._attempts.succeeded(name)
        return user, stored

    def _find(self, name: str) -> tuple[User, PasswordHash] | None:
        if is_absent(self._url):
            return None
        engine = read_database(self._url)
        try:
            return users.find_user(engine, name)
        finally:
            engine.dispose()

    def _note(self, put_on_record: Callable[[Engine], None], what: str) -> None:
        try:
            with self._database() as engine:
                put_on_record(engine)
        except StoreError as error:
            log.warning("%s could not be put on record: %s", what, error)

    @contextlib.contextmanager
    def _database(self) -> Iterator[Engine]:
        engine = open_database(self._url)
        try:
            yield engine
        finally:
            engine.dispose()


def user_json(user: User) -> Params:
    """A user as JSON holds it; ``last_login_utc`` is null before the first."""
    seen = user.last_login_utc
    return {
        "name": user.name,
        "role": user.role.value,
        "active": user.active,
        "created_utc": utc_text(user.created_utc),
        "last_login_utc": None if seen is None else utc_text(seen),
    }


def _text(params: Params, key: str) -> str:
    value = params.get(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"parameter {key}: a text is expected")  # the value may be a password
    return value


def _role(value: object) -> Role:
    known = [role.value for role in Role]
    if value not in known:
        raise SettingsError(f"role = {value!r}: expected one of {', '.join(known)}")
    return Role(value)


def _only(params: Params, *known: str) -> None:
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise SettingsError(f"unknown parameter {', '.join(unknown)}; there are: {', '.join(known)}")
