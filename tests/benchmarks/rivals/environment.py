"""anomalib's own virtual environment: made once, kept in the cache."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.rivals.process import ChildError, run

HERE = Path(__file__).parent
REQUIREMENTS, SCRIPT = HERE / "requirements.txt", HERE / "in_anomalib.py"
SAME = 1e-3  # greatest difference of the two backbones' maps, as a share of their greatest value: float32 rounding, not other weights


def anomalib_version() -> str:
    """As pinned."""
    pins = dict(line.split("==") for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if "==" in line)
    return pins["anomalib"]


def interpreter(cache: Path, image: Path) -> Path:
    """The environment's Python, installed and checked on ``image`` if need be. Raises ChildError saying what failed."""
    python = cache / "venv" / "bin" / "python"
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not (cache / "venv" / f".installed-{pins}").exists():
        _install(cache / "venv", python)
        (cache / "venv" / f".installed-{pins}").touch()
    if not (cache / "features" / "features.figures.json").exists():
        _compare(cache / "features", python, image)
    return python


def _install(venv: Path, python: Path) -> None:
    say(f"making {venv} and installing anomalib {anomalib_version()} into it: about 2 GB, some minutes ...")
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--requirement",
        REQUIREMENTS,
    ]
    make: list[str | Path] = [sys.executable, "-m", "venv", venv]
    for command in (make, pip):
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            raise ChildError(f"{' '.join(map(str, command))} failed; the lines above say what could not be had")


def _compare(folder: Path, python: Path, image: Path) -> None:
    """Raises ChildError unless timm's network under these weights computes what our backbone does."""
    say("comparing the two backbones ...")
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"method": "padim", "train": [], "test": [], "settings": {}, "seed": 0, "size": 256, "threads": 1, "normalisation": "weights"}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    run([sys.executable, "-m", "tests.benchmarks.rivals.features", image, folder], 1, loaded=False)
    run([python, SCRIPT, "features", folder / "plan.json", folder], 1, loaded=False)
    figures = folder / "features.figures.json"
    gap = json.loads(figures.read_text(encoding="utf-8"))["gap"]
    if not gap < SAME:
        figures.unlink()
        raise ChildError(f"timm's backbone differs from ours by {gap:.2g} of the maps' greatest value: not the same weights")


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
