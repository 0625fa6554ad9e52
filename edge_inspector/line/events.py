"""What the line's other threads tell its main loop, beside the pipeline's events."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edge_inspector.records import Outcome
from edge_inspector.wire.messages import Arm, Hello


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


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do on the main loop; the caller waits for its answer."""

    action: Callable[[], Any]
    answer: Future[Any]
