"""The result log as a CSV file, for spreadsheets and statistics."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from edge_inspector.errors import StoreError
from edge_inspector.store.queries import ALL, COLUMNS, Filter, Part, pages


def export_csv(engine: Engine, path: Path, wanted: Filter = ALL, progress: Callable[[int], object] = lambda _rows: None) -> int:
    """Write the parts to ``path``, oldest first, one row a part; ``regions``, ``archive`` and ``person`` as JSON. Returns how many.

    The file appears, or replaces the one before, only when it is complete. Raises StoreError naming the file or the database.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        count = _write(engine, unfinished, wanted, progress)
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}; choose another file, or free space") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _write(engine: Engine, path: Path, wanted: Filter, progress: Callable[[int], object]) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, (*COLUMNS, "regions", "person"))
        writer.writeheader()
        for page in pages(engine, wanted):
            writer.writerows(_row(part) for part in page)
            count += len(page)
            progress(len(page))
    return count


def _row(part: Part) -> Part:
    return part | {name: json.dumps(part[name]) for name in ("regions", "archive", "person")}
