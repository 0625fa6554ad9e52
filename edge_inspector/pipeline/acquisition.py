"""Grabs to parts: every trigger becomes one Frame or one Missed, in order, each count once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from edge_inspector.camera.base import Grab
from edge_inspector.pipeline.counts import LONGEST_GAP, Slip, patience_ns
from edge_inspector.prepare import FrameCheck
from edge_inspector.records import NEVER_NS, Frame, Missed, Reason, View

LOST_NS = 1_000_000_000  # what a part without an image may wait for its outcome behind others, where the window is in counts

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Naming:
    """How parts are named and timed: ``part_id`` is station-epoch-count.

    The window from trigger to gate is ``window_ns`` or, where given, ``window_counts`` of the belt's encoder.
    """

    station: str
    epoch: int
    camera: str
    window_ns: int
    window_counts: int | None = None

    @property
    def patience_ns(self) -> int:
        """How long a part may lack a frame after its trigger."""
        return patience_ns(self.window_ns, self.window_counts)

    def part_id(self, trigger_count: int) -> str:
        """The part's name, unique over restarts because each start has its own epoch."""
        return f"{self.station}-{self.epoch}-{trigger_count}"

    def deadline_ns(self, triggered_ns: int) -> int:
        """When the verdict must have left, by the clock."""
        return NEVER_NS if self.window_counts is not None else triggered_ns + self.window_ns

    def deadline_counts(self, encoder: int | None) -> int | None:
        """The encoder count by which it must have; None where the clock decides."""
        return None if self.window_counts is None or encoder is None else encoder + self.window_counts

    def lost(self, trigger_count: int, triggered_ns: int, reason: Reason, detail: str = "") -> Missed:
        """A part that could not be inspected. Its outcome is due by the clock: nobody may know where the belt was at its trigger."""
        deadline_ns = triggered_ns + (self.window_ns if self.window_counts is None else LOST_NS)
        return Missed(self.part_id(trigger_count), self.camera, trigger_count, triggered_ns, deadline_ns, reason, detail)


class Acquisition:
    """Turns one camera's grabs into parts; used by the camera thread.

    ``last_count`` is the highest trigger count taken; None before the first where nobody has said where the count stands.
    ``armed_ns`` is when the count stood there.
    """

    def __init__(self, naming: Naming, check: FrameCheck, last_count: int | None, armed_ns: int = 0) -> None:
        self._naming = naming
        self._check = check
        self._base = last_count
        self._seen: int | None = None
        self.armed_ns = armed_ns
        self.last_count = last_count

    @property
    def epoch(self) -> int:
        """The epoch of its parts."""
        return self._naming.epoch

    def slip(self, grab: Grab) -> Slip | None:
        """Whether the camera's count contradicts ours: it went back, or leapt. Ask before ``take``, which passes over counts it has had.

        Triggers from before the arming may still come, and a frame may come after its part was given up: those are no contradiction.
        """
        count, last = grab.trigger_count, self.last_count
        before, self._seen = self._seen, count
        back = before is not None and count < before
        anew = self._base is not None and count <= self._base and grab.triggered_ns > self.armed_ns + self._naming.patience_ns
        leap = last is not None and count > last + LONGEST_GAP
        return Slip(last or 0, count, f"camera {self._naming.camera}") if back or anew or leap else None

    def take(self, grab: Grab) -> list[View]:
        """The parts that this grab makes known: those its count has skipped, as missed, then its own. A count seen before makes none."""
        if self.last_count is not None and grab.trigger_count <= self.last_count:
            log.info("trigger %d again or out of order; it is accounted for already", grab.trigger_count)
            return []
        parts: list[View] = list(self.skip_to(grab.trigger_count - 1, grab.triggered_ns, Reason.COUNTER_GAP))
        self.last_count = grab.trigger_count
        parts.append(self._view(grab))
        return parts

    def skip_to(self, count: int, now_ns: int, reason: Reason) -> list[Missed]:
        """Every part up to ``count`` that has not been seen, as missed."""
        if self.last_count is None:
            return []
        lost = [self._naming.lost(n, now_ns, reason, "no frame came for this trigger") for n in range(self.last_count + 1, count + 1)]
        self.last_count = max(self.last_count, count)
        return lost

    def stopped(self, view: View) -> Missed:
        """The same part as missed: it was being grabbed when the line stopped."""
        return self._without_image(view, Reason.STOPPED, "the line stopped while its image was taken")

    def doubtful(self, view: View, theirs: int) -> Missed:
        """The same part as missed: the PLC had counted up to ``theirs`` before this frame's trigger."""
        detail = f"the PLC had counted {theirs} triggers before this frame's was seen as number {view.trigger_count}"
        return self._without_image(view, Reason.COUNTER_GAP, detail)

    def _without_image(self, view: View, reason: Reason, detail: str) -> Missed:
        return view if isinstance(view, Missed) else self._naming.lost(view.trigger_count, view.triggered_ns, reason, detail)

    def _view(self, grab: Grab) -> View:
        naming = self._naming
        if grab.image is None:
            reason = Reason.GRAB_FAILED if grab.reason is Reason.NONE else grab.reason
            return naming.lost(grab.trigger_count, grab.triggered_ns, reason, grab.detail)
        refused = self._check.refuse(grab.image) or self._undated(grab)
        if refused is not None:
            return naming.lost(grab.trigger_count, grab.triggered_ns, *refused)
        return Frame(
            naming.part_id(grab.trigger_count),
            naming.camera,
            grab.trigger_count,
            grab.triggered_ns,
            grab.captured_utc,
            grab.image,
            grab.received_ns,
            naming.deadline_ns(grab.triggered_ns),
            naming.deadline_counts(grab.encoder_counts),
        )

    def _undated(self, grab: Grab) -> tuple[Reason, str] | None:
        """Without the belt's position at its trigger nobody knows when a part is at the gate."""
        if self._naming.window_counts is None or grab.encoder_counts is not None:
            return None
        return Reason.GRAB_FAILED, "the camera gave no encoder count with this trigger, and the recipe's reject window is in counts"
