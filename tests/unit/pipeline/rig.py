"""A pipeline whose camera, engine and link do what a test tells them; its threads and queues are the real ones."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from edge_inspector.camera.base import Grab
from edge_inspector.engine.forms import key_of
from edge_inspector.engine.stub import stub_bundle
from edge_inspector.judge import Judge
from edge_inspector.pipeline import Pipeline
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.camera_loop import Belt
from edge_inspector.pipeline.counts import LAG_NS
from edge_inspector.pipeline.events import PipelineEvent
from edge_inspector.records import Judgement, ScoreMap
from edge_inspector.service import SystemClock
from edge_inspector.settings import Recipe
from edge_inspector.settings.recipe import CameraRules, ImageRules

PATIENCE_S = 30.0
WINDOW_NS = 60_000_000_000  # no part is late because the machine is busy
UTC = datetime(2026, 1, 1, tzinfo=timezone.utc)
RULES = ImageRules(reject_frozen=False)
CLOCK = SystemClock()
RECIPE = Recipe.model_validate(
    {
        "name": "r",
        "bundle": "b",
        "gate": {"reject_window_ms": WINDOW_NS / 1e6},
        "decision": {"accept_threshold": 0.5, "reject_threshold": 0.5, "region_threshold": 0.5},
    }
)


def naming(epoch: int = 1, window_ns: int = WINDOW_NS) -> Naming:
    return Naming("line1", epoch, "cam0", window_ns)


def shot(count: int, after_ns: int = 0) -> Grab:
    """A grab of a part that was triggered ``after_ns`` from now."""
    now = CLOCK.monotonic_ns()
    return Grab(count, now + after_ns, UTC, now, np.full((8, 8, 1), 100, np.uint8))


@dataclass
class ScriptedCamera:
    """Delivers what stands in ``shots``, raises what is an exception."""

    name: str = "cam0"
    free_running: bool = False
    shots: queue.SimpleQueue[Grab | Exception] = field(default_factory=queue.SimpleQueue)
    opened: int = 0
    armed: list[int] = field(default_factory=list)
    in_grab: Callable[[], None] = lambda: None
    close_error: Exception | None = None
    counts_triggers: bool = False
    adjusted: list[CameraRules] = field(default_factory=list)

    def open(self) -> None:
        self.opened += 1

    def adjust(self, rules: CameraRules) -> None:
        self.adjusted.append(rules)

    def arm(self, trigger_count: int) -> None:
        self.armed.append(trigger_count)

    def grab(self, timeout_s: float) -> Grab | None:
        try:
            found = self.shots.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(found, Exception):
            raise found
        self.in_grab()
        return found

    def close(self) -> None:
        if self.close_error is not None:
            error, self.close_error = self.close_error, None
            raise error


class GatedEngine:
    """An engine that waits for ``go`` before each part; its map is even, of ``value``."""

    backend, precision = "gated", "f32"

    def __init__(self, value: float = 0.1) -> None:
        self.manifest = stub_bundle().manifest
        self.form_key = key_of(stub_bundle(), self.backend, "0", "cpu", "f32")
        self.form_sha256 = ""
        self.value = value
        self.go = threading.Event()
        self.go.set()
        self.entered = threading.Event()
        self.closed = 0
        self.fault: Exception | None = None
        self.close_error: Exception | None = None

    def warm_up(self) -> None: ...

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        self.entered.set()
        assert self.go.wait(PATIENCE_S)
        if self.fault is not None:
            raise self.fault
        return [ScoreMap(np.full((16, 16), self.value, np.float32), self.value) for _ in images]

    def close(self) -> None:
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error


class Heard:
    """A list that can be waited on."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self._changed = threading.Condition()

    def add(self, item: object) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def wait(self, found: Callable[[list[object]], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: found(self.items), PATIENCE_S), f"{what}: heard {self.items}"


class ScriptedLink:
    """Keeps what was expected and posted."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self.epochs: list[int | None] = []
        self.told = Heard()
        self.posted = Heard()

    def expect(
        self,
        part_id: str,
        trigger_count: int,
        triggered_ns: int,
        triggered_utc: datetime,
        deadline_ns: int,
        deadline_counts: int | None = None,
        epoch: int | None = None,
    ) -> bool:
        if part_id in self.expected:
            return False
        self.expected.append(part_id)
        self.epochs.append(epoch)
        self.told.add(part_id)
        return True

    def post(self, judgement: Judgement, recipe: str, model: str) -> None:
        self.posted.add((judgement.inspection.trigger_count, judgement.verdict.reason.value, recipe))

    def wait_expected(self, number: int) -> None:
        self.told.wait(lambda items: len(items) >= number, f"{number} parts")

    def wait(self, number: int) -> list[tuple[int, str, str]]:
        self.posted.wait(lambda items: len(items) >= number, f"{number} judgements")
        return self.posted.items  # type: ignore[return-value]


@dataclass
class Rig:
    pipeline: Pipeline
    camera: ScriptedCamera
    link: ScriptedLink
    engine: GatedEngine
    events: Heard

    def wait_event(self, kind: type[PipelineEvent], times: int = 1) -> PipelineEvent:
        self.events.wait(lambda items: sum(isinstance(i, kind) for i in items) >= times, f"{kind.__name__} {times} times")
        return [i for i in self.events.items if isinstance(i, kind)][times - 1]


@contextmanager
def running(
    camera: ScriptedCamera | None = None,
    *others: ScriptedCamera,
    capacity: int = 8,
    limit: int | None = None,
    lag_ns: int = LAG_NS,
    belt: Belt | None = None,
) -> Iterator[Rig]:
    """A started pipeline, engine ready and cameras open, not armed."""
    from edge_inspector.pipeline.events import CameraOpen, EngineReady

    camera, link, engine, events = camera or ScriptedCamera(), ScriptedLink(), GatedEngine(), Heard()
    pipeline = Pipeline((camera, *others), link, events.add, CLOCK, capacity, limit, lag_ns, belt)
    rig = Rig(pipeline, camera, link, engine, events)
    pipeline.start(lambda: Judge(engine, RECIPE, "r:1"))
    try:
        rig.wait_event(EngineReady)
        rig.wait_event(CameraOpen, 1 + len(others))
        yield rig
    finally:
        engine.go.set()
        assert pipeline.stop(PATIENCE_S) == []
