"""What the line does about an engine that has no plan yet, and about one that this process can run no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_inspector.engine import registry
from edge_inspector.engine.cuda.probe import Probe
from edge_inspector.errors import CudaError, FormError, FormMissing, SettingsError, StateError
from edge_inspector.line import plan
from edge_inspector.pipeline.events import CameraOpen, EngineFailed, EngineLost, EngineReady
from edge_inspector.records import Severity, State
from edge_inspector.settings import Station
from tests.unit.line.bench import bench, judge
from tests.unit.pipeline.rig import PATIENCE_S


@pytest.mark.parametrize(
    ("error", "state"),
    [(FormMissing("no plan; build it: X"), State.PREOPERATIONAL), (FormError("truncated"), State.ERROR)],
    ids=["a plan that nobody has built", "a plan that is damaged"],
)
def test_a_line_without_a_plan_says_so_and_waits(tmp_path: Path, error: FormError, state: State, expected_warnings: list[str]) -> None:
    """It builds none, is not in Error for what is only still to be done, and goes on once the plan is there."""
    expected_warnings.append("condition engine")
    with bench(tmp_path) as b:
        b.feed(CameraOpen("cam0"), EngineFailed(error), b.gate(3))
        assert (b.state(), b.active(), b.pipeline.armed) == (state, ("engine",), [])
        condition = b.conditions.listed()[0]
        assert (condition.severity, str(error) in condition.message) == (Severity.FAILURE, True)
        b.ask(lambda: b.controller.change(lambda: judge("r:2")))
        b.feed(EngineReady(judge("r:2")))
        b.ask(b.controller.start)
        b.feed(b.answer())
        assert (b.state(), b.active()) == (State.CONTINUOUS_EXECUTION, ())


def test_a_missing_plan_of_the_next_bundle_leaves_what_runs(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.execute(10)
        loading = b.ask(lambda: b.controller.change(lambda: judge("r:2")))
        b.feed(EngineFailed(FormMissing("no plan; build it: X")))
        with pytest.raises(StateError, match="no plan; build it: X"):
            loading.result(PATIENCE_S)
        assert (b.state(), b.active()) == (State.READY, ())


def test_an_engine_that_only_a_new_process_can_run_again_stops_the_line(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("condition engine")
    with bench(tmp_path) as b:
        b.execute(10)
        b.feed(EngineLost(CudaError("an illegal memory access was encountered", sticky=True)))
        assert (b.state(), b.active(), b.pipeline.executing) == (State.ERROR, ("engine",), False)
        with pytest.raises(StateError, match="restart the line"):
            b.ask(b.controller.start)


def test_a_gpu_that_is_gone_is_no_wrong_setting_but_a_package_that_is_absent_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first may come back; the line starts, and says in its state what is the matter."""
    camera = [{"driver": "simulated", "name": "cam0"}]
    station = Station.model_validate({"station": "s", "recipe": "r.toml", "camera": camera, "engine": {"backend": "tensorrt"}})
    monkeypatch.setattr(registry, "probe", lambda: Probe(0, "no NVIDIA driver here"))
    monkeypatch.setattr(registry, "find_spec", lambda name: object() if name == "tensorrt" else None)
    plan._check_backend(Path("station.toml"), station)
    monkeypatch.setattr(registry, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"station\.toml: engine\.backend = 'tensorrt': tensorrt or tensorrt_rtx is not installed; pip"):
        plan._check_backend(Path("station.toml"), station)
