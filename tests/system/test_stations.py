"""Two stations in one process: each inspects by itself, and what befalls one does not touch the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_inspector.rehearsal.processes import TemporaryStation
from tests.system.lines import LineProcess, ask, simulated, wait_until, write_station


def station(folder: Path, name: str, **settings: Any) -> TemporaryStation:  # noqa: ANN401
    folder.mkdir()
    made = write_station(folder, simulated(rate=20.0, **settings), require_gate=False)
    made.config.write_text(made.config.read_text().replace('"line1"', f'"{name}"'))
    return made


def triggers(made: TemporaryStation) -> int:
    return int(ask(made, "status")["counts"]["triggers"])


def test_two_stations_run_in_one_process_and_one_that_is_stopped_does_not_stop_the_other(tmp_path: Path) -> None:
    left, right = station(tmp_path / "left", "left"), station(tmp_path / "right", "right", product="texture")
    recipe = tmp_path / "right" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(tmp_path / "right" / "bundle"), str(tmp_path / "left" / "bundle")))
    with LineProcess(left, right) as line:
        line.wait_for(("ContinuousExecution",))
        wait_until(lambda: triggers(left) > 5 and triggers(right) > 5, "both inspect")
        assert [ask(each, "ping")["station"] for each in (left, right)] == ["left", "right"]
        assert ask(left, "stop")["state"] == "Ready"
        seen = triggers(right)
        wait_until(lambda: triggers(right) > seen + 5, "the other goes on")
        for each in (left, right):
            parts = ask(each, "parts", since=0)["parts"]
            assert {part["station"] for part in parts} == {ask(each, "status")["station"]}
        assert line.stop() == 0, line.log_tail()


def test_a_station_that_cannot_start_is_named_and_the_other_runs(tmp_path: Path) -> None:
    good, bad = station(tmp_path / "good", "good"), station(tmp_path / "bad", "bad")
    bad.config.write_text(bad.config.read_text().replace(bad.endpoint("status"), f"ipc://{tmp_path}/no/such/folder"))
    with LineProcess(good, bad) as line:
        line.wait_for(("ContinuousExecution",))
        wait_until(lambda: triggers(good) > 5, "the good one inspects")
        wait_until(lambda: "station bad has ended" in line.log_tail(200), "the other is named")
        seen = triggers(good)
        wait_until(lambda: triggers(good) > seen + 5, "the good one goes on")
        assert line.stop() == 1, line.log_tail()
        assert "station bad: " in line.log_tail()
