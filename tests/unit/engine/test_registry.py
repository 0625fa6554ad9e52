"""Engines by name; a missing driver breaks only its user; and nothing leaves the machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_inspector.engine import registry
from edge_inspector.engine.bundle import Bundle, load_bundle
from edge_inspector.engine.cuda.probe import Probe, probe
from edge_inspector.engine.registry import available, open_engine
from edge_inspector.engine.stub import StubEngine, stub_bundle
from edge_inspector.errors import EngineError
from tests.bundles import make_bundle

IMPORTED_BY = {"openvino": ("openvino_split", "vino")}  # besides the engine's own file


def block(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Make packages unimportable, as if they were not installed."""
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)
        for module in (package, *IMPORTED_BY.get(package, ())):
            monkeypatch.delitem(sys.modules, f"edge_inspector.engine.{module}", raising=False)
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name in packages else object())


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(EngineError, match="unknown backend 'magic'; one of auto, tensorrt, openvino, onnxruntime, stub"):
        open_engine(stub_bundle(), "magic")


@pytest.mark.parametrize(("backend", "remedy"), [("openvino", "pip install openvino"), ("onnxruntime", r"edge-inspector\[onnxruntime\]")])
def test_a_missing_backend_names_what_installs_it(backend: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, backend)
    with pytest.raises(EngineError, match=remedy):
        open_engine(stub_bundle(), backend)
    assert backend not in available()
    assert open_engine(stub_bundle(), "stub").backend == "stub"


def test_auto_takes_the_best_present(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    bundle: Bundle = load_bundle(make_bundle(tmp_path / "small"))
    block(monkeypatch, "openvino")
    engine = open_engine(bundle)
    assert engine.backend == "onnxruntime"
    engine.close()


def gpu(monkeypatch: pytest.MonkeyPatch, *packages: str, devices: int = 1) -> None:
    """As on a machine with these packages alone, and so many GPUs."""
    monkeypatch.setattr(registry, "find_spec", lambda name: object() if name in packages else None)
    monkeypatch.setattr(registry, "probe", lambda: Probe(devices, "" if devices else "no NVIDIA driver here; install it"))


@pytest.mark.parametrize(
    ("packages", "devices", "taken"),
    [
        (("tensorrt", "openvino"), 1, "tensorrt"), (("tensorrt", "openvino"), 0, "openvino"),
        (("tensorrt_rtx", "openvino"), 1, "openvino"), (("openvino",), 1, "openvino"),
    ],
    ids=["a GPU and its package", "no GPU", "the package for RTX alone", "no package"],
)  # fmt: skip
def test_auto_takes_tensorrt_where_it_can_run(packages: tuple[str, ...], devices: int, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu(monkeypatch, *packages, devices=devices)
    loaded: list[str] = []
    monkeypatch.setattr(registry, "_load", lambda name: lambda *_: loaded.append(name))
    open_engine(stub_bundle())
    assert loaded == [taken]


@pytest.mark.parametrize(
    ("packages", "devices", "why"),
    [(("tensorrt",), 0, "no NVIDIA driver here"), ((), 1, r"tensorrt or tensorrt_rtx is not installed; pip install .*\[gpu\]")],
    ids=["no driver", "no package"],
)
def test_what_keeps_tensorrt_from_running_is_named(
    packages: tuple[str, ...], devices: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu(monkeypatch, *packages, devices=devices)
    assert "tensorrt" not in available()
    assert re.match(why, registry.why_not("tensorrt"))


def test_tensorrt_by_name_without_a_driver_touches_no_runtime(tmp_path: Path) -> None:
    """The real package, where it is installed, on a machine without a GPU: an error, not a crash of the process."""
    if probe().devices:
        pytest.skip("this machine has a GPU: tests/contract/test_engines.py runs on it")
    bundle = load_bundle(make_bundle(tmp_path / "small"))
    with pytest.raises(EngineError, match=r"no NVIDIA driver here.*install NVIDIA's driver|pip install \"edge-inspector\[gpu\]\""):
        open_engine(bundle, "tensorrt")


def test_auto_never_takes_the_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, "openvino", "onnxruntime")
    assert available() == ("stub",)
    with pytest.raises(EngineError, match="no inference backend is installed"):
        open_engine(stub_bundle())


def test_the_stub_says_the_brightness_or_its_script() -> None:
    batch = np.stack([np.full((64, 64, 3), value, np.uint8) for value in (0, 51, 255)])
    assert [s.image_score for s in StubEngine(stub_bundle()).infer(batch)] == pytest.approx([0.0, 0.2, 1.0])
    scripted = StubEngine(stub_bundle(), script=(0.1, 0.9))
    assert [s.image_score for s in scripted.infer(batch)] == pytest.approx([0.1, 0.9, 0.1])
    assert scripted.infer(batch)[0].anomaly_map.shape == (32, 32)


SILENT = """
import socket, sys, threading, warnings
warnings.simplefilter("error")
tried = []
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, lambda self, *a: tried.append(a))
socket.getaddrinfo = lambda *a, **k: tried.append(a)
from pathlib import Path
from edge_inspector.engine.bundle import load_bundle
from edge_inspector.engine.registry import open_engine
engine = open_engine(load_bundle(Path(sys.argv[1])), "openvino")
engine.warm_up()
engine.close()
assert not tried, tried
assert threading.active_count() == 1, threading.enumerate()
assert "openvino_telemetry" not in sys.modules
print("silent")
"""


def test_openvino_sends_nothing_and_warns_of_nothing(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(make_bundle(tmp_path / "small"))],
        capture_output=True, text=True, timeout=120, check=False, env={"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("silent\n", "", 0)
    assert list(home.iterdir()) == []
