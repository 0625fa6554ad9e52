"""Which line a thread belongs to, where one process runs several: a thread that dies is its own line's trouble, and no other's."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator

import cv2

from edge_inspector.line.events import ThreadDied


def keep_opencv_to_one() -> None:
    """OpenCV's calls run on the thread that makes them: waiting for its own pool to wake costs a small image more than the work itself."""
    cv2.setNumThreads(1)


class ThreadOwner:
    """The threads of one line. ``tell`` is set before the first of them starts."""

    def __init__(self) -> None:
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.tell: Callable[[ThreadDied], None] = lambda _event: None

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """What the present thread starts meanwhile is this line's, and so is what those start at any time; lines do not wait for others."""
        current = threading.current_thread()
        if current in self._threads:
            yield
            return
        self._threads.add(current)
        try:
            yield
        finally:
            self._threads.discard(current)

    def add(self, thread: threading.Thread) -> None:
        """It is one of this line's."""
        self._threads.add(thread)

    def owns(self, thread: threading.Thread | None) -> bool:
        """Whether it was started by this line."""
        return thread is not None and thread in self._threads


class ThreadWatch:
    """Hears of every thread of the process that ends by an exception, and tells its line; where nobody knows whose it was, all of them.

    Whose a thread is, is noted when it is started: afterwards Python does not know who started it.
    """

    def __init__(self) -> None:
        self._owners: list[ThreadOwner] = []

    def owner(self) -> ThreadOwner:
        """For one more line."""
        owner = ThreadOwner()
        self._owners.append(owner)
        return owner

    def __enter__(self) -> ThreadWatch:
        self._before, self._start = threading.excepthook, threading.Thread.start
        start = self._start

        def noted_start(thread: threading.Thread) -> None:
            for owner in self._of(threading.current_thread()):
                owner.add(thread)
            start(thread)

        threading.excepthook = self._died
        threading.Thread.start = noted_start  # type: ignore[assignment,method-assign]
        return self

    def __exit__(self, *_exception: object) -> None:
        threading.excepthook = self._before
        threading.Thread.start = self._start  # type: ignore[method-assign]

    def _of(self, thread: threading.Thread | None) -> list[ThreadOwner]:
        return [owner for owner in self._owners if owner.owns(thread)]

    def _died(self, args: threading.ExceptHookArgs) -> None:
        self._before(args)
        name = args.thread.name if args.thread is not None else "?"
        event = ThreadDied(name, f"{args.exc_type.__name__}: {args.exc_value}")
        for owner in self._of(args.thread) or self._owners:
            owner.tell(event)
