"""The pycuda file over a stand-in for ``pycuda.driver`` with the calls that pycuda 2026.1's source declares.

pycuda cannot be built without a CUDA toolkit, so it is not pycuda that is checked here, but what we ask of it: the primary context and no
other, on the stack during our calls alone, given back on whatever thread; its errors as ours. tests/contract/test_cuda.py runs it on a GPU.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_inspector.engine.cuda.base import Cuda
from edge_inspector.errors import CudaError

DONE: list[str] = []  # what the stand-in was asked
STACK: list[Context] = []  # of contexts


class Context:
    def push(self) -> None:
        STACK.append(self)

    @staticmethod
    def pop() -> None:
        STACK.pop()

    def detach(self) -> None:
        assert STACK[-1:] == [self]
        STACK.pop()
        DONE.append("detach")


class Device:
    def __init__(self, index: int) -> None:
        self.index = index

    def retain_primary_context(self) -> Context:
        DONE.append("retain")
        return Context()

    def get_attribute(self, attribute: str) -> int:
        assert attribute == "integrated"
        return 1

    def name(self) -> str:
        return "Orin"

    def compute_capability(self) -> tuple[int, int]:
        return 8, 7

    def total_memory(self) -> int:
        return 1 << 30


class Freed:
    def free(self) -> None:
        assert STACK
        DONE.append("free")


class Allocation(Freed):
    def __init__(self, nbytes: int) -> None:
        assert STACK
        self.memory = bytearray(nbytes)
        ADDRESSES[4096 * (len(ADDRESSES) + 1)] = self

    def __int__(self) -> int:
        return next(address for address, found in ADDRESSES.items() if found is self)


ADDRESSES: dict[int, Allocation] = {}


class HostAllocation(Freed):
    def __init__(self, nbytes: int) -> None:
        self.memory = bytearray(nbytes)

    def get_device_pointer(self) -> int:
        return 77


class Locked(np.ndarray):
    """An array whose base is the allocation, as pycuda makes it."""

    host: HostAllocation

    @property
    def base(self) -> Any:  # noqa: ANN401 - as numpy's
        return self.host


class Stream:
    handle = 5

    def __init__(self, flags: int = 0) -> None:
        assert flags == 1

    def synchronize(self) -> None:
        if FAULT:
            raise Error(FAULT.pop())


class Event:
    def record(self, stream: Stream) -> Event:
        assert isinstance(stream, Stream)
        return self

    def time_since(self, start: Event) -> float:
        assert start is not self
        return 2.5


class Error(Exception):
    pass


FAULT: list[str] = []


def locked(shape: tuple[int], dtype: type, mem_flags: int = 0) -> Locked:
    array = np.zeros(shape, dtype).view(Locked)
    array.host = HostAllocation(array.nbytes)
    DONE.append(f"locked {mem_flags}")
    return array


def htod(target: int, source: np.ndarray, stream: Stream) -> None:
    ADDRESSES[target].memory[: source.nbytes] = source.tobytes()


def dtoh(target: np.ndarray, source: int, stream: Stream) -> None:
    target[:] = np.frombuffer(ADDRESSES[source].memory, np.uint8)[: target.nbytes]


def stand_in() -> ModuleType:
    module = ModuleType("pycuda.driver")
    vars(module).update(
        host_alloc_flags=SimpleNamespace(DEVICEMAP=2), device_attribute=SimpleNamespace(INTEGRATED="integrated"),
        Device=Device, Context=Context, Stream=Stream, Event=Event, Error=Error,
        mem_alloc=Allocation, pagelocked_empty=locked, memcpy_htod_async=htod, memcpy_dtoh_async=dtoh,
        init=lambda: None, mem_get_info=lambda: (11, 22),
    )  # fmt: skip
    return module


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cuda]:
    package = ModuleType("pycuda")
    driver = stand_in()
    vars(package).update(driver=driver)
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    monkeypatch.delitem(sys.modules, "edge_inspector.engine.cuda.pycuda", raising=False)
    for kept in (DONE, STACK, FAULT):
        kept.clear()
    ADDRESSES.clear()
    made: Cuda = importlib.import_module("edge_inspector.engine.cuda.pycuda").PyCuda(0)
    yield made
    made.close()
    sys.modules.pop("edge_inspector.engine.cuda.pycuda", None)


def test_it_retains_the_primary_context_and_has_it_current_during_calls_alone(cuda: Cuda) -> None:
    assert (cuda.device.name, cuda.device.sm, cuda.device.integrated) == ("Orin", "sm87", True)
    assert (DONE, STACK) == (["retain"], [])
    with cuda.active():
        assert len(STACK) == 1
        assert cuda.memory_left() == 11
    assert STACK == []


def test_what_goes_there_comes_back(cuda: Cuda) -> None:
    with cuda.active():
        stream, there, back, memory = cuda.stream(), cuda.pin(8), cuda.pin(8), cuda.allocate(8)
        there.array[:] = range(8)
        cuda.copy_in(memory, there, 8, stream)
        cuda.copy_out(back, memory, 5, stream)
        cuda.synchronise(stream)
        assert back.array.tolist() == [0, 1, 2, 3, 4, 0, 0, 0]
        assert stream.handle == 5


def test_mapped_memory_is_asked_for_as_such(cuda: Cuda) -> None:
    with cuda.active():
        assert (cuda.map_host(4).device_address, cuda.pin(4).device_address) == (77, None)
    assert DONE[1:] == ["locked 2", "locked 0"]


def test_events_time(cuda: Cuda) -> None:
    with cuda.active():
        start, end, stream = cuda.event(), cuda.event(), cuda.stream()
        cuda.record(start, stream)
        cuda.record(end, stream)
        assert cuda.elapsed_ms(start, end) == 2.5


@pytest.mark.parametrize(("text", "sticky"), [("an illegal memory access was encountered", True), ("invalid argument", False)])
def test_its_errors_are_ours(cuda: Cuda, text: str, sticky: bool) -> None:
    with cuda.active():
        stream = cuda.stream()
        FAULT.append(f"cuStreamSynchronize failed: {text}")
        with pytest.raises(CudaError, match=f"waiting for the device: cuStreamSynchronize failed: {text}") as caught:
            cuda.synchronise(stream)
    assert caught.value.sticky is sticky
    assert STACK == []


def test_close_frees_all_and_gives_the_context_back(cuda: Cuda) -> None:
    with cuda.active():
        cuda.allocate(4), cuda.pin(4), cuda.stream(), cuda.event()
    cuda.close()
    assert (DONE[-3:], STACK) == (["free", "free", "detach"], [])
