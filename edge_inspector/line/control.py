"""What the line's control socket offers. Handlers run on the control thread; whatever changes the line is done by its main loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from typing import Any

from sqlalchemy import Engine as Database

from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.shared import EngineOpener
from edge_inspector.errors import EdgeInspectorError, SettingsError, StateError, StoreError, UnprovenError
from edge_inspector.judge import Judge
from edge_inspector.line.confirm import confirm_part
from edge_inspector.line.controller import Controller
from edge_inspector.line.loading import bundle_of, gap_of, open_judge
from edge_inspector.line.plan import check_recipe
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline import Conditions
from edge_inspector.pipeline.engine_loop import LOADING_S, JudgeFactory
from edge_inspector.records import LOCAL, Caller, Role
from edge_inspector.settings import Recipe, Station, parse_model
from edge_inspector.settings.recipe import DecisionRules
from edge_inspector.store import audit, recipes
from edge_inspector.wire.access import Methods
from edge_inspector.wire.server import Answer, Handler, Refused

log = logging.getLogger(__name__)

LOAD_S = 60.0  # a request to the control socket waits so long: others wait behind it, a stop among them
LOAD_FOR_PLC_S = LOADING_S + 60.0  # as long as an engine may take; the PLC is answered by a thread of its own
NUMBERS = ("accept_threshold", "reject_threshold", "region_threshold", "minimum_area_px", "reject_area_px")
AREAS = ("roi", "dont_care")
THRESHOLDS = (*NUMBERS, *AREAS)
METHODS: Methods = {
    **dict.fromkeys(("ping", "status", "parts")),
    **dict.fromkeys(("start", "stop", "acknowledge", "confirm"), Role.OPERATOR),
    **dict.fromkeys(("recipe", "threshold"), Role.ENGINEER),
}
Params = dict[str, Any]


class LineControl:
    """The handlers by method name: ping, status, start, stop, recipe, threshold, acknowledge, confirm, parts.

    Whoever changes something is the actor of the audit log.
    """

    def __init__(
        self,
        station: Station,
        controller: Controller,
        conditions: Conditions,
        database: Database,
        snapshot: Callable[[], Params],
        parts: Callable[[Params], Answer],
        link: RejectLink,
        opener: EngineOpener = open_engine,
    ) -> None:
        self._station = station
        self._controller = controller
        self._conditions = conditions
        self._database = database
        self._snapshot = snapshot
        self._parts = parts
        self._link = link
        self._opener = opener
        self.endpoints: Mapping[str, str] = {}
        """Where the sockets listen, as ``ping`` tells it: status, control, desk."""
        self._worker: threading.Thread | None = None

    def handlers(self) -> dict[str, Handler]:
        """For the control server: of parameters, or of parameters and the caller."""
        return {
            "ping": lambda _params: {"process": "line", "station": self._station.station, "endpoints": dict(self.endpoints)},
            "status": lambda _params: self._snapshot(),
            "start": self._start,
            "stop": self._stop,
            "recipe": self._recipe,
            "threshold": self._threshold,
            "acknowledge": self._acknowledge,
            "confirm": self._confirm,
            "parts": self._parts,
        }

    def _start(self, _params: Params, caller: Caller = LOCAL) -> Params:
        self._controller.ask(self._controller.start)
        self._note(caller, "line.start", self._station.station)
        return self._snapshot()

    def _stop(self, _params: Params, caller: Caller = LOCAL) -> Params:
        self._controller.ask(self._controller.stop)
        self._note(caller, "line.stop", self._station.station)
        return self._snapshot()

    def _acknowledge(self, params: Params, caller: Caller = LOCAL) -> Params:
        name = _text(params, "condition")
        self._conditions.acknowledge(name)
        if caller.name != LOCAL.name:  # without users it is machines that take note; people confirm
            self._note(caller, "condition.acknowledge", name)
        return self._snapshot()

    def _note(self, caller: Caller, action: str, subject: str) -> None:
        """Onto record what has been done. A disk that takes no record must not keep anybody from starting and stopping the line."""
        try:
            audit.note(self._database, caller.name, action, subject, {})
        except StoreError as error:
            log.warning("%s by %s could not be put on record: %s", action, caller.name, error)

    def _confirm(self, params: Params, caller: Caller = LOCAL) -> Params:
        """A person, ``by``, has looked into a ``condition``, or says what a ``part`` is: ``decision`` accept or reject, with a ``note``.

        ``by`` is the caller's name; only on a station without users it is whatever the request says.
        """
        person = _person(params, caller)
        note = params.get("note", "")
        if not isinstance(note, str):
            raise SettingsError(f"note = {note!r}: expected a text")
        if ("condition" in params) == ("part" in params):
            raise SettingsError("confirm takes a condition or a part, one of the two")
        if "part" in params:
            return confirm_part(self._database, person, _text(params, "part"), _text(params, "decision"), note)
        name = _text(params, "condition")
        self._conditions.confirm(name, person)
        audit.note(self._database, person, "condition.confirm", name, {"note": note})
        return self._snapshot()

    def requested(self, name: str, version: int | None) -> None:
        """The PLC asks for a recipe: loaded by a thread of its own, because the main loop must not wait for an engine."""
        if self._worker is not None and self._worker.is_alive():
            self._link.recipe_refused(name, "another recipe is being loaded")
            return
        self._worker = threading.Thread(target=self._answer_gate, args=(name, version), name="recipe")
        self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Wait for a recipe that is being loaded. Idempotent."""
        if self._worker is not None:
            self._worker.join(timeout_s)

    def _answer_gate(self, name: str, version: int | None) -> None:
        try:
            label = self._activate(name, version, patience_s=LOAD_FOR_PLC_S)
        except EdgeInspectorError as error:
            self._link.recipe_refused(name, str(error))
        except Exception as error:  # the PLC waits for an answer, whatever went wrong
            log.exception("recipe %s, which the PLC asked for, failed", name)
            self._link.recipe_refused(name, f"{type(error).__name__}: {error}")
        else:
            self._link.recipe_ready(name, int(label.rpartition(":")[2]))

    def _recipe(self, params: Params, caller: Caller = LOCAL) -> Params:
        """Activate ``name`` at ``version`` (the newest without one) and run it."""
        version = params.get("version")
        if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
            raise SettingsError(f"version = {version!r}: expected a whole number")
        self._activate(_text(params, "name"), version, caller.name)
        return self._snapshot()

    def _activate(self, name: str, version: int | None, actor: str = LOCAL.name, patience_s: float = LOAD_S) -> str:
        """Make the recipe version the active one, load and run it; returns its label. What does not run is not the active one either."""
        found = recipes.get_recipe(self._database, name, version)
        recipe = found.recipe()
        check_recipe(recipe, self._station)
        load = self._opening(recipe, found.label)
        with recipes.activating(self._database, found.name, found.version, actor):
            self._loaded(lambda: self._controller.change(load), patience_s)
        return found.label

    def _opening(self, recipe: Recipe, label: str) -> JudgeFactory:
        """Opens the recipe's bundle anew. Raises BundleError where it is not there."""
        settings = self._station.engine
        return partial(open_judge, recipe, bundle_of(recipe, settings.models), settings, label, self._opener)

    def _open(self, recipe: Recipe, label: str) -> Judge:
        """The same at once, on the engine's thread."""
        return self._opening(recipe, label)()

    def _threshold(self, params: Params, caller: Caller = LOCAL) -> Params:
        """A new version of the active recipe with other thresholds, areas, ROI or don't-care polygons, from the next part on.

        Where the engine was not held to torch by these, an ``auto`` recipe is loaded anew, which stops the line for it, in float32.
        Raises UnprovenError for a recipe that names its precision.
        """
        judge = self._controller.judge
        if judge is None:
            raise StateError("no recipe is loaded yet")
        _check_thresholds(params)
        decision = parse_model(DecisionRules, {**judge.recipe.decision.model_dump(), **params}, f"recipe {judge.recipe.name}")
        recipe: Recipe = judge.recipe.model_copy(update={"decision": decision})
        gap = gap_of(judge.engine, judge.certificate, recipe)
        if gap and recipe.precision != "auto":
            raise UnprovenError(gap)
        version, _ = recipes.import_recipe(self._database, recipe, caller.name)
        label = f"{recipe.name}:{version}"
        load: JudgeFactory = partial(Judge, judge.engine, recipe, label, judge.certificate)
        begin = partial(self._controller.swap, load, judge)
        if gap:
            begin = partial(self._change, self._opening(recipe, label), judge)
        with recipes.activating(self._database, recipe.name, version, caller.name):
            self._loaded(begin)
        return self._snapshot()

    def _change(self, load: JudgeFactory, running: Judge) -> Future[Judge]:
        """As the controller's `swap`, but for another engine: parts wait for none. On the main loop."""
        if self._controller.judge is not running:
            raise StateError("the recipe was changed by somebody else at the same moment; look at it, and try again")
        return self._controller.change(load)

    def _loaded(self, begin: Callable[[], Future[Judge]], patience_s: float = LOAD_S) -> None:
        """Load a judge and wait for it. Record, answer and what runs agree: what comes too late is not run, and what ran before goes on."""
        before = self._controller.judge
        loading: Future[Judge] = self._controller.ask(begin)
        try:
            loading.result(patience_s)
        except NotInTime:
            if before is None:
                raise StateError(f"the engine did not load within {patience_s:g} s") from None
            try:
                self._controller.ask(lambda: self._controller.give_up(loading, partial(self._open, before.recipe, before.label)))
            except StateError:
                loading.result(0.0)  # it was loaded at this very moment after all, or failed
                return
            raise StateError(f"the engine did not load within {patience_s:g} s; recipe {before.label} goes on when it is free") from None


