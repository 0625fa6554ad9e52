"""The account kept outside the line."""

from __future__ import annotations

from edge_inspector.records import Decision, Outcome, Reason
from edge_inspector.rehearsal.accounting import Account
from edge_inspector.wire.messages import VerdictMessage


def told(count: int, outcome: Outcome, seq: int | None = None, verdict: Decision = Decision.REJECT, late: bool = False) -> VerdictMessage:
    return VerdictMessage(
        epoch=1, seq=seq or count, station="s", part_id=f"s-1-{count}", trigger_count=count, verdict=verdict, outcome=outcome,
        reason=Reason.NONE, score=0.1, threshold=0.5, triggered_utc="", age_ms=1.0, deadline_ms=1.0, late=late, recipe="r@1", model="m",
    )  # fmt: skip


def test_each_outcome_is_counted_once() -> None:
    account = Account()
    for count, bad in enumerate([False, True, True, False, False, True], start=1):
        account.trigger(count, bad)
    account.verdict(told(1, Outcome.ACCEPTED, verdict=Decision.ACCEPT))
    account.verdict(told(2, Outcome.ACCEPTED, verdict=Decision.ACCEPT))  # an escape
    account.verdict(told(3, Outcome.REJECTED))
    account.verdict(told(4, Outcome.REJECTED, verdict=Decision.REVIEW))  # a false reject
    account.verdict(told(5, Outcome.MISSED, late=True))
    account.gate(1, passes=True)
    account.gate(2, passes=True)
    assert account.unaccounted == [6]
    assert account.summary() == {
        "triggers": 6, "accepted": 2, "rejected": 2, "review": 1, "missed": 1, "late": 1, "bad": 3, "escapes": 1, "false_rejects": 1,
        "unaccounted": 1, "duplicated": 0, "passed_uninspected": 0,
    }  # fmt: skip


def test_duplicates_and_uninspected_passes_are_found() -> None:
    account = Account()
    account.trigger(1, False)
    account.trigger(2, False)
    account.verdict(told(1, Outcome.ACCEPTED, seq=5))
    account.verdict(told(1, Outcome.REJECTED, seq=6))  # a second outcome for one trigger
    account.verdict(told(2, Outcome.ACCEPTED, seq=5))  # one number for two parts
    account.gate(2, passes=True)
    assert (account.summary()["duplicated"], account.summary()["passed_uninspected"]) == (2, 1)


def test_the_same_message_again_is_a_resend_and_no_second_outcome() -> None:
    account = Account()
    account.trigger(1, False)
    for _ in range(2):  # a client that comes back is sent what it had, too
        account.verdict(told(1, Outcome.ACCEPTED, seq=5, verdict=Decision.ACCEPT))
    assert (account.duplicated, account.last_seq, account.reasons) == (0, 5, {"none": 1})
    account.verdict(told(1, Outcome.MISSED, seq=5))  # another outcome under the same number
    assert account.duplicated == 1
