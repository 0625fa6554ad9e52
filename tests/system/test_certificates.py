"""A line whose engine is not proven: no part is accepted, all are missed; it goes on without a restart once the engine is proven."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.engine.registry import open_engine
from edge_inspector.settings.certificate import FormKey
from tests.certificates import store
from tests.system.belts import HandBelt
from tests.system.lines import LineProcess, ask, command, simulated, write_station

ENDS = {"accepted", "rejected"}


def form(folder: Path) -> tuple[Bundle, FormKey]:
    bundle = load_bundle(folder / "bundle")
    with closing(open_engine(bundle)) as engine:
        return bundle, engine.form_key


def inspect(belt: HandBelt, *counts: int, heard: bool = True) -> None:
    for count in counts:
        belt.count = count
        belt.trigger(count, count)
        belt.listen(0.1)
    if heard:
        belt.listen_until(lambda: set(counts) <= set(belt.verdicts), "every verdict")


def test_a_certificate_that_fails_stops_a_line_until_the_form_is_proven(tmp_path: Path) -> None:
    trigger = f"ipc://{tmp_path}/trigger"
    station = write_station(tmp_path, simulated(trigger=trigger), image={"reject_frozen": False})
    with LineProcess(station) as line, HandBelt(trigger, station.endpoint("reject")) as belt:
        belt.wait_armed()
        assert ask(station, "status")["certificate"] is None  # float32 runs without one
        inspect(belt, 1, 2)
        assert set(belt.outcomes().values()) <= ENDS
        assert line.stop() == 0, line.log_tail()

    bundle, key = form(tmp_path)
    store(key, bundle, failures=("3 of 100 verdicts flip",))
    with LineProcess(station) as line:
        status = line.wait_for(("Error",))
        (condition,) = [found for found in status["conditions"] if found["name"] == "engine"]
        assert (condition["severity"], condition["active"]) == ("failure", True)
        assert "it does not decide as torch does: 3 of 100 verdicts flip" in condition["message"]
        assert f"models verify {tmp_path}/bundle --backend {key.backend} --precision f32" in condition["message"]
        assert (status["certificate"]["passed"], status["backend"]) == (False, "")

        with HandBelt(trigger, station.endpoint("reject")) as belt:
            belt.count = 2
            inspect(belt, 3, 4, 5, heard=False)
            assert "accepted" not in belt.outcomes().values()

            verified = command("models", "verify", str(tmp_path / "bundle"), "--backend", key.backend, "--json")
            assert verified.returncode == 0, verified.stderr
            assert json.loads(verified.stdout)["ok"]
            assert ask(station, "recipe", name="part")["certificate"]["passed"]
            assert ask(station, "start")["precision"] == "f32"
            belt.listen_until(lambda: {3, 4, 5} <= set(belt.verdicts), "what passed meanwhile is told of")
            assert {belt.outcomes()[count] for count in (3, 4, 5)} == {"restart"}  # missed, by that reason
            inspect(belt, 6, 7)
            assert {belt.outcomes()[count] for count in (6, 7)} <= ENDS
            counts = ask(station, "status")["counts"]
            assert (counts["missed"], counts["open"]) == (3, 0)
        assert line.stop() == 0, line.log_tail()


def test_a_line_without_its_gpu_says_what_is_missing_and_accepts_nothing(tmp_path: Path) -> None:
    if probe().devices:
        pytest.skip("there is a GPU: what a line does whose driver is gone is not checked")
    trigger = f"ipc://{tmp_path}/trigger"
    station = write_station(tmp_path, simulated(trigger=trigger), image={"reject_frozen": False})
    station.config.write_text('engine = {backend = "tensorrt"}\n' + station.config.read_text())
    with LineProcess(station) as line:
        status = line.wait_for(("Error",))
        (condition,) = [found for found in status["conditions"] if found["name"] == "engine"]
        assert (condition["severity"], condition["active"]) == ("failure", True)
        assert "NVIDIA driver" in condition["message"]
        with HandBelt(trigger, station.endpoint("reject")) as belt:
            inspect(belt, 1, 2, 3, heard=False)
            assert "accepted" not in belt.outcomes().values()
        assert ask(station, "status")["counts"]["accepted"] == 0
        assert line.stop() == 0, line.log_tail()
