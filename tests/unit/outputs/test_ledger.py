from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_inspector.outputs.ledger import Account, Ledger, OpenPart
from edge_inspector.records import Outcome

UTC = datetime(2026, 1, 2, tzinfo=timezone.utc)


def part(number: int, deadline_ns: int = 100) -> OpenPart:
    return OpenPart(f"line-1-{number}", number, 0, UTC, deadline_ns)


class TestLedger:
    def test_the_first_outcome_wins(self) -> None:
        ledger = Ledger()
        ledger.open(part(1))
        assert ledger.settle("line-1-1", Outcome.ACCEPTED)
        assert not ledger.settle("line-1-1", Outcome.REJECTED)
        assert ledger.account == Account(triggers=1, accepted=1)

    def test_a_part_is_opened_once(self) -> None:
        ledger = Ledger()
        assert ledger.open(part(1))
        assert not ledger.open(part(1))
        ledger.settle("line-1-1", Outcome.MISSED, late=True)
        assert not ledger.open(part(1))
        assert ledger.account == Account(triggers=1, missed=1, late=1)

    def test_an_outcome_is_known_however_many_parts_came_after_it(self) -> None:
        ledger = Ledger()
        for number in range(1, 60_001):  # an engine that hung for minutes gives its answer on the first of them at last
            ledger.open(part(number))
            ledger.settle(f"line-1-{number}", Outcome.MISSED)
        assert not ledger.open(part(1))
        assert ledger.open(OpenPart("line-2-1", 1, 0, UTC, 100))  # another epoch's
        assert ledger.account == Account(triggers=60_001, missed=60_000, open=1)

    def test_sub_counts_belong_to_their_outcome(self) -> None:
        ledger = Ledger()
        for number, outcome in enumerate(Outcome):
            ledger.open(part(number))
            ledger.settle(f"line-1-{number}", outcome, review=True, late=True)
        assert ledger.account == Account(triggers=3, accepted=1, rejected=1, missed=1, review=1, late=1)

    def test_overdue_by_deadline(self) -> None:
        ledger = Ledger()
        for number, deadline in enumerate((300, 100, 200)):
            ledger.open(part(number, deadline))
        for _ in range(2):  # they stay open
            assert [p.trigger_count for p in ledger.overdue(200, 9)] == [1, 2]
            assert [p.trigger_count for p in ledger.overdue(200, 1)] == [1]
        ledger.settle("line-1-1", Outcome.ACCEPTED)
        assert ledger.next_deadline() == 200

    def test_an_unknown_part_cannot_be_settled(self) -> None:
        ledger = Ledger()
        assert not ledger.settle("line-1-9", Outcome.ACCEPTED)
        assert ledger.account == Account()


class LedgerMachine(RuleBasedStateMachine):
    """Against a plain model: any order of triggers, outcomes and passing time."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.open: dict[int, int] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.now = 0

    @rule(number=st.integers(0, 20), window=st.integers(0, 50))
    def trigger(self, number: int, window: int) -> None:
        fresh = number not in self.open and number not in self.outcomes
        assert self.ledger.open(part(number, self.now + window)) is fresh
        if fresh:
            self.open[number] = self.now + window

    @rule(number=st.integers(0, 20), outcome=st.sampled_from(Outcome))
    def settle(self, number: int, outcome: Outcome) -> None:
        was_open = self.open.pop(number, None) is not None
        assert self.ledger.settle(f"line-1-{number}", outcome) is was_open
        if was_open:
            self.outcomes[number] = outcome

    @rule(passed=st.integers(0, 30))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    @precondition(lambda self: self.open)
    @rule()
    def give_up_the_overdue(self) -> None:
        for late in self.ledger.overdue(self.now, 3):
            self.settle(late.trigger_count, Outcome.MISSED)

    @invariant()
    def every_trigger_has_one_outcome_or_is_open(self) -> None:
        account = self.ledger.account
        assert account.triggers == account.accepted + account.rejected + account.missed + account.open
        assert account.open == len(self.open)
        assert account.triggers == len(self.open) + len(self.outcomes)

    @invariant()
    def deadlines_are_those_of_open_parts(self) -> None:
        assert self.ledger.next_deadline() == min(self.open.values(), default=None)
        assert {p.trigger_count for p in self.ledger.overdue(self.now, 99)} == {n for n, at in self.open.items() if at <= self.now}


TestAnyOrder = LedgerMachine.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
