"""The views of one part, from several cameras, to one Inspection.

    camera 1 ─► view ─┐
    camera 2 ─► view ─┼─► all there: the part is complete; a view is missed: so is the part, at once
    camera n ─► view ─┘   one does not come: the part is missed after half its reject window

The cameras of a station see the same trigger, so the views of one part were triggered at one moment. Views of one count that were
triggered further apart than ``lag_ns`` are of different parts: a camera has lost a trigger, or has seen one too many. Such a part is
missed; two in a row are a slip, which stops the line.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge_inspector.pipeline.counts import Slip, patience_ns
from edge_inspector.records import Frame, Inspection, Missed, Reason, View
from edge_inspector.service import Clock

REMEMBERED = 64  # parts given up, whose late views still tell whether a camera counts otherwise


class Expecting(Protocol):
    """Who is told of each part as soon as its first view is there."""

    def expect(
        self,
        part_id: str,
        trigger_count: int,
        triggered_ns: int,
        triggered_utc: datetime,
        deadline_ns: int,
        deadline_counts: int | None = None,
        epoch: int | None = None,
    ) -> bool:
        """A part was triggered, in ``epoch``: from now on it is owed a verdict. False where it is accounted for already."""


@dataclass(slots=True)
class _Waiting:
    """A part of which some views are there, all of them frames."""

    first: Frame
    views: dict[str, View] = field(default_factory=dict)

    @property
    def give_up_ns(self) -> int:
        first = self.first
        return first.triggered_ns + patience_ns(first.deadline_ns - first.triggered_ns, first.deadline_counts)


class Join:
    """Puts parts together; camera threads call ``take`` and ``tend``.

    At most ``capacity`` parts wait for views: one more gives up the oldest.
    """

    def __init__(
        self,
        cameras: tuple[str, ...],
        link: Expecting,
        put: Callable[[Inspection], object],
        slipped: Callable[[Slip], None],
        clock: Clock,
        capacity: int,
        lag_ns: int,
    ) -> None:
        self._cameras = cameras
        self._link = link
        self._put = put
        self._slipped = slipped
        self._clock = clock
        self._capacity = capacity
        self._lag_ns = lag_ns
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._given_up: OrderedDict[str, int] = OrderedDict()  # part -> when its first view was triggered
        self._apart = 0  # parts in a row whose views were triggered apart

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, view: View, triggered_utc: datetime, epoch: int | None = None) -> None:
        """One camera's view of a part of ``epoch``. A view of a part that has gone on without it changes nothing."""
        slip = None
        with self._lock:
            self._expire()
            waiting = self._waiting.get(view.part_id)
            if waiting is not None:
                waiting.views[view.camera] = view
                slip = self._complete(waiting, view)
            elif self._expected(view, triggered_utc, epoch):
                self._begin(view)
            elif view.part_id in self._given_up and isinstance(view, Frame):
                slip = self._judge_spread(view, view.triggered_ns - self._given_up[view.part_id])
        if slip is not None:
            self._slipped(slip)

    def tend(self) -> None:
        """Give up the parts that have waited long enough; called now and then."""
        with self._lock:
            self._expire()

    def flush(self) -> None:
        """The line stops: what is not complete will not be."""
        with self._lock:
            while self._waiting:
                self._give_up(Reason.STOPPED, "the line stopped while its images were taken")
            self._given_up.clear()
            self._apart = 0

    def _expected(self, view: View, triggered_utc: datetime, epoch: int | None) -> bool:
        counts = view.deadline_counts
        return self._link.expect(view.part_id, view.trigger_count, view.triggered_ns, triggered_utc, view.deadline_ns, counts, epoch)

    def _begin(self, view: View) -> None:
        if isinstance(view, Missed) or len(self._cameras) == 1:
            self._put(Inspection(view.part_id, view.trigger_count, (view,)))
            return
        self._waiting[view.part_id] = _Waiting(view, {view.camera: view})
        if len(self._waiting) > self._capacity:
            self._give_up(Reason.QUEUE_FULL, f"more than {self._capacity} parts wait for")

    def _complete(self, waiting: _Waiting, view: View) -> Slip | None:
        if isinstance(view, Frame) and len(waiting.views) < len(self._cameras):
            return None
        del self._waiting[view.part_id]
        slip = None
        if isinstance(view, Frame):
            moments = [seen.triggered_ns for seen in waiting.views.values()]
            spread = max(moments) - min(moments)
            slip = self._judge_spread(view, spread)
            if spread > self._lag_ns:
                detail = f"its views were triggered {spread / 1e6:.0f} ms apart: they are of different parts"
                waiting.views["join"] = _missing(waiting.first, view.camera, Reason.COUNTER_GAP, detail)
        self._emit(waiting)
        return slip

    def _judge_spread(self, view: View, spread_ns: int) -> Slip | None:
        self._apart = self._apart + 1 if abs(spread_ns) > self._lag_ns else 0
        whose = f"camera {view.camera}, by the time of its triggers,"
        return Slip(view.trigger_count, view.trigger_count + 1, whose) if self._apart > 1 else None

    def _expire(self) -> None:
        now = self._clock.monotonic_ns()
        while self._waiting and next(iter(self._waiting.values())).give_up_ns <= now:
            self._give_up(Reason.COUNTER_GAP, "no view in time from")

    def _give_up(self, reason: Reason, why: str) -> None:
        """The part that has waited longest goes on without the views that it lacks."""
        part_id, waiting = self._waiting.popitem(last=False)
        absent = [camera for camera in self._cameras if camera not in waiting.views]
        detail = why if reason is Reason.STOPPED else f"{why} camera {', '.join(absent)}"
        for camera in absent:
            waiting.views[camera] = _missing(waiting.first, camera, reason, detail)
        self._given_up[part_id] = waiting.first.triggered_ns
        if len(self._given_up) > REMEMBERED:
            self._given_up.popitem(last=False)
        self._emit(waiting)

    def _emit(self, waiting: _Waiting) -> None:
        order = {camera: place for place, camera in enumerate(self._cameras)}
        named = sorted(waiting.views.items(), key=lambda item: order.get(item[0], len(order)))
        self._put(Inspection(waiting.first.part_id, waiting.first.trigger_count, tuple(view for _, view in named)))


def _missing(seen: Frame, camera: str, reason: Reason, detail: str) -> Missed:
    return Missed(seen.part_id, camera, seen.trigger_count, seen.triggered_ns, seen.deadline_ns, reason, detail, seen.deadline_counts)
