"""The composition root of the line process: settings -> objects, and the order in which they start and stop."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as Database

from edge_inspector.errors import StoreError
from edge_inspector.judge import Judge
from edge_inspector.line.control import METHODS, LineControl
from edge_inspector.line.controller import Controller
from edge_inspector.line.desk_child import DeskChild
from edge_inspector.line.equipment import Equipment
from edge_inspector.line.events import ThreadDied
from edge_inspector.line.gate_watch import Confirmations, GateWatch
from edge_inspector.line.listener import LineListener
from edge_inspector.line.loading import bundle_of, open_judge
from edge_inspector.line.plan import Plan, check_recipe, make_plan
from edge_inspector.line.snapshot import RULES, CameraState, PlcState, Snapshot
from edge_inspector.line.supervision import Supervision
from edge_inspector.line.threads import ThreadOwner, keep_opencv_to_one
from edge_inspector.outputs.archive import Archive
from edge_inspector.outputs.encoder import SILENT_NS, Encoder
from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.listener import LinkStatus
from edge_inspector.outputs.recorder import Recorder
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.outputs.status import StatusOutput
from edge_inspector.pipeline import Conditions, Pipeline, StateMachine
from edge_inspector.pipeline.engine_loop import JudgeFactory
from edge_inspector.records import Severity, State
from edge_inspector.service import Say, notify, status_line, stop_on_signals
from edge_inspector.settings import Station
from edge_inspector.settings.recipe import GateRules
from edge_inspector.store import recipes
from edge_inspector.store.recipes import RecipeVersion
from edge_inspector.store.users import StoredAccounts
from edge_inspector.wire.access import Access
from edge_inspector.wire.keys import keys_beyond_loopback
from edge_inspector.wire.server import ControlServer, StatusPublisher

log = logging.getLogger(__name__)

EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)
UNTOLD = (
    "the recipe's reject window is in encoder counts, and no gate tells where the belt is: between two triggers it is taken to run on "
    "as fast as before; have the PLC send encoder in its heartbeats, or give gate.reject_window_ms"
)
STOP_S = 5.0  # for each stage of stopping


def run_line(config: Path, parts: int | None = None, equipment: Equipment | None = None) -> None:
    """Run the line of ``station.toml`` until SIGTERM or SIGINT, or until ``parts`` parts have their outcome.

    Raises SettingsError, BundleError, StoreError or WireError naming what keeps it from starting.
    """
    plan = make_plan(config)
    stop = stop_on_signals()
    keep_opencv_to_one()
    try:
        with contextlib.ExitStack() as stages:
            line = Line(plan, stages, parts, equipment)
            line.run(stop)
    except Exception as error:
        leave_behind_what_hangs(error)
        raise
    notify(status_line(line.farewell()))
    leave_behind_what_hangs()


def leave_behind_what_hangs(error: Exception | None = None) -> None:
    """End the process where a thread has not ended: Python would wait for it, for as long as a driver or a disk does not return.

    ``error`` is what the process would end by; it is logged where nobody is told any more.
    """
    left = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread() and not thread.daemon]
    if left:
        if error is not None:
            log.error("%s", error)
        log.error("the process ends without its threads %s, which hang", ", ".join(left))
        logging.shutdown()
        os._exit(1)


class Line:
    """Everything that one line holds. Each thing that is started leaves its own stop on ``stages``, run in reverse order.

    ``equipment`` is what it is built on; ``owner`` knows this line's threads, where the process has other lines, too; ``say`` takes what
    the service manager is to hear.
    """

    def __init__(
        self,
        plan: Plan,
        stages: contextlib.ExitStack,
        parts: int | None = None,
        equipment: Equipment | None = None,
        owner: ThreadOwner | None = None,
        say: Say = notify,
    ) -> None:
        self._plan = plan
        self._equipment = equipment = equipment or Equipment()
        self._owner = owner
        self._parts = parts
        self._stages = stages
        self._end = threading.Event()
        station = plan.station
        self._clock = equipment.clock
        self._encoder = Encoder(self._clock, max(SILENT_NS, 5 * station.reject.heartbeat_ms * 1_000_000))
        self._conditions = Conditions(self._clock, self._publish)
        self._states = StateMachine(lambda _state: self._publish())
        self._status: StatusOutput | None = None
        self._journal = Journal(station.state / "journal", self._clock, on_fault=self._journal_fault)
        recovery = self._journal.open()
        self._stage("journal", self._journal.close)
        self._database = equipment.database(str(station.database.url))
        self._stage("database", self._database.dispose)
        self._version = activate_file_recipe(self._database, plan)
        recipe = self._version.recipe()
        self._bundle = plan.bundle if recipe.bundle == plan.file_recipe.bundle else bundle_of(recipe, station.engine.models)
        self._first_rules = recipe.decision
        self._ran: Judge | None = None
        self._journal.start_epoch()
        self._controller = Controller(station, self._journal, recovery, self._states, self._conditions, self._end)
        self._build_outputs(station)
        watch = GateWatch(self._clock, self._gate_rules, lambda: self._journal.epoch, self._encoder)
        self._confirmations = Confirmations(watch, self._conditions, self._states, self._controller.stop)
        self._link = RejectLink(
            station.reject,
            station.station,
            self._journal,
            self._clock,
            LineListener(self._controller, self._conditions, self._recorder, self._encoder, (self._status_output, self._archive), watch),
            recovery=recovery,
            status=self._link_status,
            encoder=self._encoder,
        )
        cameras = [equipment.camera(camera) for camera in station.camera]
        lag_ns = int(station.trigger_lag_ms * 1e6)
        self._pipeline = Pipeline(cameras, self._link, self._controller.tell, self._clock, station.queue, parts, lag_ns, self._encoder)
        self._control = LineControl(
            station,
            self._controller,
            self._conditions,
            self._database,
            lambda: self.snapshot().to_json(),
            self._status_output.parts,
            self._link,
            equipment.engine,
        )
        self._controller.connect(self._pipeline, self._link, self._control.requested)
        self._desk = DeskChild(plan.config, station.desk)
        pulses = {**self._pipeline.pulses, "reject": self._link.pulse}
        self._supervision = Supervision(pulses, self._states, self._conditions, self._clock, say)

    def _build_outputs(self, station: Station) -> None:
        self._recorder = Recorder(self._database, self._journal, station.station, self._conditions, station.database.commit_every_ms)
        self._archive = Archive(station.archive, self._conditions, self._archived)
        keys = keys_beyond_loopback(station.status.endpoint, station.reject)
        publisher = StatusPublisher(
            station.status.endpoint, keys=keys, insecure=station.reject.insecure, preview_rate=station.status.preview_rate
        )
        self._status_output = StatusOutput(publisher, station.status.preview_side)

    def run(self, stop: threading.Event) -> None:
        """Start everything, run the main loop, and stop everything in the reverse order."""
        self._watch_threads()
        self._start("watchdog", self._supervision.start, lambda: self._supervision.stop(STOP_S))
        self._start("recorder", self._recorder.start, lambda: self._recorder.stop(STOP_S))
        self._start("archive", self._archive.start, lambda: self._archive.stop(STOP_S))
        self._start("status", self._status_output.start, lambda: self._status_output.stop(STOP_S))
        self._status = self._status_output
        self._start("reject link", self._link.start, lambda: self._link.stop(STOP_S))
        self._start_control()
        self._stage("recipe change", lambda: self._control.stop(STOP_S))
        self._stage("desk", lambda: self._desk.stop(STOP_S))
        self._start("pipeline", lambda: self._pipeline.start(self._judge_factory()), self._stop_pipeline)
        self._say_where()
        self._stage("state", lambda: self._states.to(State.HALTED))
        self._controller.run(stop, self._tend)
        log.info("stopping")
        self._supervision.stopping()

    def _start_control(self) -> None:
        station = self._plan.station
        keys = keys_beyond_loopback(station.control.endpoint, station.reject)
        accounts = StoredAccounts(str(station.database.url))
        self._stage("users", accounts.close)
        accounts.any()  # known from the start: a database that fails later must not keep anybody from stopping the line
        access = Access(station.station, station.state, accounts, METHODS, keys)
        control = ControlServer(
            station.control.endpoint, self._control.handlers(), keys=keys, insecure=station.reject.insecure, gatekeeper=access
        )
        self._start("control", control.start, lambda: control.stop(STOP_S))
        self._control.endpoints = {"status": self._status_output.endpoint, "control": control.endpoint, "desk": station.desk.endpoint}

    def farewell(self) -> str:
        """How the line ended, for people."""
        account = self._link.account
        return f"stopped: {account.triggers} parts, {account.open} of them without an outcome"

    # ---- stages

    def _watch_threads(self) -> None:
        """No thread dies unheard: the main loop learns of it."""
        if self._owner is not None:
            self._owner.tell = self._controller.tell
            return
        before = threading.excepthook

        def died(args: threading.ExceptHookArgs) -> None:
            before(args)
            name = args.thread.name if args.thread is not None else "?"
            self._controller.tell(ThreadDied(name, f"{args.exc_type.__name__}: {args.exc_value}"))

        threading.excepthook = died
        self._stage("thread watch", lambda: setattr(threading, "excepthook", before))

    def _start(self, name: str, start: Callable[[], object], stop: Callable[[], object]) -> None:
        start()
        self._stage(name, stop)

    def _stage(self, name: str, stop: Callable[[], object]) -> None:
        """Leave ``stop`` for the end; its failure is logged and keeps no other from stopping."""

        def isolated() -> None:
            try:
                stop()
            except Exception:
                log.exception("stopping %s failed", name)

        self._stages.callback(isolated)

    def _stop_pipeline(self) -> None:
        for thread in self._pipeline.stop(STOP_S):
            log.error("thread %s did not end in time; its parts are accounted for as missed", thread)

    # ---- parts of the whole

    def _judge_factory(self) -> JudgeFactory:
        settings, opener = self._plan.station.engine, self._equipment.engine
        return partial(open_judge, self._version.recipe(), self._bundle, settings, self._version.label, opener)

    def _archived(self, part_id: str, paths: list[str]) -> None:
        self._journal.append("archived", {"part_id": part_id, "paths": paths})
        self._recorder.notify()

    def _journal_fault(self, message: str | None) -> None:
        if message is None:
            self._conditions.clear_condition("journal")
        else:
            self._conditions.raise_condition("journal", Severity.FAILURE, message)

    def _gate_rules(self) -> GateRules | None:
        judge = self._ruling()
        return judge.recipe.gate if judge is not None else None

    def _ruling(self) -> Judge | None:
        """What decides, or where its engine is lost what decided last: the gate still owes its word for those parts."""
        self._ran = self._controller.judge or self._ran
        return self._ran

    def _link_status(self) -> LinkStatus:
        return LinkStatus(self._states.state, self._pipeline.last_count, self._conditions.active())

    def snapshot(self) -> Snapshot:
        """The line now; from any thread."""
        judge, ran, account = self._controller.judge, self._ruling(), self._link.account
        return Snapshot(
            station=self._plan.station.station,
            state=self._states.state,
            epoch=self._journal.epoch,
            recipe=ran.label if ran else self._version.label,
            bundle=ran.engine.manifest.id if ran else self._bundle.manifest.id,
            backend=judge.engine.backend if judge else "",
            precision=judge.engine.precision if judge else "",
            gates=self._controller.gates,
            counts={name: getattr(account, name) for name in ("triggers", "accepted", "rejected", "review", "missed", "late", "open")},
            last_seq=self._journal.last_seq,
            trigger_count=self._pipeline.last_count or 0,
            waiting=self._pipeline.waiting,
            exhausted=self._controller.exhausted.is_set(),
            conditions=self._conditions.listed(),
            cameras=self._camera_states(),
            plc=self._plc_states(),
            thresholds=(ran.recipe.decision if ran else self._first_rules).model_dump(mode="json", include=set(RULES)),
            certificate=self._proof(judge),
        )

    def _proof(self, judge: Judge | None) -> dict[str, Any] | None:
        """Of the engine that runs; where none does, of the one that was refused."""
        if judge is None:
            return self._controller.loads.unproven
        return judge.certificate.summary() if judge.certificate is not None else None

    def _camera_states(self) -> tuple[CameraState, ...]:
        there = self._controller.open_cameras
        return tuple(CameraState(name, name in there, count) for name, count in self._pipeline.last_counts.items())

    def _plc_states(self) -> tuple[PlcState, ...]:
        now = self._clock.monotonic_ns()
        return tuple(PlcState(h.name, h.connected, max(0, now - h.heard_ns) // 1_000_000) for h in self._link.heard())

    def _publish(self) -> None:
        if self._status is not None:
            self._status.state(self.snapshot().to_json())

    def _tend(self) -> None:
        self._desk.tend()
        self._confirmations.tend(self._controller.gates)
        self._tend_encoder()
        self._supervision.tend()
        if self._parts is not None and self._controller.exhausted.is_set() and self._link.account.open == 0:
            log.info("%d parts have their outcome", self._link.account.triggers)
            self._end.set()

    def _tend_encoder(self) -> None:
        if not self._encoder.untold():
            self._conditions.clear_condition("encoder")
        elif self._states.state in EXECUTING:
            self._conditions.raise_condition("encoder", Severity.OUT_OF_SPECIFICATION, UNTOLD)

    def _say_where(self) -> None:
        station = self._plan.station
        log.info("reject link on %s, status on %s, control on %s", self._link.endpoint, station.status.endpoint, station.control.endpoint)
        if station.reject.require_gate:
            log.info(
                "parts run once a gate has answered: connect the PLC, or `edge-inspector plc-sim --connect %s`; "
                "or set reject.require_gate = false",
                self._link.endpoint,
            )


def activate_file_recipe(database: Database, plan: Plan) -> RecipeVersion:
    """The recipe version to run: the file's as a new version where the file has changed since it was last imported, else the active one.

    Raises StoreError. What was imported is remembered beside the journal, so that a threshold tuned since then is not undone by a restart.
    """
    digest = hashlib.sha256(json.dumps(plan.file_recipe.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
    memory = plan.station.state / "recipe.imported"
    active = recipes.active(database)
    if active is not None and _remembered(memory) == digest:
        log.info("recipe %s is active; %s has not changed", active.label, plan.station.recipe)
        check_recipe(active.recipe(), plan.station)
        return active
    version, new = recipes.import_recipe(database, plan.recipe, actor="file")
    active = recipes.activate(database, plan.recipe.name, version, actor="file")
    log.info("recipe %s %s from %s", active.label, "imported as a new version" if new else "activated", plan.station.recipe)
    try:
        memory.write_text(json.dumps({"sha256": digest, "recipe": active.label}), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"state folder {plan.station.state} cannot be written: {error}; make it writable") from error
    return active


def _remembered(memory: Path) -> str:
    try:
        found: dict[str, Any] = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("sha256", ""))
