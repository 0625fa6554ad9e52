"""ONNX Runtime on the CPU, in float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.graph import IMAGE, GraphEngine, Port, check_graph
from edge_inspector.errors import BundleError

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(float16)": "float16"}
_ERRORS_ONLY = 3


class OnnxRuntimeEngine(GraphEngine):
    """One inference session."""

    backend = "onnxruntime"
    extra = "onnxruntime"

    def _open(self, bundle: Bundle, threads: int) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        # Spinning workers would take the processor from the threads that carry the verdicts.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(str(bundle.onnx), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its error classes share no base but Exception
            raise BundleError(f"{bundle.onnx}: ONNX Runtime cannot load the graph: {error}") from error
        check_graph(
            bundle.onnx, bundle.manifest, [_port(p) for p in self._session.get_inputs()], [_port(p) for p in self._session.get_outputs()]
        )
        self._names = [port.name for port in self._session.get_outputs()]

    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        return dict(zip(self._names, self._session.run(self._names, {IMAGE: batch}), strict=True))

    def _release(self) -> None:
        del self._session


def _port(port: ort.NodeArg) -> Port:
    shape = tuple(n if isinstance(n, int) else None for n in port.shape)
    return Port(port.name, _DTYPES.get(port.type, port.type), shape)
