"""The GPU suite's command where there is no GPU, and how it tells what it has and has not measured."""

from __future__ import annotations

import subprocess

import pytest

from edge_inspector.engine.cuda.probe import probe
from tests.benchmarks import gpu, ledger


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
