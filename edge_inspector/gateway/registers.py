"""The Modbus register map; docs/gateways.md shows it to integrators.

Addresses count from 0; numbers of 32 bits have the high word first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag

from edge_inspector.records import Decision, Outcome, Reason, State
from edge_inspector.wire.messages import VerdictMessage

VERSION = 1
NONE16 = 0xFFFF
NONE32 = 0xFFFF_FFFF
SCALE = 10_000  # score and threshold: 0..1 as 0..10000
OUT, OUT_SIZE = 0, 32  # line to PLC: read only
IN, IN_SIZE = 100, 46  # PLC to line
TEXT_WORDS = 16  # 32 characters, two a register, the first in the high byte


class Status(IntFlag):
    """Register 1."""

    READY = 1  # parts that are triggered now are inspected, and their results come
    BUSY = 2  # a part that was triggered has no result yet
    VALID = 4  # the result registers hold a result; acknowledge it
    COMPLETED = 8  # turned over by each result
    FAULT = 16  # the error id is not 0
    CONNECTED = 32  # the line is there
    MAY_OPEN = 64  # the result is of the epoch in which the gate is armed; without it, it is for the account only
    LATE = 128  # the result could not leave the line before its deadline


class Control(IntFlag):
    """Register 100."""

    ACK = 1  # the result that is shown is taken
    RESET = 2  # rising: clear the error that stands, and begin anew with the line


class ErrorId(IntEnum):
    """Register 5; where several hold, PLC_SILENT before the others, then the lowest."""

    NONE = 0
    NO_LINE = 1  # two heartbeats of the line are lost, or it has left
    LINE_ERROR = 2  # the line is in Error, or halted
    OVERFLOW = 3  # more results than may wait; stands until reset
    REFUSED = 4  # the line refused a message of this gateway; stands until reset
    PLC_SILENT = 5  # the PLC's heartbeat does not move: the gateway has left the line


STATES: tuple[State | None, ...] = (None, *State)
VERDICTS: tuple[Decision, ...] = (Decision.REJECT, Decision.ACCEPT, Decision.REVIEW)  # 0 rejects: so does a register that nobody wrote
OUTCOMES: tuple[Outcome | None, ...] = (None, *Outcome)
REASONS: dict[Reason, int] = {  # numbers are never given again
    Reason.NONE: 0,
    Reason.SCORE: 1,
    Reason.REGION: 2,
    Reason.NOT_FINITE: 3,
    Reason.COUNTER_GAP: 4,
    Reason.GRAB_FAILED: 5,
    Reason.FROZEN_FRAME: 6,
    Reason.BLACK_FRAME: 7,
    Reason.SATURATED_FRAME: 8,
    Reason.WRONG_SHAPE: 9,
    Reason.QUEUE_FULL: 10,
    Reason.ENGINE_ERROR: 11,
    Reason.DECISION_ERROR: 12,
    Reason.LATE: 13,
    Reason.NOT_JOURNALED: 14,
    Reason.RESTART: 15,
    Reason.STOPPED: 16,
}
OTHER_REASON = 255  # one that this map has no number for yet


@dataclass(frozen=True, slots=True)
class Image:
    """What the PLC reads, in the order of the registers; names ending in 32 take two."""

    version: int = VERSION
    status: int = 0
    state: int = 0
    heartbeat: int = 0  # of this gateway, while its link thread runs
    line_heartbeats: int = 0
    error: int = 0
    waiting: int = 0
    conditions: int = 0
    armed_after32: int = NONE32
    line_count32: int = NONE32
    acquisition32: int = NONE32
    verdict: int = 0
    outcome: int = 0
    reason: int = 0
    score: int = NONE16
    threshold: int = NONE16
    seq32: int = 0
    epoch32: int = 0
    age_ms32: int = 0
    armed_epoch32: int = 0

    def words(self) -> list[int]:
        """``OUT_SIZE`` registers; the last are 0."""
        words: list[int] = []
        for name in (field.name for field in fields(self)):
            value = int(getattr(self, name))
            words += [value >> 16 & NONE16, value & NONE16] if name.endswith("32") else [value & NONE16]
        return words + [0] * (OUT_SIZE - len(words))


def result_fields(result: VerdictMessage, may_open: bool) -> dict[str, int]:
    """The result's registers; it reads as a reject where it may not open the gate."""
    decision = result.verdict if may_open else Decision.REJECT
    return {
        "acquisition32": result.trigger_count & NONE32,
        "verdict": VERDICTS.index(decision),
        "outcome": OUTCOMES.index(result.outcome),
        "reason": REASONS.get(result.reason, OTHER_REASON),
        "score": scaled(result.score),
        "threshold": scaled(result.threshold),
        "seq32": result.seq & NONE32,
        "epoch32": result.epoch & NONE32,
        "age_ms32": min(max(0, int(result.age_ms)), NONE32),
    }


def scaled(value: float | None) -> int:
    """0..1 as 0..10000; 65535 where there is none."""
    return NONE16 if value is None else round(min(max(value, 0.0), 1.0) * SCALE)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the PLC writes, from its registers ``IN`` on."""

    control: int = 0
    heartbeat: int = 0
    trigger_count: int = NONE32
    fired: int = NONE32
    part_strobe: int = 0
    part_count: int = NONE32
    serial: str = ""
    lot: str = ""
    encoder: int = NONE32

    @classmethod
    def read(cls, words: list[int]) -> Orders:
        """From ``IN_SIZE`` registers."""
        return cls(
            control=words[0],
            heartbeat=words[1],
            trigger_count=_long(words, 2),
            fired=_long(words, 4),
            part_strobe=words[6],
            part_count=_long(words, 8),
            serial=_text(words[10 : 10 + TEXT_WORDS]),
            lot=_text(words[26 : 26 + TEXT_WORDS]),
            encoder=_long(words, 44),
        )


BLANK = [0, 0, NONE16, NONE16, NONE16, NONE16, 0, 0, NONE16, NONE16] + [0] * (IN_SIZE - 12) + [NONE16, NONE16]
"""The PLC's registers before it has written any."""


def known(value: int) -> int | None:
    """A count of 32 bits; None where the PLC does not have it."""
    return None if value == NONE32 else value


def _long(words: list[int], at: int) -> int:
    return words[at] << 16 | words[at + 1]


def _text(words: list[int]) -> str:
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return raw.split(b"\0", 1)[0].decode("latin-1").strip()
