"""Python's garbage collection, kept out of calls that it must not run in."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_was_on = True


@contextmanager
def without_collection() -> Iterator[None]:
    """No collection in any thread, until the last one that is inside leaves.

    TensorRT logs while it holds a lock of its own, and takes that lock again to free a builder or a runtime. A collection that begins in
    its logger, which is Python, and finds an old one there (a traceback that somebody keeps holds frames, and frames hold builders) would
    wait for itself for ever.
    """
    global _inside, _was_on  # noqa: PLW0603 - gc has one switch for the process
    with _lock:
        if _inside == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _was_on:
                gc.enable()
