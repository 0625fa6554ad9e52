"""Batches made ahead in a thread of their own. A batch depends on seed and step alone, so a resumed run goes on as if never stopped."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.training.synthesis import KINDS, Sources, recipe

_AHEAD = 3


@dataclass(frozen=True)
class Batch:
    """``images`` uint8 (N, H, W, 3), ``masks`` float32 (N, 1, H/2, W/2) in 0..1."""

    step: int
    images: NDArray[np.uint8]
    masks: NDArray[np.float32]


def make_batch(sources: Sources, size: int, seed: int, step: int) -> Batch:
    """The batch of a step."""
    kinds = recipe(size, bool(sources.seen), sources.kinds, sources.making.simulated)
    samples = [KINDS[kind](sources, np.random.default_rng([seed, step, slot])) for slot, kind in enumerate(kinds)]
    masks = np.stack([halve(mask) for _, mask in samples])[:, np.newaxis]
    return Batch(step, np.stack([image for image, _ in samples]), masks)


def halve(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (H, W) -> (H/2, W/2), each pixel the mean of its four: the network's map has half the image's size."""
    height, width = mask.shape
    return np.asarray(cv2.resize(mask, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32)


class Batches:
    """The batches of steps ``first`` .. in order, from a worker thread; a context manager that ends it."""

    def __init__(self, sources: Sources, size: int, seed: int, first: int) -> None:
        self._size, self._seed = size, seed
        self._workers = [self._worker(sources, first)]

    def __enter__(self) -> Batches:
        self._workers[-1].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join()

    def change(self, sources: Sources, step: int) -> None:
        """Make the batches from ``step`` on from other sources; those made ahead, or just being made, are forgotten."""
        self._workers[-1].stop()
        self._workers.append(self._worker(sources, step))
        self._workers[-1].start()

    def take(self) -> Batch:
        """The next batch. Raises what the worker raised."""
        item = self._workers[-1].ready.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def _worker(self, sources: Sources, first: int) -> _Worker:
        return _Worker(partial(make_batch, sources, self._size, self._seed), first)


class _Worker:
    """A thread that makes the batches of steps ``first`` .. until it is stopped.

    Its queue is its own: what a stopped worker still has in hand reaches nobody, however long that takes to make.
    """

    def __init__(self, make: Callable[[int], Batch], first: int) -> None:
        self.ready: queue.Queue[Batch | BaseException] = queue.Queue(_AHEAD)
        self._make = make
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(first,), name="synthesis", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Make no more; returns at once."""
        self._stop.set()

    def join(self) -> None:
        self._thread.join(timeout=30)

    def _work(self, step: int) -> None:
        try:
            while self._put(self._make(step)):
                step += 1
        except BaseException as error:  # noqa: BLE001 - raised again by take(), in the thread that can act on it
            self._put(error)

    def _put(self, item: Batch | BaseException) -> bool:
        while not self._stop.is_set():
            try:
                self.ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False
