"""Times an exported graph: ``python -m tests.benchmarks.rivals.exported GRAPH BACKEND THREADS IMAGES.json``; one JSON object.

Images one at a time, from the decoded image to the graph's outputs: resized by the one resize of the product, made the graph's input
(uint8 (1, H, W, 3), or float (1, 3, H, W) in 0..1), run in float32.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_inspector.images import decode, fit
from edge_inspector.records import Image

WARM_UP = 5
Array = NDArray[np.uint8] | NDArray[np.float32]


def openvino(graph: Path, threads: int) -> tuple[tuple[int, ...], Callable[[Array], object]]:
    """The input's shape, free dimensions as 1, and a function that runs the graph, compiled for one image and least latency."""
    from edge_inspector.engine import openvino as quiet  # imports it without its telemetry

    ov = quiet.ov  # type: ignore[attr-defined]
    core = ov.Core()
    model = core.read_model(graph)
    shape = tuple(d.get_length() if d.is_static else 1 for d in model.inputs[0].get_partial_shape())
    model.reshape(list(shape))
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return shape, lambda array: request.infer({0: array}, share_inputs=True)


def onnxruntime(graph: Path, threads: int) -> tuple[tuple[int, ...], Callable[[Array], object]]:
    """The same by ONNX Runtime."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    shape = tuple(n if isinstance(n, int) else 1 for n in port.shape)
    return shape, lambda array: session.run(None, {port.name: array})


BACKENDS = {"openvino": openvino, "onnxruntime": onnxruntime}


def as_input(image: Image, shape: tuple[int, ...]) -> Array:
    """The image as the graph takes it: by its shape, channels last are bytes, channels first floats."""
    if shape[-1] == 3:
        return fit(image, shape[1], shape[2])[None]
    planes = fit(image, shape[2], shape[3]).transpose(2, 0, 1)[None]
    return np.asarray(np.ascontiguousarray(planes, np.float32) / np.float32(255.0), np.float32)


def measure(graph: Path, backend: str, threads: int, paths: list[Path]) -> dict[str, float]:
    """Median milliseconds an image."""
    shape, infer = BACKENDS[backend](graph, threads)
    took = []
    for path in [paths[0]] * WARM_UP + paths:
        image = decode(path)
        started = time.perf_counter()
        infer(as_input(image, shape))
        took.append((time.perf_counter() - started) * 1e3)
    return {"ms": statistics.median(took[WARM_UP:]), "images": len(paths)}


def main() -> None:
    """Measure, print."""
    graph, backend, threads, listed = sys.argv[1:]
    paths = [Path(p) for p in json.loads(Path(listed).read_text(encoding="utf-8"))["test"]]
    sys.stdout.write(json.dumps(measure(Path(graph), backend, int(threads), paths)) + "\n")


if __name__ == "__main__":
    main()
