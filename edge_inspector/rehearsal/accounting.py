"""The account that the belt keeps, from outside the line: what it triggered, what the line said of each part, what the gate did."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_inspector.records import Decision, Outcome
from edge_inspector.wire.messages import VerdictMessage


@dataclass(slots=True)
class Account:
    """Every trigger with its truth (``bad``), the outcome the line told, and whether the gate let it pass. Pure: no clock, no I/O."""

    bad: dict[int, bool] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)
    reviews: int = 0
    late: int = 0
    duplicated: int = 0
    last_seq: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def trigger(self, count: int, bad: bool) -> None:
        """A part crossed the trigger."""
        self.bad[count] = bad

    def verdict(self, message: VerdictMessage) -> None:
        """The line told an outcome, for the first time or again.

        Two outcomes for one trigger, or one (epoch, seq) for two parts, count as duplicated.
        """
        key, count = (message.epoch, message.seq), message.trigger_count
        self.last_seq = max(self.last_seq, message.seq)
        again = self._numbers.get(key) == count and self.outcomes.get(count) is message.outcome
        if again:
            return
        if self._numbers.setdefault(key, count) != count or count in self.outcomes:
            self.duplicated += 1
            return
        self.reasons[message.reason.value] = self.reasons.get(message.reason.value, 0) + 1
        self.outcomes[message.trigger_count] = message.outcome
        self.reviews += message.outcome is Outcome.REJECTED and message.verdict is Decision.REVIEW
        self.late += message.late

    def gate(self, count: int, passes: bool) -> None:
        """The part is at the gate."""
        if passes:
            self.passed.add(count)

    @property
    def unaccounted(self) -> list[int]:
        """Triggers that the line has told nothing of."""
        return [count for count in self.bad if count not in self.outcomes]

    def count(self, outcome: Outcome) -> int:
        """How many triggers ended so."""
        return sum(1 for count in self.bad if self.outcomes.get(count) is outcome)

    def summary(self) -> dict[str, int]:
        """The counts by name. An escape is a bad part that was accepted, a false reject a good part that was rejected or sent to review."""
        told = self.outcomes
        return {
            "triggers": len(self.bad),
            "accepted": self.count(Outcome.ACCEPTED),
            "rejected": self.count(Outcome.REJECTED),
            "review": self.reviews,
            "missed": self.count(Outcome.MISSED),
            "late": self.late,
            "bad": sum(self.bad.values()),
            "escapes": sum(bad and told.get(count) is Outcome.ACCEPTED for count, bad in self.bad.items()),
            "false_rejects": sum(not bad and told.get(count) is Outcome.REJECTED for count, bad in self.bad.items()),
            "unaccounted": len(self.unaccounted),
            "duplicated": self.duplicated,
            "passed_uninspected": sum(told.get(count) is not Outcome.ACCEPTED for count in self.passed),
        }
