"""What every output is given, and the protocol of those that follow the reject link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_inspector.records import Judgement, Severity
from edge_inspector.wire.messages import VerdictMessage


@dataclass(frozen=True, slots=True)
class Sent:
    """One part's outcome as it left the line: journaled and numbered. Times in ns.

    ``message.seq`` is 0 where the disk has taken no record for so long that the part, missed (not_journaled), gets its number later.

    ``latency_ns`` is trigger to sent; ``overhead_ns`` is sent minus frame in host memory minus engine time
    (0 where no frame was inspected). ``serial`` and ``lot`` are the PLC's, where it told them in time.
    """

    message: VerdictMessage
    judgement: Judgement
    latency_ns: int
    overhead_ns: int
    serial: str = ""
    lot: str = ""


class Output(Protocol):
    """A follower of the reject link. ``put`` is called on the link's thread: it must neither block nor raise."""

    @property
    def name(self) -> str:
        """For logs, thread names and conditions."""

    def start(self) -> None:
        """Open files and start threads. Raises StoreError or WireError naming what cannot be used."""

    def put(self, sent: Sent) -> None:
        """Take one part; drop it (counted) rather than wait."""

    def stop(self, timeout_s: float) -> None:
        """Drain and join within the time. Idempotent."""


class ConditionSink(Protocol):
    """Where outputs say what is wrong and when it is over. Called on any thread: must neither block nor raise."""

    def raise_condition(self, name: str, severity: Severity, message: str) -> None:
        """``name`` stands from now on, or its message changed."""

    def clear_condition(self, name: str) -> None:
        """``name`` is over; nothing to do where it did not stand."""
