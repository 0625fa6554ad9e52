"""The engine that is being loaded in the place of the one that runs. Used by the main loop alone; futures are waited for elsewhere."""

from __future__ import annotations

import logging
from concurrent.futures import Future

from edge_inspector.errors import StateError, UnprovenError
from edge_inspector.judge import Judge
from edge_inspector.pipeline import Pipeline
from edge_inspector.pipeline.engine_loop import JudgeFactory

log = logging.getLogger(__name__)


class Loads:
    """At most one at a time."""

    def __init__(self) -> None:
        self._future: Future[Judge] | None = None
        self._instead: JudgeFactory | None = None  # nobody waits for what is being loaded any more: this is loaded after it
        self._answered: Future[Judge] | None = None  # its judge is to run; whoever waits is told once it does
        self._restoring = False  # the engine thread holds a judge that came too late, until what ran before is loaded again
        self.unproven: dict[str, object] | None = None
        """The failed certificate of the engine that was loaded last, where it was refused; any thread may read it."""

    @property
    def busy(self) -> bool:
        """Whether something is being loaded."""
        return self._future is not None

    def begin(self, pipeline: Pipeline, factory: JudgeFactory) -> Future[Judge]:
        """Load a judge; the future tells when it runs."""
        loading = self._future = Future()
        pipeline.load(factory)
        return loading

    def give_up(self, loading: Future[Judge], instead: JudgeFactory) -> None:
        """No part runs by what this load brings; once it has ended, ``instead`` is loaded. Raises StateError where it has ended already."""
        if self._future is not loading:
            raise StateError("it has been loaded")
        self._instead = instead

    def ready(self, judge: Judge, pipeline: Pipeline | None) -> bool:
        """A judge is loaded; whether it is to run. ``running`` follows where it is."""
        if self._instead is not None and pipeline is not None:
            log.warning("recipe %s is loaded too late, and not run", judge.label)
            pipeline.load(self._instead)
            self._instead, self._restoring = None, True
            return False
        self._restoring, self.unproven = False, None
        self._answered, self._future = self._future, None
        return True

    def running(self, judge: Judge) -> None:
        """The judge that was ready runs: whoever waits for it sees it in whatever is asked from now on."""
        waiting, self._answered = self._answered, None
        if waiting is not None and not waiting.done():
            waiting.set_result(judge)

    def failed(self, error: Exception, cause: Exception | None = None) -> bool:
        """Loading has failed, by ``cause``; whether the engine thread still holds what ran before."""
        self.unproven = cause.summary if isinstance(cause, UnprovenError) else None
        waiting, self._future = self._future, None
        kept, self._restoring, self._instead = waiting is not None and not self._restoring, False, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
        return kept
