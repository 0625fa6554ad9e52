"""What system tests share: a station in a temporary folder, its line as a child process, and questions to it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from edge_inspector import images
from edge_inspector.camera.simulator.render import render
from edge_inspector.camera.simulator.spec import part_spec
from edge_inspector.rehearsal.processes import LineProcess, TemporaryStation
from edge_inspector.wire.client import ControlClient
from tests.bundles import make_bundle


def write_station(
    folder: Path,
    *cameras: dict[str, Any],
    require_gate: bool = True,
    heartbeat_ms: int = 2000,
    **recipe: Any,  # noqa: ANN401
) -> TemporaryStation:
    """A station with the small bundle of `tests.bundles`, its sockets as files in ``folder``."""
    station = TemporaryStation(folder)
    bundle = make_bundle(folder / "bundle")
    sockets: dict[str, dict[str, Any]] = {name: {"endpoint": station.endpoint(name)} for name in ("reject", "status", "control", "desk")}
    sockets["reject"] |= {"require_gate": require_gate, "heartbeat_ms": heartbeat_ms}
    station.config.write_text(tomli_w.dumps({"station": "line1", "recipe": "recipe.toml", "camera": list(cameras), **sockets}))
    content = {"name": "part", "bundle": str(bundle), "gate": {"reject_window_ms": 60_000.0}, **recipe}
    (folder / "recipe.toml").write_text(tomli_w.dumps(content))
    return station


def simulated(**settings: Any) -> dict[str, Any]:  # noqa: ANN401
    """A self-paced simulated camera's table."""
    return {"driver": "simulated", "product": "ring", "size": 64, "rate": 50.0, **settings}


def part_images(folder: Path, count: int, size: int = 96) -> Path:
    """``count`` PNG files of simulated parts, by name in their order."""
    folder.mkdir()
    for number in range(count):
        images.write_png(folder / f"{number:03d}.png", render(part_spec("ring", 7, number), size).image)
    return folder


def command(*arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """``edge-inspector`` with these arguments, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "edge_inspector", *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def ask(station: TemporaryStation, method: str, process: str = "control", **params: Any) -> dict[str, Any]:  # noqa: ANN401
    """One control request to the line or the desk."""
    with ControlClient(station.endpoint(process)) as client:
        return client.call(method, params, 60.0)  # a process that starts on a busy machine takes its time


def wait_until(found: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:  # noqa: ANN401
    """The first true result of ``found``; fails naming ``what`` after the time."""
    until = time.monotonic() + timeout_s
    while not (result := found()):
        assert time.monotonic() < until, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.02)  # a poll of another process, which has no event to wait on
    return result


__all__ = ["LineProcess", "ask", "command", "part_images", "simulated", "wait_until", "write_station"]
