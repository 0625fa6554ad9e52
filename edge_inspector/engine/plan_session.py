"""A TensorRT plan on a device: what one deserialises, and how a batch runs on it.

    batch ─(the one copy)─► pinned memory ─(queued)─► device ─► plan ─► device ─(queued)─► pinned memory ─► views of it

On a device that shares the host's memory (Jetson) the host memory is mapped, and both queued copies fall away. Where the binding has CUDA
graphs, a batch size that comes twice in a row is captured, and from then on launched whole; a smaller one in between runs in it too.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.collection import without_collection
from edge_inspector.engine.cuda.base import Cuda, DeviceMemory, Graph, HostMemory
from edge_inspector.engine.cuda.faults import cuda_error, known
from edge_inspector.engine.graph import IMAGE, Port, check_graph
from edge_inspector.engine.plans import Messages, TensorRt
from edge_inspector.errors import CudaError, FormError
from edge_inspector.settings.manifest import Manifest

log = logging.getLogger(__name__)

Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one tensor of the plan lies, for the largest batch. ``device`` is None where ``host`` is mapped."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]  # of one image
    host: HostMemory
    device: DeviceMemory | None
    address: int

    def nbytes(self, n: int) -> int:
        return n * math.prod(self.shape) * self.dtype.itemsize

    def view(self, n: int) -> NDArray[Any]:
        return self.host.array[: self.nbytes(n)].view(self.dtype).reshape(n, *self.shape)


class _Lane:
    """An execution context on one of the plan's profiles, the batch size that is set in it, and that size's graph."""

    def __init__(self, context: Any, most: int) -> None:  # noqa: ANN401 - TensorRT's
        self.context = context
        self.most = most
        self.n = 0
        self.asked = 0  # images of the last call, of which there may be fewer than `n`
        self.runs = 0
        self.graph: Graph | None = None
        self.graphs = True  # until capturing one has failed


class PlanSession:
    """A deserialised plan with its buffers. Used under ``cuda.active()``, by one thread at a time."""

    def __init__(self, trt: TensorRt, cuda: Cuda, plan: Path, manifest: Manifest) -> None:
        """Raises FormError for a plan that TensorRT does not take, BundleError for one of another form than the manifest's, CudaError."""
        self._cuda = cuda
        self._messages = Messages(trt.module)
        self._trt = trt
        self._runtime: Any = None
        self._engine: Any = None
        self._lanes: list[_Lane] = []
        try:
            self._begin(plan, manifest)
        except BaseException:
            self.close()
            raise

    @without_collection()
    def _begin(self, plan: Path, manifest: Manifest) -> None:
        with self._explained("starting TensorRT's runtime"):
            self._runtime = self._trt.module.Runtime(self._messages.logger)
        self._engine = self._deserialise(plan)
        inputs, outputs = self._ports()
        check_graph(plan, manifest, inputs, outputs)
        self._stream = self._cuda.stream()
        for index in range(self._engine.num_optimization_profiles):
            self._add_lane(index)
        self.most = max(lane.most for lane in self._lanes)
        """The largest batch that it runs at once."""
        self._slots = {port.name: self._slot(port) for port in (*inputs, *outputs)}
        for lane in self._lanes:
            for slot in self._slots.values():
                lane.context.set_tensor_address(slot.name, slot.address)

    def run(self, batch: NDArray[np.uint8]) -> Outputs:
        """The outputs, as views of memory that the next call overwrites: uint8 (N, H, W, 3), N at most `most`. Raises CudaError."""
        n = len(batch)
        lane = min((lane for lane in self._lanes if lane.most >= n), key=lambda lane: lane.most)
        # A frame's last tiles are fewer: they run in the graph of the others, which the next frame needs again, beside what lay there
        fits_in = lane.graph is not None and n < lane.n and n != lane.asked
        self._set_size(lane, lane.n if fits_in else n)
        lane.asked = n
        np.copyto(self._slots[IMAGE].view(n), batch)
        if lane.graph is not None:
            self._cuda.launch(lane.graph, self._stream)
        else:
            self._queue(lane)
        self._cuda.synchronise(self._stream)
        lane.runs += 1
        if lane.graph is None and lane.runs > 1 and lane.graphs and self._cuda.graphs:
            self._capture(lane)
        return {name: slot.view(n) for name, slot in self._slots.items() if name != IMAGE}

    def device_ms(self, n: int, runs: int) -> list[float]:
        """Times of ``runs`` passes of a batch on the device alone, copies included, host and waiting not. Raises CudaError."""
        blank = self._slots[IMAGE].view(n)
        for _ in range(3):
            self.run(np.zeros(blank.shape, np.uint8))
        lane = min((lane for lane in self._lanes if lane.most >= n), key=lambda lane: lane.most)
        times, start, end = [], self._cuda.event(), self._cuda.event()
        for _ in range(runs):
            self._cuda.record(start, self._stream)
            if lane.graph is not None:
                self._cuda.launch(lane.graph, self._stream)
            else:
                self._queue(lane)
            self._cuda.record(end, self._stream)
            self._cuda.synchronise(self._stream)
            times.append(self._cuda.elapsed_ms(start, end))
        self._cuda.free(start)
        self._cuda.free(end)
        return times

    def close(self) -> None:
        """Let TensorRT's objects go, while the context they live in is there; what the Cuda holds goes with it. Idempotent.

        Execution contexts first, each for itself: an error keeps the frames that it has gone through, and with them a lane.
        """
        for lane in self._lanes:
            lane.context = None
        self._lanes.clear()
        self._engine = None
        self._runtime = None

    # ---- building

    def _deserialise(self, plan: Path) -> Any:  # noqa: ANN401 - TensorRT's engine
        engine = self._runtime.deserialize_cuda_engine(plan.read_bytes())
        if engine is not None:
            return engine
        text = self._messages.take()
        if known(text):  # the plan is as good as it was
            raise cuda_error(f"loading {plan}", text)
        raise FormError(f"{plan}: TensorRT {self._trt.version} does not take this plan: {text}; build it again")

    def _ports(self) -> tuple[list[Port], list[Port]]:
        """Inputs and outputs as the plan has them."""
        inputs: list[Port] = []
        outputs: list[Port] = []
        for index in range(self._engine.num_io_tensors):
            name = self._engine.get_tensor_name(index)
            shape = tuple(None if size < 0 else int(size) for size in self._engine.get_tensor_shape(name))
            port = Port(name, np.dtype(self._trt.module.nptype(self._engine.get_tensor_dtype(name))).name, shape)
            is_input = self._engine.get_tensor_mode(name) == self._trt.module.TensorIOMode.INPUT
            (inputs if is_input else outputs).append(port)
        return inputs, outputs

    def _add_lane(self, profile: int) -> None:
        lane = _Lane(None, int(self._engine.get_tensor_profile_shape(IMAGE, profile)[2][0]))
        self._lanes.append(lane)  # before it has a context, so that `close` finds that
        with self._explained("making an execution context"):
            lane.context = self._engine.create_execution_context()
        if lane.context is None:
            raise cuda_error("making an execution context", self._messages.take())
        if not lane.context.set_optimization_profile_async(profile, self._stream.handle):
            raise cuda_error(f"choosing profile {profile} of the plan", self._messages.take())
        self._cuda.synchronise(self._stream)

    def _slot(self, port: Port) -> _Slot:
        """Its memory. A size that the plan leaves open (how many prototypes an image has) is asked of the context, at the largest batch."""
        largest = max(self._lanes, key=lambda lane: lane.most)
        form = tuple(self._engine.get_tensor_profile_shape(IMAGE, 0)[2])[1:]
        largest.context.set_input_shape(IMAGE, (self.most, *form))
        shape = tuple(int(size) for size in largest.context.get_tensor_shape(port.name))[1:]
        if any(size < 0 for size in shape):
            raise FormError(
                f"output '{port.name}' of the plan has a size that depends on what is computed: {shape}; export the bundle again"
            )
        dtype = np.dtype(port.dtype)
        nbytes = self.most * math.prod(shape) * dtype.itemsize
        if self._cuda.device.integrated:
            host = self._cuda.map_host(nbytes)
            return _Slot(port.name, dtype, shape, host, None, host.device_address or 0)
        memory = self._cuda.allocate(nbytes)
        return _Slot(port.name, dtype, shape, self._cuda.pin(nbytes), memory, memory.address)

    # ---- running

    def _set_size(self, lane: _Lane, n: int) -> None:
        if lane.n == n:
            return
        if lane.graph is not None:  # it is of another size
            self._cuda.free(lane.graph)
        lane.n, lane.graph, lane.runs = n, None, 0
        if not lane.context.set_input_shape(IMAGE, self._slots[IMAGE].view(n).shape):
            raise FormError(f"the plan does not take a batch of {n}: {self._messages.take()}; build it again")

    def _queue(self, lane: _Lane) -> None:
        image = self._slots[IMAGE]
        if image.device is not None:
            self._cuda.copy_in(image.device, image.host, image.nbytes(lane.n), self._stream)
        with self._explained("running the plan"):
            queued = lane.context.execute_async_v3(self._stream.handle)
        if not queued:
            raise cuda_error("running the plan", self._messages.take())
        for name, slot in self._slots.items():
            if name != IMAGE and slot.device is not None:
                self._cuda.copy_out(slot.host, slot.device, slot.nbytes(lane.n), self._stream)

    def _capture(self, lane: _Lane) -> None:
        """Some plans cannot be captured (a layer that waits for the host); they run on, queued call by call."""
        try:
            lane.graph = self._cuda.capture(self._stream, lambda: self._queue(lane))
        except CudaError as error:
            if error.sticky:
                raise
            lane.graphs = False
            log.info("batches of %d run without a CUDA graph: %s", lane.n, error)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """What TensorRT raises (most of it returns False) as a CudaError with what it logged."""
        try:
            yield
        except Exception as error:  # bindings raise what they like
            raise cuda_error(what, f"{error} | {self._messages.take()}") from error
