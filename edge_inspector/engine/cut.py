"""The part of a bundle's graph that is the frozen backbone: what the rest of it is measured against.

A backbone's node has among its weights, and those of all that comes before it, none but those of the backbone, and is no part of the
prototype search. Where such nodes feed others lie the backbone's outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edge_inspector.engine.onnx_graph import drop_unused, needed, ops_of
from edge_inspector.engine.search import find_search

if TYPE_CHECKING:
    import onnx

PREFIX = "backbone."  # of the initializers' names


def backbone_outputs(model: onnx.ModelProto) -> tuple[str, ...]:
    """The tensors that feed the head, finest first; none where the graph names no weights as a backbone's."""
    foreign = {tensor.name for tensor in model.graph.initializer if len(tensor.dims) > 1 and not tensor.name.startswith(PREFIX)}
    own = {tensor.name for tensor in model.graph.initializer if tensor.name.startswith(PREFIX)}
    search = find_search(ops_of(model)).nodes
    for node in model.graph.node:  # in their order: a node comes after those that it takes from
        if node.name in search or not foreign.isdisjoint(node.input):
            foreign.update(node.output)
        elif not own.isdisjoint(node.input):
            own.update(node.output)
    taken = {name for node in model.graph.node if not foreign.isdisjoint(node.output) for name in node.input}
    return tuple(name for node in model.graph.node for name in node.output if name in own & taken)


def cut(model: onnx.ModelProto, outputs: Iterable[str]) -> onnx.ModelProto:
    """The graph as far as the tensors ``outputs``, float32 maps (N, c, h, w) all of them. ``model`` is left as it is."""
    onnx = needed("onnx")
    wanted = list(outputs)
    short = onnx.ModelProto()
    short.CopyFrom(model)
    ahead, kept = set(wanted), []
    for node in reversed(model.graph.node):
        if not ahead.isdisjoint(node.output):
            kept.append(node)
            ahead.update(node.input)
    for field in (short.graph.node, short.graph.output, short.graph.value_info):
        del field[:]
    short.graph.node.extend(reversed(kept))
    short.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * 4) for name in wanted)
    drop_unused(short.graph)
    return short
