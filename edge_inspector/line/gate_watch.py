"""Whether the gate confirms (``fired``) that it moved for every part that was not accepted, as the recipe asks. Pure but for its lock.

verdict sent, not an accept ──► waits for fired ──► confirmed
                                    └─ the reject window and confirm_within_ms are over: unconfirmed (alarm or stop)
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from edge_inspector.outputs.base import Sent
from edge_inspector.pipeline import Conditions, StateMachine
from edge_inspector.records import AlarmPolicy, Decision, Reason, Severity, State
from edge_inspector.service import Clock
from edge_inspector.settings.recipe import GateRules

WAITING_MAX = 10_000  # parts between verdict and gate
CONDITION = "gate_unconfirmed"
PAST = (Reason.RESTART, Reason.STOPPED)  # parts that had passed the gate before anybody could say anything of them
EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)
EARLY_MAX = 1000  # a gate that rejects by silence moves before the late verdict has come


class GateWatch:
    """``sent`` and ``fired`` are called on the link's thread, ``overdue`` on the main loop; ``rules`` are those of the running recipe."""

    def __init__(self, clock: Clock, rules: Callable[[], GateRules | None]) -> None:
        self._clock = clock
        self._rules = rules
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, tuple[str, int]] = OrderedDict()  # trigger count -> part, until when
        self._early: OrderedDict[int, None] = OrderedDict()
        self.confirmed = 0
        """Parts for which the gate has moved in time."""

    def sent(self, sent: Sent) -> None:
        """A part has its verdict; unless it is an accept, the gate must move for it."""
        rules, message = self._rules(), sent.message
        if rules is None or rules.confirm_within_ms is None or message.verdict is Decision.ACCEPT or message.reason in PAST:
            return
        until_ns = self._clock.monotonic_ns() + int((max(0.0, message.deadline_ms) + rules.confirm_within_ms) * 1e6)
        with self._lock:
            if message.trigger_count in self._early:
                del self._early[message.trigger_count]
                self.confirmed += 1
                return
            self._waiting[message.trigger_count] = (message.part_id, until_ns)
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)

    def fired(self, trigger_count: int) -> None:
        """The gate says that it moved for this part."""
        with self._lock:
            if self._waiting.pop(trigger_count, None) is not None:
                self.confirmed += 1
                return
            self._early[trigger_count] = None
            if len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)

    def overdue(self) -> list[str]:
        """Take the parts that the gate has not moved for in time, by their ids, in the order of their verdicts."""
        now = self._clock.monotonic_ns()
        with self._lock:
            late = [(count, part_id) for count, (part_id, until_ns) in self._waiting.items() if until_ns < now]
            for count, _ in late:
                del self._waiting[count]
        return [part_id for _, part_id in late]

    @property
    def stops(self) -> bool:
        """Whether the recipe stops the line for a part that is not confirmed."""
        rules = self._rules()
        return rules is not None and rules.unconfirmed_policy is AlarmPolicy.STOP

    def forget(self) -> None:
        """Another epoch, or nobody to confirm anything: what waits, waits no more."""
        with self._lock:
            self._waiting.clear()
            self._early.clear()


class Confirmations:
    """What follows where the gate does not confirm; used by the main loop. ``stop`` takes the line out of execution."""

    def __init__(self, watch: GateWatch, conditions: Conditions, states: StateMachine, stop: Callable[[], None]) -> None:
        self._watch = watch
        self._conditions = conditions
        self._states = states
        self._stop = stop
        self._seen: int | None = None  # how many were confirmed when the condition was raised; None while it does not stand

    def tend(self, gates: tuple[str, ...]) -> None:
        """Look for parts that the gate has not moved for; without a gate there is nobody to ask, and another condition says so."""
        if not gates:
            self._watch.forget()
        overdue = self._watch.overdue()
        if overdue:
            self._raise(overdue)
        elif self._seen is not None and self._watch.confirmed > self._seen and self._states.state in EXECUTING:
            self._seen = None
            self._conditions.clear_condition(CONDITION)

    def _raise(self, overdue: list[str]) -> None:
        self._seen = self._watch.confirmed
        parts = ", ".join(overdue[:3]) + (" and more" if overdue[3:] else "")
        message = f"the gate has not confirmed that it moved for {parts}; look for these parts, check gate and sensor, then start again"
        self._conditions.raise_condition(CONDITION, Severity.FAILURE, message)
        if self._watch.stops and self._states.state in EXECUTING:
            self._watch.forget()
            self._stop()
            self._states.to(State.ERROR)
