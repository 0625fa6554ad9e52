"""House rules for every test: no leaked thread, no leaked socket or file descriptor, no unexpected log warning."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("PYLON_CAMEMU", "2")  # pylon reads it once, when it is loaded: how many emulated cameras there are


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """A test ends with the threads it began with (a thread that is just ending gets ten seconds)."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 10.0
    while leaked := [t for t in threading.enumerate() if t not in before and t.is_alive() and not _pool(t)]:
        if time.monotonic() > deadline:
            pytest.fail(f"leaked threads: {sorted(t.name for t in leaked)}")
        leaked[0].join(0.05)


def _pool(thread: threading.Thread) -> bool:
    """Library-owned pools that live as long as the process."""
    return thread.name.startswith(("ThreadPoolExecutor", "pydevd", "asyncio_", "QueueFeederThread"))


def _sockets() -> set[str]:
    links = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            links.add(target)
    return links


@pytest.fixture(autouse=True)
def no_leaked_sockets() -> Iterator[None]:
    """A test ends with the sockets it began with."""
    before = _sockets()
    yield
    deadline = time.monotonic() + 10.0
    while leaked := _sockets() - before:
        gc.collect()
        if time.monotonic() > deadline:
            pytest.fail(f"leaked sockets: {sorted(leaked)}")
        threading.Event().wait(0.02)


@pytest.fixture
def expected_warnings() -> list[str]:
    """Append the beginning of each log message (warning or worse) that the test provokes on purpose."""
    return []


@pytest.fixture(autouse=True)
def no_unexpected_log_warnings(caplog: pytest.LogCaptureFixture, expected_warnings: list[str]) -> Iterator[None]:
    """A warning or error in the log fails the test unless the test names it in ``expected_warnings``."""
    yield
    records = [r for phase in ("setup", "call", "teardown") for r in caplog.get_records(phase)]
    bad = [
        f"{r.name}: {r.getMessage()}"
        for r in records
        if r.levelno >= logging.WARNING and not any(r.getMessage().startswith(start) for start in expected_warnings)
    ]
    if bad:
        pytest.fail("unexpected log warnings:\n" + "\n".join(bad))


@pytest.fixture(scope="session")
def edge_data() -> Path:
    """The folder of real parts; the test skips, saying so, where it is absent."""
    root = Path(os.environ.get("EDGE_DATA", Path(__file__).parents[1].parent / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"real parts not found at {root}; set EDGE_DATA")
    return root
