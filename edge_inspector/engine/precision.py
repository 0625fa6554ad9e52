"""Graphs of lower precision, made from a bundle's float32 graph: what is compiled from them decides alike, or its certificate says not.

    fp16_graph   casts; for TensorRT
    int8_graph   Q/DQ nodes around the convolutions that bear it, calibrated on images; for OpenVINO, ONNX Runtime and TensorRT alike

In both the prototype search stays in float32, and so does everything after the last product: the map and its score. What else stays float
in int8 was found by quantising groups of layers one by one (docs/decisions/0015); it is told by structure here, never by names.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_inspector.engine.bundle import Bundle
from edge_inspector.engine.float16 import to_float16
from edge_inspector.engine.graph import IMAGE, MAP, SCORE
from edge_inspector.engine.onnx_graph import fold_weights, needed, ops_of, read_graph
from edge_inspector.engine.search import Op, Walk, find_search
from edge_inspector.errors import EngineError, FormError
from edge_inspector.geometry import on_canvas

if TYPE_CHECKING:
    import onnx

LEAST_IMAGES, MOST_IMAGES = 8, 300  # of a calibration; more than that moves no range
_T = TypeVar("_T")
_FIRST, _LAST = 3, 3  # so many products one after the other, from the image on and before the map, stay float


class Listener(Protocol):
    """Who watches something long; see ``cli.progress.Progress``."""

    def stage(self, title: str, total: int) -> None:
        """Begin a stage of ``total`` steps."""

    def advance(self, done: int, total: int, text: str) -> None:
        """So far of it; ``text`` says what is done now."""


def fp16_graph(onnx: Path) -> bytes:
    """The graph in the file ``onnx`` with its layers in float16, serialised. Raises BundleError where it is no graph, EngineError."""
    data: bytes = to_float16(read_graph(onnx)).SerializeToString()
    return data


def int8_graph(bundle: Bundle, images: Iterable[NDArray[np.uint8]], progress: Listener) -> bytes:
    """The bundle's graph with Q/DQ nodes, serialised: int8, symmetric, zero point 0; weights by channel, activations by tensor.

    ``images`` are uint8 (H, W, 3) RGB or (H, W, 1) grey of any size: normal parts, `LEAST_IMAGES` at least; of more than `MOST_IMAGES` as
    many are taken, evenly spread. The same images give the same graph. Raises FormError for too few, BundleError for a graph that cannot be
    read, EngineError where nncf is not installed or fails.
    """
    batches = _batches(bundle, images)
    nncf = quiet_nncf()
    model = fold_weights(read_graph(bundle.onnx))
    chosen = quantised(model)
    if not chosen:
        raise FormError(f"{bundle.onnx}: has no convolution that could be quantised; run the bundle in f32")
    try:
        lowered = _quantise(nncf, model, batches, chosen, progress)
    except Exception as error:  # nncf raises what it and its backends like
        raise EngineError(f"{bundle.onnx}: NNCF {nncf.__version__} cannot quantise the graph: {error}") from error
    all_signed(lowered)
    data: bytes = lowered.SerializeToString()
    return data


def quantised(model: onnx.ModelProto) -> frozenset[str]:
    """Names of the convolutions that are quantised: all but those of the search, those that take its residuals, the first and the last."""
    ops = ops_of(model)
    walk = Walk(ops)
    search = find_search(ops)
    float32 = set(search.nodes) | _takers(walk, search.nodes) | _first(walk) | _last(walk)
    return frozenset(node.name for node in model.graph.node if node.op_type == "Conv" and node.name not in float32)


def _takers(walk: Walk, nodes: Iterable[str]) -> set[str]:
    """The products that take what ``nodes`` give."""
    inside = set(nodes)
    given = {tensor for op in walk.ops if op.name in inside for tensor in op.outputs}
    return {op.name for op in walk.ops if op.kind == "product" and given.intersection(op.inputs)}


def _first(walk: Walk) -> set[str]:
    """The first products on the way from the image, and those that take their results.

    A signed int8 has seven bits for the image's eight; and no other layer costs as much as the depthwise one that follows.
    """
    found: set[str] = set()
    ahead = [IMAGE]
    for _ in range(_FIRST):
        reached = walk.onward(ahead)
        given = {*ahead, *(tensor for op in reached.values() for tensor in op.outputs)}
        next_ = {op.name for op in walk.ops if op.kind == "product" and op.name not in found and given.intersection(op.inputs)}
        found |= next_
        ahead = [tensor for op in walk.ops if op.name in next_ for tensor in op.outputs]
    return found


def _last(walk: Walk) -> set[str]:
    """The last products before the map."""
    found: set[str] = set()
    ahead: list[str] = [MAP, SCORE]
    for _ in range(_LAST):
        found |= {op.name for op in _products_behind(walk, ahead)}
        ahead = [tensor for op in walk.ops if op.name in found for tensor in op.inputs]
    return found


def _products_behind(walk: Walk, tensors: Iterable[str]) -> Iterator[Op]:
    between = walk.back(tensors, lambda _, op: op.kind != "product")
    given = [*tensors, *(tensor for op in between.values() for tensor in op.inputs)]
    for tensor in given:
        op = walk.giver.get(tensor)
        if op is not None and op.kind == "product":
            yield op


def _batches(bundle: Bundle, images: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The images as the graph takes them, uint8 (1, H, W, 3) each."""
    found = [on_canvas(image, bundle.manifest.input)[np.newaxis] for image in images]
    if len(found) < LEAST_IMAGES:
        raise FormError(f"{len(found)} images to calibrate {bundle.manifest.id} on; at least {LEAST_IMAGES} of normal parts are needed")
    return evenly(found, MOST_IMAGES)


