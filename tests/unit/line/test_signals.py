"""A signal that comes at any moment leaves the main loop turning."""

from __future__ import annotations

import queue
import signal
import threading
import time
from pathlib import Path

from tests.unit.line.bench import bench


def test_a_signal_just_as_the_wait_is_over_does_not_make_it_one_for_ever(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        events = type(b.controller._events)()  # of the kind that the main loop waits on: a SimpleQueue hangs here within a second
    main, over = threading.get_ident(), threading.Event()

    def disturb() -> None:
        while not over.wait(0.0003):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: sum(range(300)))
    rescue = threading.Timer(30.0, events.put, ["it had to be woken"])
    storm = threading.Thread(target=disturb, name="storm")
    rescue.start()
    storm.start()
    woken: list[object] = []
    try:
        until = time.monotonic() + 4.0
        while time.monotonic() < until and not woken:
            try:
                woken.append(events.get(timeout=0.0005))
            except queue.Empty:
                continue
    finally:
        over.set()
        storm.join()
        rescue.cancel()
        rescue.join()
        signal.signal(signal.SIGUSR1, before)
    assert woken == []
