"""The backbone is EfficientNet-Lite0 with its ImageNet weights: it knows a palace and a daisy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from edge_inspector.prn.backbone import CHANNELS, STRIDES, Backbone, SameConv, imagenet_weights, load_backbone

PHOTOGRAPHS = {"china.jpg": 698, "flower.jpg": 985}  # scikit-learn's own; ImageNet classes palace and daisy


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone()


def classify(deepest: Tensor) -> Tensor:
    """The classifier that the product leaves behind, from the same weight file."""
    w = imagenet_weights()
    x = F.conv2d(deepest, w["_conv_head.weight"])
    x = F.batch_norm(x, w["_bn1.running_mean"], w["_bn1.running_var"], w["_bn1.weight"], w["_bn1.bias"], eps=1e-3)
    return F.linear(F.relu6(x).mean((2, 3)), w["_fc.weight"], w["_fc.bias"])


def photograph(name: str) -> Tensor:
    import sklearn.datasets

    image = cv2.imread(str(Path(sklearn.datasets.__file__).parent / "images" / name))
    assert image is not None
    square = cv2.resize(image[:427, 106:533, ::-1], (224, 224), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize(("name", "expected"), PHOTOGRAPHS.items())
def test_knows_what_is_in_a_photograph(backbone: Backbone, name: str, expected: int) -> None:
    with torch.no_grad():
        logits = classify(backbone(photograph(name))[-1])
    assert int(logits.argmax()) == expected


@pytest.mark.parametrize("size", [(256, 256), (128, 192)])
def test_stage_shapes(backbone: Backbone, size: tuple[int, int]) -> None:
    with torch.no_grad():
        maps = backbone(torch.zeros(2, 3, *size))
    assert [tuple(m.shape) for m in maps] == [(2, c, size[0] // s, size[1] // s) for c, s in zip(CHANNELS, STRIDES, strict=True)]


def test_stays_frozen_in_training_mode(backbone: Backbone) -> None:
    backbone.train()
    assert not any(module.training for module in backbone.modules())
    assert not any(parameter.requires_grad for parameter in backbone.parameters())


PADDINGS = {  # (size, kernel, stride): TensorFlow's pixels before and after
    (8, 3, 2): (0, 1),
    (8, 5, 2): (1, 2),
    (7, 3, 2): (1, 1),
    (8, 3, 1): (1, 1),
    (8, 5, 1): (2, 2),
    (8, 1, 2): (0, 0),
}


@pytest.mark.parametrize(("form", "pads"), PADDINGS.items())
def test_pads_as_tensorflow_does(form: tuple[int, int, int], pads: tuple[int, int]) -> None:
    size, kernel, stride = form
    conv = SameConv(1, 1, kernel, stride)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 1, size, size)).astype(np.float32))
    expected = F.conv2d(F.pad(x, (*pads, *pads)), conv.weight, stride=stride)
    assert torch.allclose(conv(x), expected)
    assert conv(x).shape[-1] == -(-size // stride)
