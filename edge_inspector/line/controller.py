"""The line's main loop: events in, state transitions and arming out. It alone changes the state.

    boot: Preoperational ─(engine warm)─► Initialized ─(camera open)─► Ready ─(gate armed, or none required)─► ContinuousExecution

Parts run whenever the line is Ready, wanted (start, stop) and the gate, where one is required, has answered ``arm``.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edge_inspector.errors import EdgeInspectorError, StateError
from edge_inspector.judge import Judge
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline import Conditions, Pipeline, StateMachine
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.engine_loop import JudgeFactory
from edge_inspector.pipeline.events import CameraLost, CameraOpen, CountSlip, EngineFailed, EngineReady, Exhausted
from edge_inspector.records import LatePolicy, Reason, Severity, State
from edge_inspector.settings import Recipe, Station
from edge_inspector.wire.messages import Arm, Hello

log = logging.getLogger(__name__)

TURN_S = 0.1
EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)


@dataclass(frozen=True, slots=True)
class GateJoined:
    """A gate introduced itself."""

    name: str
    hello: Hello


@dataclass(frozen=True, slots=True)
class GateArmed:
    """A gate answered ``arm``."""

    arm: Arm


@dataclass(frozen=True, slots=True)
class GateLeft:
    """A gate said bye, or fell silent."""

    name: str


@dataclass(frozen=True, slots=True)
class RecipeRequested:
    """The PLC asks for a recipe."""

    name: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Late:
    """A verdict could not leave before its deadline."""

    part_id: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do on the main loop; the caller waits for its answer."""

    action: Callable[[], Any]
    answer: Future[Any]


