"""GenICam cameras of any make through harvesters and the maker's GenTL producer (extra ``genicam``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import numpy as np
from genicam.genapi import EAccessMode, IFloat, IInteger
from genicam.genapi import GenericException as GenapiError
from genicam.gentl import GenericException as GentlError
from harvesters.core import Callback, Harvester

from edge_inspector.camera import sfnc
from edge_inspector.camera.counting import FrameNumbers, Shot
from edge_inspector.camera.nodes import Features, Value, latched_ns, named
from edge_inspector.camera.pixels import PixelFormat, pixel_format
from edge_inspector.camera.streaming import StreamingCamera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import GenicamCamera

COMMAND_S = 1.0
_FIRST = {"GEV": 1, "U3V": 0}
SHORTEST_S = 0.001  # harvesters takes 0 for ever


@contextmanager
def _genicam_errors() -> Iterator[None]:
    """GenApi's and GenTL's exceptions, which derive from none of Python's, as CameraError."""
    try:
        yield
    except (GenapiError, GentlError, OSError) as error:  # OSError: a producer that is no library, or not this machine's
        raise CameraError(str(error).split(" : ")[0].strip() or type(error).__name__) from error


class GenapiNodes:
    """A GenApi node map as ``NodeMap``."""

    def __init__(self, nodes: Any) -> None:  # noqa: ANN401 - genicam has no types
        self._nodes = nodes

    def has(self, name: str) -> bool:
        """Whether the feature is there and available."""
        if not self._nodes.has_node(name):
            return False
        return self._nodes.get_node(name).get_access_mode() not in (EAccessMode.NI, EAccessMode.NA)

    def read(self, name: str) -> Value:
        """Its value."""
        with _genicam_errors():
            value: Value = getattr(self._nodes, name).value
            return value

    def write(self, name: str, value: Value) -> None:
        """Set it; a whole number becomes a float where the feature is one."""
        with _genicam_errors():
            node = getattr(self._nodes, name)
            if isinstance(node, IFloat):
                value = float(value)
            elif isinstance(node, IInteger) and not isinstance(value, str):
                value = int(value)
            node.value = value

    def execute(self, name: str) -> None:
        """Carry out a command and wait until it is done."""
        with _genicam_errors():
            command = getattr(self._nodes, name)
            command.execute()
            until = time.monotonic() + COMMAND_S
            while not command.is_done():
                if time.monotonic() > until:
                    raise CameraError(f"not done within {COMMAND_S:g} s")


class _Incomplete(Callback):  # type: ignore[misc] # harvesters has no types
    """harvesters discards an incomplete buffer and tells only this."""

    def __init__(self) -> None:
        self.count = 0

    def emit(self, context: object = None) -> None:  # noqa: ARG002 - harvesters' own signature
        """One more."""
        self.count += 1


