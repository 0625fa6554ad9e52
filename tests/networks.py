"""A bundle whose graph has the parts of a PRN, small enough to quantise in a second: a backbone, prototypes, a head; weights by seed.

image ─► stem ─► depthwise ─► F1 ─┬─► F2 ─► enter ─► upsample ─┐
                                  ├─► search ─► D ─► residual ─┼─► merge ─► refine ─► segment ─► map
                                  └─► feature ─────────────────┘
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_inspector.engine.bundle import seal
from edge_inspector.settings.manifest import InputForm, OutputForm
from tests.bundles import make_manifest

SIDE, K, CHANNELS, SCORE_PIXELS = 32, 3, 8, 4
DISTANCE, FEATURES = "distance", ("f1", "f2")  # the distance product; the backbone's outputs


def make_network_bundle(folder: Path, bundle_id: str = "network") -> Path:
    """Write a sealed bundle of it into ``folder``; input 32 x 32, map 16 x 16. It has no reference answers: there is no torch behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(make_network(), folder / "model.onnx")
    (folder / "head.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    manifest = make_manifest(SIDE, SIDE, bundle_id)
    form, out = InputForm(height=SIDE, width=SIDE), OutputForm(height=SIDE // 2, width=SIDE // 2)
    seal(folder, manifest.model_copy(update={"input": form, "output": out}))
    return folder


def pictures(count: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Uneven images of its input's size, to calibrate and to compare on."""
    rng = np.random.default_rng(seed)
    smooth = np.kron(rng.integers(0, 256, (count, SIDE // 4, SIDE // 4, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)
    return list(smooth)


def make_network(seed: int = 0) -> onnx.ModelProto:
    """The graph alone; nodes are named by what they do, tensors as their nodes."""
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.generic]] = {
        "to_planes": np.float32(128.0),
        "flat": np.array([0, -1], np.int64),
        "rows": np.array([K, -1], np.int64),
        "axis": np.array([1], np.int64),
        "column": np.array([-1, 1], np.int64),
        "two": np.float32(2.0),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "k": np.array([SCORE_PIXELS], np.int64),
        "prototypes.scale0": rng.normal(0, 1, (K, CHANNELS, SIDE // 2, SIDE // 2)).astype(np.float16),
    }
    nodes: list[onnx.NodeProto] = []

    def node(op: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv(source: str, output: str, part: str, shape: tuple[int, int, int], stride: int = 1, group: int = 1) -> str:
        given, taken, kernel = shape
        name = f"{part}.{output}.weight"
        weights[name] = rng.normal(0, 1.4 / np.sqrt(taken * kernel * kernel), (given, taken, kernel, kernel)).astype(np.float32)
        pad = kernel // 2
        return node("Conv", [source, name], output, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=group)

    c = CHANNELS
    node("Transpose", ["image"], "planes", perm=[0, 3, 1, 2])
    node("Cast", ["planes"], "floats", to=TensorProto.FLOAT)
    node("Div", ["floats", "to_planes"], "input")
    node("Relu", [conv("input", "stem", "backbone", (c, 3, 3), 2)], "stem_relu")
    node("Relu", [conv("stem_relu", "depthwise", "backbone", (c, 1, 3), 1, c)], "depthwise_relu")
    conv("depthwise_relu", "f1", "backbone", (c, c, 1))
    node("Relu", [conv("f1", "down", "backbone", (c, c, 3), 2)], "down_relu")
    conv("down_relu", "f2", "backbone", (c, c, 1))
    _search(node)
    conv("residual", "residuals", "head", (c, c, 1))
    conv("f1", "features", "head", (c, c, 1))
    node("Resize", [conv("f2", "enter", "head", (c, c, 1)), "", "scales"], "entered", mode="nearest")
    node("Add", ["features", "residuals"], "both")
    node("Relu", [node("Add", ["both", "entered"], "all")], "all_relu")
    node("Relu", [conv("all_relu", "merge", "head", (c, c, 3))], "merge_relu")
    node("Relu", [conv("merge_relu", "refine", "head", (4, c, 3))], "refine_relu")
    node("Sigmoid", [conv("refine_relu", "segment", "head", (1, 4, 3))], "sigmoid")
    node("Squeeze", ["sigmoid", "axis"], "anomaly_map")
    node("Reshape", ["anomaly_map", "flat"], "line")
    nodes.append(helper.make_node("TopK", ["line", "k"], ["top", "where"], name="top", axis=1))
    node("ReduceMean", ["top", "axis"], "image_score", keepdims=0)
    return _model(nodes, weights)


def _search(node: object) -> None:
    from collections.abc import Callable
    from typing import cast

    add = cast("Callable[..., str]", node)
    add("Cast", ["prototypes.scale0"], "stored", to=TensorProto.FLOAT)
    add("Reshape", ["stored", "rows"], "words")
    add("Transpose", ["words"], "columns", perm=[1, 0])
    add("Reshape", ["f1", "flat"], "places")
    add("MatMul", ["places", "columns"], DISTANCE)
    add("Mul", ["words", "words"], "squares")
    add("ReduceSum", ["squares", "axis"], "lengths", keepdims=0)
    add("Mul", [DISTANCE, "two"], "twice")
    add("Sub", ["twice", "lengths"], "closeness")
    add("ArgMax", ["closeness"], "chosen", axis=1, keepdims=0)
    add("Gather", ["stored", "chosen"], "nearest", axis=0)
    add("Sub", ["f1", "nearest"], "apart")
    add("Mul", ["apart", "apart"], "residual")
    add("Reshape", ["chosen", "column"], "prototypes")


def _model(nodes: list[onnx.NodeProto], weights: dict[str, NDArray[np.generic]]) -> onnx.ModelProto:
    half = SIDE // 2
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["N", half, half]),
            helper.make_tensor_value_info("image_score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("prototypes", TensorProto.INT64, ["N", 1]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model
