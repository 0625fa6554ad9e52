"""The camera that all GenICam drivers share: a ``Device`` brings buffers, this makes grabs of them and keeps the account of triggers."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from edge_inspector.camera import sfnc
from edge_inspector.camera.base import Grab
from edge_inspector.camera.counting import Contradiction, FrameNumbers, Lost, Placed, Shot, TriggerLedger
from edge_inspector.camera.encoder import EncoderCounts
from edge_inspector.camera.nodes import Features
from edge_inspector.camera.stamps import CameraClock
from edge_inspector.camera.trigger import TriggerSource, encoder_of, trigger_source
from edge_inspector.errors import CameraError
from edge_inspector.records import Reason
from edge_inspector.service import Clock, SystemClock
from edge_inspector.settings.genicam_cameras import GenicamSettings
from edge_inspector.settings.recipe import CameraRules
from edge_inspector.wire.messages import Trigger

log = logging.getLogger(__name__)

QUIET_NS = 200_000_000  # a reported trigger without a picture waits this long for frames that were exposed before it


class Device(Protocol):
    """One camera as an SDK gives it; used by the camera's thread alone. Every method raises CameraError where the camera is lost."""

    features: Features

    def open(self) -> None:
        """Find the camera and connect; sets ``features``."""

    def watch(self, event: str) -> None:
        """Report this event through ``missed``."""

    def start(self) -> FrameNumbers:
        """Begin streaming with every buffer empty; says how this camera numbers its frames."""

    def stop(self) -> None:
        """End streaming; frames on their way are dropped."""

    def fetch(self, timeout_s: float) -> Shot | None:
        """The next buffer in order, already copied into an image; None when none came in time."""

    def missed(self) -> list[int | None]:
        """The camera's stamps (ns) of the watched events since the last call."""

    def underruns(self) -> int:
        """Frames since ``start`` that found no free buffer."""

    def ready(self, timeout_s: float) -> bool:
        """Whether the camera waits for a software trigger, within ``timeout_s``."""

    def latch(self) -> int | None:
        """The camera's clock now, ns; None where it cannot be read."""

    def close(self) -> None:
        """Let go. Idempotent, and does not raise."""