class Controller:
    """Owns the state of one line. ``tell`` may be called from any thread; everything else happens in ``run``."""

    def __init__(
        self, station: Station, journal: Journal, recovery: Recovery, states: StateMachine, conditions: Conditions, end: threading.Event
    ) -> None:
        self._station = station
        self._journal = journal
        self._states = states
        self._conditions = conditions
        self._end = end
        self._recovery: Recovery | None = recovery
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pipeline: Pipeline | None = None
        self._link: RejectLink | None = None
        self._requested: Callable[[str, int | None], None] = lambda _name, _version: None
        self._camera_name = station.camera[0].name
        self._external = station.camera[0].trigger is not None
        self._wanted = True
        self._camera_open = False
        self._gates: dict[str, Hello] = {}
        self._arming: int | None = None  # the base that waits for the gate's answer
        self._plc: int | None = None  # what the PLC last said it has counted
        self._last: int | None = None  # the highest trigger count that this epoch has dealt with
        self._loading: list[Future[Judge]] = []
        self.judge: Judge | None = None
        self.exhausted = threading.Event()

    def connect(self, pipeline: Pipeline, link: RejectLink, requested: Callable[[str, int | None], None]) -> None:
        """Give it what it steers, and what to do when the PLC asks for a recipe (must not block); before ``run``."""
        self._pipeline, self._link, self._requested = pipeline, link, requested

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the gate clients that are there."""
        return tuple(self._gates)

    def tell(self, event: object) -> None:
        """An event from any thread; never blocks."""
        self._events.put(event)

    def ask(self, action: Callable[[], Any], timeout_s: float = 5.0) -> Any:  # noqa: ANN401 - the action's own result
        """Run ``action`` on the main loop and return its result. Raises what it raises, StateError if the loop does not come to it."""
        answer: Future[Any] = Future()
        self._events.put(Command(action, answer))
        try:
            return answer.result(timeout_s)
        except concurrent.futures.TimeoutError:
            raise StateError("the line's main loop does not answer; see its log") from None

    def run(self, stop: threading.Event, tend: Callable[[], None]) -> None:
        """Handle events until ``stop``; ``tend`` is called at every turn."""
        while not stop.is_set() and not self._end.is_set():
            with contextlib.suppress(queue.Empty):
                self._handle(self._events.get(timeout=TURN_S))
            tend()

    # ---- events

    def _handle(self, event: object) -> None:
        match event:
            case Command(action, answer):
                self._do(action, answer)
            case EngineReady(judge):
                self._engine_ready(judge)
            case EngineFailed(error):
                self._engine_failed(error)
            case CameraOpen():
                self._camera_open = True
                self._conditions.clear_condition("camera")
                self._advance()
            case CameraLost(error):
                self._camera_open = False
                self._conditions.raise_condition("camera", Severity.FAILURE, f"camera {self._camera_name}: {error}")
            case Exhausted(detail):
                log.info("%s", detail)
                self._wanted = False
                self._disarm()
                self.exhausted.set()
            case CountSlip(slip):
                self._fail(
                    "count_slip",
                    f"the line has seen {slip.ours} triggers, the PLC {slip.theirs}: a part could be judged as its neighbour; "
                    "check trigger wiring and debounce, then start again",
                )
            case _:
                self._handle_gate(event)

    def _handle_gate(self, event: object) -> None:
        match event:
            case GateJoined(name, hello):
                self._gate_joined(name, hello)
            case GateLeft(name):
                self._gates.pop(name, None)
                self._arming = None if not self._gates else self._arming
                if self._station.reject.require_gate and not self._gates:
                    self._conditions.raise_condition(
                        "gate", Severity.FAILURE, f"gate client {name} is gone; every part is missed until it is back"
                    )
            case GateArmed(arm):
                if self._arming is not None and arm.trigger_count == self._arming and arm.epoch == self._journal.epoch:
                    self._execute(self._arming)
            case Late(part_id):
                self._late(part_id)
            case RecipeRequested(name, version):
                self._requested(name, version)
            case _:
                log.error("the main loop does not know %r", event)

    def _gate_joined(self, name: str, hello: Hello) -> None:
        self._gates[name] = hello
        self._conditions.clear_condition("gate")
        idle = self._states.state not in EXECUTING
        if idle and self._last is not None and hello.trigger_count is not None and hello.trigger_count < self._last and self._external:
            log.info("the PLC counts from %d again; a new epoch begins", hello.trigger_count)
            self._journal.start_epoch()
            self._recovery, self._last, self._plc = None, None, None
        self.plc_count(hello.trigger_count)
        self._advance()

    def plc_count(self, count: int | None) -> None:
        """The PLC says how many triggers it has counted (any thread)."""
        if count is None:
            return
        self._plc = count
        if self._pipeline is not None:
            self._pipeline.plc_count(count)

    def _do(self, action: Callable[[], Any], answer: Future[Any]) -> None:
        try:
            answer.set_result(action())
        except EdgeInspectorError as error:
            answer.set_exception(error)
        except Exception as error:
            log.exception("a command failed")
            answer.set_exception(error)

    def _engine_ready(self, judge: Judge) -> None:
        log.info("engine %s %s runs %s with recipe %s", judge.engine.backend, judge.engine.precision, judge.engine.manifest.id, judge.label)
        self.judge = judge
        self._conditions.clear_condition("engine")
        for waiting in self._loading:
            waiting.set_result(judge)
        self._loading.clear()
        if self._states.state is State.PREOPERATIONAL:
            self._states.to(State.INITIALIZED)
        self._advance()

    def _engine_failed(self, error: Exception) -> None:
        for waiting in self._loading:
            waiting.set_exception(StateError(f"the engine cannot be loaded: {error}"))
        failed_change, self._loading = bool(self._loading), []
        if failed_change and self.judge is not None:  # the engine that ran before goes on
            self._advance()
            return
        self._fail("engine", f"the engine cannot be loaded: {error}")

    def _late(self, part_id: str) -> None:
        policy = self._recipe().gate.late_policy
        if policy is LatePolicy.ALARM:
            self._conditions.raise_condition(
                "late", Severity.OUT_OF_SPECIFICATION, "verdicts came after their deadline; the parts were rejected"
            )
        elif policy is LatePolicy.STOP and self._states.state in EXECUTING:
            self._fail("late", f"the verdict on part {part_id} came after its deadline; the recipe's late policy stops the line")

    def _fail(self, name: str, message: str) -> None:
        self._wanted = False
        self._disarm()
        self._conditions.raise_condition(name, Severity.FAILURE, message)
        self._states.to(State.ERROR)

    # ---- arming

    def _advance(self) -> None:
        """Go on towards execution as far as things stand."""
        if self._states.state is State.INITIALIZED and self._camera_open:
            self._states.to(State.READY)
        if self._states.state is State.READY and self._wanted and self._arming is None and not self._loading:
            self._arm()

    def _arm(self) -> None:
        if self._link is None or (self._station.reject.require_gate and not self._gates):
            return
        base = self._base()
        if base is not None:
            self._account_for_absence(base)
            self._last = base
            self._link.arm(self._journal.epoch, base)
        if self._station.reject.require_gate and base is not None:
            self._arming = base
        else:
            self._execute(base)

    def _base(self) -> int | None:
        """The count after which parts are inspected: the PLC's, where it counts our triggers, else our own."""
        if not self._external:
            return self._last or 0
        known = [count for count in (self._plc, self._last) if count is not None]
        return max(known) if known else None

    def _account_for_absence(self, base: int) -> None:
        """Parts that the PLC counted while nobody looked are missed, before any part is inspected."""
        if self._pipeline is None or not self._external:
            return
        recovery, self._recovery = self._recovery, None
        if recovery is not None:
            self._pipeline.lose(self._naming(), recovery.unaccounted(base), Reason.RESTART)
        elif self._last is not None:
            self._pipeline.lose(self._naming(), list(range(self._last + 1, base + 1)), Reason.STOPPED)

    def _execute(self, base: int | None) -> None:
        self._arming = None
        if self._pipeline is None or self._states.state is not State.READY or not self._wanted:
            return
        self._pipeline.arm(self._naming(), self._recipe().image, base)
        self._states.to(State.CONTINUOUS_EXECUTION)

    def _disarm(self) -> None:
        self._arming = None
        if self._pipeline is None:
            return
        self._pipeline.disarm()
        if self._pipeline.last_count is not None:
            self._last = max(self._last or 0, self._pipeline.last_count)
        if self._states.state in EXECUTING:
            self._states.to(State.READY)

    def _recipe(self) -> Recipe:
        if self.judge is None:
            raise StateError("no recipe is loaded yet")
        return self.judge.recipe

    def _naming(self) -> Naming:
        window_ms = self._recipe().gate.reject_window_ms or 0.0
        return Naming(self._station.station, self._journal.epoch, self._camera_name, int(window_ms * 1e6))

    # ---- commands, on the main loop (see ``ask``)

    def start(self) -> None:
        """Run parts; out of Error this is the way back, once its cause is gone."""
        self._wanted = True
        self.exhausted.clear()
        if self._states.state is State.ERROR:
            if self.judge is None:
                raise StateError("the engine is not loaded; mend what the conditions name, then restart the line")
            for name in ("count_slip", "late"):
                self._conditions.clear_condition(name)
            self._states.to(State.PREOPERATIONAL)
            self._states.to(State.INITIALIZED)
        self._advance()

    def stop(self) -> None:
        """Take no further parts; those taken are judged."""
        self._wanted = False
        self._disarm()

    def change(self, factory: JudgeFactory) -> Future[Judge]:
        """Stop, and go on with another recipe or bundle; the future tells when it is loaded."""
        self._disarm()
        return self.swap(factory)

    def swap(self, factory: JudgeFactory) -> Future[Judge]:
        """Go on by another judge from one part to the next, without a stop: for rules on the same bundle."""
        if self._pipeline is None:
            raise StateError("the line is not running")
        loaded: Future[Judge] = Future()
        self._loading.append(loaded)
        self._pipeline.load(factory)
        return loaded
