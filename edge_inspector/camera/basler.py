"""Basler cameras through pylon (extra ``basler``). Where PYLON_CAMEMU is set to a number, pylon brings so many emulated cameras."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import numpy as np
from pypylon import genicam, pylon

from edge_inspector.camera import sfnc
from edge_inspector.camera.counting import FrameNumbers, Shot
from edge_inspector.camera.nodes import Features, Value, latched_ns, named
from edge_inspector.camera.pixels import PixelFormat, pixel_format
from edge_inspector.camera.streaming import StreamingCamera
from edge_inspector.errors import CameraError
from edge_inspector.settings.cameras import BaslerCamera

COMMAND_S = 1.0
_UNDERRUNS = ("Statistic_Buffer_Underrun_Count", "Statistic_Missed_Frame_Count")
_GIGE = "BaslerGigE"


@contextmanager
def _pylon_errors() -> Iterator[None]:
    """pylon's exceptions, which derive from none of Python's, as CameraError."""
    try:
        yield
    except genicam.GenericException as error:
        raise CameraError(str(error).split(" : ")[0].strip()) from error


class PylonNodes:
    """A pylon node map as ``NodeMap``."""

    def __init__(self, nodes: Any) -> None:  # noqa: ANN401 - pypylon has no types
        self._nodes = nodes

    def has(self, name: str) -> bool:
        """Whether the feature is there and available."""
        return bool(genicam.IsAvailable(self._nodes.GetNode(name)))

    def read(self, name: str) -> Value:
        """Its value."""
        with _pylon_errors():
            value: Value = self._nodes.GetNode(name).Value
            return value

    def write(self, name: str, value: Value) -> None:
        """Set it; a whole number becomes a float where the feature is one."""
        with _pylon_errors():
            node = self._nodes.GetNode(name)
            if isinstance(node, genicam.IFloat | pylon.FloatParameter):
                value = float(value)
            elif isinstance(node, genicam.IInteger | pylon.IntegerParameter) and not isinstance(value, str):
                value = int(value)
            node.Value = value

    def execute(self, name: str) -> None:
        """Carry out a command and wait until it is done."""
        with _pylon_errors():
            command = self._nodes.GetNode(name)
            command.Execute()
            until = time.monotonic() + COMMAND_S
            while not command.IsDone():
                if time.monotonic() > until:
                    raise CameraError(f"not done within {COMMAND_S:g} s")


class _Watch(pylon.CameraEventHandler):  # type: ignore[misc] # pypylon has no types
    """Notes an event's time stamp; pylon calls it inside ``RetrieveResult``, on the camera's thread."""

    def __init__(self, stamps: deque[int | None], node: str, tick_ns: float) -> None:
        super().__init__()
        self.node = node
        self._stamps = stamps
        self._tick_ns = tick_ns

    def OnCameraEvent(self, camera: Any, _user_id: int, _node: Any) -> None:  # noqa: ANN401, N802 - pylon's name and types
        """One event."""
        found = None
        with suppress(genicam.GenericException):
            ticks = camera.GetNodeMap().GetNode(f"{self.node}Timestamp").Value
            found = round(ticks * self._tick_ns) if ticks else None
        self._stamps.append(found)


class PylonDevice:
    """One Basler camera. GigE numbers frames from 1 (and 1 follows 65,535 where its numbers are short), any other transport from 0."""

    def __init__(self, settings: BaslerCamera) -> None:
        self._settings = settings
        self._camera: Any = None
        self._class = ""
        self._format: PixelFormat | None = None
        self._size = (0, 0)
        self._tick_ns = 1.0
        self._stamps: deque[int | None] = deque()
        self._handler: _Watch | None = None
        self.features: Features

    def open(self) -> None:
        """Find the camera that serial and model name, and connect. Raises CameraError listing those that are there."""
        settings = self._settings
        with self._errors("cannot be opened"):
            factory = pylon.TlFactory.GetInstance()
            found = _choose(settings, list(factory.EnumerateDevices()))
            self._camera = pylon.InstantCamera(factory.CreateDevice(found))
            self._camera.GrabCameraEvents.Value = True
            self._camera.Open()
            self._camera.MaxNumBuffer.Value = settings.buffers
            self._class = found.GetDeviceClass()
            label = f"camera {settings.name} ({found.GetModelName()} {found.GetSerialNumber()})"
            self.features = Features(PylonNodes(self._camera.GetNodeMap()), label)
            transport = Features(PylonNodes(self._camera.GetTLNodeMap()), label)
        sfnc.heartbeat(transport, settings)
        frequency = self.features.number("GevTimestampTickFrequency")
        self._tick_ns = 1e9 / frequency if frequency else 1.0
        self._stamps.clear()

    def watch(self, event: str) -> None:
        """Note each of these events."""
        with self._errors(f"event {event} cannot be watched"):
            self._handler = _Watch(self._stamps, f"Event{event}", self._tick_ns)
            self._camera.RegisterCameraEventHandler(
                self._handler,
                self._handler.node,
                0,
                pylon.RegistrationMode_ReplaceAll,
                pylon.Cleanup_None,
                pylon.CameraEventAvailability_Optional,
            )

    def start(self) -> FrameNumbers:
        """Begin to stream."""
        with self._errors("does not stream"):
            self._format = pixel_format(self.features.text("PixelFormat"))
            self._size = (int(self._camera.Width.Value), int(self._camera.Height.Value))
            latest = self._settings.delivery == "latest"
            self._stamps.clear()
            self._camera.StartGrabbing(pylon.GrabStrategy_LatestImageOnly if latest else pylon.GrabStrategy_OneByOne)
        gige = self._class == _GIGE
        return FrameNumbers(1 if gige else 0, wraps=gige)

    def stop(self) -> None:
        """End streaming. Idempotent."""
        with self._errors("does not stop"):
            self._camera.StopGrabbing()

    def fetch(self, timeout_s: float) -> Shot | None:
        """The next buffer; it is back with the driver when this returns."""
        with self._errors("was lost"):
            result = self._camera.RetrieveResult(max(0, round(timeout_s * 1000)), pylon.TimeoutHandling_Return)
            received_ns = time.monotonic_ns()
            if not result.IsValid():
                self._check_there()
                return None
            try:
                return self._shot(result, received_ns)
            finally:
                result.Release()

    def missed(self) -> list[int | None]:
        """The stamps of the watched events since the last call."""
        stamps = list(self._stamps)
        self._stamps.clear()
        return stamps

    def underruns(self) -> int:
        """By the stream's statistics; 0 where it has none."""
        with self._errors("was lost"):
            stream = Features(PylonNodes(self._camera.GetStreamGrabberNodeMap()), self.features.label)
            return int(stream.number(*_UNDERRUNS) or 0)

    def ready(self, timeout_s: float) -> bool:
        """Whether the camera waits for a trigger; one that cannot say so is taken to be ready."""
        with self._errors("was lost"):
            self._check_there()
            if not self._camera.CanWaitForFrameTriggerReady():
                return True
            return bool(self._camera.WaitForFrameTriggerReady(round(timeout_s * 1000), pylon.TimeoutHandling_Return))

    def latch(self) -> int | None:
        """The camera's clock, ns."""
        return latched_ns(self.features, self._tick_ns)

    def close(self) -> None:
        """Let go of the camera. Idempotent."""
        if self._camera is None:
            return
        if self._handler is not None:
            with suppress(genicam.GenericException):
                self._camera.DeregisterCameraEventHandler(self._handler, self._handler.node)
        for leave in (self._camera.Close, self._camera.DestroyDevice):
            with suppress(genicam.GenericException):
                leave()
        self._camera = None  # before the handler: pylon's camera still points to it
        self._handler = None

    # ---- inside

    def _shot(self, result: Any, received_ns: int) -> Shot:  # noqa: ANN401 - pypylon has no types
        frame = None if result.BlockID == 2**64 - 1 else int(result.BlockID)
        if not result.GrabSucceeded():
            return Shot(frame, received_ns, None, f"incomplete frame: {result.ErrorDescription} (0x{result.ErrorCode & 0xFFFFFFFF:08X})")
        size = (int(result.Width), int(result.Height))
        if size != self._size or self._format is None:
            return Shot(
                frame, received_ns, None, f"the camera sent {size[0]} x {size[1]} pixels where {self._size[0]} x {self._size[1]} are set"
            )
        with result.GetArrayZeroCopy(raw=True) as data:
            image = self._format.image(np.asarray(data, np.uint8), *size, int(result.PaddingX))
        stamp = round(result.TimeStamp * self._tick_ns) or None
        return Shot(frame, received_ns, image, "", stamp, *self._chunks(result))

    def _chunks(self, result: Any) -> tuple[int | None, int | None]:  # noqa: ANN401 - pypylon has no types
        """The counts of trigger signals and of the encoder that came with the image."""
        if not result.IsChunkDataAvailable():
            return None, None
        chunks = Features(PylonNodes(result.GetChunkDataNodeMap()), self.features.label)
        signals = chunks.number("ChunkCounterValue", "ChunkTriggerinputcounter") if self._settings.counter is not None else None
        encoder = chunks.number("ChunkEncoderValue", "ChunkShaftEncoderCounter")
        return _whole(signals), _whole(encoder)

    def _check_there(self) -> None:
        if self._camera.IsCameraDeviceRemoved():
            raise CameraError("the camera was unplugged or lost its power")
        if not self._camera.IsGrabbing():
            raise CameraError("streaming has ended by itself")

    def _errors(self, what: str) -> AbstractContextManager[None]:
        there = self._camera is not None or what == "cannot be opened"
        return named(self._settings.name, what, there, _pylon_errors)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _choose(settings: BaslerCamera, devices: list[Any]) -> Any:  # noqa: ANN401 - pypylon has no types
    """The one camera that serial and model name. Raises CameraError."""
    wanted = [d for d in devices if settings.serial in (None, d.GetSerialNumber()) and settings.model in (None, d.GetModelName())]
    if len(wanted) == 1:
        return wanted[0]
    there = ", ".join(f"{d.GetModelName()} (serial {d.GetSerialNumber()})" for d in devices) or "none"
    problem = "is not there" if not wanted else f"is not the only one: {len(wanted)} fit; give serial"
    raise CameraError(f"camera {settings.name}: Basler camera {settings.which} {problem}; pylon sees: {there}")


def build(settings: BaslerCamera) -> StreamingCamera:
    """The camera of these settings, not yet open."""
    return StreamingCamera(settings, PylonDevice(settings))
