"""Each call of the cuda-bindings file as that package takes it: without a driver every one comes back with the runtime's code.

A call that the package does not know, or takes other arguments for, would raise TypeError or AttributeError here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge_inspector.engine.cuda.base import DeviceMemory, Event, Graph, HostMemory, Stream
from edge_inspector.engine.cuda.probe import probe
from edge_inspector.errors import CudaError

if TYPE_CHECKING:
    from edge_inspector.engine.cuda.bindings import BindingsCuda

pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed: that our calls are as it takes them is not checked")

ARRAY = np.zeros(8, np.uint8)
STREAM, EVENT, GRAPH = Stream(0, 0), Event(0), Graph(0)
DEVICE, HOST = DeviceMemory(4096, 8), HostMemory(ARRAY, None, ARRAY.ctypes.data)


@pytest.fixture
def cuda() -> BindingsCuda:
    """One that has retained nothing: there is nothing to retain."""
    if probe().devices:
        pytest.skip("this machine has a GPU: tests/contract/test_cuda.py makes these calls on it")
    from edge_inspector.engine.cuda.bindings import BindingsCuda

    made = object.__new__(BindingsCuda)
    made._index = 0
    return made


CALLS: dict[str, Callable[[BindingsCuda], object]] = {
    "push": lambda c: c._push(),
    "memory left": lambda c: c.memory_left(),
    "allocate": lambda c: c._allocate(8),
    "pin": lambda c: c._pin(8, mapped=False),
    "map": lambda c: c._pin(8, mapped=True),
    "stream": lambda c: c._stream(),
    "event": lambda c: c._event(),
    "free device memory": lambda c: c._free(DEVICE),
    "free host memory": lambda c: c._free(HOST),
    "end a stream": lambda c: c._free(STREAM),
    "end an event": lambda c: c._free(EVENT),
    "copy in": lambda c: c._copy_in(DEVICE, ARRAY, STREAM),
    "copy out": lambda c: c._copy_out(ARRAY, DEVICE, STREAM),
    "record": lambda c: c._record(EVENT, STREAM),
    "elapsed": lambda c: c._elapsed_ms(EVENT, EVENT),
    "synchronise": lambda c: c._synchronise(STREAM),
    "capture": lambda c: c._capture(STREAM, lambda: None),
    "launch": lambda c: c._launch(GRAPH, STREAM),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_package_takes_the_call_and_its_code_is_told(cuda: BindingsCuda, name: str) -> None:
    with pytest.raises(CudaError, match=r"CUDA driver version is insufficient.*install NVIDIA's driver"):
        CALLS[name](cuda)


GONE = "no CUDA-capable device is detected"


@dataclass
class Halfway:
    """The package's functions that succeed as far as ``bad``, which has the code of a device that is gone."""

    bad: str
    called: list[str] = field(default_factory=list)

    def put(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from cuda.bindings import driver, runtime

        names = ("cudaSetDevice", "cudaGetDeviceProperties", "cudaDeviceGetAttribute", "cudaHostAlloc", "cudaHostGetDevicePointer")
        for name in (*names, "cudaFreeHost"):
            monkeypatch.setattr(
                runtime, name, self._answering(name, runtime.cudaError_t.cudaSuccess, runtime.cudaError_t.cudaErrorNoDevice)
            )
        for name in ("cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease"):
            monkeypatch.setattr(driver, name, self._answering(name, driver.CUresult.CUDA_SUCCESS, driver.CUresult.CUDA_ERROR_NO_DEVICE))

    def _answering(self, name: str, good: object, bad: object) -> Callable[..., tuple[object, ...]]:
        def answer(*_: object) -> tuple[object, ...]:
            self.called.append(name)
            return (bad if name == self.bad else good, ARRAY.ctypes.data)

        return answer


HALFWAY: dict[str, tuple[str, Callable[[BindingsCuda], object], str]] = {
    "retained, without properties": ("cudaGetDeviceProperties", lambda c: c._retain(0), "cuDevicePrimaryCtxRelease"),
    "page-locked, not mapped": ("cudaHostGetDevicePointer", lambda c: c._pin(8, mapped=True), "cudaFreeHost"),
}


@pytest.mark.parametrize("name", HALFWAY)
def test_what_fails_half_way_gives_back_what_it_had(cuda: BindingsCuda, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, act, freed = HALFWAY[name]
    package = Halfway(bad)
    package.put(monkeypatch)
    with pytest.raises(CudaError, match=GONE):
        act(cuda)
    assert package.called[-2:] == [bad, freed]
