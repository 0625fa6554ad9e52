"""Python's garbage collection, kept out of calls that it must not run in."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Switch:
    """gc's own, which the process has once, for several who want it off at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._was_on = True

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._was_on:
                gc.enable()


_switch = _Switch()


@contextmanager
def without_collection() -> Iterator[None]:
    """No collection in any thread, until the last one that is inside leaves.

    TensorRT logs while it holds a lock of its own, and takes that lock again to free a builder or a runtime. A collection that begins in
    its logger, which is Python, and finds an old one there (a traceback that somebody keeps holds frames, and frames hold builders) would
    wait for itself for ever.
    """
    _switch.enter()
    try:
        yield
    finally:
        _switch.leave()
