"""A graph whose layers compute in float16, by casts: what a strongly typed backend (TensorRT) takes its precision from.

Inputs and outputs keep their types. In float32 stay the prototype search with the residual it ends in, and everything after the last
product (`search`): distances lose more digits than float16 has, and a standardised residual may pass 65504, its greatest number; where a
float32 result goes on into a float16 layer it is clipped to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from edge_inspector.engine.onnx_graph import drop_unused, needed, ops_of
from edge_inspector.engine.search import find_search, find_tail

if TYPE_CHECKING:
    import onnx

FLOAT, FLOAT16 = 1, 10  # TensorProto.DataType
_GREATEST = 65504.0
# Inputs, by place, that keep their type whatever the node computes in: the region, scales and sizes of Resize.
_FIXED_INPUTS = {"Resize": frozenset({1, 2, 3})}
# Ops that ONNX defines for no float16, or whose result has a type of its own.
_FLOAT32_ONLY = frozenset({"DequantizeLinear", "QuantizeLinear", "NonMaxSuppression"})


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph in float16. The model given is left as it is."""
    onnx = needed("onnx")
    typed = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    _Lowering(typed, changed).run()
    onnx.checker.check_model(changed)
    return changed


class _Lowering:
    """One pass over the nodes in their order, which a valid graph has: casts are put in front of whoever first needs them."""

    def __init__(self, typed: onnx.ModelProto, model: onnx.ModelProto) -> None:
        self._onnx = needed("onnx")
        self._graph = model.graph
        ops = ops_of(model)
        outputs = [port.name for port in model.graph.output]
        self._kept = find_search(ops).nodes | find_tail(ops, outputs)
        self._type = _types(typed)
        self._constants = {tensor.name: tensor for tensor in self._graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._cast: dict[tuple[str, int], str] = {}

    def run(self) -> None:
        for node in list(self._graph.node):
            self._lower(node)
        for port in self._graph.output:
            self._give_back(port.name, port.type.tensor_type.elem_type)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        del self._graph.value_info[:]  # the types there are those from before
        drop_unused(self._graph)

    def _lower(self, node: onnx.NodeProto) -> None:
        wanted = FLOAT if node.name in self._kept or node.op_type in _FLOAT32_ONLY else FLOAT16
        fixed = _FIXED_INPUTS.get(node.op_type, frozenset())
        for place, tensor in enumerate(node.input):
            if place not in fixed and self._type.get(tensor) in (FLOAT, FLOAT16) and node.op_type != "Cast":
                node.input[place] = self._as(tensor, wanted)
        self._lower_cast(node, wanted)
        for tensor in node.output:
            if self._type.get(tensor) == FLOAT and wanted == FLOAT16:
                self._type[tensor] = FLOAT16
        self._nodes.append(node)

    def _lower_cast(self, node: onnx.NodeProto, wanted: int) -> None:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
                attribute.i = wanted
            if node.op_type == "Constant" and attribute.name == "value" and attribute.t.data_type == FLOAT and wanted == FLOAT16:
                attribute.t.CopyFrom(self._half(attribute.t, attribute.t.name))

    def _as(self, tensor: str, wanted: int) -> str:
        """The name of ``tensor`` in the type ``wanted``; a cast is put in where it has another, a constant is stored in it."""
        if self._type[tensor] == wanted:
            return tensor
        key = (tensor, wanted)
        if key not in self._cast:
            self._cast[key] = self._constant(tensor) if self._is_weight(tensor, wanted) else self._casted(tensor, wanted)
        return self._cast[key]

    def _is_weight(self, tensor: str, wanted: int) -> bool:
        return tensor in self._constants and wanted == FLOAT16

    def _constant(self, tensor: str) -> str:
        name = f"{tensor}.fp16"
        self._graph.initializer.append(self._half(self._constants[tensor], name))
        return name

    def _half(self, tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
        values = self._onnx.numpy_helper.to_array(tensor).clip(-_GREATEST, _GREATEST)
        return self._onnx.numpy_helper.from_array(values.astype(np.float16), name)

    def _casted(self, tensor: str, wanted: int) -> str:
        source = self._clipped(tensor) if wanted == FLOAT16 else tensor
        name = f"{tensor}.fp{16 if wanted == FLOAT16 else 32}"
        self._add("Cast", [source], name, to=wanted)
        return name

    def _clipped(self, tensor: str) -> str:
        limits = self._limit("fp16.least", -_GREATEST), self._limit("fp16.greatest", _GREATEST)
        self._add("Clip", [tensor, *limits], f"{tensor}.clipped")
        return f"{tensor}.clipped"

    def _limit(self, name: str, value: float) -> str:
        if name not in self._constants:
            self._constants[name] = self._onnx.numpy_helper.from_array(np.float32(value), name)
            self._graph.initializer.append(self._constants[name])
        return name

    def _add(self, op_type: str, inputs: Iterable[str], output: str, **attributes: int) -> None:
        self._nodes.append(self._onnx.helper.make_node(op_type, list(inputs), [output], name=f"to_{output}", **attributes))

    def _give_back(self, output: str, wanted: int) -> None:
        """An output that came out as float16 gets its own type back, under its own name."""
        if self._type.get(output) == wanted or wanted != FLOAT:
            return
        inner = f"{output}.inner"
        for node in self._nodes:
            node.input[:] = [inner if name == output else name for name in node.input]
            node.output[:] = [inner if name == output else name for name in node.output]
        self._add("Cast", [inner], output, to=wanted)


def _types(model: onnx.ModelProto) -> dict[str, int]:
    graph = model.graph
    ports = [*graph.input, *graph.value_info, *graph.output]
    return {port.name: port.type.tensor_type.elem_type for port in ports} | {tensor.name: tensor.data_type for tensor in graph.initializer}
