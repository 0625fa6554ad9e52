"""The queue between camera and engine: bounded in frames and in parts, and no part is ever dropped from it in silence."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

from edge_inspector.records import Frame, Inspection, Missed, QueueFull, Reason

ITEMS_MAX = 10_000  # parts without images beyond which they need no engine to be missed: it hangs, and they would wait for ever
FULL = "the engine is slower than the line: the queue was full"


class InspectionQueue:
    """First in, first out. At ``capacity`` waiting frames a new part keeps its place in the order but loses its images (``MISS_NEW``)."""

    policy = QueueFull.MISS_NEW

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._items: deque[Inspection] = deque()
        self._frames = 0
        self._put = self._taken = 0  # parts, ever
        self._closed = False
        self.spoils = 0
        """How often what waited was spoilt."""
        self._why: tuple[Reason, str] | None = None
        self._ready = threading.Condition()

    def put(self, inspection: Inspection) -> Inspection | None:
        """Append, without its images where the queue is full of frames; never blocks.

        Returns the part, without images, where it is not queued, as ``ITEMS_MAX`` parts wait: its outcome is the caller's. Else None.
        """
        with self._ready:
            frames = _frames(inspection)
            fits = frames == 0 or self._frames < self.capacity
            item = inspection if fits else _without_images(inspection, Reason.QUEUE_FULL, FULL)
            if len(self._items) >= ITEMS_MAX and _frames(item) == 0:
                return item
            self._frames += _frames(item)
            self._items.append(item)
            self._put += 1
            self._ready.notify()
            return None

    def get(self, timeout_s: float) -> Inspection | None:
        """The oldest part, or None after ``timeout_s`` or once closed and empty."""
        with self._ready:
            self._ready.wait_for(lambda: self._items or self._closed, timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._taken += 1
            self._frames -= _frames(item)
            return item

    @property
    def frames(self) -> int:
        """The frames that wait."""
        return self._frames

    @property
    def oldest(self) -> Inspection | None:
        """The part that has waited longest."""
        with self._ready:
            return self._items[0] if self._items else None

    def mark(self) -> int:
        """A place in the order: after every part put so far."""
        with self._ready:
            return self._put

    def reached(self, mark: int) -> bool:
        """Whether every part before ``mark`` has been read."""
        with self._ready:
            return self._taken >= mark

    def spoil(self, reason: Reason, detail: str) -> None:
        """What waits now keeps its place, and loses its images: nobody may judge it any more."""
        with self._ready:
            self.spoils, self._why = self.spoils + 1, (reason, detail)
            self._items = deque(_without_images(item, reason, detail) for item in self._items)
            self._frames = 0

    def spoilt_since(self, mark: int) -> tuple[Reason, str] | None:
        """Why what waited was spoilt, where that was after ``mark``, a count of ``spoils``."""
        with self._ready:
            return self._why if self.spoils > mark else None

    def close(self) -> None:
        """Wake the reader; what waits can still be read."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def __len__(self) -> int:
        return len(self._items)


def _frames(inspection: Inspection) -> int:
    return sum(isinstance(view, Frame) for view in inspection.views)


def _without_images(inspection: Inspection, reason: Reason, detail: str) -> Inspection:
    views = tuple(
        Missed(v.part_id, v.camera, v.trigger_count, v.triggered_ns, v.deadline_ns, reason, detail, v.deadline_counts)
        if isinstance(v, Frame)
        else v
        for v in inspection.views
    )
    return replace(inspection, views=views)
