"""A device in memory behind the interface of `Cuda`: a stream is a list of what is queued, done when it is waited for; errors as scripted.

No GPU can run in these tests; what they prove is what is around it: the checks, the book-keeping, and what is let go and made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.cuda.base import Cuda, Device, DeviceMemory, Event, Graph, HostMemory, Resource, Stream
from edge_inspector.errors import CudaError

ORIN = Device(0, "Orin", (8, 7), integrated=False, memory=1 << 30)


@dataclass
class Script:
    """What the device does. ``fail``: the error of the next call of that name; ``log``: what was called."""

    device: Device = ORIN
    graphs: bool = True
    fail: dict[str, CudaError] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    memory: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    queue: list[Callable[[], None]] = field(default_factory=list)

    def called(self, name: str) -> None:
        self.log.append(name)
        if name in self.fail:
            raise self.fail.pop(name)

    def made(self, nbytes: int) -> tuple[int, NDArray[np.uint8]]:
        address = 4096 * (len(self.log) + 1)
        self.memory[address] = np.zeros(nbytes, np.uint8)
        return address, self.memory[address]


class ScriptedCuda(Cuda):
    """One retained context of the scripted device."""

    binding = "scripted"

    def __init__(self, script: Script, index: int = 0) -> None:
        self.script = script
        self.graphs = script.graphs
        self._current = threading.local()
        super().__init__(index)

    def _retain(self, index: int) -> Device:
        del index
        self.script.called("retain")
        return self.script.device

    def _release(self) -> None:
        self.script.called("release")

    def _push(self) -> None:
        self.script.called("push")
        self._current.yes = True

    def _pop(self) -> None:
        self._current.yes = False

    def _here(self, name: str) -> None:
        assert getattr(self._current, "yes", False), f"{name} without the context being current on this thread"
        self.script.called(name)

    def memory_left(self) -> int:
        self._here("memory_left")
        return 1 << 20

    def _allocate(self, nbytes: int) -> DeviceMemory:
        self._here("allocate")
        return DeviceMemory(self.script.made(nbytes)[0], nbytes)

    def _pin(self, nbytes: int, *, mapped: bool) -> HostMemory:
        self._here("map" if mapped else "pin")
        address, array = self.script.made(nbytes)
        return HostMemory(array, address if mapped else None, address)

    def _stream(self) -> Stream:
        self._here("stream")
        return Stream(7)

    def _event(self) -> Event:
        self._here("event")
        return Event(None)

    def _free(self, resource: Resource) -> None:
        self._here(f"free {type(resource).__name__}")

    def _copy_in(self, target: DeviceMemory, source: NDArray[np.uint8], stream: Stream) -> None:
        self._here("copy_in")
        memory = self.script.memory[target.address]
        self.script.queue.append(lambda: np.copyto(memory[: source.nbytes], source))

    def _copy_out(self, target: NDArray[np.uint8], source: DeviceMemory, stream: Stream) -> None:
        self._here("copy_out")
        memory = self.script.memory[source.address]
        self.script.queue.append(lambda: np.copyto(target, memory[: target.nbytes]))

    def _record(self, event: Event, stream: Stream) -> None:
        self._here("record")

    def _elapsed_ms(self, start: Event, end: Event) -> float:
        self._here("elapsed_ms")
        return 1.5

    def _synchronise(self, stream: Stream) -> None:
        self._here("synchronise")
        for work in self.script.queue:
            work()
        self.script.queue.clear()

    def _capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        self._here("capture")
        before, self.script.queue = self.script.queue, []
        try:
            work()
            return Graph(self.script.queue)
        finally:
            self.script.queue = before

    def _launch(self, graph: Graph, stream: Stream) -> None:
        self._here("launch")
        assert isinstance(graph.native, list)
        self.script.queue += graph.native
