"""What the line does about parts that were late, and about too many rejects: nothing, an alarm or a stop, as the recipe says."""

from __future__ import annotations

from collections.abc import Callable

from edge_inspector.line.alarms import ALARMS, RejectAlarms
from edge_inspector.line.events import InTime, Late, PartDone
from edge_inspector.pipeline import Conditions
from edge_inspector.records import AlarmPolicy, LatePolicy, Severity
from edge_inspector.settings import Recipe

LATE = "late"


class Policies:
    """Used by the main loop. ``stop`` ends execution with a condition of that name and message."""

    def __init__(self, conditions: Conditions, stop: Callable[[str, str], None]) -> None:
        self._conditions = conditions
        self._stop = stop
        self._alarms = RejectAlarms()

    def running(self, event: Late | InTime | PartDone, recipe: Recipe) -> None:
        """A part's outcome while parts are inspected."""
        if isinstance(event, Late) and recipe.gate.late_policy is LatePolicy.STOP:
            self._stop(LATE, f"the verdict on part {event.part_id} came after its deadline; the recipe's late policy stops the line")
        elif isinstance(event, PartDone):
            self._count(event, recipe, stops=recipe.alarms.policy is AlarmPolicy.STOP)
        else:
            self._late(event, recipe)

    def standing(self, event: Late | InTime | PartDone, recipe: Recipe) -> None:
        """The same of a part that was taken before the line stopped, which needs no second stop."""
        if isinstance(event, PartDone):
            self._count(event, recipe, stops=False)
        else:
            self._late(event, recipe)

    def start(self) -> None:
        """Somebody has looked, and starts the line."""
        for name in (LATE, *ALARMS):
            self._conditions.clear_condition(name)
        self._alarms.reset()

    def _late(self, event: Late | InTime, recipe: Recipe) -> None:
        if isinstance(event, InTime):
            self._conditions.clear_condition(LATE)
        elif recipe.gate.late_policy is LatePolicy.ALARM:
            self._conditions.raise_condition(LATE, Severity.OUT_OF_SPECIFICATION, "verdicts came too late; the parts were rejected")

    def _count(self, event: PartDone, recipe: Recipe, *, stops: bool) -> None:
        self._alarms.follow(recipe.alarms)
        for alarm in self._alarms.count(event.outcome):
            if not alarm.message:
                self._conditions.clear_condition(alarm.name)
            elif stops:
                self._stop(alarm.name, f"{alarm.message}; the recipe stops the line")
            else:
                self._conditions.raise_condition(alarm.name, Severity.OUT_OF_SPECIFICATION, alarm.message)
