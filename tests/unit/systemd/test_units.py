"""What stands in systemd/: installed below a folder of the test's, judged by systemd's own tools."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_inspector.settings import load_station

ROOT = Path(__file__).resolve().parents[3]
UNITS = ("edge-inspector.service", "edge-inspector-desk.service")


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=os.environ | environment)


def systemd(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed here")
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program in bin and the units where a wheel puts them."""
    prefix = tmp_path_factory.mktemp("program")
    (prefix / "bin").mkdir()
    command = prefix / "bin" / "edge-inspector"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m edge_inspector "$@"\n')
    command.chmod(0o755)
    shutil.copytree(ROOT / "systemd", prefix / "share" / "edge-inspector" / "systemd")
    return prefix


def install(program: Path, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = program / "share" / "edge-inspector" / "systemd" / "install"
    return run("sh", script, "--prefix", program, "--root", root, *options)


@pytest.fixture(scope="module")
def installed(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root folder of a machine where line and desk are installed."""
    root = tmp_path_factory.mktemp("root")
    done = install(program, root)
    assert (done.returncode, done.stderr) == (0, "")
    return root


def unit(root: Path, name: str) -> Path:
    return root / "etc" / "systemd" / "system" / name


@pytest.mark.parametrize("name", UNITS)
def test_verify_has_nothing_to_say(installed: Path, name: str) -> None:
    done = run(systemd("systemd-analyze"), "verify", "--man=no", unit(installed, name))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", UNITS)
def test_verify_would_have_said_it(installed: Path, tmp_path: Path, name: str) -> None:
    wrong = tmp_path / name
    wrong.write_text(unit(installed, name).read_text().replace("[Service]", "[Service]\nWatchdogSecs=3"))
    assert "WatchdogSecs" in run(systemd("systemd-analyze"), "verify", "--man=no", wrong).stderr


@pytest.mark.parametrize(("name", "exposure"), [(UNITS[0], 20), (UNITS[1], 20)])
def test_exposed_little(installed: Path, name: str, exposure: int) -> None:
    done = run(systemd("systemd-analyze"), "security", "--offline=true", f"--threshold={exposure}", "--no-pager", unit(installed, name))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_says_what_the_service_needs(program: Path, installed: Path, name: str) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit(installed, name))
    section = dict(parser["Service"])
    assert {key: section.get(key) for key in ("Type", "User", "Restart", "KillSignal", "StateDirectory", "ProtectSystem")} == {
        "Type": "notify", "User": "edge-inspector", "Restart": "on-failure", "KillSignal": "SIGTERM", "StateDirectory": "edge-inspector",
        "ProtectSystem": "strict",
    }  # fmt: skip
    assert section["ExecStart"].startswith(f"{program}/bin/edge-inspector ")
    assert "WatchdogSec" in section
    assert "MemoryDenyWriteExecute" not in section  # OpenVINO compiles at run time


def test_user_and_folders(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = run(systemd("systemd-sysusers"), f"--root={tmp_path}", installed / "etc" / "sysusers.d" / "edge-inspector.conf")
    assert done.returncode == 0, done.stderr
    assert "edge-inspector:" in (tmp_path / "etc" / "passwd").read_text()
    lines = (installed / "etc" / "tmpfiles.d" / "edge-inspector.conf").read_text().splitlines()
    assert {line.split()[1] for line in lines if line.startswith("d ")} >= {"/etc/edge-inspector", "/var/lib/edge-inspector"}


def test_a_new_station_keeps_its_state_in_var_and_leaves_the_desk_to_its_unit(installed: Path) -> None:
    station = load_station(installed / "etc" / "edge-inspector" / "station.toml")
    assert (str(station.state), station.desk.autostart) == ("/var/lib/edge-inspector", False)


def test_installing_again_keeps_the_station_and_uninstalling_too(program: Path, installed: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(installed, root)
    station = root / "etc" / "edge-inspector" / "station.toml"
    station.write_text(station.read_text().replace("autostart = false", "autostart = true"))
    before = station.read_text()
    again = install(program, root)
    assert again.returncode == 0
    assert "set autostart = false" in again.stderr
    assert station.read_text() == before
    assert install(program, root, "--uninstall").returncode == 0
    assert {path for path in root.rglob("*") if path.is_file()} == {station, station.with_name("recipe.toml")}


def test_a_dry_run_does_nothing(program: Path, tmp_path: Path) -> None:
    done = install(program, tmp_path, "--dry-run")
    assert done.returncode == 0
    assert "edge-inspector.service" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--fly"], 2, "unknown option --fly"),
        (["--prefix"], 2, "--prefix needs a folder"),
        (["--prefix", "here|there"], 2, "absolute path"),
        (["--prefix", "/nowhere"], 1, "/nowhere/bin/edge-inspector is not there"),
    ],
)
def test_wrong_use_is_named(program: Path, tmp_path: Path, options: list[str], status: int, message: str) -> None:
    done = install(program, tmp_path, *options)
    assert done.returncode == status
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_failures_in_a_row_wait_longer_and_a_stop_forgets_them(tmp_path: Path) -> None:
    (tmp_path / "sleep").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/slept\n')
    (tmp_path / "sleep").chmod(0o755)

    def stopped(result: str, status: str = "1") -> str:
        (tmp_path / "slept").write_text("")
        around = {"RUNTIME_DIRECTORY": str(tmp_path), "SERVICE_RESULT": result, "EXIT_STATUS": status}
        done = run("sh", ROOT / "systemd" / "back-off", "line", PATH=f"{tmp_path}:{os.environ['PATH']}", **around)
        assert (done.returncode, done.stderr) == (0, "")
        return (tmp_path / "slept").read_text().strip()

    assert [stopped("watchdog", "ABRT") for _ in range(7)] == ["", "1", "2", "4", "8", "16", "16"]
    assert stopped("exit-code", "2") == ""  # wrong settings: systemd does not try again
    uptime = int(float(Path("/proc/uptime").read_text().split()[0]))
    (tmp_path / "line.failures").write_text(f"{uptime - 700} {uptime - 650} {uptime - 300}\n")
    assert stopped("signal", "KILL") == "1"
    assert stopped("success", "0") == ""
    assert not (tmp_path / "line.failures").exists()
    assert stopped("signal", "KILL") == ""
