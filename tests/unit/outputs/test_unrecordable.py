"""A record that the journal can never hold costs no other part its own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_inspector.errors import JournalError, RecordError
from edge_inspector.outputs.journal import Journal, Position
from edge_inspector.outputs.ledger import Account
from edge_inspector.outputs.status import part_payload
from edge_inspector.records import Decision, Judgement, Reason, Region
from edge_inspector.wire.server import encoded
from tests.unit.outputs.link import Raw, bench
from tests.unit.outputs.parts import sent

FOREIGN = "a\udcff.png cannot be read"  # a file name that is not UTF-8, as the system gives it


def explained(judgement: Judgement, detail: str) -> Judgement:
    return replace(judgement, verdict=replace(judgement.verdict, reason=Reason.GRAB_FAILED, detail=detail))


def with_region(judgement: Judgement, peak: float) -> Judgement:
    return replace(judgement, verdict=replace(judgement.verdict, regions=(Region(1, 2, 3, 4, 5.0, peak),)))


@pytest.mark.parametrize("payload", [{"text": FOREIGN}, {"value": math.nan}, {"value": b"bytes"}, {"text": "x" * 2_000_000}])
def test_the_journal_says_that_it_can_never_hold_a_record(tmp_path: Path, payload: dict[str, Any]) -> None:
    with Journal(tmp_path) as journal:
        journal.open()
        with pytest.raises(RecordError):
            journal.append("note", payload)


def test_a_text_that_is_not_utf8_is_on_record_with_question_marks(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.expect(1)
        b.post(explained(b.judged(1, Decision.REJECT, missed=Reason.GRAB_FAILED), FOREIGN))
        b.run_part(2)
        b.listener.wait_outcomes(2)
        assert [e["detail"] for e in b.entries("verdict")] == ["a?.png cannot be read", ""]
        assert ("fault", "journal") not in b.listener.told
        assert b.link.account == Account(triggers=2, accepted=1, missed=1)


def test_a_text_that_is_not_utf8_is_shown_with_question_marks() -> None:
    part = sent(1)
    assert '"detail":"a?.png' in encoded(part_payload(replace(part, judgement=explained(part.judgement, FOREIGN))))


def test_of_a_verdict_that_cannot_be_recorded_whole_the_message_is(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("journal record verdict cannot be written as JSON")
    with bench(tmp_path) as b, Raw(b.link.endpoint) as plc:
        plc.hello()
        b.expect(1)
        b.post(with_region(b.judged(1, Decision.REJECT, reason=Reason.REGION), math.nan))
        b.run_part(2)
        for verdict in plc.wait_verdicts(2):
            plc.ack(verdict)
        plc.until(lambda: b.link.unsettled == 0)
        first, second = b.entries("verdict")
        assert first["message"]["reason"] == "region"
        assert "cannot be written as JSON" in first["detail"]
        assert second["message"]["outcome"] == "accepted"
        assert len(b.entries("ack")) == 2
        assert b.link.account == Account(triggers=2, accepted=1, rejected=1)


class Picky(Journal):
    """A journal that can never hold what names part 1; while ``away`` its disk takes nothing."""

    away = False

    def append(self, kind: str, payload: dict[str, Any]) -> Position:
        if self.away and kind in ("verdict", "sent"):
            raise JournalError("the disk is full")
        if kind == "verdict" and payload["message"]["trigger_count"] == 1:
            raise RecordError("of a form that cannot be recorded")
        return super().append(kind, payload)


def test_what_waits_for_the_disk_does_not_wait_behind_it(tmp_path: Path, expected_warnings: list[str]) -> None:
    expected_warnings.append("of a form that cannot be recorded")
    with bench(tmp_path, journal_type=Picky) as b:
        assert isinstance(b.journal, Picky)
        b.journal.away = True
        b.run_part(1)
        b.run_part(2, Decision.REJECT)
        b.listener.wait_outcomes(2)
        b.journal.away = False
        b.listener.wait("well", "journal")
        b.run_part(3)
        assert [s.message.reason for s in b.listener.wait_outcomes(3)] == [Reason.NOT_JOURNALED, Reason.NONE, Reason.NONE]
        assert [e["message"]["trigger_count"] for e in b.entries("verdict")] == [2, 3]
        assert b.link.account == Account(triggers=3, accepted=1, rejected=1, missed=1)
