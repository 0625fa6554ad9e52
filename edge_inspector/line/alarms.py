"""Too many rejects: either the process has gone bad or the inspection has, and somebody has to look. Pure; used by the main loop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge_inspector.records import Outcome
from edge_inspector.settings.recipe import AlarmRules

IN_ROW, RATE = "rejects_in_row", "reject_rate"
ALARMS = (IN_ROW, RATE)
CLEARED_AT = 0.8  # of the limit: a rate that swings about it would be raised and cleared without end


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition of this name stands from now on; without a message, it is over."""

    name: str
    message: str = ""


class RejectAlarms:
    """Counts what came of the parts, in their order. Everything that the gate rejects counts: rejected, review and missed."""

    def __init__(self, rules: AlarmRules | None = None) -> None:
        self._standing: set[str] = set()
        self._begin(rules or AlarmRules())

    def _begin(self, rules: AlarmRules) -> None:
        self._rules = rules
        self._row = self._rejects = 0
        self._recent: deque[bool] = deque(maxlen=rules.window)

    def follow(self, rules: AlarmRules) -> None:
        """Count by other rules, anew; where they are the same, nothing changes."""
        if rules != self._rules:
            self._begin(rules)

    def reset(self) -> None:
        """Count anew: somebody has looked, and starts the line."""
        self._standing.clear()
        self._begin(self._rules)

    def count(self, outcome: Outcome) -> list[Alarm]:
        """One more part; what it changes."""
        reject = outcome is not Outcome.ACCEPTED
        self._row = self._row + 1 if reject else 0
        if len(self._recent) == self._recent.maxlen:
            self._rejects -= self._recent[0]
        self._recent.append(reject)
        self._rejects += reject
        return [alarm for alarm in (self._in_row(), self._rate()) if alarm is not None]

    def _in_row(self) -> Alarm | None:
        limit = self._rules.rejects_in_row
        over = limit is not None and self._row >= limit
        return self._change(IN_ROW, over, self._row == 0 or limit is None, f"{self._row} parts in a row were rejected")

    def _rate(self) -> Alarm | None:
        limit, parts = self._rules.reject_rate, len(self._recent)
        rate = self._rejects / parts
        over = limit is not None and parts == self._recent.maxlen and rate >= limit
        calm = limit is None or rate < CLEARED_AT * limit
        return self._change(RATE, over, calm, f"{self._rejects} of the last {parts} parts were rejected ({rate:.0%})")

    def _change(self, name: str, over: bool, calm: bool, message: str) -> Alarm | None:
        if over and name not in self._standing:
            self._standing.add(name)
            return Alarm(name, f"{message}; look at the process, and at camera, light and recipe")
        if calm and name in self._standing:
            self._standing.discard(name)
            return Alarm(name)
        return None
