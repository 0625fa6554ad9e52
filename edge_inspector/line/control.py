"""What the line's control socket offers. Handlers run on the control thread; whatever changes the line is done by its main loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from typing import Any

from sqlalchemy import Engine as Database

from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.shared import EngineOpener
from edge_inspector.errors import EdgeInspectorError, SettingsError, StateError
from edge_inspector.judge import Judge
from edge_inspector.line.confirm import confirm_part
from edge_inspector.line.controller import Controller
from edge_inspector.line.loading import bundle_of, open_judge
from edge_inspector.line.plan import check_recipe
from edge_inspector.outputs.reject import RejectLink
from edge_inspector.pipeline import Conditions
from edge_inspector.settings import Recipe, Station, parse_model
from edge_inspector.settings.recipe import DecisionRules
from edge_inspector.store import audit, recipes

log = logging.getLogger(__name__)

LOAD_S = 60.0
THRESHOLDS = ("accept_threshold", "reject_threshold", "region_threshold", "minimum_area_px", "reject_area_px")
Params = dict[str, Any]


class LineControl:
    """The handlers by method name: ping, status, start, stop, recipe, threshold, acknowledge, confirm, parts."""

    def __init__(
        self,
        station: Station,
        controller: Controller,
        conditions: Conditions,
        database: Database,
        snapshot: Callable[[], Params],
        parts: Callable[[Params], Params],
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
        self._worker: threading.Thread | None = None

    def handlers(self) -> dict[str, Callable[[Params], Params]]:
        """For the control server."""
        return {
            "ping": lambda _params: {
                "process": "line",
                "station": self._station.station,
                "endpoints": {
                    "status": self._station.status.endpoint,
                    "control": self._station.control.endpoint,
                    "desk": self._station.desk.endpoint,
                },
            },
            "status": lambda _params: self._snapshot(),
            "start": self._start,
            "stop": self._stop,
            "recipe": self._recipe,
            "threshold": self._threshold,
            "acknowledge": self._acknowledge,
            "confirm": self._confirm,
            "parts": self._parts,
        }

    def _start(self, _params: Params) -> Params:
        self._controller.ask(self._controller.start)
        return self._snapshot()

    def _stop(self, _params: Params) -> Params:
        self._controller.ask(self._controller.stop)
        return self._snapshot()

    def _acknowledge(self, params: Params) -> Params:
        self._conditions.acknowledge(_text(params, "condition"))
        return self._snapshot()

    def _confirm(self, params: Params) -> Params:
        """A person, ``by``, has looked into a ``condition``, or says what a ``part`` is: ``decision`` accept or reject, with a ``note``."""
        person = _text(params, "by")
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
            label = self._activate(name, version)
        except EdgeInspectorError as error:
            self._link.recipe_refused(name, str(error))
        except Exception as error:  # the PLC waits for an answer, whatever went wrong
            log.exception("recipe %s, which the PLC asked for, failed", name)
            self._link.recipe_refused(name, f"{type(error).__name__}: {error}")
        else:
            self._link.recipe_ready(name, int(label.rpartition(":")[2]))

    def _recipe(self, params: Params) -> Params:
        """Activate ``name`` at ``version`` (the newest without one) and run it."""
        version = params.get("version")
        if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
            raise SettingsError(f"version = {version!r}: expected a whole number")
        self._activate(_text(params, "name"), version)
        return self._snapshot()

    def _activate(self, name: str, version: int | None) -> str:
        """Load the recipe version, run it, make it the active one; returns its label."""
        found = recipes.get_recipe(self._database, name, version)
        recipe = found.recipe()
        check_recipe(recipe, self._station)
        settings = self._station.engine
        bundle = bundle_of(recipe, settings.models)
        load = partial(open_judge, recipe, bundle, settings, found.label, self._opener)
        self._loaded(self._controller.ask(lambda: self._controller.change(load)))
        recipes.activate(self._database, found.name, found.version)
        return found.label

    def _threshold(self, params: Params) -> Params:
        """A new version of the active recipe with other thresholds or areas, from the next part on."""
        judge = self._controller.judge
        if judge is None:
            raise StateError("no recipe is loaded yet")
        unknown = sorted(set(params) - set(THRESHOLDS))
        if unknown or not params:
            raise SettingsError(f"threshold takes {', '.join(THRESHOLDS)}; got {', '.join(unknown) or 'nothing'}")
        for name, value in params.items():
            off = value is None and name == "reject_area_px"
            if isinstance(value, bool) or not (isinstance(value, int | float) or off):
                raise SettingsError(f"{name} = {value!r}: expected a number")
        decision = parse_model(DecisionRules, {**judge.recipe.decision.model_dump(), **params}, f"recipe {judge.recipe.name}")
        recipe: Recipe = judge.recipe.model_copy(update={"decision": decision})
        version, _ = recipes.import_recipe(self._database, recipe, actor="control")
        changed = partial(Judge, judge.engine, recipe, f"{recipe.name}:{version}")
        self._loaded(self._controller.ask(lambda: self._controller.swap(changed, judge)))
        recipes.activate(self._database, recipe.name, version, actor="control")
        return self._snapshot()

    @staticmethod
    def _loaded(loading: Future[Judge]) -> None:
        try:
            loading.result(LOAD_S)
        except NotInTime:
            raise StateError(f"the engine did not load within {LOAD_S:g} s") from None


def _text(params: Params, key: str) -> str:
    value = params.get(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"parameter {key} = {value!r}: expected a text")
    return value
