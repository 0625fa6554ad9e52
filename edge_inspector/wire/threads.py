"""A thread that owns a socket: started with its error told to the caller, woken from other threads without a lock or a second socket."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from edge_inspector.errors import WireError

STARTED_WITHIN_S = 30.0


class Wake:
    """An eventfd: ``set`` from any thread makes a poll on ``fileno()`` return."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """For a poller."""
        return self._descriptor

    def set(self) -> None:
        """Wake the thread; nothing happens after ``close``."""
        with self._lock:
            if self._descriptor >= 0:
                os.eventfd_write(self._descriptor, 1)

    def clear(self) -> None:
        """Take the wake-up; the thread looks at its work after this."""
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1


class SocketThread:
    """Runs ``body(ready)``, which calls ``ready`` once its socket listens, and ends when ``stopping`` is set (``wake`` tells it so)."""

    def __init__(self, name: str, body: Callable[[Callable[[], None]], None]) -> None:
        self.wake = Wake()
        self.stopping = threading.Event()
        self._body = body
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        """Returns when the socket listens. Raises what kept it from that."""
        self._thread.start()
        if not self._ready.wait(STARTED_WITHIN_S):
            raise WireError(f"{self._thread.name}: its socket does not listen after {STARTED_WITHIN_S:.0f} s")
        if self._error is not None:
            self.stop(STARTED_WITHIN_S)
            raise self._error

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end; whether it did within the time (or never began). Idempotent."""
        self.stopping.set()
        self.wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self.wake.close()
        return True

    def _run(self) -> None:
        try:
            self._body(self._ready.set)
        except BaseException as error:
            if self._ready.is_set():
                raise
            self._error = error
        finally:
            self._ready.set()
