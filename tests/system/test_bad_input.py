"""A station that cannot run says what is wrong, where, and what to do; it does not start half."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from tests.system.lines import LineProcess, ask, command, part_images, simulated, wait_until, write_station


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def damage(folder: Path) -> None:
    path = folder / "bundle" / "model.onnx"
    path.write_bytes(path.read_bytes() + b"x")


CASES = {
    "unknown key": (edit("station.toml", 'station = "line1"', 'station = "line1"\nspeed = 3'), 2, ["station.toml", "speed"]),
    "value out of range": (edit("station.toml", "rate = 50.0", "rate = -1.0"), 2, ["station.toml", "rate", "-1"]),
    "unknown driver": (edit("station.toml", '"simulated"', '"basler9"'), 2, ["station.toml", "basler9"]),
    "unknown product": (edit("station.toml", '"ring"', '"cube"'), 2, ["station.toml", "cube", "texture"]),
    "no TOML at all": (lambda folder: (folder / "station.toml").write_text("= = ="), 2, ["station.toml", "TOML"]),
    "recipe missing": (lambda folder: (folder / "recipe.toml").unlink(), 2, ["recipe.toml", "no such file"]),
    "recipe value": (edit("recipe.toml", "60000.0", "-5.0"), 2, ["recipe.toml", "reject_window_ms"]),
    "unknown backend": (
        edit("station.toml", 'station = "line1"', 'station = "line1"\nengine = {backend = "abacus"}'),
        2,
        ["abacus", "auto"],
    ),
    "bundle missing": (edit("recipe.toml", "/bundle", "/nowhere"), 1, ["nowhere", "manifest.toml"]),
    "bundle damaged": (damage, 1, ["model.onnx", "sha256"]),
}


@pytest.mark.parametrize("name", CASES)
def test_check_config_refuses(name: str, tmp_path: Path) -> None:
    change, status, words = CASES[name]
    write_station(tmp_path, simulated())
    change(tmp_path)
    result = command("check-config", str(tmp_path / "station.toml"))
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_run_says_which_endpoint_is_in_use(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated())
    with zmq.Context() as context, context.socket(zmq.SocketType.ROUTER) as taken:
        port = taken.bind_to_random_port("tcp://127.0.0.1")
        edit("station.toml", station.endpoint("reject"), f"tcp://127.0.0.1:{port}")(tmp_path)
        result = command("run", "--config", str(station.config))
    assert result.returncode == 1
    assert str(port) in result.stderr
    assert "in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_run_says_that_the_database_folder_cannot_be_made(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated())
    (tmp_path / "blocked").write_text("a file where a folder should be")
    edit("station.toml", 'station = "line1"', f'station = "line1"\ndatabase = {{url = "sqlite:///{tmp_path}/blocked/results.db"}}')(
        tmp_path
    )
    result = command("run", "--config", str(station.config))
    assert result.returncode == 1
    assert "blocked" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_empty_folder_is_a_condition_that_names_it_and_ends_when_it_is_filled(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    station = write_station(tmp_path, {"driver": "folder", "path": str(tmp_path / "parts")}, require_gate=False)
    with LineProcess(station) as line:
        status = line.wait_for(("Initialized",))
        (camera,) = wait_until(lambda: ask(station, "status")["conditions"], "the camera's condition")
        assert (camera["name"], camera["severity"], camera["active"]) == ("camera", "failure", True)
        assert str(tmp_path / "parts") in camera["message"]
        part_images(tmp_path / "more", 3).rename(tmp_path / "parts")  # all at once: the camera looks again and again
        status = wait_until(lambda: (s := ask(station, "status"))["exhausted"] and s, "its parts are inspected")
        assert status["counts"]["triggers"] == 3
        assert line.stop() == 0, line.log_tail()


def test_beyond_loopback_needs_keys(tmp_path: Path) -> None:
    station = write_station(tmp_path, simulated())
    edit("station.toml", station.endpoint("reject"), "tcp://0.0.0.0:5999")(tmp_path)
    result = command("run", "--config", str(station.config))
    assert result.returncode == 1
    assert "insecure" in result.stderr


def test_init_runs_as_it_is_and_never_overwrites(tmp_path: Path) -> None:
    assert command("init", str(tmp_path / "new")).returncode == 0
    before = (tmp_path / "new" / "station.toml").read_text()
    again = command("init", str(tmp_path / "new"))
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert (tmp_path / "new" / "station.toml").read_text() == before


@pytest.mark.parametrize("arguments", [["run"], ["demo", "--parts", "0"], ["fly"], ["check-config", "/nonexistent/station.toml"]])
def test_wrong_use_is_exit_2(arguments: list[str]) -> None:
    assert command(*arguments).returncode == 2
