"""A small but whole model bundle, built with onnx alone: what engines, judge, line and commands are tested on where PRN itself is not the
point.

Its graph has the interface of the real one: uint8 image in; anomaly map, image score and chosen prototypes out. The map says how far each
pixel's grey lies from a prototype's level, 0..1, so a test can paint a defect and know what comes out (`expected_map`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_inspector import images
from edge_inspector.engine.bundle import seal
from edge_inspector.settings.manifest import Fit, InputForm, Manifest, OutputForm, Prototypes, ScoreRule, Thresholds, Tiling, Training

LEVELS = (64.0, 128.0, 192.0)  # grey levels of the prototypes
SCORE_PIXELS = 8


def make_bundle(
    folder: Path,
    height: int = 64,
    width: int = 64,
    *,
    bundle_id: str = "small",
    references: int = 2,
    fit: Fit = "stretch",
    tiling: Tiling | None = None,
) -> Path:
    """Write a sealed bundle into ``folder`` (made if need be): input (height, width), map half as large, thresholds 0.4 / 0.5 / 0.5.

    With ``tiling`` it calls itself a tile bundle with a codebook; the graph is the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(make_graph(height, width), folder / "model.onnx")
    (folder / "head.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    _write_references(folder / "reference", height, width, references)
    seal(folder, make_manifest(height, width, bundle_id, fit, tiling))
    return folder


def make_manifest(
    height: int = 64, width: int = 64, bundle_id: str = "small", fit: Fit = "stretch", tiling: Tiling | None = None
) -> Manifest:
    """The manifest of such a bundle, without files."""
    return Manifest(
        id=bundle_id,
        created_utc="2024-01-01T00:00:00Z",
        program_version="0",
        backbone="none",
        input=InputForm(height=height, width=width, fit=fit),
        output=OutputForm(height=height // 2, width=width // 2),
        prototypes=Prototypes(form="codebook" if tiling else "whole-map", k=len(LEVELS), why="three grey levels"),
        tiling=tiling,
        score=ScoreRule(score_pixels=SCORE_PIXELS),
        training=Training(
            folder="", layout="mvtec", fingerprint="0" * 64, seed=0, steps=0, planned_steps=0, minutes=0, device="cpu", torch=""
        ),
        thresholds=(Thresholds(accept_threshold=0.4, reject_threshold=0.5, region_threshold=0.5, evidence="made up"),),
        files={},
    )


def expected_map(batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """What the graph computes, in numpy: map (N, h, w), score (N,), prototypes (N, 3), from uint8 (N, H, W, 3)."""
    grey = batch.astype(np.float32).mean(axis=3)
    n, height, width = grey.shape
    pooled = grey.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    chosen = np.abs(pooled.mean(axis=(1, 2))[:, None] - np.array(LEVELS, np.float32)).argmin(axis=1)
    level = np.array(LEVELS, np.float32)[chosen][:, None, None]
    maps = np.clip(np.abs(pooled - level) / 128.0, 0.0, 1.0).astype(np.float32)
    scores = np.sort(maps.reshape(n, -1), axis=1)[:, -SCORE_PIXELS:].mean(axis=1)
    return maps, scores.astype(np.float32), np.repeat(chosen[:, None], 3, axis=1).astype(np.int64)


def make_graph(height: int, width: int, *, map_name: str = "anomaly_map", poison: bool = False) -> onnx.ModelProto:
    """The graph alone. ``map_name`` misnames the map; ``poison`` makes every map NaN, by a division of zero by zero."""
    h, w = height // 2, width // 2
    constants = {
        "levels": np.array(LEVELS, np.float32).reshape(1, -1),
        "full": np.float32(128.0),
        "zero": np.float32(0.0),
        "one": np.float32(1.0),
        "grey_axis": np.array([3], np.int64),
        "space_axes": np.array([1, 2, 3], np.int64),
        "channel": np.array([1], np.int64),
        "column": np.array([-1, 1], np.int64),
        "cell": np.array([-1, 1, 1, 1], np.int64),
        "flat": np.array([0, -1], np.int64),
        "rows": np.array([-1, h, w], np.int64),
        "k": np.array([SCORE_PIXELS], np.int64),
        "three": np.array([1, 3], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        node("ReduceMean", ["float", "grey_axis"], ["grey3"], keepdims=0),
        node("Unsqueeze", ["grey3", "channel"], ["grey"]),
        node("AveragePool", ["grey"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        node("ReduceMean", ["pooled", "space_axes"], ["mean0"], keepdims=0),
        node("Reshape", ["mean0", "column"], ["mean"]),
        node("Sub", ["mean", "levels"], ["offset"]),
        node("Abs", ["offset"], ["distance"]),
        node("ArgMin", ["distance"], ["chosen"], axis=1, keepdims=1),
        node("Tile", ["chosen", "three"], ["prototypes"]),
        node("Reshape", ["levels", "flat"], ["levels_row"]),
        node("Squeeze", ["levels_row"], ["levels_line"]),
        node("Gather", ["levels_line", "chosen"], ["level0"], axis=0),
        node("Reshape", ["level0", "cell"], ["level"]),
        node("Sub", ["pooled", "level"], ["residual"]),
        node("Abs", ["residual"], ["absolute"]),
        node("Div", ["absolute", "full"], ["ratio"]),
        node("Clip", ["ratio", "zero", "one"], ["clipped"]),
        node("Reshape", ["clipped", "rows"], ["whole"]),
    ]
    if poison:
        nodes += [
            node("Sub", ["whole", "whole"], ["nothing"]),
            node("Div", ["nothing", "nothing"], [map_name]),
        ]
    else:
        nodes.append(node("Identity", ["whole"], [map_name]))
    nodes += [
        node("Reshape", [map_name, "flat"], ["line"]),
        node("TopK", ["line", "k"], ["top", "where"], axis=1),
        node("ReduceMean", ["top", "channel"], ["image_score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])],
        [
            helper.make_tensor_value_info(map_name, TensorProto.FLOAT, ["N", h, w]),
            helper.make_tensor_value_info("image_score", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("prototypes", TensorProto.INT64, ["N", 3]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _write_references(folder: Path, height: int, width: int, count: int) -> None:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    for number in range(count):
        image = np.full((height, width, 3), 120 + number, np.uint8) + rng.integers(0, 9, (height, width, 3), np.uint8)
        image[height // 4 : height // 2, width // 4 : width // 2] = 240
        maps, scores, chosen = expected_map(image[np.newaxis])
        images.write_png(folder / f"{number:02d}.png", image)
        np.savez(folder / f"{number:02d}.npz", map=maps[0], score=scores[0], prototypes=chosen[0])
