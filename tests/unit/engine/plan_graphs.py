"""The small bundle's graph in lower precision, by hand: what a builder reads, whatever makes such graphs in earnest."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolved(precision: str, height: int = 64, width: int = 64) -> bytes:
    """uint8 (N, H, W, 3) -> transpose -> cast -> a convolution in fp16 or Q/DQ int8 -> a float32 map (N, h, w) and its mean as score."""
    weights = np.random.default_rng(0).normal(0, 0.1, (8, 3, 3, 3)).astype(np.float32)
    half = precision == "fp16"
    inner = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["planes"], ["x"], to=inner),
    ]
    constants = {"channel": np.array([1], np.int64), "space": np.array([1, 2], np.int64)}
    if precision == "int8":
        constants |= {
            "x_scale": np.float32(2.0),
            "w_scale": np.full(8, 0.01, np.float32),
            "zero": np.int8(0),
            "zeros": np.zeros(8, np.int8),
        }
        constants["w_q"] = np.clip(np.round(weights / 0.01), -127, 127).astype(np.int8)
        nodes += [
            helper.make_node("QuantizeLinear", ["x", "x_scale", "zero"], ["x_q"]),
            helper.make_node("DequantizeLinear", ["x_q", "x_scale", "zero"], ["x_dq"]),
            helper.make_node("DequantizeLinear", ["w_q", "w_scale", "zeros"], ["w_dq"], axis=0),
        ]
        operands = ["x_dq", "w_dq"]
    else:
        constants["w"] = weights.astype(np.float16 if half else np.float32)
        operands = ["x", "w"]
    nodes += [
        helper.make_node("Conv", operands, ["y"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Cast", ["y"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Sigmoid", ["wide"], ["squeezed"]),
        helper.make_node("ReduceMean", ["squeezed", "channel"], ["anomaly_map"], keepdims=0),
        helper.make_node("ReduceMean", ["anomaly_map", "space"], ["image_score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        precision,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])],
        [
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["N", height // 2, width // 2]),
            helper.make_tensor_value_info("image_score", TensorProto.FLOAT, ["N"]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def quantised(graph: bytes) -> bytes:
    """Every convolution of a graph between Q/DQ pairs, weights a channel each: by made-up scales, so it builds, and decides nothing."""
    model = onnx.load_model_from_string(graph)
    known = {tensor.name: tensor for tensor in model.graph.initializer}
    made: list[onnx.NodeProto] = []
    for number, node in enumerate(model.graph.node):
        if node.op_type == "Conv" and node.input[1] in known:
            weights = numpy_helper.to_array(known[node.input[1]])
            scale = (np.abs(weights).reshape(len(weights), -1).max(axis=1) / 127.0 + 1e-6).astype(np.float32)
            whole = np.round(weights / scale[:, None, None, None]).astype(np.int8)
            constants = {"s": np.float32(0.05), "z": np.int8(0), "ws": scale, "wz": np.zeros(len(weights), np.int8), "w": whole}
            names = {key: f"q{number}_{key}" for key in constants}
            model.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), names[k]) for k, v in constants.items())
            made += [
                helper.make_node("QuantizeLinear", [node.input[0], names["s"], names["z"]], [f"q{number}"]),
                helper.make_node("DequantizeLinear", [f"q{number}", names["s"], names["z"]], [f"d{number}"]),
                helper.make_node("DequantizeLinear", [names["w"], names["ws"], names["wz"]], [f"dw{number}"], axis=0),
            ]
            node.input[0], node.input[1] = f"d{number}", f"dw{number}"
        made.append(node)
    del model.graph.node[:]
    model.graph.node.extend(made)
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())
