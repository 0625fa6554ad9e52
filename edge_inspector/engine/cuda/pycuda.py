"""pycuda: built beside a CUDA toolkit, as on a Jetson; over the driver. It has no CUDA graphs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pycuda.driver as drv
from numpy.typing import NDArray

from edge_inspector.engine.cuda.base import Cuda, Device, DeviceMemory, Event, HostMemory, Resource, Stream
from edge_inspector.engine.cuda.faults import cuda_error


class PyCuda(Cuda):
    """pycuda keeps a stack of contexts a thread; ours is on it during each call alone, and on any thread."""

    binding = "pycuda"

    def _retain(self, index: int) -> Device:
        with _calls("retaining the primary context"):
            drv.init()
            device = drv.Device(index)
            self._context = device.retain_primary_context()
            integrated = bool(device.get_attribute(drv.device_attribute.INTEGRATED))
            return Device(index, device.name(), device.compute_capability(), integrated, device.total_memory())

    def _release(self) -> None:
        try:
            self._context.push()  # on another thread than the one that retained it, detaching alone would do nothing
            self._context.detach()
        except drv.Error:  # its failure changes nothing any more
            return

    def _push(self) -> None:
        with _calls("making the context current"):
            self._context.push()

    def _pop(self) -> None:
        with _calls("making the context not current"):
            drv.Context.pop()

    def memory_left(self) -> int:
        """Bytes of the device that nobody holds. Raises CudaError."""
        with _calls("reading the free device memory"):
            return int(drv.mem_get_info()[0])

    def _allocate(self, nbytes: int) -> DeviceMemory:
        with _calls(f"allocating {nbytes} bytes of device memory"):
            native = drv.mem_alloc(nbytes)
            return DeviceMemory(int(native), nbytes, native)

    def _pin(self, nbytes: int, *, mapped: bool) -> HostMemory:
        flags = int(drv.host_alloc_flags.DEVICEMAP) if mapped else 0
        with _calls(f"page-locking {nbytes} bytes of host memory"):
            array = drv.pagelocked_empty((nbytes,), np.uint8, mem_flags=flags)
            seen = int(array.base.get_device_pointer()) if mapped else None
            return HostMemory(array, seen, array.base)

    def _stream(self) -> Stream:
        with _calls("making a CUDA stream"):
            native = drv.Stream(_NON_BLOCKING)
            return Stream(native.handle, native)

    def _event(self) -> Event:
        with _calls("making a CUDA event"):
            return Event(drv.Event())

    def _free(self, resource: Resource) -> None:
        native: Any = resource.native
        if isinstance(resource, DeviceMemory | HostMemory):  # streams and events end with their last reference
            with _calls(f"freeing a {type(resource).__name__}"):
                native.free()

    def _copy_in(self, target: DeviceMemory, source: NDArray[np.uint8], stream: Stream) -> None:
        with _calls("copying to the device"):
            drv.memcpy_htod_async(target.address, source, stream.native)

    def _copy_out(self, target: NDArray[np.uint8], source: DeviceMemory, stream: Stream) -> None:
        with _calls("copying to the host"):
            drv.memcpy_dtoh_async(target, source.address, stream.native)

    def _record(self, event: Event, stream: Stream) -> None:
        native: Any = event.native
        with _calls("recording a CUDA event"):
            native.record(stream.native)

    def _elapsed_ms(self, start: Event, end: Event) -> float:
        native: Any = end.native
        with _calls("reading the time between CUDA events"):
            return float(native.time_since(start.native))

    def _synchronise(self, stream: Stream) -> None:
        native: Any = stream.native
        with _calls("waiting for the device"):
            native.synchronize()


_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING


@contextmanager
def _calls(what: str) -> Iterator[None]:
    """pycuda's errors as ours. Its messages are "cuMemAlloc failed: out of memory": the routine, then the driver's text."""
    try:
        yield
    except drv.Error as error:
        raise cuda_error(what, str(error)) from error
