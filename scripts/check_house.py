"""What no linter knows of this house: file length, the fixed top level, and that nothing names a path of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 400
TOP_LEVEL = ("edge_inspector", "models", "calibration", "ui", "tests", "systemd", "setup.cfg", "README.md")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work)/\w")


def problems() -> list[str]:
    """One line a problem; empty when the house is in order."""
    found = [f"{name}: missing from the top level" for name in TOP_LEVEL if not (ROOT / name).exists()]
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix not in {".py", ".md", ".cfg", ".toml", ".sh", ".service", ""} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".py" and text.count("\n") > LONGEST:
            found.append(f"{name}: {text.count(chr(10))} lines; split it at {LONGEST}")
        if name != "scripts/check_house.py" and MACHINE_PATH.search(text):
            found.append(f"{name}: names a path of one machine")
    return found


if __name__ == "__main__":
    lines = problems()
    sys.stdout.write("\n".join(lines) + "\n" if lines else "house in order\n")
    sys.exit(bool(lines))
