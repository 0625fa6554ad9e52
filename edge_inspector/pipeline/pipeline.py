"""The threads between trigger and reject link, and what starts and stops them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from edge_inspector.camera.base import Camera
from edge_inspector.judge import Judge
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.camera_loop import Belt, CameraLoop
from edge_inspector.pipeline.counts import LAG_NS, Slip
from edge_inspector.pipeline.engine_loop import EngineLoop, JudgeFactory
from edge_inspector.pipeline.events import CountSlip, Exhausted, PipelineEvent
from edge_inspector.pipeline.join import Expecting, Join
from edge_inspector.pipeline.queue import InspectionQueue
from edge_inspector.records import Inspection, Judgement, Reason
from edge_inspector.service import Clock, Pulse
from edge_inspector.settings.recipe import CameraRules, ImageRules

log = logging.getLogger(__name__)


class Link(Expecting, Protocol):
    """What the pipeline asks of the reject link."""

    def post(self, judgement: Judgement, recipe: str, model: str) -> None:
        """The judgement of a part that was expected."""


class Pipeline:
    """Camera threads -> join -> bounded queue -> engine thread -> link. ``tell`` receives events from any of the threads.

    ``capacity`` frames may wait; a trigger that the PLC claims, or another camera has seen, is missed after half the reject window without
    a frame. After ``limit`` parts it ends. ``lag_ns``: how far apart in time PLC and cameras may tell of one trigger.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        link: Link,
        tell: Callable[[PipelineEvent], None],
        clock: Clock,
        capacity: int,
        limit: int | None = None,
        lag_ns: int = LAG_NS,
        belt: Belt | None = None,
    ) -> None:
        self._link = link
        self._tell = tell
        self._clock = clock
        self._queue = InspectionQueue(capacity)
        names = tuple(camera.name for camera in cameras)
        self._join = Join(names, link, self._put, self._slipped, clock, capacity, lag_ns)
        self._camera_loops = [CameraLoop(camera, self._join, self._tell_of_camera, clock, lag_ns, limit, belt) for camera in cameras]
        self._ended: list[Exhausted] = []  # replays that are over, of those armed now
        self._lock = threading.Lock()
        self._belt = belt
        self._engine_loop = EngineLoop(self._queue, self._post, tell, clock, belt)
        self._started = False

    @property
    def last_count(self) -> int | None:
        """The highest trigger count taken by any camera; None before the first."""
        return _highest(loop.last_count for loop in self._camera_loops)

    @property
    def last_counts(self) -> Mapping[str, int | None]:
        """The same of each camera by its name."""
        return {loop.name: loop.last_count for loop in self._camera_loops}

    @property
    def pulses(self) -> Mapping[str, Pulse]:
        """The turns of its loops, by their threads' work."""
        return {**{f"camera {loop.name}": loop.pulse for loop in self._camera_loops}, "engine": self._engine_loop.pulse}

    def taken(self, epoch: int) -> int | None:
        """The highest trigger count that was taken in ``epoch``; None where none was."""
        return _highest(loop.taken(epoch) for loop in self._camera_loops)

    @property
    def waiting(self) -> int:
        """Parts between camera and engine."""
        return len(self._queue) + len(self._join)

    def start(self, factory: JudgeFactory) -> None:
        """Open the cameras and load the engine, each on its own thread; events say how it went."""
        self._started = True
        self._engine_loop.start(factory)
        for loop in self._camera_loops:
            loop.start()

    def load(self, factory: JudgeFactory) -> None:
        """Judge by another judge the parts that come after those waiting now; EngineReady or EngineFailed follows."""
        self._engine_loop.load(factory)

    @property
    def inspecting(self) -> bool:
        """Whether parts are being inspected, by every camera."""
        return all(loop.armed for loop in self._camera_loops)

    def arm(self, naming: Naming, rules: ImageRules, base: int | None, camera: CameraRules | None = None) -> None:
        """Inspect every part after count ``base``, with the recipe's camera settings."""
        with self._lock:
            self._ended.clear()
        if self._belt is not None:
            self._belt.arm(naming.window_counts)
        self._engine_loop.expect(naming.window_counts)
        for loop in self._camera_loops:
            loop.arm(naming, rules, base, camera)

    def disarm(self) -> None:
        """Take no further part: when this returns none is added to those waiting, which are judged, but missed ones."""
        for loop in self._camera_loops:
            loop.disarm()
        self._join.flush()

    def distrust(self) -> None:
        """What waits is missed: nobody knows which parts its images are of."""
        self._queue.spoil(Reason.COUNTER_GAP, "the counts of triggers disagree: this may be another part's image")

    def lose(self, naming: Naming, counts: list[int], reason: Reason) -> None:
        """Account for parts that were triggered while nobody looked."""
        now, utc = self._clock.monotonic_ns(), self._clock.utc()
        for count in counts:
            self._join.take(naming.lost(count, now, reason, "triggered while the line was not inspecting"), utc, naming.epoch)

    def plc_count(self, count: int, acked: int = 0) -> None:
        """The PLC says how many triggers it has counted, after it had acknowledged the verdict on count ``acked``.

        While nobody inspects parts it may count, and begin anew, as it likes.
        """
        slips = [loop.plc_count(count, acked) for loop in self._camera_loops]
        slip = next((slip for slip in slips if slip is not None), None)
        if slip is not None:
            self._slipped(slip)

    def stop(self, timeout_s: float) -> list[str]:
        """Stop cameras, then engine, so that every part taken is judged; returns the names of threads that did not end. Idempotent."""
        if not self._started:
            return []
        for loop in self._camera_loops:
            loop.halt()
        stuck = [f"camera-{loop.name}" for loop in self._camera_loops if not loop.stop(timeout_s / 2)]
        self._join.flush()
        if not self._engine_loop.stop(timeout_s / 2):
            stuck.append("engine")
        return stuck

    def _put(self, inspection: Inspection) -> None:
        self._engine_loop.watch_load()
        unqueued = self._queue.put(inspection)
        if unqueued is not None:
            self._engine_loop.miss(unqueued)

    def _tell_of_camera(self, event: PipelineEvent) -> None:
        """A replay is over when it is for every camera: a part that only one has seen still waits for the others."""
        if isinstance(event, CountSlip):
            self._halt_parts()
        if isinstance(event, Exhausted):
            with self._lock:
                self._ended.append(event)
                if len(self._ended) < len(self._camera_loops):
                    return
        self._tell(event)

    def _slipped(self, slip: Slip) -> None:
        self._halt_parts()
        self._tell(CountSlip(slip))

    def _halt_parts(self) -> None:
        """No part is let through any more; the line's main loop, which may be busy, comes to it later. Takes no lock of a camera's."""
        for loop in self._camera_loops:
            loop.drop()
        self.distrust()

    def _post(self, judgement: Judgement, judge: Judge) -> None:
        self._link.post(judgement, judge.label, judge.engine.manifest.id)


def _highest(counts: Iterable[int | None]) -> int | None:
    return max((count for count in counts if count is not None), default=None)
