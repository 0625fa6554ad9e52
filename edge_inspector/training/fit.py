"""The training loop: batches through the frozen backbone, residuals, head and loss, with averaged weights and checkpoints."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.errors import TrainingError
from edge_inspector.prn.backbone import Backbone, FrozenBackbone
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.folded import FoldedBackbone
from edge_inspector.prn.head import SCALES
from edge_inspector.prn.loss import LossForm, prn_loss
from edge_inspector.prn.network import PRN
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training.batches import Batch
from edge_inspector.training.compiled import WORTH, CompiledBackbone, offered

if TYPE_CHECKING:
    from edge_inspector.training.device.batches import DeviceBatch

WEIGHT_DECAY = 1e-4
_AVERAGE = 0.98  # of the weights, a step: the bundle's head is the mean of about the last fifty
_CLIP = 5.0  # gradient norm; a first batch with an empty prototype match can be wild


def to_input(images: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W) in 0..255, channels last in memory, where the backbone is fastest."""
    return torch.as_tensor(images).to(device).permute(0, 3, 1, 2).float()


def reduced_precision(device: torch.device) -> bool:
    """Whether the frozen backbone may run in bfloat16 here because the processor has it; float32 emulation would be slower, not faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return True
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())


def features_of(backbone: FrozenBackbone, images: Tensor, reduced: bool) -> tuple[Tensor, ...]:
    """The backbone's four maps in float32, without gradient."""
    with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16, enabled=reduced):
        maps = backbone(images)
    return tuple(m.float() for m in maps)


Features = Callable[[Tensor], tuple[Tensor, ...]]  # images float (N, 3, H, W) in 0..255 -> the backbone's maps in float32


def extractor(backbone: FrozenBackbone, device: torch.device, pixels: int = 0) -> Features:
    """The fastest way there is here to the backbone's maps of images with so many ``pixels`` in all."""
    reduced = reduced_precision(device)
    if isinstance(backbone, Backbone):
        if device.type == "cpu" and not reduced and pixels >= WORTH and offered():
            return CompiledBackbone(backbone)
        return FoldedBackbone(backbone, torch.bfloat16 if reduced else torch.float32)
    return partial(features_of, backbone, reduced=reduced)


