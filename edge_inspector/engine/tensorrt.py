"""TensorRT on an NVIDIA GPU, in the precision that its plan was built in (`plan_build`). It never builds one: that takes minutes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.cuda.base import Cuda
from edge_inspector.engine.cuda.registry import open_cuda
from edge_inspector.engine.graph import GraphEngine
from edge_inspector.engine.plan_session import Outputs, PlanSession
from edge_inspector.engine.plans import BACKEND, PLAN, check_precision, device_name, load_tensorrt, plan_key, require_plan
from edge_inspector.errors import CudaError, EngineError, FormError
from edge_inspector.records import ScoreMap
from edge_inspector.settings.certificate import FormKey, Precision


class TensorRtEngine(GraphEngine):
    """One plan in the device's primary context. ``form_key`` and ``form_sha256`` name the plan, for its certificate.

    After an error of the device everything on it is let go, and made anew at the next call; the parts meanwhile are missed. After a sticky
    one (`CudaError.sticky`) every call says so at once, without touching the device: only a new process can use it again.
    """

    backend = BACKEND
    extra = "gpu"
    precisions: tuple[Precision, ...] = ("f32", "fp16", "int8")
    best_batch = 1  # the plan's largest, once it is loaded

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "auto") -> None:
        """Run the plan of ``bundle`` for this GPU. ``auto`` is f32.

        Raises EngineError for an unknown precision and an absent TensorRT, CudaError (no driver, no GPU, out of memory), FormMissing where
        there is no plan, FormError for one that is damaged or of something else.
        """
        self.precision: Precision = self._chosen(precision)
        self.manifest = bundle.manifest
        self._closed = False
        self._open(bundle, bundle.onnx, threads)

    def _open(self, bundle: Bundle, graph: Path, threads: int) -> None:
        del graph, threads  # the plan holds the graph, and nothing of it runs on the processor
        self._bundle = bundle
        self._cuda: Cuda | None = None
        self._session: PlanSession | None = None
        self._dead: CudaError | None = None
        self._opened: tuple[FormKey, str] | None = None  # the plan that was asked for, by key and hash: no other may take its place
        self._trt = load_tensorrt()
        self.version = self._trt.version
        """TensorRT's, as in the key."""
        try:
            self._begin()
        except BaseException:
            self._let_go()
            raise

    @property
    def session(self) -> PlanSession:
        """What runs, for measurements (under the `cuda` that is active). Raises EngineError after a failure or `close`."""
        if self._session is None:
            raise EngineError(f"{self.backend}: nothing runs now")
        return self._session

    @property
    def cuda(self) -> Cuda:
        """The device's context. Raises EngineError after a failure or `close`."""
        if self._cuda is None:
            raise EngineError(f"{self.backend}: nothing runs now")
        return self._cuda

    def warm_up(self) -> None:
        """As every engine's, then the largest batch once: what that needs of the device is there before the first part."""
        super().warm_up()
        form = self.manifest.input
        self.infer(np.zeros((self.session.most, form.height, form.width, 3), np.uint8))

    def infer(self, images: NDArray[np.uint8]) -> list[ScoreMap]:
        """As every engine's. An error of the device is a CudaError."""
        try:
            return super().infer(images)
        except EngineError as error:
            cause = error.__cause__
            if isinstance(cause, CudaError):
                raise CudaError(str(error), sticky=cause.sticky) from cause
            raise

    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        if self._dead is not None:
            raise CudaError(str(self._dead), sticky=True)  # a new one each time: an error keeps the frames that it has gone through
        try:
            session, cuda = self._running()
            with cuda.active():
                return _run_in_parts(session, batch)
        except CudaError as error:
            if error.sticky:
                self._give_up(error)
            else:
                self._let_go()
            raise

    def _running(self) -> tuple[PlanSession, Cuda]:
        if self._session is None or self._cuda is None:
            self._begin()
        return self.session, self.cuda

    def _begin(self) -> None:
        """From nothing to a plan that runs. Raises CudaError, FormError, BundleError."""
        self._let_go()
        self._cuda = open_cuda()
        device = self._cuda.device
        check_precision(device, self.precision)
        key = plan_key(self._bundle, self._trt, device_name(self._trt, device), self.precision)
        form = require_plan(self._bundle, key)
        found = key, form.record.files[PLAN]
        if self._opened not in (None, found):
            raise FormError(f"{form.folder}: not the plan that was loaded; activate the recipe again, which looks at its certificate")
        self._opened = found
        self.form_key, self.form_sha256 = found
        with self._cuda.active():
            self._session = PlanSession(self._trt, self._cuda, form.path(PLAN), self.manifest)
        self.best_batch = self._session.most

    def _let_go(self) -> None:
        """TensorRT's objects first, then what they live in."""
        session, cuda = self._session, self._cuda
        self._session = self._cuda = None
        if cuda is None:
            return
        if session is not None:
            with contextlib.suppress(CudaError), cuda.active():
                session.close()
        cuda.close()

    def _give_up(self, error: CudaError) -> None:
        """Nothing is freed: the process's hold on the device has died, and calls may hang. ``_session`` stays, or it would be destroyed."""
        self._dead = CudaError(str(error), sticky=True)
        if self._cuda is not None:
            self._cuda.abandon()

    def _release(self) -> None:
        if self._dead is None:
            self._let_go()


def _run_in_parts(session: PlanSession, batch: NDArray[np.uint8]) -> Outputs:
    """A batch larger than the plan's largest runs in parts, each copied before the next overwrites it."""
    if len(batch) <= session.most:
        return session.run(batch)
    parts = []
    for start in range(0, len(batch), session.most):
        outputs = session.run(batch[start : start + session.most])
        parts.append({name: array.copy() for name, array in outputs.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
