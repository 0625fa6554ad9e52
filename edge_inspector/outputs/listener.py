"""What the reject link tells, and what it asks to know for its heartbeats."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol

from edge_inspector.outputs.base import Sent
from edge_inspector.outputs.ledger import OpenPart
from edge_inspector.records import State
from edge_inspector.wire.messages import Arm, Hello

log = logging.getLogger(__name__)
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """What a heartbeat says of the line; ``conditions`` are the names of what is active."""

    state: State | None = None
    trigger_count: int | None = None
    conditions: tuple[str, ...] = ()


class Listener(Protocol):
    """Told of everything that happens on the link, on the link's thread: no method may block."""

    def sent(self, sent: Sent) -> None:
        """A part has its outcome: journaled, and sent to whoever is connected."""

    def late(self, part: OpenPart) -> None:
        """A part is missed because its verdict could not leave before its deadline; ``sent`` has told its outcome."""

    def gate_joined(self, name: str, hello: Hello) -> None:
        """A gate introduced itself (again, after a silence)."""

    def gate_left(self, name: str) -> None:
        """A gate said bye, was silent for two heartbeats, or cannot be reached."""

    def gate_armed(self, name: str, arm: Arm) -> None:
        """A gate answered the present ``arm``."""

    def gate_count(self, trigger_count: int, acked: int) -> None:
        """A gate told how many triggers the PLC has counted, after it had acknowledged the verdict on count ``acked`` (0: none yet)."""

    def gate_encoder(self, encoder: int) -> None:
        """A gate told where the belt is, in counts of its encoder."""

    def gate_fired(self, trigger_count: int) -> None:
        """A gate moved for this part of the present epoch."""

    def recipe_requested(self, name: str, version: int | None) -> None:
        """A gate asks for a recipe; answer with ``recipe_ready`` or ``recipe_refused``."""

    def fault(self, name: str, message: str | None) -> None:
        """The condition ``name`` stands (again with each new message); None: it is over."""


def tell(method: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a listener; its failure is logged and goes no further."""
    try:
        method(*args, **kwargs)
    except Exception:  # a follower's bug must not keep the next part's verdict from leaving
        log.exception("a listener of the reject link failed")
