"""From which trigger count the line inspects, and which triggers passed while nobody looked. Used by the main loop."""

from __future__ import annotations

import logging

from edge_inspector.outputs.journal import Journal
from edge_inspector.outputs.recovery import Recovery
from edge_inspector.pipeline.counts import LONGEST_GAP, Slip
from edge_inspector.records import Reason

log = logging.getLogger(__name__)

UNCOUNTED = (
    "no gate tells how many triggers the PLC has counted, and this camera is triggered from outside: no gate can be armed, and no part is "
    "inspected; let the PLC send trigger_count in its hello or heartbeat"
)


def disagreement(slip: Slip) -> str:
    """What has happened, and what to do."""
    return (
        f"the line has counted {slip.ours} triggers, {slip.whose} says {slip.theirs}: a part could be judged as its neighbour; "
        "check trigger wiring, debounce and whether a counter was reset, then start again: a new epoch begins at the PLC's count"
    )


class Counting:
    """The counts of one epoch after the other. ``external`` says that the PLC counts the triggers that our cameras see.

    ``plc`` is what the PLC last said it has counted, ``last`` the highest trigger count that this epoch has dealt with.
    """

    def __init__(self, journal: Journal, recovery: Recovery, external: bool) -> None:
        self._journal = journal
        self._recovery: Recovery | None = recovery
        self._external = external
        self.plc: int | None = None
        self.last: int | None = None

    @property
    def epoch(self) -> int:
        """The present epoch."""
        return self._journal.epoch

    def note(self, taken: int | None) -> None:
        """Parts may have been taken, or given up, up to ``taken`` in this epoch."""
        if taken is not None:
            self.last = max(self.last or 0, taken)

    def meet(self, plc: int) -> bool:
        """A gate has come while no part runs: a count below ours is that of a PLC that begins anew, and of a new epoch (True).

        Raises JournalError.
        """
        self.plc = plc
        anew = self._external and self.last is not None and plc < self.last
        if anew:
            self.begin_epoch()
        return anew

    def begin_epoch(self) -> None:
        """The PLC's count is not the one that we know any more: part ids must not repeat, and its count is the base from now on.

        Where it counts from the beginning again, the parts that it has counted since have passed here unseen. Raises JournalError.
        """
        before, now = self.last, self.plc
        log.info("the PLC's count is %s, ours was %s; a new epoch begins", now, before)
        self._journal.start_epoch()
        self._recovery = None
        self.last = 0 if before is not None and now is not None and now <= before // 2 else None

    def base(self) -> int | None:
        """The count after which parts are inspected: the PLC's, where it counts our triggers, else our own."""
        if not self._external:
            return self.last or 0
        known = [count for count in (self.plc, self.last) if count is not None]
        return max(known) if known else None

    def leap(self, base: int) -> Slip | None:
        """Whether the PLC counts on from so far away that its count must be wrong, or nobody wants those parts reported one by one."""
        before = self._recovery.base if self._recovery is not None else self.last
        if not self._external or before is None or base <= before + LONGEST_GAP:
            return None
        return Slip(before, base)

    def absent(self, base: int) -> tuple[list[int], Reason]:
        """The counts up to ``base`` that passed while nobody looked, which is told once."""
        if not self._external:
            return [], Reason.STOPPED
        recovery, self._recovery = self._recovery, None
        if recovery is not None:
            return recovery.unaccounted(base), Reason.RESTART
        return (list(range(self.last + 1, base + 1)) if self.last is not None else []), Reason.STOPPED
