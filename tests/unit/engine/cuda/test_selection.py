"""Which binding is taken, and that no runtime is touched where there is no driver."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edge_inspector.engine.cuda import registry
from edge_inspector.engine.cuda.probe import Probe, probe
from edge_inspector.engine.cuda.registry import installed, open_cuda
from edge_inspector.errors import CudaError


def here(monkeypatch: pytest.MonkeyPatch, *packages: str, devices: int = 1) -> None:
    """As on a machine with these bindings and so many GPUs."""
    monkeypatch.delenv(registry.CHOICE, raising=False)
    monkeypatch.setattr(registry, "find_spec", lambda name: object() if name in packages else None)
    monkeypatch.setattr(registry, "probe", lambda: Probe(devices, "" if devices else "no NVIDIA driver here"))


REFUSED: dict[str, tuple[tuple[str, ...], int, dict[str, object], str]] = {
    "none installed": ((), 1, {}, r"cuda-bindings or pycuda, which is not installed; pip install \"edge-inspector\[gpu\]\""),
    "the one asked for is not": (("cuda.bindings",), 1, {"name": "pycuda"}, "through pycuda, which is not installed"),
    "unknown": (("cuda.bindings",), 1, {"name": "cupy"}, "unknown CUDA binding 'cupy'; one of auto, cuda-bindings, pycuda"),
    "no driver": (("cuda.bindings", "pycuda"), 0, {}, "no NVIDIA driver here"),
    "no such device": (("pycuda",), 2, {"index": 2}, "CUDA device 2: there are 2, counted from 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_opened_is_refused_before_anything_is_imported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packages, devices, arguments, message = REFUSED[name]
    here(monkeypatch, *packages, devices=devices)
    monkeypatch.setattr(registry, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    with pytest.raises(CudaError, match=message):
        open_cuda(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("packages", "wish", "taken"),
    [
        (("cuda.bindings", "pycuda"), "", "bindings"), (("pycuda",), "", "pycuda"),
        (("cuda.bindings", "pycuda"), "pycuda", "pycuda"), (("cuda.bindings", "pycuda"), "auto", "bindings"),
    ],
    ids=["the one with graphs first", "the only one", "as the environment says", "auto"],
)  # fmt: skip
def test_the_binding_taken(packages: tuple[str, ...], wish: str, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, *packages)
    monkeypatch.setenv(registry.CHOICE, wish)
    made: list[tuple[str, int]] = []

    def module(name: str) -> SimpleNamespace:
        def opened(index: int) -> None:
            made.append((name, index))

        return SimpleNamespace(BindingsCuda=opened, PyCuda=opened)

    monkeypatch.setattr(registry, "import_module", module)
    open_cuda(index=0)
    assert made == [(f"edge_inspector.engine.cuda.{taken}", 0)]


def test_a_binding_that_cannot_be_imported_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, "pycuda")
    monkeypatch.setitem(sys.modules, "edge_inspector.engine.cuda.pycuda", None)
    with pytest.raises(CudaError, match=r"CUDA binding pycuda cannot be imported .*edge-inspector\[gpu\]"):
        open_cuda()


# ---- the probe


def driver(init: int = 0, count: int = 1) -> SimpleNamespace:
    """A driver's library that answers so."""

    def count_devices(target: object) -> int:
        ctypes.cast(target, ctypes.POINTER(ctypes.c_int))[0] = count  # type: ignore[arg-type]
        return 0

    def describe(code: int, target: object) -> int:
        ctypes.cast(target, ctypes.POINTER(ctypes.c_char_p))[0] = b"no CUDA-capable device is detected"  # type: ignore[arg-type]
        return 0

    return SimpleNamespace(cuInit=lambda _flags: init, cuDeviceGetCount=count_devices, cuGetErrorString=describe)


@pytest.mark.parametrize(
    ("answers", "devices", "why"),
    [({"count": 2}, 2, ""), ({"init": 100}, 0, "no CUDA-capable device is detected (CUresult 100)"), ({"count": 0}, 0, "but no GPU")],
    ids=["two GPUs", "a driver without GPU", "none counted"],
)
def test_the_probe_passes_on_what_the_driver_says(answers: dict[str, int], devices: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: driver(**answers))
    found = probe()
    assert (found.devices, why in found.why) == (devices, True)


def test_without_a_driver_the_probe_says_what_to_install() -> None:
    found = probe("libcuda-of-no-machine.so.1")
    assert found.devices == 0
    assert "install NVIDIA's driver" in found.why


UNTOUCHED = """
import sys
from edge_inspector.engine import registry
from edge_inspector.engine.cuda.registry import installed
names = registry.available()
installed()
heavy = [m for m in sys.modules if m in ("tensorrt", "tensorrt_rtx", "cuda.bindings", "pycuda", "openvino", "onnxruntime", "torch")]
print(heavy)
"""


def test_to_ask_what_is_there_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", UNTOUCHED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_the_runtime_itself_says_that_there_is_no_driver() -> None:
    """NVIDIA's own probe, where this machine has no GPU: a code, no crash; what a binding makes of it names what to install."""
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed: its probe is not checked")
    if probe().devices:
        pytest.skip("this machine has a GPU; tests/contract/test_cuda.py runs on it")
    from edge_inspector.engine.cuda.bindings import BindingsCuda

    code, count = runtime.cudaGetDeviceCount()
    assert (code.name, count) == ("cudaErrorInsufficientDriver", None)
    with pytest.raises(CudaError, match=r"setting the CUDA device: .*install NVIDIA's driver"):
        BindingsCuda(0)
    assert "cuda-bindings" in installed()
