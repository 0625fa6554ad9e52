"""Any ONNX graph of one image input on any backend that runs ONNX graphs: what measures graphs side by side needs no bundle around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from edge_inspector.engine.graph import Port
from edge_inspector.errors import EngineError
from edge_inspector.settings.certificate import Precision

BACKENDS = ("openvino", "onnxruntime")


class Session(Protocol):
    """A graph that is ready to run."""

    @property
    def inputs(self) -> Sequence[Port]:
        """As the backend reads the graph."""

    def run(self, batch: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """The outputs by name for a batch (N, ...) of what the one input takes. May raise anything."""


def open_session(
    backend: str, graph: Path, precision: Precision, threads: int, size: tuple[int, int], *, exact_search: bool = True
) -> Session:
    """Load the graph in a file; images of ``size`` (height, width) where it leaves that free. ``precision`` int8 is the graph's own.

    ``exact_search``: a search in it stays float32 in every precision, as a bundle's must; another graph runs as its maker would run it.

    Raises BundleError where it is no graph, EngineError for a backend that is absent or runs no graphs, or an input that is no image.
    """
    if backend == "onnxruntime":
        from edge_inspector.engine.onnxruntime import OnnxRuntimeSession

        session = OnnxRuntimeSession(graph, threads)
        image_shape(graph, session.inputs, size)
        return session
    if backend != "openvino":
        raise EngineError(f"{backend} runs no graphs but a bundle's own; one of {', '.join(BACKENDS)}")
    from edge_inspector.engine.openvino import OpenVinoSession, Options, ports

    return OpenVinoSession(graph, Options(precision, threads, exact_search=exact_search), image_shape(graph, ports(graph)[0], size))


def image_shape(graph: Path, inputs: Sequence[Port], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The shape of one image as the graph takes it: uint8 (1, H, W, 3) or float32 (1, 3, H, W). Raises EngineError for other inputs."""
    if len(inputs) == 1 and len(inputs[0].shape) == 4:
        port = inputs[0]
        _, *dims = port.shape
        if port.dtype == "uint8" and dims[2] == 3:
            return 1, dims[0] or size[0], dims[1] or size[1], 3
        if port.dtype == "float32" and dims[0] == 3:
            return 1, 3, dims[1] or size[0], dims[2] or size[1]
    told = ", ".join(f"{port.name} {port.dtype} {port.shape}" for port in inputs) or "none"
    raise EngineError(f"{graph}: inputs are {told}; one image is expected, uint8 (N, H, W, 3) or float32 (N, 3, H, W)")
