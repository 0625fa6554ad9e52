"""The desk as the line's child: a real process, which gives the line the way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.line.desk_child import NICE, DeskChild
from edge_inspector.settings.station import DeskSettings


def test_the_child_runs_behind_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    real = subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - Popen's own
        process: subprocess.Popen[bytes] = real(*arguments, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen)
    child = DeskChild(tmp_path / "station.toml", DeskSettings(endpoint=f"ipc://{tmp_path}/desk", autostart=True))
    child.tend()
    try:
        (pid,) = started
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    finally:
        child.stop(60.0)  # a busy machine starts a process of the last rank late
