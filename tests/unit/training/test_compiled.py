"""The frozen backbone on OpenVINO: the same maps, where many batches are to come, and torch's own where it cannot be had."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from edge_inspector.prn.backbone import Backbone
from edge_inspector.prn.backbones import load
from edge_inspector.prn.folded import FoldedBackbone
from edge_inspector.training import compiled, fit
from edge_inspector.training.compiled import WORTH, CompiledBackbone
from edge_inspector.training.fit import extractor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    found = load().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as training has it
    assert isinstance(found, Backbone)
    return found


@pytest.fixture(scope="module")
def run(backbone: Backbone) -> CompiledBackbone:
    pytest.importorskip("edge_inspector.engine.vino", reason="would hold OpenVINO's maps against torch's", exc_type=ImportError)
    return CompiledBackbone(backbone)


@pytest.mark.parametrize("shape", [(3, 3, 128, 128), (1, 3, 256, 384), (2, 3, 640, 128)])
def test_its_maps_are_torchs_whatever_the_size(shape: tuple[int, ...], backbone: Backbone, run: CompiledBackbone) -> None:
    images = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1)).float()
    found, wanted = run(images.contiguous(memory_format=torch.channels_last)), FoldedBackbone(backbone, torch.float32)(images)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == torch.float32 and ours.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)  # of values to 60


def test_maps_are_kept_while_the_next_ones_are_made(run: CompiledBackbone) -> None:
    dark, light = torch.zeros(2, 3, 128, 128), torch.full((2, 3, 128, 128), 200.0)
    first = run(dark)
    before = [scale.clone() for scale in first]
    run(light)
    assert all(torch.equal(scale, kept) for scale, kept in zip(first, before, strict=True))


def test_it_is_made_for_many_images_in_float32_alone(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "reduced_precision", lambda device: False)
    monkeypatch.setattr(fit, "CompiledBackbone", lambda backbone: "compiled")
    monkeypatch.setattr(fit, "offered", lambda: True)
    assert extractor(backbone, CPU, WORTH) == "compiled"  # type: ignore[comparison-overlap]  # the stand-in
    assert isinstance(extractor(backbone, CPU, WORTH - 1), FoldedBackbone)
    monkeypatch.setattr(fit, "reduced_precision", lambda device: True)
    assert isinstance(extractor(backbone, CPU, WORTH), FoldedBackbone), "bfloat16 in torch is faster still"


def test_where_openvino_is_not_installed_torch_runs_it(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "reduced_precision", lambda device: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not compiled.offered()
    assert isinstance(extractor(backbone, CPU, WORTH), FoldedBackbone)
