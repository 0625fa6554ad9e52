"""The GPU suite's command where there is no GPU, and how it tells what it has and has not measured."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.errors import EngineError
from tests.benchmarks import gpu, ledger
from tests.bundles import make_bundle


def test_without_a_gpu_it_says_that_nothing_was_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if probe().devices:
        pytest.skip("this machine has a GPU: run scripts/test-gpu")
    monkeypatch.setattr("sys.argv", ["test-gpu"])
    assert gpu.main() == 1
    said = capsys.readouterr()
    assert (said.out, said.err.startswith("no GPU suite was run, and nothing of it is known to pass: no NVIDIA driver")) == ("", True)


def test_the_script_runs_this_command() -> None:
    script = ledger.ROOT / "scripts" / "test-gpu"
    assert script.stat().st_mode & 0o111
    assert "tests.benchmarks.gpu" in script.read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert all((ledger.ROOT / place).exists() for place in gpu.SUITE)


GOOD = {"precision": "fp16", "device_ms": 0.5, "per_second": 5000.0, "map_difference": 0.001, "flips": 0, "failures": []}
ABSENT = {"precision": "f32", "times": gpu.NOT_MEASURED, "why": "no plan"}
REPORTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "all is well": ({}, []),
    "a test fails": ({"tests": {"ok": False, "summary": "1 failed"}}, ["tests: 1 failed"]),
    "a precision does not run": ({"rows": [GOOD, ABSENT]}, ["f32: no plan"]),
    "no TensorRT for this GPU": ({"rows": [ABSENT], "excused": "TensorRT is not installed"}, []),
    "verdicts flip": ({"rows": [GOOD, {**GOOD, "failures": ["3 of 8 verdicts flip"]}]}, ["fp16: 3 of 8 verdicts flip"]),
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_suite_fails_where_anything_does(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    changed, failures = REPORTS[name]
    report = {"tests": {"ok": True, "summary": "9 passed"}, "bundle": "demo", "rows": [GOOD], "excused": "", **changed}
    measured = {key: value for key, value in report.items() if key != "tests"}
    for name_, value in {
        "no_gpu": lambda: "",
        "run_tests": lambda: report["tests"],
        "measure": lambda *_: measured,
    }.items():
        monkeypatch.setattr(gpu, name_, value)
    monkeypatch.setattr(ledger, "record", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["test-gpu"])
    assert gpu.main() == bool(failures)
    assert capsys.readouterr().err.splitlines() == [f"failed: {failure}" for failure in failures]


def test_without_tensorrt_no_row_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "present", lambda: ())
    assert gpu.not_for_this_gpu() == "TensorRT is not installed"


def test_a_tensorrt_that_does_not_work_is_no_excuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise EngineError("TensorRT cannot be imported")

    monkeypatch.setattr(gpu, "present", lambda: ("tensorrt",))
    monkeypatch.setattr(gpu, "load_tensorrt", broken)
    assert gpu.not_for_this_gpu() == ""


def test_a_bundle_that_torch_cannot_read_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    row = gpu.stand_in(load_bundle(make_bundle(tmp_path / "small")), "f32")
    assert row["times"] == gpu.NOT_MEASURED
    assert "cannot be read as a head of this program" in row["why"]


def test_what_tensorrt_did_not_run_is_not_measured_and_the_stand_in_is_named() -> None:
    report = {
        "tests": {"ok": True, "summary": "9 passed"},
        "bundle": "demo",
        "rows": [
            {"precision": "f32", "times": gpu.NOT_MEASURED, "why": "TensorRT is not installed"},
            {"precision": "fp16", "device_ms": 0.5, "per_second": 5000.0, "map_difference": 0.001, "flips": 0},
        ],
        "stand_in": {"name": gpu.STAND_IN, "rows": [{"precision": "fp16", "device_ms": 1.25, "per_second": 2000.0}]},
    }
    lines = gpu.text(report).splitlines()
    assert lines[2] == "  f32   not measured: TensorRT is not installed"
    assert lines[3] == "  fp16  0.500 ms an image, 5,000 images a second in batches of 16, map 1.0e-03, 0 flips against torch"
    assert lines[4] == "PRN under a CUDA graph in torch (stand-in for TensorRT):"
    assert lines[5] == "  fp16  1.250 ms an image, 2,000 images a second in batches of 16"
