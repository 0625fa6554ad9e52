"""A gateway's requests to a line that wants a login: real sockets, the desk's own users, the line's own rules of access."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.desk.users import UserService
from edge_inspector.errors import RequestError, SettingsError
from edge_inspector.gateway.login import LineControl
from edge_inspector.line.control import METHODS
from edge_inspector.records import LOCAL, Role
from edge_inspector.store.passwords import hashed
from edge_inspector.store.users import StoredAccounts, UserChange, add_user, change_user
from edge_inspector.wire.access import SECRET_FILE, Access
from edge_inspector.wire.server import ControlServer
from tests.unit.desk.stock import closing_engine, station_in

PASSWORD = "open the gate"
LOOPBACK = "tcp://127.0.0.1:*"


@contextmanager
def line_and_desk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The line's control endpoint, and who has started it."""
    station, started = station_in(folder), []
    url = str(station.database.url)
    with closing_engine(station) as engine:
        add_user(engine, "boss", Role.ADMIN, hashed(PASSWORD), LOCAL.name)
        add_user(engine, "opcua", Role.OPERATOR, hashed(PASSWORD), LOCAL.name)

    def start(_params: dict[str, Any], caller: Any) -> dict[str, Any]:  # noqa: ANN401
        started.append(caller.name)
        return {}

    with closing(StoredAccounts(url)) as accounts:
        desk = ControlServer(LOOPBACK, dict(UserService(url, station.station, station.state).handlers()), "desk")
        desk.start()
        ping = {"process": "line", "endpoints": {"desk": desk.endpoint}}
        access = Access(station.station, station.state, accounts, METHODS)
        line = ControlServer(LOOPBACK, {"ping": lambda _: ping, "start": start}, "line", gatekeeper=access)
        line.start()
        try:
            yield line.endpoint, started
        finally:
            assert all([line.stop(), desk.stop()])


def password_file(folder: Path, text: str = PASSWORD) -> Path:
    path = folder / "opcua.password"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_it_logs_in_where_the_line_wants_it(tmp_path: Path) -> None:
    with line_and_desk(tmp_path) as (endpoint, started):
        control = LineControl(endpoint, None, "opcua", password_file(tmp_path))
        control.call("start", 10.0)
        control.call("start", 10.0)
        assert started == ["opcua", "opcua"]


def test_a_session_that_has_ended_begins_again(tmp_path: Path) -> None:
    with line_and_desk(tmp_path) as (endpoint, started):
        control = LineControl(endpoint, None, "opcua", password_file(tmp_path))
        control.call("start", 10.0)
        (station_in(tmp_path).state / SECRET_FILE).unlink()  # which logs everybody out
        control.call("start", 10.0)
        assert started == ["opcua", "opcua"]


def test_without_a_user_the_line_refuses(tmp_path: Path) -> None:
    with line_and_desk(tmp_path) as (endpoint, started):
        with pytest.raises(RequestError) as refused:
            LineControl(endpoint).call("start", 10.0)
        assert (refused.value.code, started) == ("login_needed", [])


@pytest.mark.parametrize("active", [True, False], ids=["a wrong password", "a user who is not active"])
def test_the_desk_refuses(tmp_path: Path, active: bool) -> None:
    with line_and_desk(tmp_path) as (endpoint, started):
        with closing_engine(station_in(tmp_path)) as engine:
            change_user(engine, "opcua", UserChange(None, active, None), LOCAL.name)
        control = LineControl(endpoint, None, "opcua", password_file(tmp_path, "something else" if active else PASSWORD))
        with pytest.raises(RequestError) as refused:
            control.call("start", 10.0)
        assert (refused.value.code, started) == ("login_failed", [])


@pytest.mark.parametrize(
    ("user", "content", "says"),
    [
        ("opcua", None, "belong together"),
        ("", PASSWORD, "belong together"),
        ("opcua", "", "is empty"),
        ("opcua", b"\xff", "cannot be read"),
    ],
)
def test_settings_that_cannot_work(tmp_path: Path, user: str, content: str | bytes | None, says: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError, match=says):
        LineControl("tcp://127.0.0.1:1", None, user, path if content is not None else None)
