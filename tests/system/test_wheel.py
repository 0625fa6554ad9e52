"""A wheel, installed where no checkout is near, brings the whole demo with its bundle, and line and desk as services."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # which would bring the checkout in again


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds our wheel; what it needs comes from the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    # A path file adds the packages there without their own path files, so the editable install of the checkout stays out.
    site = subprocess.run([python, "-c", "import site; print(site.getsitepackages()[0])"], check=True, capture_output=True, text=True)
    (Path(site.stdout.strip()) / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True, env=ALONE)
    return python.parent


def test_the_demo_runs_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed / "python", "-c", "import edge_inspector; print(edge_inspector.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=ALONE,
    )
    assert str(installed.parent) in where.stdout
    done = subprocess.run(
        [installed / "edge-inspector", "demo", "--parts", "20", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        env=ALONE,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["parts"] == 20 == result["accepted"] + result["rejected"] + result["missed"]
    assert result["unaccounted"] == 0


def test_the_services_install_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    script = installed.parent / "share" / "edge-inspector" / "systemd" / "install"
    subprocess.run(
        ["sh", script, "--prefix", installed.parent, "--root", tmp_path], check=True, capture_output=True, cwd=tmp_path, env=ALONE
    )
    unit = tmp_path / "etc" / "systemd" / "system" / "edge-inspector.service"
    (back_off,) = [line.split()[1] for line in unit.read_text().splitlines() if line.startswith("ExecStopPost=")]
    assert Path(back_off).is_file()
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed here")
    done = subprocess.run([verify, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
