"""How fast a bundle runs on this machine, beside its own backbone and other graphs: all of them in one process, in turn.

The clock of a row runs from an array of the graph's input, one image or a batch, to its outputs in memory. Each round runs every row once,
in an order of its own, drawn with a fixed seed, so that whatever else the machine does, and whatever the row before leaves in its caches,
meets them alike. All have the same threads.
What cannot be had by turns, the time from opening to the first answer and the memory that it takes, is measured in a process of its own for
each row (`benchmark_child`), before the rounds.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.engine.sessions import BACKENDS, image_shape, open_session
from edge_inspector.errors import EngineError
from edge_inspector.settings.certificate import Precision

WARM_UP = 5
_CHILD_S = 300.0
Run = Callable[[], object]
Watch = Callable[[str, int, int], None]
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row measures: a graph's file, or (None) the bundle by its engine, on a backend that runs no graphs but a bundle's own.

    ``rival``: the graph is another's, and runs as fast as the backend can, whatever becomes of searches in it.
    """

    name: str
    backend: str
    precision: Precision
    batch: int
    graph: Path | None
    bundle: Path
    size: tuple[int, int]
    threads: int
    rival: bool = False

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.name} on {self.backend} in {self.precision}, batches of {self.batch}"

    def as_json(self) -> str:
        """For `benchmark_child`."""
        return json.dumps({**asdict(self), "graph": self.graph and str(self.graph), "bundle": str(self.bundle)})


@dataclass(frozen=True, slots=True)
class Cold:
    """Milliseconds from opening to the first answer; megabytes by which the peak of resident memory grew, the backend's code included."""

    cold_ms: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds a batch; images a second at the median."""

    name: str
    backend: str
    precision: str
    batch: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float
    cold_ms: float
    rss_mb: float


class Opened:
    """A subject ready to run; ``close`` lets go of it."""

    def __init__(self, subject: Subject) -> None:
        """Raises EngineError, BundleError, FormError."""
        self._close: Callable[[], None] = lambda: None
        self.run: Run = self._graph(subject, subject.graph) if subject.graph else self._engine(subject)

    def _graph(self, subject: Subject, graph: Path) -> Run:
        session = open_session(subject.backend, graph, subject.precision, subject.threads, subject.size, exact_search=not subject.rival)
        batch = _picture(image_shape(graph, session.inputs, subject.size), subject.batch)
        return lambda: session.run(batch)

    def _engine(self, subject: Subject) -> Run:
        from edge_inspector.engine.bundle import load_bundle

        engine = open_engine(load_bundle(subject.bundle), subject.backend, subject.threads, subject.precision)
        self._close = engine.close
        batch = np.asarray(_picture((1, *subject.size, 3), subject.batch), np.uint8)
        return lambda: engine.infer(batch)

    def close(self) -> None:
        """Idempotent."""
        self._close()


def _picture(shape: tuple[int, int, int, int], count: int) -> NDArray[Any]:
    """So many images of noise in the shape of one: what an image shows does not change how long it takes."""
    rng = np.random.default_rng(0)
    if shape[3] == 3:
        return rng.integers(0, 256, (count, *shape[1:]), np.uint8)
    return rng.random((count, *shape[1:]), np.float32)


def measure(subjects: Sequence[Subject], rounds: int, watch: Watch, note: Note) -> tuple[Row, ...]:
    """A row a subject, but for those that cannot be opened or run here: of these ``note`` is told why.

    ``watch`` is told what is done, how much of it, and of how much. Raises EngineError, that of the first, where none can be opened.
    """
    failures: list[EngineError] = []

    @contextmanager
    def dropped(subject: Subject) -> Iterator[None]:
        try:
            yield
        except EngineError as error:
            failures.append(error)
            note(f"left out: {subject.text}: {error}")

    cold: list[tuple[Subject, Cold]] = []
    for number, subject in enumerate(subjects):
        watch("opening each alone", number, len(subjects))
        with dropped(subject):
            cold.append((subject, measure_cold(subject)))
    opened: list[tuple[Subject, Cold, Opened]] = []
    try:
        for subject, alone in cold:
            with dropped(subject):
                opened.append((subject, alone, Opened(subject)))
        if not opened:
            raise failures[0] if failures else EngineError("nothing to measure")
        took = _by_turns([one.run for _, _, one in opened], rounds, watch)
    finally:
        for _, _, one in opened:
            one.close()
    return tuple(_row(subject, times, alone) for (subject, alone, _), times in zip(opened, took, strict=True))


def _by_turns(runs: Sequence[Run], rounds: int, watch: Watch) -> list[list[float]]:
    """Milliseconds of each run, ``rounds`` of them."""
    took: list[list[float]] = [[] for _ in runs]
    rng = np.random.default_rng(0)
    for number in range(-WARM_UP, rounds):
        for which in rng.permutation(len(runs)):
            started = time.perf_counter()
            runs[which]()
            if number >= 0:
                took[which].append((time.perf_counter() - started) * 1e3)
        watch("rounds", max(0, number + 1), rounds)
    return took


def measure_cold(subject: Subject) -> Cold:
    """In a process of its own. Raises EngineError with what it said where it fails, or where it has no end."""
    command = [sys.executable, "-m", "edge_inspector.evaluation.benchmark_child", subject.as_json()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_CHILD_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"opening it and its first answer took longer than {_CHILD_S:g} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EngineError(f"does not run: {last.removeprefix('error: ')}")
    return Cold(**json.loads(done.stdout))


def _row(subject: Subject, times: Sequence[float], alone: Cold) -> Row:
    p50, p95, p99 = (float(np.percentile(times, share)) for share in (50, 95, 99))
    return Row(
        name=subject.name,
        backend=subject.backend,
        precision=subject.precision,
        batch=subject.batch,
        p50_ms=round(p50, 3),
        p95_ms=round(p95, 3),
        p99_ms=round(p99, 3),
        per_second=round(1e3 * subject.batch / p50, 1),
        cold_ms=alone.cold_ms,
        rss_mb=alone.rss_mb,
    )


def host(threads: int) -> dict[str, str | int]:
    """What the figures are of: processor, cores that this process may use, threads a graph, versions."""
    found: dict[str, str | int] = {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
        "python": platform.python_version(),
    }
    return {**found, **dict(_versions())}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _versions() -> Iterator[tuple[str, str]]:
    for name in (*BACKENDS, "tensorrt", "tensorrt-rtx-cu13", "cuda-bindings", "pycuda"):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def precisions_of(bundle: Bundle, backend: str) -> tuple[Precision, ...]:
    """All that backend and processor offer, certificate or not. Raises EngineError where the backend is absent or unknown."""
    from edge_inspector.engine.registry import engine_class

    kind = engine_class(backend)
    offered: Callable[[], tuple[Precision, ...]] | None = getattr(kind, "offered", None)
    if offered is not None:
        return offered()
    with closing(open_engine(bundle, backend)) as engine:
        return (engine.precision,)  # type: ignore[return-value]
