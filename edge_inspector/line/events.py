"""What the line's other threads tell its main loop, beside the pipeline's events."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edge_inspector.errors import EdgeInspectorError, StateError
from edge_inspector.records import Outcome
from edge_inspector.wire.messages import Arm, Hello

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateJoined:
    """A gate introduced itself."""

    name: str
    hello: Hello


@dataclass(frozen=True, slots=True)
class GateArmed:
    """A gate answered ``arm``."""

    arm: Arm


@dataclass(frozen=True, slots=True)
class GateLeft:
    """A gate said bye, or fell silent."""

    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A gate told its first trigger count."""


@dataclass(frozen=True, slots=True)
class RecipeRequested:
    """The PLC asks for a recipe."""

    name: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Late:
    """A verdict could not leave before its deadline."""

    part_id: str


@dataclass(frozen=True, slots=True)
class InTime:
    """The first verdict after a late one that left in time."""


@dataclass(frozen=True, slots=True)
class PartDone:
    """A part that was inspected, or should have been, has its outcome."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ThreadDied:
    """A thread ended by an exception that it did not expect."""

    name: str
    error: str


PartEvent = Late | InTime | PartDone
"""What parts' verdicts say of the process."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The reject link has met what no part may be inspected with until somebody has looked: the condition of that name."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do on the main loop; the caller waits for its answer."""

    action: Callable[[], Any]
    answer: Future[Any]

    def result(self, timeout_s: float) -> Any:  # noqa: ANN401 - the action's own result
        """Wait for it. Raises what the action raises, StateError if the main loop does not come to it."""
        try:
            return self.answer.result(timeout_s)
        except concurrent.futures.TimeoutError:
            self.answer.cancel()  # so that it is not carried out much later
            raise StateError("the line's main loop does not answer; see its log") from None

    def carry_out(self) -> None:
        """Do it, unless nobody waits for it any more; what it raises is the answer."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.action())
        except EdgeInspectorError as error:
            self.answer.set_exception(error)
        except Exception as error:
            log.exception("a command failed")
            self.answer.set_exception(error)
