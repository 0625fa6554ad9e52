"""A condition sink that tests read."""

from __future__ import annotations

import threading

from edge_inspector.records import Severity


class Conditions:
    """What stands now (``active``), what ever stood (``seen``), and a way to wait for a change."""

    def __init__(self) -> None:
        self.active: dict[str, str] = {}
        self.seen: list[str] = []
        self._changed = threading.Condition()

    def raise_condition(self, name: str, severity: Severity, message: str) -> None:
        with self._changed:
            self.active[name] = message
            self.seen.append(name)
            self._changed.notify_all()

    def clear_condition(self, name: str) -> None:
        with self._changed:
            self.active.pop(name, None)
            self._changed.notify_all()

    def wait_for(self, name: str, active: bool = True, timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: (name in self.active) == active, timeout_s), f"{name} active={not active}"
