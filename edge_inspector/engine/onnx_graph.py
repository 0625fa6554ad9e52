"""A bundle's graph as ONNX holds it: read with a named error, and told as the `Op` list that `search` looks through.

onnx is in the extras ``train`` and ``gpu``, not in the core: it is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from edge_inspector.engine.search import Kind, Op
from edge_inspector.errors import BundleError, EngineError

if TYPE_CHECKING:
    import onnx

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum"})
CHOICES = frozenset({"ArgMax", "ArgMin"})
LOOK_UPS = frozenset({"Gather", "GatherND", "GatherElements"})  # whose second input is a place; no node gives a constant one


def needed(package: str) -> ModuleType:
    """The package, imported. Raises EngineError saying how to install it: by itself, for an extra would bring torch to a station."""
    try:
        return import_module(package)
    except ImportError as error:
        raise EngineError(f"this needs {package}, which cannot be imported ({error}); pip install {package}") from error


def read_graph(path: Path) -> onnx.ModelProto:
    """The graph in a file, every node with a name of its own. Raises BundleError where it is no ONNX graph, EngineError without onnx."""
    library = needed("onnx")
    try:
        model = library.load(str(path))
        library.checker.check_model(model)
    except Exception as error:  # protobuf, file and checker errors share no base
        raise BundleError(f"{path}: is not a whole ONNX graph: {error}") from error
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{number}"
    return model


def ops_of(model: onnx.ModelProto) -> list[Op]:
    """Its nodes, in the order of the graph."""
    nodes = model.graph.node
    taken = {tensor for node in nodes for tensor in node.input} | {port.name for port in model.graph.output}
    looked_up = {node.input[1] for node in nodes if node.op_type in LOOK_UPS}
    fixed = _constants(model)
    return [
        Op(
            node.name,
            "other" if fixed.issuperset(node.output) else _kind(node.op_type, list(node.output), taken, looked_up),
            tuple(node.input),
            tuple(node.output),
        )
        for node in nodes
    ]


def _constants(model: onnx.ModelProto) -> set[str]:
    """Tensors that are the same for every image: what is stored, and what is computed from that alone. "" is an input left out."""
    fixed = {"", *(tensor.name for tensor in model.graph.initializer)}
    for node in model.graph.node:
        if fixed.issuperset(node.input):
            fixed.update(node.output)
    return fixed


def _kind(op_type: str, outputs: Sequence[str], taken: set[str], looked_up: set[str]) -> Kind:
    if op_type in PRODUCTS:
        return "product"
    # The places of the greatest values are a choice only where somebody wants them: the score takes the values alone.
    chooses = op_type in CHOICES or (op_type == "TopK" and len(outputs) > 1 and outputs[1] in taken)
    return "choice" if chooses or not looked_up.isdisjoint(outputs) else "other"


def fold_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with constants cast, and the weights and biases of convolutions computed, where they hang on constants alone.

    Quantisers look for these among the constants. Nothing else is computed: it would be kept beside what it is computed from. ``model`` is
    changed.
    """
    onnx = needed("onnx")
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    wanted = _behind_weights(graph)
    kept = []
    for node in graph.node:
        if (node.op_type == "Cast" or node.name in wanted) and node.input and all(name in constants for name in node.input):
            given = {name: onnx.numpy_helper.to_array(constants[name]) for name in node.input}
            for name, values in zip(node.output, ReferenceEvaluator(node).run(None, given), strict=True):
                constants[name] = onnx.numpy_helper.from_array(values, name)
                graph.initializer.append(constants[name])
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    drop_unused(graph)
    return model


def _behind_weights(graph: onnx.GraphProto) -> set[str]:
    """Names of the nodes on the way to a convolution's weight or bias. What gives them stands before it."""
    tensors: set[str] = set()
    nodes: set[str] = set()
    for node in reversed(graph.node):
        if not tensors.isdisjoint(node.output):
            nodes.add(node.name)
            tensors.update(node.input)
        elif node.op_type == "Conv":
            tensors.update(node.input[1:])
    return nodes


def drop_unused(graph: onnx.GraphProto) -> None:
    """Remove the constants that no node takes."""
    used = {name for node in graph.node for name in node.input} | {port.name for port in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
