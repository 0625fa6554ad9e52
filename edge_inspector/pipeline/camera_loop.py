"""A camera's thread: opens the camera, grabs while armed, reopens it when it is lost, and accounts for triggers that brought no frame."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from edge_inspector.camera.base import Camera, Grab
from edge_inspector.errors import CameraExhausted
from edge_inspector.pipeline.acquisition import Acquisition, Naming
from edge_inspector.pipeline.counts import LONGEST_GAP, CountWatch, Slip
from edge_inspector.pipeline.events import CameraLost, CameraOpen, CountSlip, Exhausted, PipelineEvent, SlipsHidden
from edge_inspector.prepare import FrameCheck
from edge_inspector.records import Frame, Reason, View
from edge_inspector.service import Clock, Pulse
from edge_inspector.settings.recipe import CameraRules, ImageRules

log = logging.getLogger(__name__)

GRAB_TIMEOUT_S = 0.05  # how soon a stop, a disarm or a part owed to the PLC is noticed
FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 5.0
OPENING_S = 60.0  # what finding and opening a camera may take: discovery on a network, a stream that times out


class Parts(Protocol):
    """Where views go; called on the camera's thread."""

    def take(self, view: View, triggered_utc: datetime, epoch: int) -> None:
        """This camera's view of a part, the moment of its trigger, and the epoch that it is counted in."""

    def tend(self) -> None:
        """Do what is due; called at least every ``GRAB_TIMEOUT_S`` while no frame comes."""


class Belt(Protocol):
    """Where the belt is, in counts of its encoder; called on any thread."""

    @property
    def position(self) -> int | None:
        """The newest word of where it is; None before the first."""

    def left_ns(self, deadline_counts: int) -> int:
        """How long it takes there from its position at the speed at which it last moved; very long where none is known."""

    def arm(self, window: int | None) -> None:
        """Parts are inspected from now on whose reject window is so many counts, or None in time."""

    def seen(self, counts: int, at_ns: int) -> None:
        """The belt was there at that time."""

    def passed(self, deadline_counts: int) -> bool:
        """Whether it is beyond that, or may be."""