def _check_thresholds(params: Params) -> None:
    unknown = sorted(set(params) - set(THRESHOLDS))
    if unknown or not params:
        raise SettingsError(f"threshold takes {', '.join(THRESHOLDS)}; got {', '.join(unknown) or 'nothing'}")
    for name, value in params.items():
        off = value is None and name == "reject_area_px"
        if name in NUMBERS and not (_is_number(value) or off):
            raise SettingsError(f"{name} = {value!r}: expected a number")
        if name in AREAS and not _are_polygons(value):
            raise SettingsError(f"{name}: expected a list of polygons [[x, y], ...] in pixels of the image; an empty list for none")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_polygons(value: object) -> bool:
    if not isinstance(value, list) or not all(isinstance(polygon, list) for polygon in value):
        return False
    points = [point for polygon in value for point in polygon]
    return all(isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in points)


def _person(params: Params, caller: Caller) -> str:
    """Who confirms. Raises SettingsError where nobody is named, Refused where it would be somebody else than the caller."""
    if caller.name == LOCAL.name:
        return _text(params, "by")
    if params.get("by", caller.name) != caller.name:
        raise Refused("not_allowed", f"{caller.name} cannot confirm in the name of {params['by']!r}; leave `by` out")
    return caller.name


def _text(params: Params, key: str) -> str:
    value = params.get(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"parameter {key} = {value!r}: expected a text")
    return value
