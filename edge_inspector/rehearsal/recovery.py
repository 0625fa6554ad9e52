"""How long the line takes to inspect parts again after each fault."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_inspector.records import Outcome
from edge_inspector.rehearsal.faults import Fault, Kind
from edge_inspector.wire.messages import VerdictMessage


@dataclass(slots=True)
class _Open:
    kind: Kind
    over: float
    epoch: int  # only verdicts of a later epoch count: a killed line may still have told some


@dataclass(slots=True)
class Recoveries:
    """Seconds from the end of a fault (where it has no length, from its moment) to the first verdict on a part that was triggered after it
    and inspected; times in seconds on one clock. Pure."""

    worst: dict[Kind, float] = field(default_factory=dict)
    counts: dict[Kind, int] = field(default_factory=dict)
    _triggered: dict[int, float] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _epoch: int = 0

    def trigger(self, count: int, now: float) -> None:
        """A part crossed the trigger."""
        self._triggered[count] = now

    def begin(self, fault: Fault, now: float) -> None:
        """A fault begins."""
        self.counts[fault.kind] = self.counts.get(fault.kind, 0) + 1
        self._open.append(_Open(fault.kind, now + fault.seconds, self._epoch if fault.kind is Kind.LINE_KILL else -1))

    def verdict(self, message: VerdictMessage, now: float) -> None:
        """A verdict has come."""
        self._epoch = max(self._epoch, message.epoch)
        if not self._open or message.outcome is Outcome.MISSED:
            return
        triggered = self._triggered.get(message.trigger_count)
        if triggered is None:
            return
        for fault in [fault for fault in self._open if fault.over < triggered and fault.epoch < message.epoch]:
            self._open.remove(fault)
            self.worst[fault.kind] = max(self.worst.get(fault.kind, 0.0), now - fault.over)

    @property
    def lasting(self) -> list[Kind]:
        """Faults after which no part has been inspected."""
        return [fault.kind for fault in self._open]

    def summary(self) -> dict[str, object]:
        """``faults`` {kind: number}, ``recovered`` {kind: worst seconds}, ``unrecovered`` [kind]."""
        return {
            "faults": {kind.value: self.counts[kind] for kind in Kind if kind in self.counts},
            "recovered": {kind.value: round(self.worst[kind], 3) for kind in Kind if kind in self.worst},
            "unrecovered": [kind.value for kind in self.lasting],
        }
