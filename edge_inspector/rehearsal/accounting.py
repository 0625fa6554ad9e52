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
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def trigger(self, count: int, bad: bool) -> None:
        """A part crossed the trigger."""
        self.bad[count] = bad

    def verdict(self, message: VerdictMessage) -> None:
        """The line told an outcome (resends of the same message are not shown to the account).

        Two outcomes for one trigger, or one (epoch, seq) for two parts, count as duplicated.
        """
        key = (message.epoch, message.seq)
        if self._numbers.setdefault(key, message.trigger_count) != message.trigger_count or message.trigger_count in self.outcomes:
            self.duplicated += 1
            return
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
