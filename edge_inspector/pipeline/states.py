"""OPC 40100-1 states with legal transitions only.

Preoperational ──► Initialized ──► Ready ◄──► ContinuousExecution
   ▲    ▲               │            ▲ └────► SingleExecution ─┐
   │    └───────────────┴────────────┼─────────────────────────┘
   │                                 │
 Halted ◄── (any)       Error ◄── (any); Error ──► Preoperational
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_inspector.errors import StateError
from edge_inspector.records import State

log = logging.getLogger(__name__)

_EXECUTING = {State.READY, State.ERROR, State.HALTED}
TRANSITIONS: dict[State, set[State]] = {
    State.PREOPERATIONAL: {State.INITIALIZED, State.ERROR, State.HALTED},
    State.INITIALIZED: {State.READY, State.PREOPERATIONAL, State.ERROR, State.HALTED},
    State.READY: {
        State.CONTINUOUS_EXECUTION,
        State.SINGLE_EXECUTION,
        State.INITIALIZED,
        State.PREOPERATIONAL,
        State.ERROR,
        State.HALTED,
    },
    State.CONTINUOUS_EXECUTION: _EXECUTING,
    State.SINGLE_EXECUTION: _EXECUTING,
    State.ERROR: {State.PREOPERATIONAL, State.HALTED},
    State.HALTED: {State.PREOPERATIONAL},
}


class StateMachine:
    """The line's state. Any thread may read it; ``to`` is atomic and tells the listener of each change."""

    def __init__(self, changed: Callable[[State], None] = lambda _state: None) -> None:
        self._state = State.PREOPERATIONAL
        self._changed = changed
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    def to(self, state: State) -> None:
        """Go to ``state``; already being there is fine. Raises StateError where that is not a legal transition."""
        with self._lock:
            if state is self._state:
                return
            if state not in TRANSITIONS[self._state]:
                raise StateError(f"the line is {self._state.value}; it cannot become {state.value} from there")
            log.info("state %s -> %s", self._state.value, state.value)
            self._state = state
        self._changed(state)
