"""What the gateways' servers share: a thread with an event loop, the addresses they listen at, and the packages they need."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from edge_inspector.errors import SettingsError, WireError
from edge_inspector.wire.keys import is_loopback

log = logging.getLogger(__name__)

START_S = 30.0
STOP_S = 10.0
Body = Callable[[Callable[[], None], asyncio.Event], Coroutine[Any, Any, None]]


class RateLimit(logging.Filter):
    """Lets ``LINES`` records of a package through in ``WINDOW_S``: whoever sends garbage to its server must not fill the log."""

    LINES = 5
    WINDOW_S = 10.0

    def __init__(self, package: str) -> None:
        super().__init__()
        self._package = package
        self._began, self._passed = 0.0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told."""
        if not record.name.startswith(self._package):
            return True
        if record.created - self._began > self.WINDOW_S:
            self._began, self._passed = record.created, 0
        self._passed += 1
        return self._passed <= self.LINES


class ServerThread:
    """Runs ``body(ready, end)`` on an event loop of its own: it calls ``ready`` once it listens, and returns when ``end`` is set.

    Meanwhile the log takes a few lines of ``package`` a time.
    """

    def __init__(self, name: str, package: str, body: Body) -> None:
        self._limit = RateLimit(package)
        self._body = body
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._handlers: list[logging.Handler] = []
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> ServerThread:
        """Start; returns when it listens. Raises what kept it from that."""
        self._handlers = list(logging.getLogger().handlers)
        for handler in self._handlers:
            handler.addFilter(self._limit)
        self._thread.start()
        if not self._ready.wait(START_S):
            raise WireError(f"{self._thread.name}: its server does not listen after {START_S:.0f} s")
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(STOP_S)
        for handler in self._handlers:
            handler.removeFilter(self._limit)
        if self._thread.is_alive():
            log.error("thread %s did not end within %.0f s", self._thread.name, STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            if self._ready.is_set():
                raise
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        await self._body(self._ready.set, self._end)


def local_address(listen: str, insecure: bool = False) -> tuple[str, int]:
    """``HOST:PORT`` as its two parts. Raises SettingsError for anything else, WireError where other hosts could come in unasked."""
    address = split_address(listen)
    if not insecure and not is_loopback(f"tcp://{listen}"):
        raise WireError(f"--listen {listen} can be reached by anybody on that network: use a network of the PLC's own, and say --insecure")
    return address


def split_address(listen: str) -> tuple[str, int]:
    """``HOST:PORT`` as its two parts. Raises SettingsError for anything else."""
    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise SettingsError(f"--listen {listen}: expected HOST:PORT, as in 127.0.0.1:5020")
    return host, int(port)


def installed(package: str) -> None:
    """Raises WireError naming the extra where ``package`` is not installed."""
    if importlib.util.find_spec(package) is None:
        raise WireError(f"{package} is not installed; gateways need the extra: pip install 'edge-inspector[plc]'")
