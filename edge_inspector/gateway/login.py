"""A gateway as a user: requests to the line's control socket, with a login at the station's desk where the line wants one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from edge_inspector.errors import RequestError, SettingsError
from edge_inspector.wire.keys import ClientKeys
from edge_inspector.wire.requests import ControlClient, endpoints

LOGIN_WANTED = ("login_needed", "bad_token")  # what the line answers to no token, and to one that has expired


class LineControl:
    """The line's control socket at ``endpoint``. ``user`` with the password in ``password_file`` logs in once the line wants it."""

    def __init__(self, endpoint: str, keys: ClientKeys | None = None, user: str = "", password_file: Path | None = None) -> None:
        if bool(user) != bool(password_file):
            raise SettingsError("--user and --password-file belong together: who logs in, and the file that holds the password")
        self._endpoint = endpoint
        self._keys = keys
        self._user = user
        self._password_file = password_file
        self._token = ""
        self._turn = threading.Lock()  # OPC UA's methods come on threads of their own
        if password_file is not None:
            _password(password_file)  # a gateway that could never log in does not start

    def call(self, method: str, timeout_s: float) -> dict[str, Any]:
        """The answer to ``method``. Raises RequestError (a login that the desk refuses included), WireError, SettingsError (the file)."""
        with self._turn, ControlClient(self._endpoint, self._keys) as line:
            line.token = self._token
            try:
                return line.call(method, {}, timeout_s)
            except RequestError as error:
                if error.code not in LOGIN_WANTED or self._password_file is None:
                    raise
            line.token = self._token = self._logged_in(line, self._password_file, timeout_s)
            return line.call(method, {}, timeout_s)

    def _logged_in(self, line: ControlClient, password_file: Path, timeout_s: float) -> str:
        _, desk = endpoints(line.call("ping", {}, timeout_s), self._endpoint)
        with ControlClient(desk, self._keys) as client:
            answer = client.call("login", {"user": self._user, "password": _password(password_file)}, timeout_s)
        return str(answer["token"])


def _password(path: Path) -> str:
    """The first line of the file, read anew at each login so that a change counts. Raises SettingsError naming the file."""
    try:
        text = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"password file {path} cannot be read: {error}") from error
    if not text or not text[0]:
        raise SettingsError(f"password file {path} is empty; its first line is the password")
    return text[0]
