"""A controller on a real journal, with a pipeline and a link that note what they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from edge_inspector.judge import Judge
from edge_inspector.line.controller import Controller
from edge_inspector.line.events import Command, GateArmed, GateJoined
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.ranges import Ranges
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline import Conditions, Pipeline, StateMachine
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.engine_loop import JudgeFactory
from edge_inspector.pipeline.events import CameraOpen, EngineReady
from edge_inspector.records import Reason, State
from edge_inspector.service import SystemClock
from edge_inspector.settings import Recipe, Station
from edge_inspector.settings.recipe import CameraRules, ImageRules
from edge_inspector.wire.messages import Arm, Hello
from tests.unit.pipeline.rig import PATIENCE_S, RECIPE, GatedEngine


@dataclass
class NotedPipeline:
    """Keeps what the controller asks for; ``count`` is the highest trigger count taken, in ``epoch``."""

    count: int | None = None
    epoch: int = 0
    executing: bool = False
    distrusted: bool = False
    armed: list[tuple[int, int | None]] = field(default_factory=list)
    lost: list[tuple[int, list[int], Reason]] = field(default_factory=list)
    loads: list[JudgeFactory] = field(default_factory=list)

    def taken(self, epoch: int) -> int | None:
        return self.count if epoch == self.epoch else None

    @property
    def inspecting(self) -> bool:
        return self.executing

    def arm(self, naming: Naming, rules: ImageRules, base: int | None, camera: CameraRules | None = None) -> None:
        self.armed.append((naming.epoch, base))
        self.epoch, self.count, self.executing = naming.epoch, base, True

    def disarm(self) -> None:
        self.executing = False

    def lose(self, naming: Naming, counts: list[int], reason: Reason) -> None:
        self.lost.append((naming.epoch, counts, reason))

    def load(self, factory: JudgeFactory) -> None:
        self.loads.append(factory)

    def plc_count(self, count: int, acked: int = 0) -> None: ...

    def distrust(self) -> None:
        self.distrusted = True


@dataclass
class NotedLink:
    arms: list[tuple[int, int]] = field(default_factory=list)

    def arm(self, epoch: int, base: int) -> None:
        self.arms.append((epoch, base))


@dataclass
class Bench:
    controller: Controller
    pipeline: NotedPipeline
    link: NotedLink
    journal: Journal
    states: StateMachine
    conditions: Conditions
    requested: list[tuple[str, int | None]]
    stop: threading.Event = field(default_factory=threading.Event)

    def feed(self, *events: object) -> None:
        """Returns when the main loop has handled these events."""
        for event in events:
            self.controller.tell(event)
        self.ask(lambda: None)

    def ask(self, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - the action's own result
        """As the control thread would, on the main loop."""
        return self.controller.ask(action, PATIENCE_S)

    def state(self) -> State:
        return self.states.state

    def active(self) -> tuple[str, ...]:
        return self.conditions.active()

    def gate(self, count: int | None, name: str = "plc") -> GateJoined:
        return GateJoined(name, Hello(name=name, trigger_count=count))

    def answer(self) -> GateArmed:
        epoch, base = self.link.arms[-1]
        return GateArmed(Arm(epoch=epoch, trigger_count=base))

    def execute(self, count: int = 10) -> None:
        """Up to ContinuousExecution, the PLC at ``count``."""
        self.feed(EngineReady(judge()), CameraOpen("cam0"), self.gate(count))
        self.feed(self.answer())
        assert self.state() is State.CONTINUOUS_EXECUTION

    def took(self, count: int) -> None:
        """The pipeline has taken parts up to ``count``."""
        self.pipeline.count = count


def judge(label: str = "r:1", late_policy: str = "reject", alarms: dict[str, Any] | None = None) -> Judge:
    values = RECIPE.model_dump() | {"gate": {"reject_window_ms": 400, "late_policy": late_policy}, "alarms": alarms or {}}
    return Judge(GatedEngine(), Recipe.model_validate(values), label)


def recovery(base: int | None = None, counts: tuple[tuple[int, int], ...] = ()) -> Recovery:
    return Recovery(0, 1, (), base, Ranges(counts))


@contextmanager
def bench(
    folder: Path, found: Recovery | None = None, require_gate: bool = True, external: bool = True, cameras: tuple[str, ...] = ("cam0",)
) -> Iterator[Bench]:
    journal = Journal(folder / "journal", SystemClock())
    journal.open()
    try:
        journal.start_epoch()
        camera = [{"driver": "simulated", "name": name, "trigger": "ipc://belt" if external else None} for name in cameras]
        station = Station.model_validate({"station": "s", "recipe": "r.toml", "camera": camera, "reject": {"require_gate": require_gate}})
        states, conditions = StateMachine(), Conditions(SystemClock())
        controller = Controller(station, journal, found or recovery(), states, conditions, threading.Event())
        made = Bench(controller, NotedPipeline(), NotedLink(), journal, states, conditions, [])
        controller.connect(
            cast("Pipeline", made.pipeline), cast("RejectLink", made.link), lambda name, version: made.requested.append((name, version))
        )
        loop = threading.Thread(target=controller.run, args=(made.stop, lambda: None), name="main-loop")
        loop.start()
        try:
            yield made
        finally:
            made.stop.set()
            controller.tell(Command(lambda: None, Future()))  # so that it looks up at once
            loop.join(PATIENCE_S)
    finally:
        journal.close()
