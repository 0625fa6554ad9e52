"""``users list|add|role|password|enable|disable``: who may log in, changed in the database itself by whoever administers the machine."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edge_inspector.records import Role
    from edge_inspector.store.passwords import PasswordHash
    from edge_inspector.store.users import User

Config = Annotated[Path, typer.Option("--config", help="station.toml", exists=True, dir_okay=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The user.")]
RoleName = Annotated[str, typer.Option("--role", help="operator, engineer or admin; the first user must be an admin.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Who may log in at a station, and with which role.")
    group.command("list")(list_)
    group.command("add")(add)
    group.command("role")(role)
    group.command("password")(password)
    group.command("enable")(enable)
    group.command("disable")(disable)
    app.add_typer(group, name="users")


def list_(config: Config, json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show every user."""
    from json import dumps

    from edge_inspector.desk.users import user_json
    from edge_inspector.store.users import list_users

    with _database(config) as engine:
        users = list_users(engine)
    if json:
        typer.echo(dumps({"users": [user_json(user) for user in users]}))
        return
    for user in users:
        typer.echo(_line(user))
    if not users:
        typer.echo("no users yet: nobody needs to log in", err=True)


def add(config: Config, name: Name, role: RoleName, password_stdin: FromStdin = False) -> None:
    """Add a user. From the first one on, whoever changes something at this station has to log in."""
    from edge_inspector.records import LOCAL
    from edge_inspector.store.users import add_user

    wanted, stored = _role(role), _password(password_stdin)
    with _database(config) as engine:
        typer.echo(_line(add_user(engine, name, wanted, stored, LOCAL.name)))


def role(config: Config, name: Name, role: Annotated[str, typer.Argument(help="operator, engineer or admin")]) -> None:
    """Give a user another role; it counts at once."""
    _change(config, name, role=_role(role))


def password(config: Config, name: Name, password_stdin: FromStdin = False) -> None:
    """Give a user another password."""
    _change(config, name, password=_password(password_stdin))


def enable(config: Config, name: Name) -> None:
    """Let a user log in again."""
    _change(config, name, active=True)


def disable(config: Config, name: Name) -> None:
    """Let a user log in no more; who is logged in is refused at once. The name stays on record."""
    _change(config, name, active=False)


def _change(config: Path, name: str, *, role: Role | None = None, password: PasswordHash | None = None, active: bool | None = None) -> None:
    from edge_inspector.records import LOCAL
    from edge_inspector.store.users import UserChange, change_user

    with _database(config) as engine:
        typer.echo(_line(change_user(engine, name, UserChange(role, active, password), LOCAL.name)))


@contextlib.contextmanager
def _database(config: Path) -> Iterator[Engine]:
    from edge_inspector.settings import load_station
    from edge_inspector.store.database import open_database

    engine = open_database(str(load_station(config).database.url))
    try:
        yield engine
    finally:
        engine.dispose()


def _role(text: str) -> Role:
    from edge_inspector.errors import SettingsError
    from edge_inspector.records import Role

    known = [role.value for role in Role]
    if text not in known:
        raise SettingsError(f"role '{text}': expected one of {', '.join(known)}")
    return Role(text)


def _password(from_stdin: bool) -> PasswordHash:
    from edge_inspector.store.passwords import hashed

    if from_stdin:
        return hashed(sys.stdin.readline().rstrip("\r\n"))
    return hashed(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _line(user: User) -> str:
    from edge_inspector.service import utc_text

    seen = "never logged in" if user.last_login_utc is None else f"last login {utc_text(user.last_login_utc)}"
    return f"{user.name:<24} {user.role.value:<9} {'active' if user.active else 'disabled':<9} {seen}"