class HarvestersDevice:
    """One camera behind one producer, which is loaded at ``open`` and let go at ``close``: its list of cameras may have aged."""

    def __init__(self, settings: GenicamCamera) -> None:
        self._settings = settings
        self._harvester: Any = None
        self._acquirer: Any = None
        self._format: PixelFormat | None = None
        self._incomplete = _Incomplete()
        self._transport = ""
        self.features: Features

    def open(self) -> None:
        """Find the camera that serial and model name, and connect. Raises CameraError listing those that are there."""
        settings = self._settings
        with self._errors("cannot be opened"):
            self._harvester = Harvester()
            self._harvester.add_file(str(settings.producer), check_existence=True, check_validity=True)
            self._harvester.update()
            devices = self._harvester.device_info_list
            place = _choose(settings, devices)
            self._acquirer = self._harvester.create(place)
            self._acquirer.num_buffers = settings.buffers
            self._acquirer.add_callback(self._acquirer.Events.INCOMPLETE_BUFFER, self._incomplete)
            self._transport = str(devices[place].tl_type)
            label = f"camera {settings.name} ({devices[place].model} {devices[place].serial_number})"
            self.features = Features(GenapiNodes(self._acquirer.remote_device.node_map), label)
            link = Features(GenapiNodes(self._acquirer.device.node_map), label)
        sfnc.heartbeat(link if link.find("DeviceLinkHeartbeatTimeout", "GevHeartbeatTimeout") else self.features, settings)

    def watch(self, event: str) -> None:
        """Events come through harvesters in producer-specific ways; missed triggers are told by the counts."""

    def start(self) -> FrameNumbers:
        """Begin to stream. GigE numbers frames from 1, USB3 from 0; with any other transport the first frame that comes decides, so that
        one lost before it is not told."""
        with self._errors("does not stream"):
            self._format = pixel_format(self.features.text("PixelFormat"))
            self._incomplete.count = 0
            self._acquirer.start()
        return FrameNumbers(_FIRST.get(self._transport), wraps=self._transport == "GEV")

    def stop(self) -> None:
        """End streaming. Idempotent."""
        with self._errors("does not stop"):
            self._acquirer.stop()

    def fetch(self, timeout_s: float) -> Shot | None:
        """The next buffer; it is back with the producer when this returns."""
        with self._errors("was lost"):
            buffer = self._acquirer.try_fetch(timeout=max(SHORTEST_S, timeout_s), is_raw=True)
            received_ns = time.monotonic_ns()
            if buffer is None:
                return self._discarded(received_ns)
            try:
                return self._shot(buffer, received_ns)
            finally:
                buffer.parent.queue_buffer(buffer)

    def missed(self) -> list[int | None]:
        """Nothing: no event is watched."""
        return []

    def underruns(self) -> int:
        """As the producer counts them; 0 where it does not."""
        with suppress(GentlError):
            return int(self._acquirer.data_streams[0].num_underrun)
        return 0

    def ready(self, timeout_s: float) -> bool:
        """Whether the camera waits for a trigger; one that cannot say so is taken to be ready."""
        if self.features.find("AcquisitionStatus") is None or not self.features.select("AcquisitionStatusSelector", "FrameTriggerWait"):
            return True
        until = time.monotonic() + timeout_s
        while not self.features.number("AcquisitionStatus"):
            if time.monotonic() > until:
                return False
        return True

    def latch(self) -> int | None:
        """The camera's clock, ns."""
        return latched_ns(self.features, self._tick_ns())

    def close(self) -> None:
        """Let go of camera and producer. Idempotent."""
        acquirer, self._acquirer = self._acquirer, None
        harvester, self._harvester = self._harvester, None
        for leave in (acquirer and acquirer.destroy, harvester and harvester.reset):
            with suppress(GenapiError, GentlError):
                if leave is not None:
                    leave()

    # ---- inside

    def _discarded(self, received_ns: int) -> Shot | None:
        if not self._incomplete.count:
            return None
        self._incomplete.count -= 1
        return Shot(None, received_ns, None, "incomplete frame: the producer delivered part of it")

    def _shot(self, buffer: Any, received_ns: int) -> Shot:  # noqa: ANN401 - genicam has no types
        if self._format is None:
            return Shot(None, received_ns, None, "the camera does not stream")
        padding = _told(lambda: buffer.padding_x) or 0
        data = np.frombuffer(buffer.raw_buffer, np.uint8)
        image = self._format.image(data, int(buffer.width), int(buffer.height), padding)
        stamp = _told(lambda: buffer.timestamp_ns)
        return Shot(_told(lambda: buffer.frame_id), received_ns, image, "", stamp or None, *self._chunks())

    def _chunks(self) -> tuple[int | None, int | None]:
        """The counts of trigger signals and of the encoder that came with the image."""
        signals = self._chunk("ChunkCounterValue") if self._settings.counter is not None else None
        return signals, self._chunk("ChunkEncoderValue")

    def _chunk(self, name: str) -> int | None:
        value = self.features.number(name)
        return None if value is None else int(value)

    def _tick_ns(self) -> float:
        frequency = self.features.number("GevTimestampTickFrequency")
        return 1e9 / frequency if frequency else 1.0

    def _errors(self, what: str) -> AbstractContextManager[None]:
        there = self._acquirer is not None or what == "cannot be opened"
        return named(self._settings.name, what, there, _genicam_errors)


def _told(ask: Callable[[], int]) -> int | None:
    """What the producer says, if it says so."""
    with suppress(GentlError):
        return int(ask())
    return None


def _choose(settings: GenicamCamera, devices: Sequence[Any]) -> int:
    """The place of the one camera that serial and model name. Raises CameraError."""
    wanted = [n for n, d in enumerate(devices) if settings.serial in (None, d.serial_number) and settings.model in (None, d.model)]
    if len(wanted) == 1:
        return wanted[0]
    there = ", ".join(f"{d.model} (serial {d.serial_number})" for d in devices) or "none"
    problem = "is not there" if not wanted else f"is not the only one: {len(wanted)} fit; give serial"
    raise CameraError(f"camera {settings.name}: GenICam camera {settings.which} {problem}; {settings.producer.name} sees: {there}")


def build(settings: GenicamCamera) -> StreamingCamera:
    """The camera of these settings, not yet open."""
    return StreamingCamera(settings, HarvestersDevice(settings))
