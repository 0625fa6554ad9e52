"""What is wrong at the moment.

A condition stays listed until it is over and noted: acknowledged, by a machine or a screen that has taken note, or confirmed, by a person
who has looked into it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from edge_inspector.errors import StateError
from edge_inspector.records import Condition, Severity
from edge_inspector.service import Clock

log = logging.getLogger(__name__)


class Conditions:
    """The table of conditions by name; any thread may use it."""

    def __init__(self, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._table: dict[str, Condition] = {}
        self._lock = threading.Lock()

    def raise_condition(self, name: str, severity: Severity, message: str) -> None:
        """Raise a condition, or keep it raised with a new message. Logged once each time it becomes active."""
        with self._lock:
            known = self._table.get(name)
            if known is not None and known.active and known.message == message:
                return
            fresh = known is None or not known.active
            if known is None or fresh:
                self._table[name] = Condition(name, severity, message, self._clock.utc())
            else:  # who has acknowledged it need not do so again because it says how often by now
                self._table[name] = replace(known, severity=severity, message=message)
        if fresh:
            log.warning("condition %s (%s): %s", name, severity.value, message)
        self._changed()

    def clear_condition(self, name: str) -> None:
        """The cause is over; the condition stays listed until it is acknowledged or confirmed."""
        with self._lock:
            known = self._table.get(name)
            if known is None or not known.active:
                return
            if known.acknowledged or known.confirmed_by:
                del self._table[name]
            else:
                self._table[name] = replace(known, active=False)
        log.info("condition %s is over", name)
        self._changed()

    def acknowledge(self, name: str) -> None:
        """A machine or a screen has taken note of it. Raises StateError where no such condition is listed."""
        self._note(name, lambda known: replace(known, acknowledged=True))

    def confirm(self, name: str, person: str) -> None:
        """A person has looked into it. Raises StateError where no such condition is listed."""
        self._note(name, lambda known: replace(known, confirmed_by=person))

    def _note(self, name: str, noted: Callable[[Condition], Condition]) -> None:
        with self._lock:
            known = self._table.get(name)
            if known is None:
                raise StateError(f"no condition '{name}' is listed; listed are: {', '.join(sorted(self._table)) or 'none'}")
            if known.active:
                self._table[name] = noted(known)
            else:
                del self._table[name]
        self._changed()

    def listed(self) -> tuple[Condition, ...]:
        """All conditions, oldest first."""
        with self._lock:
            return tuple(sorted(self._table.values(), key=lambda c: c.since_utc))

    def active(self) -> tuple[str, ...]:
        """Names of what is wrong now."""
        return tuple(c.name for c in self.listed() if c.active)
