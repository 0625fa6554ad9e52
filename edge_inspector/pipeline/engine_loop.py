"""The engine thread: loads and warms the engine it will use, then judges parts in their order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_inspector.judge import Judge, missed
from edge_inspector.pipeline.events import EngineFailed, EngineReady, PipelineEvent
from edge_inspector.pipeline.queue import InspectionQueue
from edge_inspector.records import Inspection, Judgement, Reason
from edge_inspector.service import Clock

log = logging.getLogger(__name__)

JudgeFactory = Callable[[], Judge]


class EngineLoop:
    """One engine in its own thread. ``post`` is called there with each judgement and the judge that made it."""

    def __init__(
        self,
        queue: InspectionQueue,
        post: Callable[[Judgement, Judge], None],
        tell: Callable[[PipelineEvent], None],
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._post = post
        self._tell = tell
        self._clock = clock
        self._judge: Judge | None = None
        self._next: JudgeFactory | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self, factory: JudgeFactory) -> None:
        """Start the thread with its first judge; EngineReady or EngineFailed follows."""
        self._next = factory
        self._thread.start()

    def load(self, factory: JudgeFactory) -> None:
        """Replace the judge before the next part; EngineReady or EngineFailed follows."""
        self._next = factory

    def stop(self, timeout_s: float) -> bool:
        """Judge what waits, then end; False where the thread does not end in time. Idempotent."""
        self._stop.set()
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                self._load_next()
                inspection = self._queue.get(timeout_s=0.05)
                if inspection is not None:
                    self._inspect(inspection)
                elif self._stop.is_set():
                    return
        finally:
            if self._judge is not None:
                self._judge.engine.close()

    def _load_next(self) -> None:
        factory, self._next = self._next, None
        if factory is None:
            return
        try:
            judge = factory()
            if self._judge is None or self._judge.engine is not judge.engine:
                judge.engine.warm_up()
        except Exception as error:  # noqa: BLE001 - whatever a driver throws at loading is a state of the line, not its end
            self._tell(EngineFailed(error))
            return
        old, self._judge = self._judge, judge
        if old is not None and old.engine is not judge.engine:
            old.engine.close()
        self._tell(EngineReady(judge))

    def _inspect(self, inspection: Inspection) -> None:
        judge = self._judge
        if judge is None:  # parts run only once a judge is there; one that came through all the same is missed
            log.error("part %s: no engine is loaded", inspection.part_id)
            return
        if inspection.missed is None and self._clock.monotonic_ns() > inspection.deadline_ns:
            detail = "its deadline had passed before the engine was free"
            self._post(missed(inspection, Reason.LATE, detail, judge.recipe.decision.accept_threshold or 0.0), judge)
            return
        self._post(judge.judge(inspection), judge)
