"""What Qt owns is freed on Qt's thread: see ui/garbage.py."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.app import Desk
from ui.garbage import Collector

WAIT_MS = 15_000
Freed = list[threading.Thread]


@pytest.fixture
def automatic() -> Iterator[None]:
    """Python collects by itself, as it does in the application; the other tests here keep it from that."""
    was_on = gc.isenabled()
    gc.enable()
    yield
    if not was_on:
        gc.disable()


def thrown_away() -> Freed:
    """A running timer in a cycle that nobody holds; on which thread it is freed is then told there."""
    freed: Freed = []
    gc.collect()
    timer = QTimer()
    timer.start(10)
    weakref.finalize(timer, lambda: freed.append(threading.current_thread()))
    timer.cycle = timer  # type: ignore[attr-defined]
    return freed


def litter() -> list[list[int]]:
    """Another thread makes so much, which stays, that Python would collect."""
    made: list[list[int]] = []
    worker = threading.Thread(target=lambda: made.extend([number] for number in range(100_000)), name="worker")
    worker.start()
    worker.join()
    return made


def test_another_thread_frees_no_timer(qapp: QApplication, qtbot: QtBot, automatic: None) -> None:
    collector = Collector()
    collector.start()
    freed = thrown_away()
    kept = litter()
    assert kept and freed == []
    qtbot.waitUntil(lambda: freed == [threading.main_thread()], timeout=WAIT_MS)
    collector.stop()
    assert gc.isenabled()
    collector.stop()
    assert gc.isenabled()


def test_what_was_off_stays_off(qapp: QApplication, automatic: None) -> None:
    gc.disable()
    collector = Collector()
    collector.start()
    collector.stop()
    assert not gc.isenabled()


def test_the_application_collects_on_its_own_thread(
    qtbot: QtBot, open_desk: Callable[..., Desk], automatic: None, tmp_path: object
) -> None:
    open_desk(f"ipc://{tmp_path}/nobody")
    freed = thrown_away()
    kept = litter()
    assert kept and freed == []
    qtbot.waitUntil(lambda: freed == [threading.main_thread()], timeout=WAIT_MS)
