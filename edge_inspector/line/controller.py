"""The line's main loop: events in, state transitions and arming out. It alone changes the state.

    boot: Preoperational ─(engine warm)─► Initialized ─(camera open)─► Ready ─(gate armed, or none required)─► ContinuousExecution

Parts run whenever the line is Ready, wanted (start, stop) and the gate, where one is required, has answered ``arm``.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from edge_inspector.errors import StateError
from edge_inspector.judge import Judge
from edge_inspector.line.counting import UNCOUNTED, Counting, disagreement
from edge_inspector.line.engine_state import note_engine, waits_for_form
from edge_inspector.line.events import Command, Counted, Fault, GateArmed, GateJoined, GateLeft, PartEvent, RecipeRequested, ThreadDied
from edge_inspector.line.loads import Loads
from edge_inspector.line.policies import Policies
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline import Conditions, Pipeline, StateMachine
from edge_inspector.pipeline.acquisition import Naming
from edge_inspector.pipeline.counts import Slip
from edge_inspector.pipeline.engine_loop import JudgeFactory
from edge_inspector.pipeline.events import (
    CameraLost,
    CameraOpen,
    CountSlip,
    EngineFailed,
    EngineLost,
    EngineReady,
    EngineSlow,
    EngineTrouble,
    Exhausted,
    SlipsHidden,
)
from edge_inspector.records import Severity, State
from edge_inspector.settings import Recipe, Station
from edge_inspector.wire.messages import Arm, Hello

log = logging.getLogger(__name__)

TURN_S = 0.1
VITAL = ("camera", "engine", "reject")  # threads without which no part is inspected
EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)


class Controller:
    """Owns the state of one line. ``tell`` may be called from any thread; everything else happens in ``run``."""

    def __init__(
        self, station: Station, journal: Journal, recovery: Recovery, states: StateMachine, conditions: Conditions, end: threading.Event
    ) -> None:
        self._station = station
        self._states = states
        self._conditions = conditions
        self._end = end
        self._events: queue.Queue[Any] = queue.Queue()  # interrupted as its time is up, a SimpleQueue waits for ever (CPython 3.11)
        self._pipeline: Pipeline | None = None
        self._link: RejectLink | None = None
        self._requested: Callable[[str, int | None], None] = lambda _name, _version: None
        self._cameras = tuple(camera.name for camera in station.camera)
        # Without the verdicts that no gate has taken: the link has them.
        self._counting = Counting(journal, replace(recovery, unsettled=()), station.camera[0].external_trigger)
        self._wanted = True
        self._open: set[str] = set()  # cameras
        self._policies = Policies(conditions, self._fail)
        self._gates: dict[str, Hello] = {}
        self._arming: int | None = None  # the base that waits for the gate's answer
        self._booted = False  # the first engine is loaded, or has failed to
        self.loads = Loads()
        self._dead: str | None = None  # a thread without which no part is inspected
        self._slipped = False  # the counts disagreed; nobody has started the line since
        self.judge: Judge | None = None
        self.exhausted = threading.Event()

    def connect(self, pipeline: Pipeline, link: RejectLink, requested: Callable[[str, int | None], None]) -> None:
        """Give it what it steers, and what to do when the PLC asks for a recipe (not blocking); before ``run``."""
        self._pipeline, self._link, self._requested = pipeline, link, requested

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the gate clients that are there."""
        return tuple(self._gates)

    @property
    def open_cameras(self) -> frozenset[str]:
        """Names of the cameras that are open."""
        return frozenset(self._open)

    def tell(self, event: object) -> None:
        """An event from any thread; never blocks."""
        self._events.put(event)

    def ask(self, action: Callable[[], Any], timeout_s: float = 5.0) -> Any:  # noqa: ANN401 - the action's own result
        """Run ``action`` on the main loop and return its result. Raises what it raises, StateError if the loop does not come to it."""
        command = Command(action, Future())
        self._events.put(command)
        return command.result(timeout_s)

    def run(self, stop: threading.Event, tend: Callable[[], None]) -> None:
        """Handle events until ``stop``; ``tend`` is called at every turn."""
        while not stop.is_set() and not self._end.is_set():
            with contextlib.suppress(queue.Empty):
                self._guarded(partial(self._handle, self._events.get(timeout=TURN_S)))
            self._guarded(tend)
        self._refuse_waiting()

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # a bug, or a disk that fails at the wrong moment, must not end the loop that steers the line
            log.exception("the main loop failed")
            self._fail("main_loop", f"{type(error).__name__}: {error}; mend what it names, then start again")

    def _refuse_waiting(self) -> None:
        """Nobody waits for an answer that no longer comes."""
        self.loads.failed(stopping := StateError("the line is stopping"))
        with contextlib.suppress(queue.Empty):
            while True:
                if isinstance(event := self._events.get_nowait(), Command) and event.answer.set_running_or_notify_cancel():
                    event.answer.set_exception(stopping)

    # ---- events

    def _handle(self, event: object) -> None:
        match event:
            case Command():
                event.carry_out()
            case EngineReady(judge):
                self._engine_ready(judge)
            case EngineFailed(error):
                self._engine_failed(error)
            case EngineLost(error):
                self.judge = None
                self._fail("engine", f"the engine is lost: {error}")
            case EngineTrouble() | EngineSlow():
                note_engine(event, self._conditions)
            case _:
                self._handle_camera(event)

    def _handle_camera(self, event: object) -> None:
        match event:
            case CameraOpen(camera):
                self._open.add(camera)
                self._conditions.clear_condition(self._condition_of(camera))
                if self._pipeline is not None and not self._pipeline.inspecting:
                    self._disarm()  # a camera that was away and counts signals itself: its count must be agreed with the PLC anew
                self._advance()
            case CameraLost(error, camera):
                self._open.discard(camera)
                self._conditions.raise_condition(self._condition_of(camera), Severity.FAILURE, f"camera {camera}: {error}")
            case Exhausted(detail):
                log.info("%s", detail)
                self.stop()
                self.exhausted.set()
            case CountSlip(slip):
                self._slip(slip)
            case SlipsHidden(True, camera):
                message = f"camera {camera}: slips cannot be found at this rate; lower trigger_lag_ms or let the PLC beat at each trigger"
                self._conditions.raise_condition(f"slips {camera}", Severity.OUT_OF_SPECIFICATION, message)
            case SlipsHidden(_, camera):
                self._conditions.clear_condition(f"slips {camera}")
            case _:
                self._handle_gate(event)

    def _condition_of(self, camera: str) -> str:
        return "camera" if len(self._cameras) == 1 else f"camera {camera}"

    def _handle_gate(self, event: object) -> None:
        match event:
            case GateJoined(name, hello):
                self._gate_joined(name, hello)
            case GateLeft(name):
                self._gate_left(name)
            case GateArmed(arm):
                self._gate_armed(arm)
            case Counted():
                self._counted()
            case Fault(name, message):
                self._fail(name, message)
                self._distrust()
            case _ if isinstance(event, PartEvent):
                self._outcome(event)
            case RecipeRequested(name, version):
                self._requested(name, version)
            case ThreadDied(thread, error):
                self._thread_died(thread, error)
            case _:
                log.error("the main loop does not know %r", event)

    def _gate_joined(self, name: str, hello: Hello) -> None:
        self._gates[name] = hello
        self._conditions.clear_condition("gate")
        if hello.trigger_count is not None and self._states.state not in EXECUTING and self._counting.meet(hello.trigger_count):
            self._arming = None  # what waits for its answer was of the epoch before
        self._advance()

    def _gate_armed(self, arm: Arm) -> None:
        if self._arming is not None and arm.trigger_count == self._arming and arm.epoch == self._counting.epoch:
            self._execute(self._arming)

    def _counted(self) -> None:
        if self._gates:
            self._conditions.clear_condition("gate")
        self._advance()

    def _gate_left(self, name: str) -> None:
        self._gates.pop(name, None)
        self._arming = None if not self._gates else self._arming
        if self._station.reject.require_gate and not self._gates:
            self._conditions.raise_condition("gate", Severity.FAILURE, f"gate client {name} is gone; every part is missed until it is back")

    def plc_count(self, count: int, acked: int = 0) -> None:
        """The PLC says how many triggers it has counted (any thread; a gate's hello is followed by this, too)."""
        before, self._counting.plc = self._counting.plc, count
        if before is None:
            self.tell(Counted())
        if self._pipeline is not None:
            self._pipeline.plc_count(count, acked)

    def _engine_ready(self, judge: Judge) -> None:
        if not self.loads.ready(judge, self._pipeline):
            return
        log.info("engine %s %s runs %s with recipe %s", judge.engine.backend, judge.engine.precision, judge.engine.manifest.id, judge.label)
        self.judge, self._booted = judge, True
        self._conditions.clear_condition("engine")
        if self._states.state is State.PREOPERATIONAL:
            self._states.to(State.INITIALIZED)
        try:
            self._advance()
        finally:
            self.loads.running(judge)

    def _engine_failed(self, error: Exception) -> None:
        self._booted = True
        if self.loads.failed(failed := StateError(f"the engine cannot be loaded: {error}"), error) and self.judge is not None:
            self._advance()  # the engine that ran before goes on
            return
        self.judge = None
        if not waits_for_form(error, self._states.state, self._conditions):
            self._fail("engine", str(failed))

    def _slip(self, slip: Slip) -> None:
        self._fail("count_slip", disagreement(slip))
        self._slipped = True
        self._distrust()

    def _distrust(self) -> None:
        """What waits for the engine may be of other parts."""
        if self._pipeline is not None:
            self._pipeline.distrust()

    def _thread_died(self, thread: str, error: str) -> None:
        message = f"thread {thread} ended by {error}; restart the line"
        if thread.startswith(VITAL):
            self._dead = message
            self._fail(f"thread {thread}", message)
        else:  # parts go on: what this thread was for is behind the reject link
            self._conditions.raise_condition(f"thread {thread}", Severity.FAILURE, message)

    def _outcome(self, event: PartEvent) -> None:
        state = self._states.state
        if state in EXECUTING:
            self._policies.running(event, self._running())
        elif state is not State.ERROR:
            self._policies.standing(event, self._running())

    def _fail(self, name: str, message: str) -> None:
        self._wanted = False
        self._disarm()
        self._conditions.raise_condition(name, Severity.FAILURE, message)
        self._states.to(State.ERROR)

    # ---- arming

    def _advance(self) -> None:
        """Go on towards execution as far as things stand."""
        if self._states.state is State.INITIALIZED and self._open.issuperset(self._cameras):
            self._states.to(State.READY)
        if self._states.state is State.READY and self._wanted and self._arming is None and not self.loads.busy:
            self._arm()

    def _arm(self) -> None:
        if self._link is None or (self._station.reject.require_gate and not self._gates):
            return
        self._note_last()
        base = self._counting.base()
        if base is None and self._station.reject.require_gate:
            self._conditions.raise_condition("gate", Severity.FAILURE, UNCOUNTED)
            return
        if base is not None:
            if (slip := self._counting.leap(base)) is not None:
                self._slip(slip)
                return
            self._account_for_absence(base)
            self._counting.last = base
            self._link.arm(self._counting.epoch, base)
        if self._station.reject.require_gate:
            self._arming = base
        else:
            self._execute(base)

    def _account_for_absence(self, base: int) -> None:
        """Parts that the PLC counted while nobody looked are missed, before any part is inspected."""
        counts, reason = self._counting.absent(base)
        if self._pipeline is not None and counts:
            self._pipeline.lose(self._naming(), counts, reason)

    def _execute(self, base: int | None) -> None:
        self._arming = None
        if self._pipeline is None or self._states.state is not State.READY or not self._wanted:
            return
        self._pipeline.arm(self._naming(), self._running().image, base, self._running().camera)
        self._states.to(State.CONTINUOUS_EXECUTION)

    def _disarm(self) -> None:
        self._arming = None
        if self._pipeline is None:
            return
        self._pipeline.disarm()
        if self._states.state in EXECUTING:
            self._note_last()
            self._states.to(State.READY)

    def _note_last(self) -> None:
        """Parts may have been taken, or given up, since we last looked."""
        self._counting.note(self._pipeline.taken(self._counting.epoch) if self._pipeline is not None else None)

    def _running(self) -> Recipe:
        if self.judge is None:
            raise StateError("no recipe is loaded yet")
        return self.judge.recipe

    def _naming(self) -> Naming:
        gate = self._running().gate
        return Naming(self._station.station, self._counting.epoch, "", int((gate.reject_window_ms or 0.0) * 1e6), gate.reject_window_counts)

    # ---- commands, on the main loop (see ``ask``)

    def start(self) -> None:
        """Run parts; out of Error this is the way back, once its cause is gone."""
        self._wanted = True
        self.exhausted.clear()
        self._conditions.clear_condition("reject_link")
        if self._states.state is State.ERROR:
            if self.judge is None:
                raise StateError("the engine is not loaded; mend what the conditions name, then activate its recipe, or restart the line")
            if self._dead is not None:
                raise StateError(self._dead)
            if self._slipped:
                self._note_last()
                self._counting.begin_epoch()
                self._slipped = False
            for name in ("count_slip", "ack_mismatch", "main_loop"):
                self._conditions.clear_condition(name)
            self._policies.start()
            self._states.to(State.PREOPERATIONAL)
            self._states.to(State.INITIALIZED)
        self._advance()

    def stop(self) -> None:
        """Take no further parts; those taken are judged."""
        self._wanted = False
        self._disarm()

    def change(self, factory: JudgeFactory) -> Future[Judge]:
        """Stop, and go on with another recipe or bundle once the parts that wait are judged; the future tells when it is loaded."""
        self._check_free()
        self._disarm()
        return self.swap(factory, self.judge)

    def swap(self, factory: JudgeFactory, running: Judge | None) -> Future[Judge]:
        """Go on by another judge from one part to the next, without a stop: for rules on the engine of ``running``, if it still runs."""
        pipeline = self._check_free()
        if self.judge is not running:
            raise StateError("the recipe was changed by somebody else at the same moment; look at it, and try again")
        return self.loads.begin(pipeline, factory)

    def give_up(self, loading: Future[Judge], instead: JudgeFactory) -> None:
        """No part runs by what this load brings, nor before ``instead`` is loaded after it. Raises StateError where it has ended."""
        self.loads.give_up(loading, instead)
        self._disarm()

    def _check_free(self) -> Pipeline:
        """Raises StateError while an engine is being loaded: which of two would run, and which be recorded, would be a matter of luck."""
        if self._pipeline is None:
            raise StateError("the line is not running")
        if not self._booted or self.loads.busy:
            raise StateError("an engine is being loaded; try again when the line is Ready with it")
        return self._pipeline
