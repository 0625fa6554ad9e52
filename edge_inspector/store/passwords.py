"""Passwords as argon2id hashes, by the library's own parameters (RFC 9106, low memory): some 0.1 s and 64 MiB for each."""

from __future__ import annotations

from functools import cache
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edge_inspector.errors import SettingsError

PasswordHash = NewType("PasswordHash", str)
SHORTEST, LONGEST = 8, 256  # characters
_hasher = PasswordHasher()


def hashed(password: str) -> PasswordHash:
    """The hash to store. Raises SettingsError for a password that is too short or too long; the message never holds it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingsError(f"the password has {len(password)} characters; {SHORTEST} to {LONGEST} are expected")
    return PasswordHash(_hasher.hash(password))


def matches(stored: PasswordHash | None, password: str) -> bool:
    """Whether ``password`` is the one of ``stored``; without one it takes as long, so that nobody learns which names there are."""
    try:
        right = len(password) <= LONGEST and _hasher.verify(stored or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


def is_dated(stored: PasswordHash) -> bool:
    """Whether the library has other parameters by now, so that the hash is to be made anew at the next login."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> PasswordHash:
    return PasswordHash(_hasher.hash("nobody's password"))
