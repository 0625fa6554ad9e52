"""Login and users at a real desk's socket, with a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from edge_inspector.desk.access import METHODS
from edge_inspector.desk.database import DeskDatabase
from edge_inspector.desk.process import desk_handlers
from edge_inspector.desk.users import FAILURES_OVERALL, Attempts, UserService
from edge_inspector.errors import RequestError
from edge_inspector.records import LOCAL, Caller, Role
from edge_inspector.store import audit
from edge_inspector.store import database as database_module
from edge_inspector.store import passwords as passwords_module
from edge_inspector.store.database import open_database
from edge_inspector.store.users import StoredAccounts, list_users
from edge_inspector.wire.access import Access
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.server import ControlServer, Refused
from tests.unit.desk.stock import station_in

LONG = "correct horse"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 itself, with the least work."""
    monkeypatch.setattr(passwords_module, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'results.db'}"


@pytest.fixture
def client(tmp_path: Path, url: str, clock: list[float]) -> Iterator[ControlClient]:
    service = UserService(url, "line1", tmp_path, Attempts(lambda: clock[0]))
    accounts = StoredAccounts(url)
    server = ControlServer("tcp://127.0.0.1:*", service.handlers(), "desk", gatekeeper=Access("line1", tmp_path, accounts, METHODS))
    server.start()
    with ControlClient(server.endpoint) as client:
        yield client
    assert server.stop(5.0)
    accounts.close()


def add(client: ControlClient, name: str, role: str) -> None:
    client.call("users.add", {"name": name, "role": role, "password": LONG})


def login(client: ControlClient, name: str, password: str = LONG) -> dict[str, Any]:
    client.token = ""
    answer = client.call("login", {"user": name, "password": password})
    client.token = answer["token"]
    return answer


def code(client: ControlClient, method: str, **params: object) -> str:
    with pytest.raises(RequestError) as caught:
        client.call(method, params)
    return caught.value.code


def noted(url: str, subject: str) -> list[tuple[str, str]]:
    engine = open_database(url)
    found = [(actor, action) for actor, action, _ in audit.about(engine, subject)]
    engine.dispose()
    return found


def test_the_first_user_closes_the_station_and_must_be_an_admin(client: ControlClient, url: str) -> None:
    assert client.call("whoami")["login_needed"] is False
    assert code(client, "users.add", name="Olga", role="operator", password=LONG) == "StateError"
    assert client.call("users.list") == {"users": []}
    add(client, "Boss", "admin")
    assert client.call("whoami") == {"user": "", "role": "", "login_needed": True}
    assert code(client, "users.list") == "login_needed"
    answer = login(client, "Boss")
    assert (answer["user"], answer["role"], answer["expires_utc"][-1]) == ("Boss", "admin", "Z")
    assert client.call("whoami") == {"user": "Boss", "role": "admin", "login_needed": False}
    add(client, "Olga", "operator")
    (boss, olga) = client.call("users.list")["users"]
    assert (olga["name"], olga["role"], olga["active"], olga["last_login_utc"]) == ("Olga", "operator", True, None)
    assert boss["last_login_utc"] is not None
    assert set(olga) == {"name", "role", "active", "created_utc", "last_login_utc"}
    assert noted(url, "Boss") == [("local", "user.add"), ("Boss", "login")]
    assert noted(url, "Olga") == [("Boss", "user.add")]


