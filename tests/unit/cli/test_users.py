from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge_inspector.cli import build
from edge_inspector.errors import SettingsError, StateError

STATION = 'station = "line1"\nrecipe = "recipe.toml"\n[[camera]]\ndriver = "simulated"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "station.toml"
    path.write_text(STATION)
    return path


def users(config: Path, *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(build(), ["users", *arguments, "--config", str(config)], input=given)


def listed(config: Path) -> dict[str, tuple[str, bool]]:
    found = json.loads(users(config, "list", "--json").stdout)["users"]
    return {user["name"]: (user["role"], user["active"]) for user in found}


def test_from_the_first_admin_on(config: Path) -> None:
    assert "no users yet" in users(config, "list").stderr
    early = users(config, "add", "Olga", "--role", "operator", "--password-stdin", given="correct horse\n")
    assert isinstance(early.exception, StateError)
    assert users(config, "add", "Boss", "--role", "admin", "--password-stdin", given="correct horse\n").exit_code == 0
    asked = users(config, "add", "Olga", "--role", "operator", given="correct horse\ncorrect horse\n")
    assert asked.exit_code == 0
    assert "correct horse" not in asked.output
    assert users(config, "role", "Olga", "engineer").exit_code == 0
    assert users(config, "disable", "Olga").exit_code == 0
    assert listed(config) == {"Boss": ("admin", True), "Olga": ("engineer", False)}
    assert users(config, "enable", "Olga").exit_code == 0
    assert users(config, "password", "Olga", "--password-stdin", given="another one\n").exit_code == 0
    assert "Olga                     engineer  active    never logged in" in users(config, "list").stdout
    assert isinstance(users(config, "disable", "Boss").exception, StateError)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("add", "A", "--role", "king", "--password-stdin"), "king"), (("add", "A", "--role", "admin", "--password-stdin"), "0 characters")],
)
def test_wrong_use(config: Path, arguments: tuple[str, ...], says: str) -> None:
    done = users(config, *arguments)
    assert isinstance(done.exception, SettingsError)
    assert says in str(done.exception)
    assert listed(config) == {}