def evenly(items: Sequence[_T], most: int) -> list[_T]:
    """At most ``most`` of them, in their order, spread over all."""
    picked = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[number] for number in picked]


def quiet_nncf() -> ModuleType:
    """nncf without its telemetry, its logging and its bars. Raises EngineError where it is not installed.

    It reports each use to its maker over the network unless it takes itself to run in a CI; a line PC does not.
    """
    before = os.environ.get("NNCF_CI")
    present = sys.modules.get("nncf") is not None
    os.environ["NNCF_CI"] = "1"
    try:
        nncf = needed("nncf")
    finally:
        if before is None:
            del os.environ["NNCF_CI"]
    if not present:
        nncf.set_log_level(logging.ERROR)
    return nncf


def _quantise(
    nncf: ModuleType, model: onnx.ModelProto, batches: list[NDArray[np.uint8]], chosen: frozenset[str], progress: Listener
) -> onnx.ModelProto:
    from nncf.common.quantization.structs import QuantizationScheme
    from nncf.quantization import advanced_parameters as advanced

    parameters = advanced.AdvancedQuantizationParameters(
        # Half the range for the weights: with all of it, sums of two products pass 16 bits on processors without VNNI, which cut them off.
        overflow_fix=advanced.OverflowFix.ENABLE,
        activations_quantization_params=advanced.QuantizationParameters(mode=QuantizationScheme.SYMMETRIC),
        smooth_quant_alphas=advanced.AdvancedSmoothQuantParameters(convolution=-1, matmul=-1),
    )
    others = [node.name for node in model.graph.node if node.name not in chosen]
    progress.stage("calibrating int8", len(batches))
    with _without_bars():
        return nncf.quantize(
            model,
            nncf.Dataset(_Watched(batches, progress), lambda batch: {IMAGE: batch}),
            subset_size=len(batches),
            ignored_scope=nncf.IgnoredScope(names=others),
            advanced_parameters=parameters,
        )


class _Watched:
    """The batches, each told as it is taken: nncf runs through them more than once."""

    def __init__(self, batches: list[NDArray[np.uint8]], progress: Listener) -> None:
        self._batches = batches
        self._progress = progress

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        for number, batch in enumerate(self._batches, 1):
            self._progress.advance(number, len(self._batches), "images")
            yield batch


@contextmanager
def _without_bars() -> Iterator[None]:
    """nncf draws its bars on stdout, where a command's JSON stands."""
    sys.stdout.flush()
    kept, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = kept


def all_signed(model: onnx.ModelProto) -> None:
    """Make every unsigned quantisation of ``model`` signed, in place: where values are never negative nncf takes uint8, TensorRT does not.

    uint8 with scale s reaches 255 s; int8 reaches as far with the scale 255 s / 127.
    """
    onnx = needed("onnx")
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    places = [node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.input[2] in constants]
    unsigned = [node for node in places if constants[node.input[2]].data_type == onnx.TensorProto.UINT8]
    for scale in {node.input[1] for node in unsigned}:
        values = onnx.numpy_helper.to_array(constants[scale]) * np.float32(255.0 / 127.0)
        constants[scale].CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), scale))
    for zero in {node.input[2] for node in unsigned}:
        values = onnx.numpy_helper.to_array(constants[zero])
        constants[zero].CopyFrom(onnx.numpy_helper.from_array(np.zeros_like(values, np.int8), zero))
    del model.graph.value_info[:]  # the types there are those from before
    onnx.checker.check_model(model)
