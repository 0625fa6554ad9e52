from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edge_inspector.errors import SettingsError, WireError
from edge_inspector.gateway.sim import run_plc_sim
from edge_inspector.records import Decision, Reason
from tests.unit.outputs.link import Raw, bench


def test_it_takes_acknowledges_and_counts(tmp_path: Path) -> None:
    with bench(tmp_path, require_gate=True) as b:
        results: list[dict[str, int]] = []
        plc = threading.Thread(target=lambda: results.append(run_plc_sim(b.link.endpoint, parts=9, timeout_s=20)))
        plc.start()
        b.listener.wait("joined", "plc-sim")
        for count, decision in enumerate([Decision.ACCEPT, Decision.REJECT, Decision.REVIEW] * 2, start=1):
            b.run_part(count, decision)
        for count in (7, 8, 9):
            b.expect(count)
            b.post(b.judged(count, missed=Reason.GRAB_FAILED))
        plc.join()
        assert results == [
            {"verdicts": 9, "accepts": 2, "rejects": 4, "reviews": 2, "missed": 3, "acks": 9, "duplicates": 0, "out_of_order": 0}
        ]
        b.listener.wait("left", "plc-sim")
        assert b.link.unsettled == 0


def test_it_waits_for_a_line_and_ends_in_time() -> None:
    started = time.monotonic()
    assert run_plc_sim("tcp://127.0.0.1:9", parts=1, timeout_s=0.3)["verdicts"] == 0
    assert 0.25 < time.monotonic() - started < 20.0


def test_it_ends_when_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with bench(tmp_path) as b:
        assert run_plc_sim(b.link.endpoint, stop=stop)["verdicts"] == 0


def test_wrong_use() -> None:
    with pytest.raises(SettingsError, match="parts = 0"):
        run_plc_sim("tcp://127.0.0.1:9", parts=0)
    with pytest.raises(WireError, match="not an endpoint"):
        run_plc_sim("5570", parts=1)


def test_the_command(tmp_path: Path) -> None:
    with bench(tmp_path) as b, Raw(b.link.endpoint, "other") as other:
        other.hello()
        for count in (1, 2):
            b.run_part(count)
        script = (
            "import typer; from edge_inspector.cli.plc import register\n"
            "app = typer.Typer(); app.callback()(lambda: None); register(app); app()"
        )
        command = [sys.executable, "-c", script, "plc-sim", "--connect", b.link.endpoint, "--parts", "2", "--timeout", "20", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        counts = json.loads(done.stdout)
        assert (counts["verdicts"], counts["acks"], counts["accepts"], counts["rejects"]) == (2, 2, 2, 0)
        assert (counts["duplicates"], counts["out_of_order"]) == (0, 0)
