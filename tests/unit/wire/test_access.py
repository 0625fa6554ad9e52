"""Who may call what: tokens, roles of methods and of keys, over real sockets."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.errors import RequestError, WireError
from edge_inspector.records import Caller, Role
from edge_inspector.wire.access import VALID_S, Access, Methods, issue, key_role, secret, verified
from edge_inspector.wire.client import ControlClient
from edge_inspector.wire.keys import ClientKeys, ServerKeys, write_keys
from edge_inspector.wire.server import ControlServer, Handler, Refused

NOW = 1_800_000_000.0
KEY = bytes(range(32))
METHODS: Methods = {"status": None, "start": Role.OPERATOR, "threshold": Role.ENGINEER, "odd": None}
ANNA = Caller("Anna", Role.ENGINEER)


@dataclass
class Users:
    roles: dict[str, Role] = field(default_factory=dict)

    def any(self) -> bool:
        return bool(self.roles)

    def role(self, name: str) -> Role | None:
        return self.roles.get(name)


def named(_params: dict[str, Any], caller: Caller) -> dict[str, Any]:
    return {"by": caller.name, "role": caller.role.value}


@contextmanager
def serving(users: Users, state: Path, keys: ServerKeys | None = None, now: list[float] | None = None) -> Iterator[ControlServer]:
    access = Access("line1", state, users, METHODS, keys, lambda: (now or [NOW])[0])
    handlers: dict[str, Handler] = {"status": lambda _params: {}, "start": named, "threshold": named, "odd": named, "unlisted": named}
    server = ControlServer("tcp://127.0.0.1:*", handlers, keys=keys, gatekeeper=access)
    server.start()
    try:
        yield server
    finally:
        assert server.stop(5.0)


def said(client: ControlClient, method: str, token: str = "") -> str:
    """Who called and with which role, or the code of the refusal."""
    client.token = token
    try:
        answer = client.call(method)
    except RequestError as error:
        return error.code
    return f"{answer['by']} {answer['role']}" if "by" in answer else "read"


class TestTokens:
    def test_what_is_issued_is_verified_up_to_its_end(self) -> None:
        token = issue(KEY, "line1", ANNA, NOW)
        assert token.expires == NOW + 12 * 3600
        assert verified(KEY, "line1", token.text, token.expires - 1) == ANNA

    @pytest.mark.parametrize(
        ("key", "station", "late_s", "says"),
        [
            (bytes(32), "line1", 0, "none of ours"),
            (KEY, "line2", 0, "for station line1"),
            (KEY, "line1", VALID_S, "expired"),
        ],
        ids=["another secret", "another station", "expired"],
    )
    def test_refused(self, key: bytes, station: str, late_s: int, says: str) -> None:
        with pytest.raises(Refused, match=says) as caught:
            verified(key, station, issue(KEY, "line1", ANNA, NOW).text, NOW + late_s)
        assert caught.value.code == "bad_token"

    @pytest.mark.parametrize("token", [7, {"user": "Anna"}, ".", "a.b.c", "ä.ö", "x" * 10_000, "\ud800"], ids=repr)
    def test_garbage_is_refused(self, token: object) -> None:
        with pytest.raises(Refused) as caught:
            verified(KEY, "line1", token, NOW)
        assert caught.value.code == "bad_token"

    def test_a_changed_payload_is_refused(self) -> None:
        payload, _, signature = issue(KEY, "line1", ANNA, NOW).text.partition(".")
        other = issue(KEY, "line1", Caller("Anna", Role.ADMIN), NOW).text.partition(".")[0]
        assert payload != other
        with pytest.raises(Refused, match="none of ours"):
            verified(KEY, "line1", f"{other}.{signature}", NOW)


class TestSecret:
    def test_all_who_come_at_once_have_the_same(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(secret, [tmp_path / "state"] * 32))
        assert [len(key) for key in found] == [32]
        assert [file.name for file in (tmp_path / "state").iterdir()] == ["token.key"]
        assert stat.S_IMODE((tmp_path / "state" / "token.key").stat().st_mode) == 0o600

    def test_a_damaged_one_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "token.key").write_bytes(b"short")
        with pytest.raises(WireError, match=r"token\.key: 5 bytes, not 32; delete it"):
            secret(tmp_path)


def test_without_users_everybody_is_local(tmp_path: Path) -> None:
    with serving(Users(), tmp_path) as server, ControlClient(server.endpoint) as client:
        assert [said(client, method) for method in ("status", "start", "threshold", "unlisted")] == ["read", *["local admin"] * 3]
        assert client.call("whoami") == {"user": "local", "role": "admin", "login_needed": False}
    assert list(tmp_path.iterdir()) == []


def test_with_users_changes_need_a_token_of_enough_role(tmp_path: Path) -> None:
    users = Users({"Olga": Role.OPERATOR, "Anna": Role.ENGINEER, "Boss": Role.ADMIN})
    tokens = {name: issue(secret(tmp_path), "line1", Caller(name, role), NOW).text for name, role in users.roles.items()}
    tokens |= {"": "", "forged": "x.y"}
    answers = {
        "": ("read", "login_needed", "login_needed", "login_needed"),
        "forged": ("read", "bad_token", "bad_token", "bad_token"),
        "Olga": ("read", "Olga operator", "not_allowed", "not_allowed"),
        "Anna": ("read", "Anna engineer", "Anna engineer", "not_allowed"),
        "Boss": ("read", "Boss admin", "Boss admin", "Boss admin"),
    }
    with serving(users, tmp_path) as server, ControlClient(server.endpoint) as client:
        for name, expected in answers.items():
            assert tuple(said(client, method, tokens[name]) for method in ("status", "start", "threshold", "unlisted")) == expected, name
        client.token = tokens["Olga"]
        with pytest.raises(RequestError, match="threshold is for role engineer and above; Olga is operator here"):
            client.call("threshold")
        assert client.call("whoami") == {"user": "Olga", "role": "operator", "login_needed": False}
        client.token = "x.y"
        assert client.call("whoami") == {"user": "", "role": "", "login_needed": True}
        assert said(client, "odd") == "login_needed"  # listed as anybody's, but it asks who calls


def test_what_changes_counts_at_once(tmp_path: Path) -> None:
    users, now = Users({"Anna": Role.ENGINEER}), [NOW]
    token = issue(secret(tmp_path), "line1", ANNA, NOW).text
    with serving(users, tmp_path, now=now) as server, ControlClient(server.endpoint) as client:
        assert said(client, "threshold", token) == "Anna engineer"
        users.roles = {"Anna": Role.OPERATOR}
        assert said(client, "threshold", token) == "not_allowed"
        users.roles = {"Anna": Role.ADMIN}
        assert said(client, "unlisted", token) == "not_allowed"  # the token does not grow
        users.roles = {"Boss": Role.ADMIN}
        assert said(client, "start", token) == "bad_token"
        users.roles, now[0] = {"Anna": Role.ENGINEER}, NOW + VALID_S
        assert said(client, "start", token) == "bad_token"


class TestKeys:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> ServerKeys:
        _, server = write_keys(tmp_path / "line", "line")
        for name in ("screen", "office"):
            public, _ = write_keys(tmp_path / "own", name)
            (tmp_path / "clients").mkdir(exist_ok=True)
            (tmp_path / "clients" / public.name).write_bytes(public.read_bytes())
        (tmp_path / "clients" / "roles.toml").write_text('"office" = "engineer"\n')
        return ServerKeys(server, tmp_path / "clients")

    def client(self, endpoint: str, folder: Path, name: str) -> ControlClient:
        return ControlClient(endpoint, ClientKeys(folder / "own" / f"{name}.key_secret", folder / "line" / "line.key"))

    @pytest.mark.parametrize(
        ("key", "user", "expected"),
        [
            ("office", "Boss", ("Boss engineer", "Boss engineer", "not_allowed")),
            ("screen", "Boss", ("Boss operator", "not_allowed", "not_allowed")),
            ("office", "Olga", ("Olga operator", "not_allowed", "not_allowed")),
            ("office", "", ("login_needed", "login_needed", "login_needed")),
        ],
    )
    def test_the_lesser_of_key_and_user_counts(
        self, tmp_path: Path, keys: ServerKeys, key: str, user: str, expected: tuple[str, ...]
    ) -> None:
        users = Users({"Olga": Role.OPERATOR, "Boss": Role.ADMIN})
        token = issue(secret(tmp_path), "line1", Caller(user, users.roles[user]), NOW).text if user else ""
        with serving(users, tmp_path, keys) as server, self.client(server.endpoint, tmp_path, key) as client:
            assert tuple(said(client, method, token) for method in ("start", "threshold", "unlisted")) == expected

    def test_a_station_without_users_trusts_a_key_no_further_than_its_role(self, tmp_path: Path, keys: ServerKeys) -> None:
        with serving(Users(), tmp_path, keys) as server:
            for key, expected in {"office": ("local engineer", "not_allowed"), "screen": ("not_allowed", "not_allowed")}.items():
                with self.client(server.endpoint, tmp_path, key) as client:
                    assert tuple(said(client, method) for method in ("threshold", "unlisted")) == expected

    @pytest.mark.parametrize("content", ['"office" = "king"', '"office" = 7', "office ="])
    def test_a_wrong_file_of_roles_is_named_and_lets_nobody_through(self, tmp_path: Path, keys: ServerKeys, content: str) -> None:
        (keys.clients / "roles.toml").write_text(content)
        with (
            serving(Users(), tmp_path, keys) as server,
            self.client(server.endpoint, tmp_path, "office") as client,
            pytest.raises(RequestError, match=r"roles\.toml"),
        ):
            client.call("start")

    def test_a_key_of_nobody_is_an_operators(self, keys: ServerKeys) -> None:
        (keys.clients / "broken.key").write_text("no key")
        assert key_role(keys, "0" * 40) is Role.OPERATOR
