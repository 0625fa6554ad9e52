"""ONNX Runtime on the CPU: float32, and int8 from the calibrated graph. It runs wherever there is a wheel, aarch64 too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.graph import GraphEngine, Port, check_graph
from edge_inspector.errors import BundleError
from edge_inspector.settings.certificate import Precision

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(float16)": "float16"}
_ERRORS_ONLY = 3


class OnnxRuntimeSession:
    """A graph, any graph, ready to run."""

    def __init__(self, graph: Path, threads: int) -> None:
        """Raises BundleError for a file that is no graph."""
        options = ort.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        # Spinning workers would take the processor from the threads that carry the verdicts.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its error classes share no base but Exception
            raise BundleError(f"{graph}: ONNX Runtime cannot load the graph: {error}") from error
        self.inputs = [_port(p) for p in self._session.get_inputs()]
        self.outputs = [_port(p) for p in self._session.get_outputs()]
        self._names = [port.name for port in self.outputs]

    def run(self, batch: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """The outputs by name for what the one input takes. May raise anything."""
        return dict(zip(self._names, self._session.run(self._names, {self.inputs[0].name: batch}), strict=True))


class OnnxRuntimeEngine(GraphEngine):
    """One inference session."""

    backend = "onnxruntime"
    extra = "onnxruntime"
    version = ort.__version__
    precisions: tuple[Precision, ...] = ("f32", "int8")

    def _open(self, bundle: Bundle, graph: Path, threads: int) -> None:
        self._session = OnnxRuntimeSession(graph, threads)
        check_graph(graph, bundle.manifest, self._session.inputs, self._session.outputs)

    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        return self._session.run(batch)

    def _release(self) -> None:
        del self._session


def _port(port: ort.NodeArg) -> Port:
    shape = tuple(n if isinstance(n, int) else None for n in port.shape)
    return Port(port.name, _DTYPES.get(port.type, port.type), shape)
