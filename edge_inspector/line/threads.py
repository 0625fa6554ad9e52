"""Which line a thread belongs to, where one process runs several: a thread that dies is its own line's trouble, and no other's."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator

from edge_inspector.line.events import ThreadDied


class ThreadOwner:
    """The threads of one line. ``tell`` is set before the first of them starts."""

    def __init__(self, starting: threading.Lock) -> None:
        self._starting = starting
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.tell: Callable[[ThreadDied], None] = lambda _event: None

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """What starts meanwhile is this line's; other lines wait with theirs."""
        with self._starting:
            before = set(threading.enumerate())
            try:
                yield
            finally:
                self._threads.update(set(threading.enumerate()) - before)

    def owns(self, thread: threading.Thread | None) -> bool:
        """Whether it was started by this line."""
        return thread is not None and thread in self._threads


class ThreadWatch:
    """Hears of every thread of the process that ends by an exception, and tells its line; where nobody knows whose it was, all of them."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._owners: list[ThreadOwner] = []

    def owner(self) -> ThreadOwner:
        """For one more line."""
        owner = ThreadOwner(self._starting)
        self._owners.append(owner)
        return owner

    def __enter__(self) -> ThreadWatch:
        self._before = threading.excepthook
        threading.excepthook = self._died
        return self

    def __exit__(self, *_exception: object) -> None:
        threading.excepthook = self._before

    def _died(self, args: threading.ExceptHookArgs) -> None:
        self._before(args)
        name = args.thread.name if args.thread is not None else "?"
        event = ThreadDied(name, f"{args.exc_type.__name__}: {args.exc_value}")
        for owner in [owner for owner in self._owners if owner.owns(args.thread)] or self._owners:
            owner.tell(event)
