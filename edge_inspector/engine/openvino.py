"""OpenVINO on the CPU, in float32, tuned for the latency of one image."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.graph import IMAGE, GraphEngine, Port, check_graph
from edge_inspector.errors import BundleError, EngineError

_TELEMETRY = "openvino_telemetry"


def _import_quietly() -> ModuleType:
    """Import openvino without its telemetry.

    Importing it reports the import to its maker over the network, from a thread of its own, and writes into the home folder; a line does
    neither. While it is imported its telemetry package looks absent, for which it has a stand-in that does nothing.
    """
    present = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        return import_module("openvino")
    finally:
        del sys.modules[_TELEMETRY]
        if present is not None:
            sys.modules[_TELEMETRY] = present


if TYPE_CHECKING:
    import openvino as ov
else:
    ov = _import_quietly()


class OpenVinoEngine(GraphEngine):
    """One graph, compiled for a single image at opening and for any number of images when the first batch comes."""

    backend = "openvino"
    extra = "openvino"

    def _open(self, bundle: Bundle, threads: int) -> None:
        self._core = ov.Core()
        # Pinned threads would wait for their own core while another stands idle: a third slower beside the line's other processes.
        self._options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
        if threads:
            self._options["INFERENCE_NUM_THREADS"] = threads
        try:
            self._model = self._core.read_model(bundle.onnx)
        except RuntimeError as error:
            raise BundleError(f"{bundle.onnx}: OpenVINO cannot read the graph: {error}") from error
        check_graph(bundle.onnx, bundle.manifest, [_port(p) for p in self._model.inputs], [_port(p) for p in self._model.outputs])
        self._requests: dict[bool, ov.InferRequest] = {}
        try:
            self._request(single=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot compile {bundle.onnx}: {error}") from error

    def _request(self, *, single: bool) -> ov.InferRequest:
        """An inference request; the static shape of a single image runs faster than a free one."""
        if single not in self._requests:
            form = self.manifest.input
            model = self._model.clone()
            model.reshape({IMAGE: [1 if single else -1, form.height, form.width, 3]})
            self._requests[single] = self._core.compile_model(model, "CPU", self._options).create_infer_request()
        return self._requests[single]

    def _run(self, batch: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        request = self._request(single=len(batch) == 1)
        request.infer({IMAGE: batch}, share_inputs=True)
        return {port.get_any_name(): request.get_tensor(port).data for port in request.model_outputs}

    def _release(self) -> None:
        self._requests.clear()
        del self._model, self._core


def _port(port: ov.Output) -> Port:
    shape = tuple(d.get_length() if d.is_static else None for d in port.get_partial_shape())
    dtype = np.dtype(port.get_element_type().to_dtype()).name
    names = port.get_names()
    return Port(port.get_any_name() if names else "", dtype, shape)
