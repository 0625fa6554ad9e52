"""The ledger of measurements: one JSON object a line in ledger.jsonl, each with its commit, so that none has to be repeated.

python -m tests.benchmarks.ledger          the newest entry of each measurement
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).with_name("ledger.jsonl")
ROOT = Path(__file__).resolve().parents[2]


def commit() -> str:
    """The checkout's commit, with a + where files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = [line for line in _git("status", "--porcelain").splitlines() if not line.endswith(LEDGER.name)]
    return head + ("+" if changed else "")


def known(name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """The entry of this measurement and key at this very commit, if there is one."""
    now = commit()
    found = [e for e in entries() if e["name"] == name and e["key"] == key and e["commit"] == now and not now.endswith("+")]
    return found[-1] if found else None


def newest(name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """The newest entry of this measurement and key at any commit, for figures that the key alone decides."""
    found = [e for e in entries() if e["name"] == name and e["key"] == key]
    return found[-1] if found else None


def record(name: str, key: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Append a measurement; returns the entry."""
    entry = {
        "name": name,
        "key": key,
        "result": result,
        "commit": commit(),
        "utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "host": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    with LEDGER.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    return entry


def entries() -> list[dict[str, Any]]:
    """All entries, oldest first."""
    return [json.loads(line) for line in LEDGER.read_text(encoding="utf-8").splitlines()] if LEDGER.exists() else []


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Print the newest entry of each measurement."""
    newest = {(e["name"], json.dumps(e["key"])): e for e in entries()}
    for entry in newest.values():
        sys.stdout.write(f"{entry['name']} {entry['key']} at {entry['commit']}: {json.dumps(entry['result'])}\n")


if __name__ == "__main__":
    main()
