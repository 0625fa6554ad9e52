"""The interface to a CUDA device: what a binding implements, and the checks and the book-keeping that both share.

A `Cuda` holds the primary context of one device. Every call is made with the context current on the calling thread
(``with cuda.active()``), by one thread at a time. Addresses are plain integers, sizes bytes. Every failure of the driver is a CudaError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_inspector.errors import CudaError


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU. ``integrated``: it shares the host's memory, as on a Jetson. ``memory`` in bytes."""

    index: int
    name: str
    compute_capability: tuple[int, int]
    integrated: bool
    memory: int

    @property
    def sm(self) -> str:
        """The compute capability as compilers write it: sm87."""
        return f"sm{self.compute_capability[0]}{self.compute_capability[1]}"


@dataclass(frozen=True, slots=True, eq=False)
class DeviceMemory:
    """Memory of the device. ``native`` is the binding's own object."""

    address: int
    nbytes: int
    native: object = None


@dataclass(frozen=True, slots=True, eq=False)
class HostMemory:
    """Page-locked memory of the host, seen as uint8 (nbytes,). ``device_address`` is where the device sees it, None unless mapped."""

    array: NDArray[np.uint8]
    device_address: int | None
    native: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A queue of the device; ``handle`` is its cudaStream_t."""

    handle: int
    native: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """A mark in a stream, with its time."""

    native: object


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """What was captured of a stream, ready to be launched at once."""

    native: object


Resource = DeviceMemory | HostMemory | Stream | Event | Graph
_R = TypeVar("_R", DeviceMemory, HostMemory, Stream, Event, Graph)


class Cuda(ABC):
    """One device's primary context, retained until `close`. What it hands out belongs to it, and is freed with it."""

    binding: str
    graphs: bool = False

    def __init__(self, index: int = 0) -> None:
        """Retain the primary context of device ``index``. Raises CudaError; ValueError for a negative index."""
        if index < 0:
            raise ValueError(f"device {index}: devices are counted from 0")
        self.device = self._retain(index)
        self._held: dict[int, Resource] = {}
        self._closed = False

    @contextmanager
    def active(self) -> Iterator[None]:
        """The context is current on this thread. Raises CudaError."""
        if self._closed:
            raise CudaError(f"{self.binding}: {self.device.name} is closed")
        self._push()
        try:
            yield
        finally:
            self._pop()

    def allocate(self, nbytes: int) -> DeviceMemory:
        """Memory of the device, its content undefined. Raises CudaError, out of memory among others."""
        return self._hold(self._allocate(_positive(nbytes)))

    def pin(self, nbytes: int) -> HostMemory:
        """Page-locked host memory, from and to which copies run beside everything else. Raises CudaError."""
        return self._hold(self._pin(_positive(nbytes), mapped=False))

    def map_host(self, nbytes: int) -> HostMemory:
        """Page-locked host memory that the device reads and writes in place: no copy where the memory is the same (Jetson)."""
        return self._hold(self._pin(_positive(nbytes), mapped=True))

    def stream(self) -> Stream:
        """A new stream that does not wait for the default stream. Raises CudaError."""
        return self._hold(self._stream())

    def event(self) -> Event:
        """A new event with timing. Raises CudaError."""
        return self._hold(self._event())

    def free(self, resource: Resource) -> None:
        """Give back one of the above. Raises ValueError for what is not, or no longer, held here; CudaError."""
        self._check(resource)
        del self._held[id(resource)]
        self._free(resource)

    def copy_in(self, target: DeviceMemory, source: HostMemory, nbytes: int, stream: Stream) -> None:
        """Queue a copy of the first ``nbytes`` to the device; the host memory stays untouched until the stream is done. CudaError."""
        self._check(target, source, stream)
        _fits(nbytes, source.array.nbytes, target.nbytes)
        self._copy_in(target, source.array[:nbytes], stream)

    def copy_out(self, target: HostMemory, source: DeviceMemory, nbytes: int, stream: Stream) -> None:
        """Queue a copy of the first ``nbytes`` to the host; there once the stream is done. Raises CudaError."""
        self._check(target, source, stream)
        _fits(nbytes, source.nbytes, target.array.nbytes)
        self._copy_out(target.array[:nbytes], source, stream)

    def record(self, event: Event, stream: Stream) -> None:
        """Queue the event. Raises CudaError."""
        self._check(event, stream)
        self._record(event, stream)

    def elapsed_ms(self, start: Event, end: Event) -> float:
        """Device time between two recorded events of which the later is waited for. Raises CudaError."""
        self._check(start, end)
        return self._elapsed_ms(start, end)

    def synchronise(self, stream: Stream) -> None:
        """Wait for everything queued; an error of something queued before surfaces here. Raises CudaError."""
        self._check(stream)
        self._synchronise(stream)

    def capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        """What ``work`` queues, as a graph; nothing of it runs. Raises CudaError, also where the binding has no graphs."""
        self._check(stream)
        if not self.graphs:
            raise CudaError(f"{self.binding} has no CUDA graphs; install cuda-bindings for them")
        return self._hold(self._capture(stream, work))

    def launch(self, graph: Graph, stream: Stream) -> None:
        """Queue a captured graph. Raises CudaError."""
        self._check(graph, stream)
        self._launch(graph, stream)

    @abstractmethod
    def memory_left(self) -> int:
        """Bytes of the device that nobody holds. Raises CudaError."""

    def close(self) -> None:
        """Free what is held and release the context. Idempotent; never raises: a context that has died has freed everything itself."""
        if self._closed:
            return
        try:
            with self.active():
                while self._held:
                    self._free_quietly(self._held.popitem()[1])
        except CudaError:
            self._held.clear()
        self._closed = True
        self._release()

    def abandon(self) -> None:
        """After a sticky error: forget everything without another call, for calls may hang, and a new process gets it all back."""
        self._closed = True
        self._held.clear()

    def _free_quietly(self, resource: Resource) -> None:
        try:
            self._free(resource)
        except CudaError:
            return  # one that cannot be freed must not keep the rest

    def _hold(self, resource: _R) -> _R:
        self._held[id(resource)] = resource
        return resource

    def _check(self, *resources: Resource) -> None:
        for resource in resources:
            if self._held.get(id(resource)) is not resource:
                raise ValueError(f"{type(resource).__name__} is not held by {self.binding} on {self.device.name}: freed, or another's")

    # ---- what a binding implements; each raises CudaError

    @abstractmethod
    def _retain(self, index: int) -> Device: ...

    @abstractmethod
    def _release(self) -> None:
        """Raises nothing."""

    @abstractmethod
    def _push(self) -> None: ...

    @abstractmethod
    def _pop(self) -> None: ...

    @abstractmethod
    def _allocate(self, nbytes: int) -> DeviceMemory: ...

    @abstractmethod
    def _pin(self, nbytes: int, *, mapped: bool) -> HostMemory: ...

    @abstractmethod
    def _stream(self) -> Stream: ...

    @abstractmethod
    def _event(self) -> Event: ...

    @abstractmethod
    def _free(self, resource: Resource) -> None: ...

    @abstractmethod
    def _copy_in(self, target: DeviceMemory, source: NDArray[np.uint8], stream: Stream) -> None: ...

    @abstractmethod
    def _copy_out(self, target: NDArray[np.uint8], source: DeviceMemory, stream: Stream) -> None: ...

    @abstractmethod
    def _record(self, event: Event, stream: Stream) -> None: ...

    @abstractmethod
    def _elapsed_ms(self, start: Event, end: Event) -> float: ...

    @abstractmethod
    def _synchronise(self, stream: Stream) -> None: ...

    def _capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        raise NotImplementedError  # a binding that says it has graphs has this, too

    def _launch(self, graph: Graph, stream: Stream) -> None:
        raise NotImplementedError


def _positive(nbytes: int) -> int:
    if nbytes < 1:
        raise ValueError(f"{nbytes} bytes cannot be allocated; at least 1")
    return nbytes


def _fits(nbytes: int, source: int, target: int) -> None:
    if not 0 < nbytes <= min(source, target):
        raise ValueError(f"{nbytes} bytes cannot be copied from memory of {source} to memory of {target}")
