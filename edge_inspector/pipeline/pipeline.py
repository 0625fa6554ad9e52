"""The threads between trigger and reject link, and what starts and stops them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from edge_inspector.camera.base import Camera
from edge_inspector.judge import Judge
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.camera_loop import CameraLoop
from edge_inspector.pipeline.counts import LONGEST_GAP, CountWatch, Slip
from edge_inspector.pipeline.engine_loop import EngineLoop, JudgeFactory
from edge_inspector.pipeline.events import CountSlip, PipelineEvent
from edge_inspector.pipeline.queue import InspectionQueue
from edge_inspector.records import Inspection, Judgement, Reason, View
from edge_inspector.service import Clock, Pulse
from edge_inspector.settings.recipe import CameraRules, ImageRules

log = logging.getLogger(__name__)


class Link(Protocol):
    """What the pipeline asks of the reject link."""

    def expect(self, part_id: str, trigger_count: int, triggered_ns: int, triggered_utc: datetime, deadline_ns: int) -> bool:
        """A part was triggered: from now on it is owed a verdict. False where it is accounted for already."""

    def post(self, judgement: Judgement, recipe: str, model: str) -> None:
        """The judgement of a part that was expected."""


class Pipeline:
    """Camera thread -> bounded queue -> engine thread -> link. ``tell`` receives events from any of the threads.

    ``capacity`` frames may wait; a trigger that the PLC claims is missed after half the reject window without a frame. After
    ``limit`` grabs it ends.
    """

    def __init__(
        self,
        camera: Camera,
        link: Link,
        tell: Callable[[PipelineEvent], None],
        clock: Clock,
        capacity: int,
        limit: int | None = None,
    ) -> None:
        self._camera = camera
        self._link = link
        self._tell = tell
        self._clock = clock
        self._queue = InspectionQueue(capacity)
        self._watch = CountWatch(0)
        self._camera_loop = CameraLoop(camera, self._accept, tell, self._watch, clock, limit)
        self._engine_loop = EngineLoop(self._queue, self._post, tell, clock)
        self._started = False

    @property
    def last_count(self) -> int | None:
        """The highest trigger count taken; None before the first."""
        return self._camera_loop.last_count

    @property
    def pulses(self) -> Mapping[str, Pulse]:
        """The turns of its loops, by their threads' work."""
        return {f"camera {self._camera.name}": self._camera_loop.pulse, "engine": self._engine_loop.pulse}

    def taken(self, epoch: int) -> int | None:
        """The highest trigger count that was taken in ``epoch``; None where none was."""
        return self._camera_loop.taken(epoch)

    @property
    def waiting(self) -> int:
        """Parts between camera and engine."""
        return len(self._queue)

    def start(self, factory: JudgeFactory) -> None:
        """Open the camera and load the engine, each on its own thread; events say how it went."""
        self._started = True
        self._engine_loop.start(factory)
        self._camera_loop.start()

    def load(self, factory: JudgeFactory) -> None:
        """Judge by another judge the parts that come after those waiting now; EngineReady or EngineFailed follows."""
        self._engine_loop.load(factory)

    @property
    def inspecting(self) -> bool:
        """Whether parts are being inspected."""
        return self._camera_loop.armed

    def arm(self, naming: Naming, rules: ImageRules, base: int | None, camera: CameraRules | None = None) -> None:
        """Inspect every part after count ``base``, with the recipe's camera settings."""
        self._watch.reset(naming.window_ns // 2)
        self._camera_loop.arm(naming, rules, base, camera)

    def disarm(self) -> None:
        """Take no further part: when this returns none is added to those waiting, which are judged, but missed ones."""
        self._camera_loop.disarm()

    def lose(self, naming: Naming, counts: list[int], reason: Reason) -> None:
        """Account for parts that were triggered while nobody looked."""
        now, utc = self._clock.monotonic_ns(), self._clock.utc()
        for count in counts:
            self._accept(naming.lost(count, now, reason, "triggered while the line was not inspecting"), utc)

    def plc_count(self, count: int) -> None:
        """The PLC says how many triggers it has counted; while nobody inspects parts it may count, and begin anew, as it likes."""
        ours = self.last_count
        if self._camera.free_running or ours is None or not self._camera_loop.armed:
            return
        leaps = count > ours + LONGEST_GAP
        slip = Slip(ours, count) if leaps else self._watch.report(count, ours, self._clock.monotonic_ns())
        if slip is not None:
            self._tell(CountSlip(slip))

    def stop(self, timeout_s: float) -> list[str]:
        """Stop camera, then engine, so that every part taken is judged; returns the names of threads that did not end. Idempotent."""
        if not self._started:
            return []
        stuck = [] if self._camera_loop.stop(timeout_s / 2) else ["camera"]
        if not self._engine_loop.stop(timeout_s / 2):
            stuck.append("engine")
        return stuck

    def _accept(self, view: View, triggered_utc: datetime) -> None:
        if self._link.expect(view.part_id, view.trigger_count, view.triggered_ns, triggered_utc, view.deadline_ns):
            self._queue.put(Inspection(view.part_id, view.trigger_count, (view,)))

    def _post(self, judgement: Judgement, judge: Judge) -> None:
        self._link.post(judgement, judge.label, judge.engine.manifest.id)
