"""Read settings from TOML; every error names the file, the key, the value, and what is expected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge_inspector.errors import SettingsError
from edge_inspector.settings.recipe import Recipe
from edge_inspector.settings.station import Station

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

M = TypeVar("M", bound=BaseModel)


def load_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises SettingsError naming the file (and line, where the text is wrong)."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error


def parse_model(model: type[M], values: dict[str, Any], where: str) -> M:
    """Validate ``values`` as ``model``; each problem becomes one line ``where: key = value: what is expected``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_problem(where, entry) for entry in error.errors())) from None


def _problem(where: str, entry: ErrorDetails) -> str:
    key = ".".join(str(part) for part in entry["loc"]) or "(top level)"
    if entry["type"] == "extra_forbidden":
        return f"{where}: unknown key '{key}' (value {entry['input']!r}); remove it or check its spelling"
    if entry["type"] == "missing":
        return f"{where}: key '{key}' is missing"
    return f"{where}: {key} = {entry['input']!r}: {entry['msg']}"


def load_station(path: Path) -> Station:
    """Read ``station.toml``; relative paths in it are taken from the file's folder."""
    path = path.resolve()
    station = parse_model(Station, load_toml(path), str(path))
    return station.resolved(path.parent)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file; a relative bundle path in it is taken from the file's folder."""
    path = path.resolve()
    return parse_model(Recipe, load_toml(path), str(path)).resolved(path.parent)