class StreamingCamera:
    """A GenICam camera; ``settings.trigger`` says who triggers it and who counts."""

    def __init__(self, settings: GenicamSettings, device: Device, clock: Clock | None = None) -> None:
        self._settings = settings
        self._device = device
        self._clock: Clock = clock or SystemClock()
        trigger = settings.trigger
        self._source: TriggerSource | None = trigger_source(trigger.belt, trigger.rate) if trigger.mode == "software" else None
        self._rules = CameraRules()
        self._exposure, self._gain = sfnc.EXPOSURE, sfnc.GAIN
        self._open = False
        self._lost: CameraError | None = None
        self._waiting: deque[Grab] = deque()
        self._ledger = TriggerLedger(0, FrameNumbers(0, False))
        self._stamps = CameraClock()
        self._latency_us = 0.0
        self._reported_ns: int | None = None  # when the camera told of the oldest trigger that waits in the ledger
        self._encoder = EncoderCounts()
        self._quiet_ns = 0  # when the last frame or event came

    @property
    def name(self) -> str:
        """The station's name for it."""
        return self._settings.name

    @property
    def free_running(self) -> bool:
        """True where neither a signal nor a belt triggers it."""
        return not self._settings.external_trigger

    @property
    def counts_triggers(self) -> bool:
        """True where signals trigger it: nobody but the camera itself numbers them here."""
        return self._settings.trigger.mode in ("hardware", "encoder")

    def open(self) -> None:
        """Connect and set everything but exposure and gain. Raises CameraError naming camera, feature and key."""
        self.close()
        try:
            self._device.open()
            sfnc.configure(self._device.features, self._settings)
            self._exposure, self._gain = sfnc.EXPOSURE.read(self._device.features), sfnc.GAIN.read(self._device.features)
            event = sfnc.missed_event(self._device.features, self._settings)
            if event is not None:
                self._device.watch(event)
            if self._source is not None:
                self._source.open()
        except CameraError:
            self.close()
            raise
        self._stamps = CameraClock()
        self._encoder = EncoderCounts()
        self._open = True

    def adjust(self, rules: CameraRules) -> None:
        """Exposure and gain from the next ``arm`` on."""
        self._rules = rules

    def arm(self, trigger_count: int) -> None:
        """Begin to stream: the first trigger from now on is ``trigger_count + 1``. Raises CameraError."""
        self._check_open()
        self._device.stop()
        sfnc.adjust(self._device.features, self._settings, self._rules, self._exposure, self._gain)
        sfnc.reset_counter(self._device.features, self._settings)
        self._latency_us = sfnc.latency_us(self._device.features)
        self._waiting.clear()
        self._lost = None
        self._reported_ns = None
        self._stream(trigger_count)
        if self._source is not None:
            self._source.arm(trigger_count)

    def grab(self, timeout_s: float) -> Grab | None:
        """The next trigger; None after ``timeout_s`` (a software trigger's frame may take longer). Raises CameraError at its loss."""
        self._check_open()
        if not self._waiting:
            if self._lost is not None:
                raise self._lost
            self._renew_clock()
            if self._source is not None:
                return self._grab_triggered(self._source, timeout_s)
            self._collect(timeout_s)
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Let go of camera and belt. Idempotent."""
        self._open = False
        self._waiting.clear()
        if self._source is not None:
            self._source.close()
        self._device.close()

    # ---- signals trigger, or the camera itself

    def _collect(self, timeout_s: float) -> None:
        shot = self._device.fetch(timeout_s)
        for stamp_ns in self._device.missed():
            now = self._quiet_ns = self._clock.monotonic_ns()
            self._reported_ns = self._reported_ns or now
            self._waiting.extend(self._grab_of(wrong, now) for wrong in self._ledger.missed(stamp_ns))
        if shot is None:
            self._collect_overdue()
        else:
            self._collect_shot(shot)
        if not self._ledger.pending:
            self._reported_ns = None

    def _collect_shot(self, shot: Shot) -> None:
        self._quiet_ns = self._clock.monotonic_ns()
        if self._settings.delivery == "latest":
            found = self._ledger.take(replace(shot, frame=None))  # what was left out on purpose is not lost
        else:
            found = self._ledger.take(shot, self._device.underruns())
        triggered_ns = self._stamps.triggered_ns(shot.stamp_ns, shot.received_ns, self._latency_us)
        self._waiting.extend(self._grab_of(entry, triggered_ns) for entry in found)

    def _collect_overdue(self) -> None:
        """Reported triggers that no frame follows: after a while every frame from before them has come."""
        if self._reported_ns is not None and self._clock.monotonic_ns() - self._quiet_ns > QUIET_NS:
            self._waiting.extend(self._grab_of(lost, self._reported_ns) for lost in self._ledger.overdue())

    def _grab_of(self, entry: Lost | Placed, triggered_ns: int) -> Grab:
        utc = self._clock.utc()
        if isinstance(entry, Contradiction):
            log.error("camera %s: %s", self.name, entry.detail)
        if isinstance(entry, Lost):
            now = self._clock.monotonic_ns()
            return Grab(entry.count, triggered_ns, utc, now, None, Reason.COUNTER_GAP, entry.detail)
        return _grab(entry.count, triggered_ns, utc, entry.shot, self._encoder.moved_on(entry.shot.encoder))

    # ---- the line triggers

    def _grab_triggered(self, source: TriggerSource, timeout_s: float) -> Grab | None:
        trigger = source.wait(timeout_s)
        if trigger is None:
            self._device.fetch(0.0)  # nothing is due; this tells whether the camera is still there
            return None
        utc = self._clock.utc()
        try:
            shot = self._shoot(trigger)
        except CameraError as error:  # the part has passed all the same; the loss is told at the next grab
            self._lost = error
            shot = self._failed(str(error))
        return _grab(trigger.trigger_count, _not_after(trigger, shot), utc, shot, self._encoder.moved_on(encoder_of(trigger)))

    def _shoot(self, trigger: Trigger) -> Shot:
        """One picture for one software trigger; none of a part that has moved on before it was exposed."""
        ready_ms = self._settings.trigger.ready_timeout_ms
        if not self._device.ready(ready_ms / 1000.0):
            self._stream(0)
            return self._failed(f"over-trigger: the camera was still busy {ready_ms} ms after its trigger")
        if late := self._too_late(trigger):
            return self._failed(late)
        due = self._ledger.frames
        self._device.features.execute("trigger.mode", "TriggerSoftware")
        late = self._too_late(trigger)  # the command may have been slow, too; by now the exposure has begun
        shot = self._frame(due)
        return self._failed(late) if late else shot

    def _frame(self, due: int) -> Shot:
        """The frame that streaming has numbered ``due``. Another trigger's is never taken for it: streaming begins anew."""
        shot = self._device.fetch(self._settings.frame_timeout_ms / 1000.0)
        if shot is None:
            self._stream(0)
            return self._failed(f"no frame within {self._settings.frame_timeout_ms} ms of its trigger")
        self._ledger.take(shot)
        came = self._ledger.frames - 1
        if came != due:
            self._stream(0)
            return self._failed(f"frame {came} came for trigger {due}")
        return shot

    def _too_late(self, trigger: Trigger) -> str:
        """Why the part is no longer before the camera; "" while it is, and where no belt carries it."""
        late_ms = (self._clock.monotonic_ns() - trigger.triggered_ns) / 1e6
        if self._settings.trigger.belt is None or late_ms <= self._settings.trigger.late_ms:
            return ""
        return f"exposed too late: {late_ms:.0f} ms after its trigger, and late_ms is {self._settings.trigger.late_ms:g}"

    def _failed(self, detail: str) -> Shot:
        return Shot(None, self._clock.monotonic_ns(), None, detail)

    # ---- both

    def _stream(self, base: int) -> None:
        self._device.stop()
        self._ledger = TriggerLedger(base, self._device.start())

    def _renew_clock(self) -> None:
        before = self._clock.monotonic_ns()
        if self._stamps.due(before):
            self._stamps.latched(self._device.latch(), before, self._clock.monotonic_ns())

    def _check_open(self) -> None:
        if not self._open:
            raise CameraError(f"camera {self.name} is not open; open it first")


def _not_after(trigger: Trigger, shot: Shot) -> int:
    return min(trigger.triggered_ns, shot.received_ns)


def _grab(count: int, triggered_ns: int, utc: datetime, shot: Shot, encoder: int | None) -> Grab:
    reason = Reason.GRAB_FAILED if shot.image is None else Reason.NONE
    return Grab(count, triggered_ns, utc, shot.received_ns, shot.image, reason, shot.error, encoder)
