"""NVIDIA's cuda-bindings: a wheel, over the CUDA runtime; with CUDA graphs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import driver, runtime
from numpy.typing import NDArray

from edge_inspector.engine.cuda.base import Cuda, Device, DeviceMemory, Event, Graph, HostMemory, Resource, Stream
from edge_inspector.engine.cuda.faults import cuda_error


class BindingsCuda(Cuda):
    """The runtime works in the primary context by itself; it is retained besides, so that nobody's release ends it."""

    binding = "cuda-bindings"
    graphs = True

    def _retain(self, index: int) -> Device:
        self._index = index
        _done("setting the CUDA device", runtime.cudaSetDevice(index))
        _drive("retaining the primary context", driver.cuDevicePrimaryCtxRetain(index))
        try:
            return _facts(index)
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        driver.cuDevicePrimaryCtxRelease(self._index)  # its failure changes nothing any more

    def _push(self) -> None:
        _done("setting the CUDA device", runtime.cudaSetDevice(self._index))

    def _pop(self) -> None:
        """The runtime's device is a property of the thread; others set their own."""

    def memory_left(self) -> int:
        """Bytes of the device that nobody holds. Raises CudaError."""
        return int(_done("reading the free device memory", runtime.cudaMemGetInfo())[0])

    def _allocate(self, nbytes: int) -> DeviceMemory:
        return DeviceMemory(int(_done(f"allocating {nbytes} bytes of device memory", runtime.cudaMalloc(nbytes))), nbytes)

    def _pin(self, nbytes: int, *, mapped: bool) -> HostMemory:
        flags = runtime.cudaHostAllocMapped if mapped else runtime.cudaHostAllocDefault
        address = int(_done(f"page-locking {nbytes} bytes of host memory", runtime.cudaHostAlloc(nbytes, flags)))
        array = np.ctypeslib.as_array((ctypes.c_uint8 * nbytes).from_address(address))
        try:
            seen = int(_done("mapping host memory to the device", runtime.cudaHostGetDevicePointer(address, 0))) if mapped else None
        except BaseException:
            runtime.cudaFreeHost(address)  # its failure changes nothing any more
            raise
        return HostMemory(array, seen, address)

    def _stream(self) -> Stream:
        native = _done("making a CUDA stream", runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        return Stream(int(native), native)

    def _event(self) -> Event:
        return Event(_done("making a CUDA event", runtime.cudaEventCreate()))

    def _free(self, resource: Resource) -> None:
        match resource:
            case DeviceMemory():
                answer = runtime.cudaFree(resource.address)
            case HostMemory():
                answer = runtime.cudaFreeHost(resource.native)
            case Stream():
                answer = runtime.cudaStreamDestroy(resource.native)
            case Event():
                answer = runtime.cudaEventDestroy(resource.native)
            case Graph():
                answer = runtime.cudaGraphExecDestroy(resource.native)
        _done(f"freeing a {type(resource).__name__}", answer)

    def _copy_in(self, target: DeviceMemory, source: NDArray[np.uint8], stream: Stream) -> None:
        kind = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        _done("copying to the device", runtime.cudaMemcpyAsync(target.address, source.ctypes.data, source.nbytes, kind, stream.native))

    def _copy_out(self, target: NDArray[np.uint8], source: DeviceMemory, stream: Stream) -> None:
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _done("copying to the host", runtime.cudaMemcpyAsync(target.ctypes.data, source.address, target.nbytes, kind, stream.native))

    def _record(self, event: Event, stream: Stream) -> None:
        _done("recording a CUDA event", runtime.cudaEventRecord(event.native, stream.native))

    def _elapsed_ms(self, start: Event, end: Event) -> float:
        return float(_done("reading the time between CUDA events", runtime.cudaEventElapsedTime(start.native, end.native)))

    def _synchronise(self, stream: Stream) -> None:
        _done("waiting for the device", runtime.cudaStreamSynchronize(stream.native))

    def _capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        # Thread local: other stations' threads may allocate while this one captures.
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _done("beginning to capture a CUDA graph", runtime.cudaStreamBeginCapture(stream.native, mode))
        try:
            work()
        except BaseException:
            runtime.cudaStreamEndCapture(stream.native)  # else the stream stays in capture, and unusable
            raise
        graph = _done("capturing a CUDA graph", runtime.cudaStreamEndCapture(stream.native))
        try:
            return Graph(_done("instantiating a CUDA graph", runtime.cudaGraphInstantiate(graph, 0)))
        finally:
            runtime.cudaGraphDestroy(graph)

    def _launch(self, graph: Graph, stream: Stream) -> None:
        _done("launching a CUDA graph", runtime.cudaGraphLaunch(graph.native, stream.native))


def _facts(index: int) -> Device:
    facts = _done("reading the device's properties", runtime.cudaGetDeviceProperties(index))
    major, minor, integrated = (
        _done("reading a device attribute", runtime.cudaDeviceGetAttribute(attribute, index))
        for attribute in (
            runtime.cudaDeviceAttr.cudaDevAttrComputeCapabilityMajor,
            runtime.cudaDeviceAttr.cudaDevAttrComputeCapabilityMinor,
            runtime.cudaDeviceAttr.cudaDevAttrIntegrated,
        )
    )
    return Device(index, facts.name.decode().strip("\0 "), (major, minor), bool(integrated), int(facts.totalGlobalMem))


def _done(what: str, answer: tuple[Any, ...]) -> Any:  # noqa: ANN401 - whatever the call returns behind its code
    """What a runtime call returned: nothing, one value, or several. Raises CudaError where it failed."""
    code, *values = answer
    if code != runtime.cudaError_t.cudaSuccess:
        raise cuda_error(what, _told(runtime.cudaGetErrorString(code)[1], code.name))
    return values[0] if len(values) == 1 else tuple(values)


def _drive(what: str, answer: tuple[Any, ...]) -> None:
    """The same of a driver call whose value is not needed."""
    code = answer[0]
    if code != driver.CUresult.CUDA_SUCCESS:
        raise cuda_error(what, _told(driver.cuGetErrorString(code)[1], code.name))


def _told(text: bytes | None, name: str) -> str:
    return f"{(text or b'').decode()} ({name})"
