"""The engine thread: loads and warms the engine it will use, then judges parts in their order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_inspector.engine.base import Engine
from edge_inspector.judge import Judge, missed
from edge_inspector.pipeline.camera_loop import Belt
from edge_inspector.pipeline.events import EngineFailed, EngineLost, EngineReady, EngineSlow, EngineTrouble, PipelineEvent
from edge_inspector.pipeline.load import LoadWatch
from edge_inspector.pipeline.queue import InspectionQueue
from edge_inspector.records import Inspection, Judgement, Reason
from edge_inspector.service import Clock, Pulse

log = logging.getLogger(__name__)

JudgeFactory = Callable[[], Judge]
TILED_S = 120.0  # what a frame of hundreds of tiles may take beyond other parts, on a processor that does little else
LOADING_S = 1200.0  # what loading and warming an engine may take: some compile for the device they find, for many minutes


class EngineLoop:
    """One engine in its own thread. ``post`` is called there with each judgement and the judge that made it."""

    def __init__(
        self,
        queue: InspectionQueue,
        post: Callable[[Judgement, Judge], None],
        tell: Callable[[PipelineEvent], None],
        clock: Clock,
        belt: Belt | None = None,
    ) -> None:
        self._queue = queue
        self._post = post
        self._tell = tell
        self._clock = clock
        self._belt = belt
        self._judge: Judge | None = None
        self._next: tuple[JudgeFactory, int] | None = None  # and the place in the queue from which on it judges
        self._troubled = False
        self._load = LoadWatch(queue.capacity)
        self._window_counts = 0  # of the parts that come
        self._stop = threading.Event()
        self.pulse = Pulse(clock)
        """Marked at every turn: each part, and each wait for one."""
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self, factory: JudgeFactory) -> None:
        """Start the thread with its first judge; EngineReady or EngineFailed follows."""
        self._next = (factory, 0)
        self._thread.start()

    def load(self, factory: JudgeFactory) -> None:
        """Replace the judge after the parts that wait now; EngineReady or EngineFailed follows."""
        self._next = (factory, self._queue.mark())

    def expect(self, window_counts: int | None) -> None:
        """Parts come from now on whose reject window is so many counts of the encoder, or None in time."""
        self._window_counts = window_counts or 0

    def miss(self, inspection: Inspection) -> None:
        """Post a missed part for which the queue has no place; on any thread. Without a judge it is missed at its deadline."""
        judge, lost = self._judge, inspection.missed
        if judge is not None and lost is not None:
            self._post(missed(inspection, lost.reason, lost.detail, judge.recipe.decision.accept_threshold or 0.0), judge)

    def stop(self, timeout_s: float) -> bool:
        """Judge what waits, then end; False where the thread does not end in time. Idempotent."""
        self._stop.set()
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self._turn():
                pass
            self.pulse.end()
        finally:
            if self._judge is not None:
                _close(self._judge.engine)

    def _turn(self) -> bool:
        """Load what is to be loaded, judge the next part; False at the end."""
        self.pulse.mark()
        try:
            self._load_next()
            self.watch_load()
            mark = self._queue.spoils
            inspection = self._queue.get(timeout_s=0.05)
            if inspection is None:
                return not self._stop.is_set()
            self._inspect(inspection, mark)
        except Exception as error:  # a bug must not end the thread: the part that it cost is missed at its deadline
            log.exception("the engine thread failed")
            self._trouble(f"{type(error).__name__}: {error}")
        return True

    def watch_load(self) -> None:
        """Say so where the engine is too slow, or is so no more. Called before each part is put or taken, on either thread."""
        now = self._clock.monotonic_ns()
        oldest = self._queue.oldest
        changed = self._load.note(self._queue.frames, self._used(oldest, now) if oldest is not None else 0.0, now)
        if changed is not None:
            self._tell(EngineSlow(changed or None))

    def _used(self, inspection: Inspection, now_ns: int) -> float:
        """How much of its reject window a part has used, 0..1 and beyond; a window in counts as long as it takes at the belt's speed."""
        window_ns = inspection.deadline_ns - inspection.triggered_ns
        if self._belt is not None and inspection.deadline_counts is not None:
            window_ns = self._belt.left_ns((self._belt.position or 0) + self._window_counts)
        return (now_ns - inspection.triggered_ns) / max(1, window_ns)

    def _load_next(self) -> None:
        pending = self._next
        if pending is None or not self._queue.reached(pending[1]):
            return
        self._next = None
        self.pulse.mark(LOADING_S)
        try:
            judge = self._warm(pending[0]())
        except Exception as error:  # noqa: BLE001 - whatever a driver throws at loading is a state of the line, not its end
            self._tell(EngineFailed(error))
            return
        old, self._judge = self._judge, judge
        if old is not None and old.engine is not judge.engine:
            _close(old.engine)
        self.pulse.mark()
        self._tell(EngineReady(judge))

    def _warm(self, judge: Judge) -> Judge:
        if self._judge is not None and self._judge.engine is judge.engine:
            if self._judge.lost is not None:  # other rules do not bring an engine back
                raise self._judge.lost
            return judge
        try:
            judge.engine.warm_up()
        except BaseException:
            _close(judge.engine)
            raise
        return judge

    def _inspect(self, inspection: Inspection, mark: int) -> None:
        """Judge a part; ``mark`` is how often what waits had been spoilt when it was taken."""
        judge = self._judge
        if judge is None:  # parts run only once a judge is there; one that came through all the same is missed
            log.error("part %s: no engine is loaded", inspection.part_id)
            return
        if inspection.missed is None and self._late(inspection):
            detail = "its deadline had passed before the engine was free"
            self._post(missed(inspection, Reason.LATE, detail, judge.recipe.decision.accept_threshold or 0.0), judge)
            self._load.judged(self._used(inspection, self._clock.monotonic_ns()))
            return
        if judge.engine.manifest.tiling is not None:
            self.pulse.mark(TILED_S)
        judgement = judge.judge(inspection)
        spoilt = self._queue.spoilt_since(mark)
        if spoilt is not None and inspection.missed is None:  # nobody knows any more whose image this was
            judgement = missed(inspection, *spoilt, judge.recipe.decision.accept_threshold or 0.0)
        self._post(judgement, judge)
        if inspection.missed is None:
            self._load.judged(self._used(inspection, self._clock.monotonic_ns()))
        if judge.lost is not None:
            self._tell(EngineLost(judge.lost))
        elif judgement.verdict.reason in (Reason.ENGINE_ERROR, Reason.DECISION_ERROR):
            self._trouble(judgement.verdict.detail)
        elif self._troubled and inspection.missed is None:
            self._troubled = False
            self._tell(EngineTrouble(None))

    def _late(self, inspection: Inspection) -> bool:
        if self._belt is not None and inspection.deadline_counts is not None:
            return self._belt.passed(inspection.deadline_counts)
        return self._clock.monotonic_ns() > inspection.deadline_ns

    def _trouble(self, detail: str) -> None:
        self._troubled = True
        self._tell(EngineTrouble(detail))


def _close(engine: Engine) -> None:
    try:
        engine.close()
    except Exception:  # whatever a driver throws here, the engine is not used any more
        log.exception("engine %s could not be closed", engine.backend)