class CameraLoop:
    """One camera in its own thread, which gives every part to ``parts``; ``lag_ns`` is explained in ``counts.CountWatch``.

    After ``limit`` parts it stops by itself, as at the end of a replay.
    """

    def __init__(
        self,
        camera: Camera,
        parts: Parts,
        tell: Callable[[PipelineEvent], None],
        clock: Clock,
        lag_ns: int,
        limit: int | None = None,
        belt: Belt | None = None,
    ) -> None:
        self._camera = camera
        self._parts = parts
        self._tell = tell
        self._watch = CountWatch(0, lag_ns)
        self._clock = clock
        self._left = limit
        self._blind = False
        self._belt = belt
        self._stop = threading.Event()
        self._changed = threading.Event()  # a wake-up for the idle thread: armed or stopping
        self._taking = threading.Lock()  # a part is taken whole before an arm or disarm, or after it
        self._acquisition: Acquisition | None = None
        self._armed: Acquisition | None = None
        self.pulse = Pulse(clock)
        """Marked at every turn: each grab, and each wait for one."""
        self._camera_rules = CameraRules()
        self._pause_s = FIRST_RETRY_S  # before the next try to open; a camera that opens and fails at once is tried ever more rarely, too
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.name}")

    @property
    def name(self) -> str:
        """The camera's name."""
        return self._camera.name

    @property
    def last_count(self) -> int | None:
        """The highest trigger count taken since the last ``arm``."""
        acquisition = self._acquisition
        return None if acquisition is None else acquisition.last_count

    def taken(self, epoch: int) -> int | None:
        """The same, if that was in ``epoch``."""
        acquisition = self._acquisition
        return acquisition.last_count if acquisition is not None and acquisition.epoch == epoch else None

    @property
    def armed(self) -> bool:
        """Whether parts are being inspected."""
        return self._armed is not None

    def start(self) -> None:
        """Start the thread; CameraOpen or CameraLost follows."""
        self._thread.start()

    def arm(self, naming: Naming, rules: ImageRules, base: int | None, camera: CameraRules | None = None) -> None:
        """Inspect the parts after count ``base`` (None: the first count seen begins), and after those that this epoch has had."""
        now = self._clock.monotonic_ns()
        with self._taking:
            before = self._acquisition
            if before is not None and before.epoch == naming.epoch and before.last_count is not None:
                base = max(base or 0, before.last_count)
            self._camera_rules = camera or CameraRules()
            acquisition = Acquisition(replace(naming, camera=self._camera.name), FrameCheck(rules), base, now)
            self._watch.reset(naming.patience_ns, acquisition)
            self._acquisition = self._armed = acquisition
        self._changed.set()

    def disarm(self) -> None:
        """Inspect no further part; one that is being grabbed will be missed."""
        with self._taking:
            self._armed = None

    def drop(self) -> None:
        """The same at once, on any thread: a part that is being taken may still come."""
        self._armed = None

    def plc_count(self, count: int, acked: int) -> Slip | None:
        """The PLC says how many triggers it has counted, after it had acknowledged ``acked``; the slip that this shows.

        While nobody inspects parts it may count, and begin anew, as it likes.
        """
        armed = self._armed  # read once: an arm in between must not hold an old count against the new one
        ours = None if armed is None else armed.last_count
        if self._camera.free_running or ours is None:
            return None
        return (
            Slip(ours, count) if count > ours + LONGEST_GAP else self._watch.report(count, ours, acked, self._clock.monotonic_ns(), armed)
        )

    def halt(self) -> None:
        """Ask the thread to end, and do not wait for it."""
        self._stop.set()
        self._armed = None
        self._changed.set()

    def stop(self, timeout_s: float) -> bool:
        """End the thread; False where it does not end in time. Idempotent."""
        self.halt()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.pulse.mark()
            try:
                self._session()
            except Exception as error:  # a bug must not end the thread that keeps the account
                log.exception("the camera thread failed")
                self._tell(CameraLost(error, self._camera.name))
                self._stop.wait(FIRST_RETRY_S)
        self._close()
        self.pulse.end()

    def _close(self) -> None:
        try:
            self._camera.close()
        except Exception as error:  # noqa: BLE001 - a driver's own errors are not ours, and it is opened again in any case
            log.error("camera %s could not be closed: %s", self._camera.name, error)

    def _session(self) -> None:
        """From one opening of the camera to its loss or the stop."""
        if not self._open():
            return
        try:
            while not self._stop.is_set():
                self.pulse.mark()
                self._changed.wait(GRAB_TIMEOUT_S if self._armed is None else 0.0)
                self._changed.clear()
                armed = self._armed
                if armed is not None:
                    self._grab_while(armed)
        except Exception as error:  # noqa: BLE001 - whatever a driver throws, the camera is taken for lost and opened again
            self._tell(CameraLost(error, self._camera.name))
            self._close()
            self._back_off()

    def _open(self) -> bool:
        """Open with capped back-off; parts owed meanwhile are accounted for as missed."""
        while not self._stop.is_set():
            self.pulse.mark(OPENING_S)
            try:
                self._camera.open()
            except Exception as error:  # noqa: BLE001 - a driver's own errors are not ours
                self._tell(CameraLost(error, self._camera.name))
                self._back_off()
            else:
                self._disarm_uncounted()
                self._tell(CameraOpen(self._camera.name))
                return True
        return False

    def _disarm_uncounted(self) -> None:
        """Signals went unseen while the camera was away: it cannot count on from where it was. Whoever hears CameraOpen arms anew."""
        if self._camera.counts_triggers:
            with self._taking:
                self._armed = None

    def _back_off(self) -> None:
        self._idle(self._pause_s)
        self._pause_s = min(2 * self._pause_s, LONGEST_RETRY_S)

    def _idle(self, seconds: float) -> None:
        """Wait without a camera, but keep the account."""
        until = self._clock.monotonic_ns() + int(seconds * 1e9)
        while self._clock.monotonic_ns() < until and not self._stop.wait(GRAB_TIMEOUT_S):
            self.pulse.mark()
            armed = self._armed
            if armed is not None:
                self._account(armed)

    def _grab_while(self, armed: Acquisition) -> None:
        self._camera.adjust(self._camera_rules)
        self._camera.arm(armed.last_count or 0)
        while self._armed is armed:
            self.pulse.mark()
            try:
                grab = self._camera.grab(GRAB_TIMEOUT_S)
            except CameraExhausted as end:
                self._end(armed, Exhausted(str(end)))
                return
            if grab is None:
                self._account(armed)
            else:
                self._pause_s = FIRST_RETRY_S
                self._take(grab, armed)
                self._tell_of_rate()

    def _take(self, grab: Grab, armed: Acquisition) -> None:
        with self._taking:
            now, newest = self._armed, self._acquisition or armed
            if now is not None and (now is armed or grab.triggered_ns >= now.armed_ns):
                epoch = now.epoch
                slip, parts = self._views(grab, now)
            else:  # the line was stopped while this was being grabbed
                slip, epoch = None, armed.epoch
                parts = [armed.stopped(view) for view in (newest if newest.epoch == armed.epoch else armed).take(grab)]
            for view in parts:
                self._parts.take(view, grab.captured_utc if isinstance(view, Frame) else self._clock.utc(), epoch)
        if slip is not None:
            self._end(now, CountSlip(slip))
        else:
            self._count_down(len(parts), now)

    def _views(self, grab: Grab, armed: Acquisition) -> tuple[Slip | None, list[View]]:
        """The parts that a grab makes known, the last one missed where the PLC contradicts its count; or the slip that it shows."""
        if self._belt is not None and grab.encoder_counts is not None:
            self._belt.seen(grab.encoder_counts, grab.triggered_ns)
        slip = armed.slip(grab)
        if slip is not None:
            return slip, []
        theirs = None if self._camera.free_running else self._watch.sight(grab.trigger_count, grab.triggered_ns)
        if isinstance(theirs, Slip):
            return theirs, []
        parts = armed.take(grab)
        if theirs is not None and parts:
            parts[-1] = armed.doubtful(parts[-1], theirs)
        return None, parts

    def _tell_of_rate(self) -> None:
        blind = self._watch.blind
        if blind != self._blind:
            self._blind = blind
            self._tell(SlipsHidden(blind, self._camera.name))

    def _count_down(self, parts: int, armed: Acquisition | None) -> None:
        if self._left is None or not parts:
            return
        self._left -= parts
        if self._left <= 0:
            self._end(armed, Exhausted("the parts asked for have been taken"))

    def _end(self, armed: Acquisition | None, event: PipelineEvent) -> None:
        with self._taking:
            self._armed = None if self._armed is armed else self._armed
        self._tell(event)

    def _account(self, acquisition: Acquisition) -> None:
        """Parts that the PLC has counted and no frame came for are missed."""
        self._parts.tend()
        if self._camera.free_running:
            return
        now = self._clock.monotonic_ns()
        with self._taking:
            if self._acquisition is not acquisition:  # armed anew: what is owed is counted from another base
                return
            owed, ours = self._watch.owed(now), acquisition.last_count
            slip = self._watch.slip_at_pause(ours) if ours is not None and owed > ours else None
            lost = acquisition.skip_to(owed, now, Reason.COUNTER_GAP)
            for view in lost:
                self._parts.take(view, self._clock.utc(), acquisition.epoch)
        if slip is not None:
            self._end(acquisition, CountSlip(slip))
        self._count_down(len(lost), acquisition)
