"""A small data set to train on: grey discs with stains, in the mvtec layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge_inspector.images import write_png
from edge_inspector.records import Image, Mask

if TYPE_CHECKING:
    from edge_inspector.training.run import TrainResult


def disc(rng: np.random.Generator, size: int = 128) -> Image:
    """A grey disc on a dark ground, uint8 (size, size, 3)."""
    image = np.full((size, size, 3), 20, np.uint8)
    cv2.circle(image, (size // 2, size // 2), size // 3, (150, 150, 150), -1)
    return np.clip(image + rng.normal(0, 3, image.shape[:2])[:, :, None], 0, 255).astype(np.uint8)


def stained(rng: np.random.Generator, size: int = 128) -> tuple[Image, Mask]:
    """The same with a dark stain, and its mask."""
    image, mask = disc(rng, size), np.zeros((size, size), np.uint8)
    x, y = (int(v) for v in size // 2 + rng.integers(-size // 5, size // 5, 2))
    cv2.circle(mask, (x, y), size // 14, 1, -1)
    image[mask.astype(bool)] = 60
    return image, mask.astype(np.bool_)


def write_set(root: Path, normals: int = 12, defects: int = 4, size: int = 128) -> Path:
    """An mvtec folder: train/good, test/good, test/stain, ground_truth/stain."""
    rng = np.random.default_rng(5)
    for folder in ("train/good", "test/good", "test/stain", "ground_truth/stain"):
        (root / folder).mkdir(parents=True)
    for number in range(normals):
        write_png(root / "train/good" / f"{number:03d}.png", disc(rng, size))
    write_png(root / "test/good/000.png", disc(rng, size))
    for number in range(defects):
        image, mask = stained(rng, size)
        write_png(root / "test/stain" / f"{number:03d}.png", image)
        write_png(root / "ground_truth/stain" / f"{number:03d}_mask.png", (mask * np.uint8(255))[:, :, None])
    return root


def write_defects(root: Path, count: int = 3, seed: int = 9) -> Path:
    """An mvtec folder of labelled defects alone: test/scratch, ground_truth/scratch."""
    rng = np.random.default_rng(seed)
    for folder in ("test/scratch", "ground_truth/scratch"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        image, mask = stained(rng)
        write_png(root / "test/scratch" / f"{number}.png", image)
        write_png(root / "ground_truth/scratch" / f"{number}_mask.png", (mask * np.uint8(255))[:, :, None])
    return root


_MADE: list[TrainResult] = []


def trained_bundle(factory: pytest.TempPathFactory) -> TrainResult:
    """A bundle after three steps at 128 x 128, made once for all test modules: the export alone takes a quarter of a minute."""
    from edge_inspector.training.options import TrainSettings
    from edge_inspector.training.run import train

    if not _MADE:
        parts = write_set(factory.mktemp("parts") / "discs")
        out = factory.mktemp("out") / "discs-1"
        settings = TrainSettings(parts, "mvtec", out, 2, 1, 3, device="cpu", k=2, batch=4, size=(128, 128), early_stop=True)
        _MADE.append(train(settings))
    return _MADE[0]


# What a graph may use: TensorRT's ONNX parser has all of these from 8.4 on (onnx-tensorrt, docs/operators.md).
TENSORRT = """Abs Add ArgMax AveragePool Cast Clip Concat Constant Conv DepthToSpace Div Exp Expand Flatten Gather GatherND Gemm
GreaterOrEqual Less LessOrEqual Log MatMul MaxPool Min Mul Pad Pow ReduceMax ReduceMean ReduceSum Relu Reshape Resize Shape
Sigmoid Slice Softmax Split Sqrt Squeeze Sub TopK Transpose Unsqueeze Where"""


def assert_for_tensorrt(bundle: Path) -> None:
    """Hold a bundle's graph to what TensorRT's parser takes: operators, modes of resizing, constant K of a TopK and sizes of a Split."""
    import onnx

    graph = onnx.load(bundle / "model.onnx").graph
    assert {node.op_type for node in graph.node} <= set(TENSORRT.split())
    resizes = [node for node in graph.node if node.op_type == "Resize"]
    modes = {a.s.decode() for node in resizes for a in node.attribute if a.name == "coordinate_transformation_mode"}
    assert modes <= {"half_pixel", "pytorch_half_pixel"}
    stored = {tensor.name for tensor in graph.initializer}
    assert {node.input[1] for node in graph.node if node.op_type in ("TopK", "Split")} <= stored


def striped(side: int) -> np.ndarray:
    """Dark and bright stripes four pixels wide, uint8 (side, side, 3); ``side`` a multiple of eight."""
    return np.tile(np.array([[100], [160]], np.uint8).repeat(4, 0), (side // 8, side))[:, :, None].repeat(3, 2)
