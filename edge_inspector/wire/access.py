"""Who may do what at a control socket: tokens, the least role of each method, and the roles of keys.

A token is ``PAYLOAD.SIGNATURE``, both base64url: JSON {user, role, station, issued, expires} (seconds since 1970, UTC), and its HMAC-SHA256
under the station's secret. Whoever has the secret file, line or desk, makes or verifies one without the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edge_inspector.errors import WireError
from edge_inspector.records import LOCAL, Caller, Role
from edge_inspector.settings import load_toml
from edge_inspector.wire.keys import ServerKeys, read_public
from edge_inspector.wire.server import Refused

SECRET_FILE = "token.key"
SECRET_BYTES = 32
VALID_S = 12 * 3600
LONGEST_TOKEN = 4096
KEY_ROLES = "roles.toml"
Methods = Mapping[str, Role | None]
"""The least role of each method, None for anybody's. One that is not listed is an admin's."""


class Accounts(Protocol):
    """What the station's users may do at this moment."""

    def any(self) -> bool:
        """Whether the station has users. Raises StoreError."""

    def role(self, name: str) -> Role | None:
        """The role of an active user; None where there is none such. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's text, and when it ends (seconds since 1970, UTC)."""

    text: str
    expires: int


def secret(state: Path) -> bytes:
    """The station's secret (32 bytes) out of the state folder, made (mode 0600) where there is none. Raises WireError naming the file."""
    path = state / SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        found = path.read_bytes()
    except OSError as error:
        problem = f"the secret of the tokens cannot be read or made: {error.strerror}; give its folder to the service"
        raise WireError(f"{path}: {problem}") from error
    if len(found) != SECRET_BYTES:
        raise WireError(f"{path}: {len(found)} bytes, not {SECRET_BYTES}; delete it: a new one is made, and everybody logs in again")
    return found


def _make_secret(path: Path) -> None:
    """Whole or not at all: linked into place, so that of two who make one the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink(missing_ok=True)


def issue(key: bytes, station: str, caller: Caller, now_s: float) -> Token:
    """A token for ``caller``, valid for 12 h from ``now_s`` (seconds since 1970)."""
    expires = int(now_s) + VALID_S
    claims = {"user": caller.name, "role": caller.role.value, "station": station, "issued": int(now_s), "expires": expires}
    payload = _encoded(json.dumps(claims, separators=(",", ":")).encode())
    return Token(f"{payload}.{_signature(key, payload)}", expires)


def verified(key: bytes, station: str, token: object, now_s: float) -> Caller:
    """The user and role that ``token`` was issued for. Raises Refused (``bad_token``): not ours, of another station, or expired."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
        raise Refused("bad_token", "the token is none of ours; log in again")
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(signature, _signature(key, payload)):
        raise Refused("bad_token", "the token is none of ours, or its secret was made anew; log in again")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims["station"] != station:
        raise Refused("bad_token", f"the token is for station {claims['station']}, this is {station}; log in here")
    if now_s >= claims["expires"]:
        raise Refused("bad_token", "the token has expired; log in again")
    return Caller(claims["user"], Role(claims["role"]))


def _signature(key: bytes, payload: str) -> str:
    return _encoded(hmac.new(key, payload.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_role(keys: ServerKeys, public: str) -> Role:
    """The role of a client's public key (Z85): that of its file's name in ``roles.toml`` beside the client keys, operator where not listed.

    Both are read anew each time, so that a change counts at once. Raises SettingsError or WireError naming the file that is wrong.
    """
    path = keys.clients / KEY_ROLES
    listed = load_toml(path) if path.exists() else {}
    known = [role.value for role in Role]
    for name, role in listed.items():
        if role not in known:
            raise WireError(f"{path}: {name} = {role!r}: expected one of {', '.join(known)}")
    names = [file.stem for file in keys.clients.glob("*.key") if _holds(file, public)]
    return min((Role(listed.get(name, Role.OPERATOR)) for name in names), key=lambda role: role.rank, default=Role.OPERATOR)


def _holds(file: Path, public: str) -> bool:
    try:
        return read_public(file) == public.encode()
    except WireError:  # a broken file lets nobody in, and keeps nobody out
        return False


class Access:
    """The gatekeeper of one control socket.

    On a station without users everybody is ``local``, an admin. From the first user on, what is not anybody's needs a token. The role is
    the least of the token's, of the user's present one, and of the client key's. ``keys`` are the socket's own, None on loopback.
    """

    def __init__(
        self,
        station: str,
        state: Path,
        accounts: Accounts,
        methods: Methods,
        keys: ServerKeys | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._station = station
        self._state = state
        self._accounts = accounts
        self._methods = methods
        self._keys = keys
        self._now_s = now_s

    def admit(self, method: str, token: object, key: str) -> Caller | None:
        """The caller, or None where the method is anybody's; nothing is looked up then, so that reading never waits.

        Raises Refused: ``login_needed``, ``bad_token`` or ``not_allowed``; StoreError where nobody knows who the users are.
        """
        least = self._methods.get(method, Role.ADMIN)
        if least is None:
            return None
        caller = self._caller(token, key)
        if caller.role.rank < least.rank:
            raise Refused("not_allowed", f"{method} is for role {least.value} and above; {caller.name} is {caller.role.value} here")
        return caller

    def whoami(self, token: object, key: str) -> dict[str, Any]:
        """{user, role, login_needed}; user and role are "" for somebody who is not logged in. Raises StoreError."""
        try:
            caller = self._caller(token, key)
        except Refused:
            return {"user": "", "role": "", "login_needed": True}
        return {"user": caller.name, "role": caller.role.value, "login_needed": False}

    def _caller(self, token: object, key: str) -> Caller:
        caller = self._user(token) if self._accounts.any() else LOCAL
        if self._keys is None:
            return caller
        return Caller(caller.name, min(caller.role, key_role(self._keys, key), key=lambda role: role.rank))

    def _user(self, token: object) -> Caller:
        if not token:
            raise Refused("login_needed", "this station has users: log in at its desk, and send the token")
        claimed = verified(secret(self._state), self._station, token, self._now_s())
        present = self._accounts.role(claimed.name)
        if present is None:
            raise Refused("bad_token", f"user {claimed.name} is no longer active here")
        return Caller(claimed.name, min(claimed.role, present, key=lambda role: role.rank))
