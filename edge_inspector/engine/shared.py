"""One engine for several stations of a process: loaded once, run by one thread, in the order in which the stations ask.

    station A's engine thread ─► infer ─┐
                                        ├─► one queue ─► the engine's own thread ─► the backend
    station B's engine thread ─► infer ─┘

Requests are not put together into batches: on the processors measured that takes as long as one after the other (docs/decisions/0010).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.base import Engine, best_batch
from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.errors import EngineError
from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import FormKey
from edge_inspector.settings.manifest import Manifest

EngineOpener = Callable[[Bundle, str, int, str], Engine]
Key = tuple[str, str, int, str, str]  # folder, backend, threads, precision, the manifest's content
T = TypeVar("T")


class SharedEngines:
    """The engines of one process; any thread may open and close them."""

    def __init__(self, opener: EngineOpener = open_engine) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._open: dict[Key, _Entry] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, bundle: Bundle, backend: str, threads: int, precision: str) -> Engine:
        """The engine of that bundle, backend, number of threads and precision: the one that runs already, or a new one.

        Raises what ``open_engine`` raises, to everybody who waits for that engine. It runs until everybody who opened it has closed it.
        While one is being loaded, which may take minutes, others open and close.
        """
        key = (str(bundle.folder.resolve()), backend, threads, precision, bundle.manifest.model_dump_json())
        with self._lock:
            entry = self._open.get(key)
            first = entry is None
            if entry is None:
                entry = self._open[key] = _Entry()
            entry.users += 1
        if first:
            self._load(key, entry, partial(self._new, bundle, backend, threads, precision))
        return SharedEngine(entry.loaded.result(), partial(self._close, key))

    def _load(self, key: Key, entry: _Entry, load: Callable[[], _Shared]) -> None:
        try:
            entry.loaded.set_result(load())
        except BaseException as error:  # noqa: BLE001 - told by the result, to us as well
            with self._lock:
                del self._open[key]
            entry.loaded.set_exception(error)

    def _new(self, bundle: Bundle, backend: str, threads: int, precision: str) -> _Shared:
        worker = _Worker(f"engine-{bundle.manifest.id}")
        try:
            return _Shared(worker.do(partial(self._opener, bundle, backend, threads, precision)), worker)
        except BaseException:
            worker.end()
            raise

    def _close(self, key: Key) -> None:
        with self._lock:
            entry = self._open[key]
            entry.users -= 1
            if entry.users:
                return
            del self._open[key]
        shared = entry.loaded.result()
        try:
            shared.worker.do(shared.engine.close)
        finally:
            shared.worker.end()


class _Entry:
    """An engine that is loaded, or on its way, and how many stations use it or wait for it."""

    def __init__(self) -> None:
        self.loaded: Future[_Shared] = Future()
        self.users = 0


class SharedEngine:
    """One station's hold on an engine."""

    def __init__(self, shared: _Shared, close: Callable[[], None]) -> None:
        self._shared = shared
        self._close = close
        self._closed = False

    @property
    def backend(self) -> str:
        """The registry's name of the backend that runs."""
        return self._shared.engine.backend

    @property
    def precision(self) -> str:
        """f32, fp16, bf16 or int8."""
        return self._shared.engine.precision

    @property
    def manifest(self) -> Manifest:
        """The bundle's manifest."""
        return self._shared.engine.manifest

    @property
    def form_key(self) -> FormKey:
        """The engine's."""
        return self._shared.engine.form_key

    @property
    def form_sha256(self) -> str:
        """The engine's."""
        return self._shared.engine.form_sha256

    @property
    def best_batch(self) -> int:
        """As the engine's."""
        return best_batch(self._shared.engine)

    def warm_up(self) -> None:
        """Run until timings are steady, unless another station's call has. Raises EngineError."""
        self._shared.worker.do(self._shared.warm_up)

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """Maps of a batch, after what other stations have asked before. Raises EngineError."""
        if self._closed:
            raise EngineError(f"{self.backend}: the engine is closed")
        return self._shared.worker.do(partial(self._shared.infer, images))

    def close(self) -> None:
        """Let go; the last one closes the engine. Idempotent."""
        if not self._closed:
            self._closed = True
            self._close()


class _Shared:
    """An engine, and the thread that runs it."""

    def __init__(self, engine: Engine, worker: _Worker) -> None:
        self.engine = engine
        self.worker = worker
        self._warm = False

    def warm_up(self) -> None:
        if not self._warm:
            self.engine.warm_up()
            self._warm = True

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """As the engine does; one that has failed is not warm for whoever comes to it next."""
        try:
            return self.engine.infer(images)
        except EngineError:
            self._warm = False
            raise


class _Task(Generic[T]):
    def __init__(self, action: Callable[[], T]) -> None:
        self._action = action
        self.answer: Future[T] = Future()

    def run(self) -> None:
        try:
            self.answer.set_result(self._action())
        except BaseException as error:  # noqa: BLE001 - it is the asker's, who waits for it
            self.answer.set_exception(error)


class _Worker:
    """A thread that does one thing after the other."""

    def __init__(self, name: str) -> None:
        self._tasks: queue.SimpleQueue[_Task[object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def do(self, action: Callable[[], T]) -> T:
        """Do it after what was asked before; its result. Raises what it raises."""
        task = _Task(action)
        self._tasks.put(task)  # type: ignore[arg-type]
        return task.answer.result()

    def end(self) -> None:
        self._tasks.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task.run()
