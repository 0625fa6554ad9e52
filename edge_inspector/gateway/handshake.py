"""Results valid / results ack: one result at a time, in the order they came, each until the PLC has acknowledged it. Pure.

    waiting ──► shown (valid = 1) ──ack = 1──► taken (valid = 0) ──ack = 0──► the next is shown

Each result that is shown turns ``completed`` over. Where more come than ``limit`` may wait, the newest are refused and ``overflow`` stands:
nothing is overwritten, and what was refused is still with the line, which has no ack for it.
"""

from __future__ import annotations

from collections import deque

from edge_inspector.wire.messages import VerdictMessage


class Handshake:
    """The queue of results towards one PLC."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[VerdictMessage] = deque()
        self._ack = False
        self.shown: VerdictMessage | None = None
        """The result that is valid now."""
        self.completed = False
        """Turned over by each result."""
        self.overflow = False
        """A result was refused; stands until ``clear``."""

    @property
    def waiting(self) -> int:
        """Results behind the one that is shown."""
        return len(self._waiting)

    def put(self, result: VerdictMessage) -> None:
        """Take a result; once one was refused, all are until ``clear``, so that none overtakes another."""
        self.overflow = self.overflow or len(self._waiting) >= self._limit
        if not self.overflow:
            self._waiting.append(result)
            self._advance()

    def ack(self, level: bool) -> VerdictMessage | None:
        """The PLC's ack as it stands now; returns the result that this took, if it did."""
        taken = self.shown if level and not self._ack else None
        self._ack = level
        if taken is not None:
            self.shown = None
        self._advance()
        return taken

    def clear(self) -> None:
        """Forget every result; the PLC's ack stands as it is."""
        self._waiting.clear()
        self.shown, self.overflow = None, False

    def _advance(self) -> None:
        if self.shown is None and not self._ack and self._waiting:
            self.shown = self._waiting.popleft()
            self.completed = not self.completed
