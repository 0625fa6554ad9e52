"""Whether the gate confirms (``fired``) that it moved for every part that was not accepted, as the recipe asks. Pure but for its lock.

verdict sent, not an accept ──► waits for fired ──► confirmed
                                    └─ the reject window and then confirm_within_ms are over: unconfirmed (alarm or stop)

A window in encoder counts is over once the belt is said to be there: while the belt stands, the part is still before the gate.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.encoder import Encoder
from edge_inspector.pipeline import Conditions, StateMachine
from edge_inspector.records import AlarmPolicy, Decision, Reason, Severity, State
from edge_inspector.service import Clock
from edge_inspector.settings.recipe import GateRules
from edge_inspector.wire.messages import VerdictMessage

WAITING_MAX = 10_000  # parts between verdict and gate
CONDITION = "gate_unconfirmed"
PAST = (Reason.RESTART, Reason.STOPPED)  # parts that had passed the gate before anybody could say anything of them
EXECUTING = (State.CONTINUOUS_EXECUTION, State.SINGLE_EXECUTION)
EARLY_MAX = 1000  # a gate that rejects by silence moves before the late verdict has come
EARLY_NS = 60_000_000_000  # such a verdict follows within seconds

Key = tuple[int, int]  # epoch, trigger count


@dataclass(slots=True)
class _Waiting:
    """``until_ns`` is None until the belt is beyond ``deadline_counts``."""

    part_id: str
    within_ns: int
    until_ns: int | None
    deadline_counts: int | None = None


class GateWatch:
    """``sent`` and ``fired`` are called on the link's thread, ``overdue`` on the main loop; ``rules`` are those of the running recipe.

    ``epoch`` is the present one: what the gate says of a count is of this epoch, and confirms no part of another.
    """

    def __init__(self, clock: Clock, rules: Callable[[], GateRules | None], epoch: Callable[[], int], encoder: Encoder) -> None:
        self._clock = clock
        self._rules = rules
        self._epoch = epoch
        self._encoder = encoder
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Key, _Waiting] = OrderedDict()
        self._early: OrderedDict[Key, int] = OrderedDict()  # when the gate said it, ns
        self.confirmed = 0
        """Parts for which the gate has moved in time."""

    def sent(self, sent: Sent) -> None:
        """A part has its verdict; unless it is an accept, the gate must move for it."""
        rules, message = self._rules(), sent.message
        key, now_ns = (message.epoch, message.trigger_count), self._clock.monotonic_ns()
        with self._lock:
            early = self._take_early(key, now_ns)
            if rules is None or rules.confirm_within_ms is None or message.verdict is Decision.ACCEPT or message.reason in PAST:
                return
            if early:
                self.confirmed += 1
                return
            self._waiting[key] = self._wait(message, int(rules.confirm_within_ms * 1e6), now_ns)
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)

    def _take_early(self, key: Key, now_ns: int) -> bool:
        """Whether the gate has moved for this part already, not too long ago."""
        said_ns = self._early.pop(key, None)
        return said_ns is not None and now_ns - said_ns <= EARLY_NS

    def _wait(self, message: VerdictMessage, within_ns: int, now_ns: int) -> _Waiting:
        position = self._encoder.position
        if message.deadline_counts is not None and position is not None:
            return _Waiting(message.part_id, within_ns, None, position + message.deadline_counts)
        return _Waiting(message.part_id, within_ns, now_ns + int(max(0.0, message.deadline_ms) * 1e6) + within_ns)

    def fired(self, trigger_count: int) -> None:
        """The gate says that it moved for this part."""
        key = (self._epoch(), trigger_count)
        with self._lock:
            if self._waiting.pop(key, None) is not None:
                self.confirmed += 1
                return
            self._early[key] = self._clock.monotonic_ns()
            if len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)

    def overdue(self) -> list[str]:
        """Take the parts that the gate has not moved for in time, by their ids, in the order of their verdicts."""
        now = self._clock.monotonic_ns()
        with self._lock:
            late = [key for key, waiting in self._waiting.items() if self._is_overdue(waiting, now)]
            return [self._waiting.pop(key).part_id for key in late]

    def _is_overdue(self, waiting: _Waiting, now_ns: int) -> bool:
        if waiting.until_ns is None and waiting.deadline_counts is not None and self._encoder.said_beyond(waiting.deadline_counts):
            waiting.until_ns = now_ns + waiting.within_ns
        return waiting.until_ns is not None and waiting.until_ns < now_ns

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