def test_a_user_who_is_disabled_or_demoted_is_so_at_once(client: ControlClient, url: str) -> None:
    add(client, "Boss", "admin")
    boss = login(client, "Boss")["token"]
    add(client, "Second", "admin")
    second = login(client, "Second")["token"]
    client.token = boss
    client.call("users.change", {"name": "Second", "role": "engineer"})
    client.token = second
    assert code(client, "users.list") == "not_allowed"
    client.token = boss
    client.call("users.change", {"name": "Second", "active": False})
    client.token = second
    assert code(client, "password.change", old=LONG, new="another one") == "bad_token"
    assert code(client, "login", user="Second", password=LONG) == "login_failed"
    assert noted(url, "Second") == [
        ("Boss", "user.add"), ("Second", "login"), ("Boss", "user.change"), ("Boss", "user.change"), ("desk", "login.failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"active": False}, {"role": "engineer"}], ids=str)
def test_the_last_active_admin_stays(client: ControlClient, change: dict[str, object]) -> None:
    add(client, "Boss", "admin")
    login(client, "Boss")
    add(client, "Idle", "admin")
    client.call("users.change", {"name": "Idle", "active": False})
    with pytest.raises(RequestError, match="Boss is the last active admin"):
        client.call("users.change", {"name": "Boss", **change})
    assert client.call("whoami")["role"] == "admin"


def test_passwords_change(client: ControlClient, url: str) -> None:
    assert code(client, "password.change", old=LONG, new="another one") == "not_allowed"
    add(client, "Boss", "admin")
    login(client, "Boss")
    assert code(client, "password.change", old="wrong one", new="another one") == "login_failed"
    client.call("password.change", {"old": LONG, "new": "another one"})
    assert code(client, "login", user="Boss", password=LONG) == "login_failed"
    login(client, "Boss", "another one")
    client.call("users.change", {"name": "Boss", "password": LONG})
    login(client, "Boss")
    engine = open_database(url)
    try:
        rows = [str(entry) for entry in audit.about(engine, "Boss")]
    finally:
        engine.dispose()
    assert not [row for row in rows if LONG in row or "another one" in row or "argon2" in row]


def test_a_name_is_refused_for_a_while_after_five_failures(client: ControlClient, clock: list[float], url: str) -> None:
    add(client, "Boss", "admin")
    for name in ("Boss", "nobody"):
        assert [code(client, "login", user=name, password="wrong") for _ in range(5)] == ["login_failed"] * 5
        assert code(client, "login", user=name, password=LONG) == "too_many"
    clock[0] = 29.0
    assert code(client, "login", user="Boss", password=LONG) == "too_many"
    clock[0] = 30.5
    login(client, "Boss")
    assert noted(url, "unknown name") == [("desk", "login.failed")] * 5
    assert noted(url, "nobody") == []


def test_guessing_with_ever_other_names_is_refused_but_keeps_nobody_out_who_is_known(
    client: ControlClient, clock: list[float], url: str
) -> None:
    add(client, "Boss", "admin")
    login(client, "Boss")
    add(client, "Anna", "engineer")
    for number in range(FAILURES_OVERALL):
        clock[0] = float(number)
        assert code(client, "login", user=f"guess {number}", password="wrong") == "login_failed"
    assert code(client, "login", user="one more", password="wrong") == "too_many"
    assert code(client, "login", user="Anna", password=LONG) == "too_many"
    login(client, "Boss")
    clock[0] = 61.0
    login(client, "Anna")
    assert len(noted(url, "unknown name")) == FAILURES_OVERALL


def take_no_record(url: str) -> sqlite3.Connection:
    """As a full disk does."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    return other


def lock(url: str) -> sqlite3.Connection:
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


@pytest.mark.parametrize("trouble", [take_no_record, lock])
def test_a_database_that_takes_no_record_keeps_nobody_out(
    client: ControlClient,
    url: str,
    trouble: Callable[[str], sqlite3.Connection],
    expected_warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(client, "Boss", "admin")
    monkeypatch.setattr(database_module, "BUSY_MS", 20)
    expected_warnings += ["the login of Boss could not be put on record", "a failed login could not be put on record"]
    with closing(trouble(url)):
        login(client, "Boss")
        assert client.call("whoami")["user"] == "Boss"
        assert [code(client, "login", user="Boss", password="wrong") for _ in range(6)] == ["login_failed"] * 5 + ["too_many"]
    assert noted(url, "Boss") == [("local", "user.add")]


def test_nobody_logs_in_where_there_is_no_database_yet(client: ControlClient) -> None:
    assert code(client, "login", user="Boss", password=LONG) == "login_failed"


def test_failures_that_are_far_apart_are_forgiven_and_a_success_clears_them() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for step in range(20):
        now[0] = step * 20.0
        assert not attempts.failed("Anna")
        attempts.check("Anna")
    attempts.succeeded("Anna")
    assert [attempts.failed("Anna") for _ in range(5)] == [False] * 4 + [True]
    with pytest.raises(Refused):
        attempts.check("Anna")


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("users.add", {"name": "Anna", "role": "king", "password": LONG}, "role = 'king'"),
    ("users.add", {"name": "Anna", "role": "operator", "password": "short"}, "5 characters; 8 to 256"),
    ("users.add", {"name": "Anna", "role": "operator", "password": "x" * 257}, "257 characters"),
    ("users.add", {"name": "Anna", "role": "operator"}, "parameter password"),
    ("users.add", {"name": " Anna", "role": "operator", "password": LONG}, "user name"),
    ("users.add", {"name": "An\nna", "role": "operator", "password": LONG}, "user name"),
    ("users.add", {"name": "Local", "role": "operator", "password": LONG}, "none of local"),
    ("users.add", {"name": "boss", "role": "operator", "password": LONG}, "already"),
    ("users.add", {"name": "Anna", "role": "operator", "password": LONG, "colour": 1}, "colour"),
    ("users.change", {"name": "nobody", "active": True}, "there is no user nobody; there are: Boss"),
    ("users.change", {"name": "Boss"}, "takes role, password or active"),
    ("users.change", {"name": "Boss", "active": 1}, "active = 1"),
    ("password.change", {"old": LONG, "new": "short"}, "5 characters"),
    ("login", {"user": "Boss", "password": 7}, "parameter password"),
]


def test_wrong_requests_are_named_and_change_nothing(client: ControlClient, url: str) -> None:
    add(client, "Boss", "admin")
    login(client, "Boss")
    for method, params, says in WRONG:
        with pytest.raises(RequestError, match=says):
            client.call(method, params)
    engine = open_database(url)
    assert [(user.name, user.role) for user in list_users(engine)] == [("Boss", Role.ADMIN)]
    engine.dispose()


def test_a_hash_of_other_parameters_is_made_anew_at_login(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = UserService(url, "line1", tmp_path)
    service.add({"name": "Boss", "role": "admin", "password": LONG}, LOCAL)
    monkeypatch.setattr(passwords_module, "_hasher", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    for _ in range(2):
        service.login({"user": "Boss", "password": LONG})
    stored = open_database(url)
    with stored.connect() as connection:
        assert "t=2" in str(connection.exec_driver_sql("SELECT password FROM users").scalar())
    stored.dispose()


def test_users_are_remembered_while_the_database_cannot_be_read(tmp_path: Path, url: str, expected_warnings: list[str]) -> None:
    accounts = StoredAccounts(url)
    assert not accounts.any()  # nobody has made it yet
    service = UserService(url, "line1", tmp_path)
    service.add({"name": "Boss", "role": "admin", "password": LONG}, LOCAL)
    service.add({"name": "Anna", "role": "engineer", "password": LONG}, Caller("Boss", Role.ADMIN))
    service.change({"name": "Anna", "active": False}, Caller("Boss", Role.ADMIN))
    assert (accounts.any(), accounts.role("Boss"), accounts.role("Anna"), accounts.role("x")) == (True, Role.ADMIN, None, None)
    for file in tmp_path.glob("results.db*"):
        file.unlink()
    expected_warnings.append("users cannot be read, and count as they were")
    assert (accounts.any(), accounts.role("Boss")) == (True, Role.ADMIN)
    accounts.close()


def test_each_method_of_the_desk_has_its_role(tmp_path: Path) -> None:
    station = station_in(tmp_path)
    with closing(DeskDatabase(str(station.database.url))) as database:
        assert set(desk_handlers(station, database)) - set(METHODS) == set()
