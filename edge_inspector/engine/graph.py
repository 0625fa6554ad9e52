"""What every engine that runs a bundle's graph shares: the form it holds the graph to, the checks of a batch, warm-up and closing."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import MODEL, Bundle
from edge_inspector.engine.calibrated import calibrated
from edge_inspector.engine.forms import key_of
from edge_inspector.engine.processor import processor
from edge_inspector.errors import BundleError, EngineError
from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import FormKey, Precision
from edge_inspector.settings.manifest import InputForm, Manifest

Shape = tuple[int | None, ...]
IMAGE, MAP, SCORE, PROTOTYPES = "image", "anomaly_map", "image_score", "prototypes"
_STEADY = 0.1  # warm-up ends when three runs in a row lie this close together
_MOST_RUNS, _MOST_S = 30, 5.0


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a graph as its backend reads it: a numpy dtype name and a shape, None where a dimension is free."""

    name: str
    dtype: str
    shape: Shape


def check_graph(where: Path, manifest: Manifest, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
    """Hold a graph against its manifest. Raises BundleError naming the file, the port, and what was expected."""
    form, out = manifest.input, manifest.output
    if [port.name for port in inputs] != [IMAGE]:
        raise BundleError(f"{where}: inputs are {[p.name for p in inputs]}; exactly one, '{IMAGE}', is expected")
    _check_port(where, inputs[0], "uint8", (None, form.height, form.width, 3), exact=True)
    found = {port.name: port for port in outputs}
    for name, shape in ((MAP, (None, out.height, out.width)), (SCORE, (None,))):
        if name not in found:
            raise BundleError(f"{where}: no output '{name}'; the graph has {sorted(found)}")
        _check_port(where, found[name], "float32", shape, exact=False)
    if PROTOTYPES in found:
        _check_port(where, found[PROTOTYPES], "int64", (None, None), exact=False)


def _check_port(where: Path, port: Port, dtype: str, shape: Shape, *, exact: bool) -> None:
    """``exact``: free dimensions must be free; else the backend may know less, or (a batch) more, than the manifest."""
    same = len(port.shape) == len(shape) and all(
        found == wanted or (not exact and None in (found, wanted)) for found, wanted in zip(port.shape, shape, strict=True)
    )
    if port.dtype != dtype or not same:
        raise BundleError(f"{where}: '{port.name}' is {port.dtype} {_text(port.shape)}; the manifest says {dtype} {_text(shape)}")


def _text(shape: Shape) -> str:
    return "(" + ", ".join("N" if n is None else str(n) for n in shape) + ")"


def check_batch(images: NDArray[np.uint8], form: InputForm) -> NDArray[np.uint8]:
    """The batch, C-contiguous and writable, copied where it is not: backends refuse memory that may only be read.

    Raises EngineError unless it is uint8 (N, H, W, 3) with N at least 1 and the manifest's H and W.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images) or images.shape[1:] != (form.height, form.width, 3):
        raise EngineError(f"batch is {images.dtype} {images.shape}; the bundle takes uint8 (N, {form.height}, {form.width}, 3)")
    return np.require(images, requirements=["C", "W"])


class GraphEngine(ABC):
    """An engine over one ONNX graph. A backend adds how to open, run and release it."""

    backend: str
    extra: str  # of setup.cfg, that installs the backend
    version: str  # of the backend: another version's maps are other maps
    form_sha256: str  # of the int8 graph; empty where the bundle's own is compiled at every start
    precisions: tuple[Precision, ...] = ("f32",)

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "auto") -> None:
        """Load ``bundle``; ``threads`` 0 leaves the number to the backend.

        Raises BundleError, EngineError for a precision that backend or processor lacks, FormError where int8 was not built, or is damaged.
        """
        self.precision: Precision = self._chosen(precision)
        self.manifest = bundle.manifest
        self.form_key: FormKey = key_of(bundle, self.backend, self.version, self.device(self.precision), self.precision)
        self._closed = False
        form = calibrated(bundle, self.backend) if self.precision == "int8" else None
        self.form_sha256 = form.record.files[MODEL] if form else ""
        self._open(bundle, form.path(MODEL) if form else bundle.onnx, threads)

    def _chosen(self, precision: str) -> Precision:
        offered = self.offered()
        if precision == "auto":
            return offered[0]
        found = next((known for known in offered if known == precision), None)
        if found is None:
            why = " by this processor" if precision in self.precisions else ""
            raise EngineError(f"{self.backend}: precision {precision} is not offered{why}; choose auto or one of {', '.join(offered)}")
        return found

    @classmethod
    def offered(cls) -> tuple[Precision, ...]:
        """Those of ``precisions`` that this machine's processor has; float32 first."""
        return cls.precisions

    @classmethod
    def device(cls, precision: Precision) -> str:
        """What the form is compiled for, as its key names it: this processor, and whatever else the backend chooses by at ``precision``."""
        del precision
        return processor()

    @abstractmethod
    def _open(self, bundle: Bundle, graph: Path, threads: int) -> None:
        """Load the graph in this file, the bundle's own or its int8 form, and `check_graph` it."""

    @abstractmethod
    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        """The outputs by name; the arrays may be the backend's own memory. May raise anything."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of the backend. Called once."""

    def warm_up(self) -> None:
        """Run single images until three runs in a row take the same time (within a tenth), at most 30 runs or 5 s. Raises EngineError."""
        form = self.manifest.input
        blank = np.full((1, form.height, form.width, 3), 128, np.uint8)
        took: list[float] = []
        end = time.monotonic() + _MOST_S
        while len(took) < _MOST_RUNS and time.monotonic() < end and not _steady(took):
            started = time.monotonic()
            self.infer(blank)
            took.append(time.monotonic() - started)

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """Maps of a batch, in its order: uint8 (N, H, W, 3) RGB at the manifest's H and W. Values are passed on as computed, NaN too.

        Raises EngineError for any other shape, after `close`, or when the backend fails.
        """
        if self._closed:
            raise EngineError(f"{self.backend}: the engine of bundle {self.manifest.id} is closed")
        batch = check_batch(images, self.manifest.input)
        try:
            outputs = self._run(batch)
        except Exception as error:  # backends throw what they like; callers know EngineError
            raise EngineError(f"{self.backend}: inference of bundle {self.manifest.id} failed: {error}") from error
        return self._score_maps(outputs, len(batch))

    def close(self) -> None:
        """Release the backend. Idempotent."""
        if not self._closed:
            self._closed = True
            self._release()

    def _score_maps(self, outputs: Mapping[str, NDArray[Any]], n: int) -> list[ScoreMap]:
        maps = np.array(outputs[MAP], np.float32)  # a copy: the backend reuses its memory
        expected = (n, self.manifest.output.height, self.manifest.output.width)
        if maps.shape != expected:
            raise EngineError(f"{self.backend}: '{MAP}' came out as {maps.shape}; the manifest says {expected}")
        scores = np.array(outputs[SCORE], np.float64).reshape(n)
        chosen = np.asarray(outputs.get(PROTOTYPES, np.empty((n, 0), np.int64))).reshape(n, -1)
        return [ScoreMap(maps[i], float(scores[i]), tuple(int(k) for k in chosen[i])) for i in range(n)]


def _steady(took: Sequence[float]) -> bool:
    last = took[-3:]
    return len(last) == 3 and max(last) <= (1.0 + _STEADY) * min(last) and math.isfinite(last[0])
