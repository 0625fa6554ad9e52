"""Reading and writing of label files, with errors that name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from edge_inspector.errors import LabelError

M = TypeVar("M", bound=BaseModel)


def read_json(path: Path) -> dict[str, Any]:
    """The object of a JSON file. Raises LabelError naming the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabelError(f"{path}: cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LabelError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise LabelError(f"{path}: a JSON object was expected, not a {type(found).__name__}")
    return found


def parse(model: type[M], values: object, where: str) -> M:
    """``values`` as ``model``. Raises LabelError naming place, key and what is expected."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        raise LabelError(f"{where}: {key}: {first['msg']}") from None


def write_json(path: Path, values: object) -> None:
    """Write a JSON file whole or not at all, making its folder. Raises LabelError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(values), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise LabelError(f"{path}: cannot be written: {error.strerror}") from error