@dataclass
class Trainer:
    """A network in training: one call of ``step`` a batch."""

    network: PRN
    device: torch.device
    loss: LossForm = field(default_factory=LossForm)
    extract: Features | None = None  # the backbone's maps; the network's own backbone if not given
    near: int = 0  # ``Making.near``
    reduced: bool = field(init=False)
    averaged: dict[str, Tensor] = field(init=False)
    features: Features = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)

    def __post_init__(self) -> None:
        self.reduced = reduced_precision(self.device)
        self.features = self.extract or extractor(self.network.backbone, self.device)
        self.network.head.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.averaged = {name: tensor.detach().clone() for name, tensor in self.network.head.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self.network.head.parameters(), lr=0.0, weight_decay=WEIGHT_DECAY)

    def step(self, batch: Batch | DeviceBatch, rate: float) -> float:
        """Learn from one batch; returns its loss. Raises TrainingError where the loss is no number."""
        self.network.train()
        features = self.features(to_input(batch.images, self.device))
        apart = self.residuals(features)
        # Weights stay float32. Under autocast a step of the head takes 0.5 s instead of 0.8 s for 16 images on two cores with AMX.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            logits = self.network.head(features, apart)
        loss = prn_loss(logits.float(), torch.as_tensor(batch.masks).to(self.device), self.loss, self.near)
        value = loss.item()
        if not np.isfinite(value):
            raise TrainingError(f"the loss of step {batch.step} is {value}; look for damaged images among the normals, or lower the rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.update(batch.step, rate)
        return value

    def residuals(self, features: Sequence[Tensor]) -> list[Tensor]:
        """D_1..D_3, without gradient, channels last in memory as features and weights are: convolutions would copy them, both ways."""
        with torch.no_grad():
            return [scale.contiguous(memory_format=torch.channels_last) for scale in self.network.residuals(features)[0]]

    def update(self, step: int, rate: float) -> None:
        """Take the gradients into the weights at this learning rate, and the weights into their average."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.nn.utils.clip_grad_norm_(self.network.head.parameters(), _CLIP)
        self.optimizer.step()
        self._average(step)

    def _average(self, step: int) -> None:
        keep = min(_AVERAGE, (1 + step) / (10 + step))
        for name, tensor in self.network.head.state_dict().items():
            if tensor.dtype.is_floating_point:
                self.averaged[name].lerp_(tensor, 1 - keep)
            else:
                self.averaged[name].copy_(tensor)

    def as_averaged(self) -> PRN:
        """A network with the averaged weights, to look at images with meanwhile; the trainer is left as it is."""
        network = copy.copy(self.network)
        network._modules = dict(self.network._modules)  # a module of its own, so that another head can stand in it
        network.head = copy.deepcopy(self.network.head)
        network.head.form = replace(network.head.form, peak_limit=0.0)  # peaks come after the training
        network.head.load_state_dict(self.averaged)
        return network.eval()

    def use_average(self) -> None:
        """Put the averaged weights into the head, for good: training is over."""
        self.network.head.load_state_dict(self.averaged)
        self.network.eval()

    def tensors(self) -> dict[str, Tensor]:
        """Everything a checkpoint needs, by name."""
        found = {f"head.{name}": tensor for name, tensor in self.network.head.state_dict().items()}
        found |= {f"average.{name}": tensor for name, tensor in self.averaged.items()}
        found |= {f"prototypes.{name}": tensor for name, tensor in self.network.prototypes.state_dict().items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            found |= {f"moments.{number}.{name}": tensor for name, tensor in moments.items()}
        return {name: tensor.detach().cpu() for name, tensor in found.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take the state of a checkpoint; prototypes are those the network was built with."""
        self.network.head.load_state_dict(_under(tensors, "head."))
        own, parameters = self.network.head.state_dict(), list(self.network.head.parameters())
        self.averaged = {name: _laid_out_as(own[name], tensor) for name, tensor in _under(tensors, "average.").items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "moments.").items():
            number, key = name.split(".")
            parameter = parameters[int(number)].detach()
            moments.setdefault(int(number), {})[key] = _laid_out_as(parameter, tensor) if tensor.dim() else tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})


def _laid_out_as(like: Tensor, tensor: Tensor) -> Tensor:
    """A copy where and as ``like`` lies in memory: sums over other strides are rounded otherwise, and a resumed run would be another."""
    return torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def stored_prototypes(tensors: dict[str, Tensor], channels: Sequence[int]) -> Prototypes | Codebook:
    """The prototypes of a checkpoint on a backbone of these ``channels``."""
    return restored(_under(tensors, "prototypes."), channels)


def restored(buffers: Mapping[str, Tensor], channels: Sequence[int]) -> Prototypes | Codebook:
    """Prototypes of either form from their buffers by name. Raises KeyError naming one that is absent."""
    if "usual0" in buffers:
        return Codebook.stored(buffers, SCALES, channels)
    return Prototypes([buffers[f"scale{j}"] for j in range(SCALES)])


def run(network: PRN, images: NDArray[np.uint8], batch: int = 8) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """The network as the bundle will run it, in float32: maps (N, h, w), scores (N,), prototypes (N, n) as PRN's."""
    device = next(network.backbone.parameters()).device
    parts: list[Sequence[NDArray[np.generic]]] = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            outputs = network(torch.from_numpy(images[start : start + batch]).to(device))
            parts.append([output.cpu().numpy() for output in outputs])
    maps, scores, chosen = (np.concatenate(column) for column in zip(*parts, strict=True))
    return maps.astype(np.float32), scores.astype(np.float32), chosen.astype(np.int64)


@dataclass
class Pace:
    """Seconds a step: the median of the last thirty, so that one stall does not change the plan."""

    recent: list[float] = field(default_factory=list)
    mark: float = field(default_factory=time.monotonic)

    def lap(self) -> None:
        """A step ended."""
        now = time.monotonic()
        self.recent = [*self.recent[-29:], now - self.mark]
        self.mark = now

    @property
    def seconds(self) -> float:
        """0 before the first step's end."""
        return float(np.median(self.recent)) if self.recent else 0.0
