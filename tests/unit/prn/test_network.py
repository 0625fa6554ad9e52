from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edge_inspector.decision import top_means
from edge_inspector.prn.backbone import CHANNELS, STRIDES, Backbone
from edge_inspector.prn.codebook import learn
from edge_inspector.prn.evidence import evidence
from edge_inspector.prn.fusion import Fusion, double
from edge_inspector.prn.head import SCALES, Head, HeadForm
from edge_inspector.prn.network import PRN, image_score
from edge_inspector.prn.prototypes import Prototypes

SIZE = 128


def maps(n: int, size: int = SIZE) -> list[Tensor]:
    return [torch.randn(n, c, size // s, size // s) for c, s in zip(CHANNELS, STRIDES, strict=True)]


@pytest.fixture(scope="module")
def network() -> PRN:
    torch.manual_seed(0)
    return PRN(Backbone(), Prototypes(maps(3)[:SCALES]), Head(HeadForm()), pixels=(20,)).eval()


def test_what_comes_out(network: PRN) -> None:
    with torch.no_grad():
        anomaly_map, score, chosen = network(torch.randint(0, 256, (2, SIZE, SIZE, 3), dtype=torch.uint8))
    assert anomaly_map.shape == (2, SIZE // 2, SIZE // 2)
    assert 0.0 <= float(anomaly_map.min()) <= float(anomaly_map.max()) <= 1.0
    assert score.shape == (2,)
    assert torch.allclose(score, image_score(anomaly_map, (20,)))
    assert chosen.shape == (2, SCALES)
    assert chosen.dtype == torch.int64


def test_a_batch_is_its_images_one_by_one(network: PRN) -> None:
    images = torch.randint(0, 256, (3, SIZE, SIZE, 3), dtype=torch.uint8)
    with torch.no_grad():
        together = network(images)[0]
        alone = torch.cat([network(image[None])[0] for image in images])
    assert torch.allclose(together, alone, atol=1e-5)


def test_every_weight_of_the_head_learns_and_none_of_the_backbone(network: PRN) -> None:
    head = Head(HeadForm())
    head(maps(2), [m.square() for m in maps(2)[:SCALES]]).square().mean().backward()
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in head.parameters())
    assert not any(parameter.requires_grad for parameter in network.backbone.parameters())


def test_the_head_is_small() -> None:
    assert sum(parameter.numel() for parameter in Head(HeadForm()).parameters()) <= 350_000


def test_most_pixels_start_as_normal(network: PRN) -> None:
    with torch.no_grad():
        logits = network.head(maps(1), maps(1)[:SCALES])
    assert float(logits.sigmoid().mean()) < 0.2


def test_score_is_the_mean_of_the_highest() -> None:
    anomaly_map = torch.zeros(1, 8, 8)
    anomaly_map[0, 0, :4] = torch.tensor([1.0, 0.8, 0.6, 0.4])
    assert float(image_score(anomaly_map, (2,))) == pytest.approx(0.9)
    assert float(image_score(anomaly_map, (8,))) == pytest.approx(0.35)


def test_fusion_sums_every_scale_into_every_scale() -> None:
    fusion = Fusion((2, 3, 4), (5, 6, 7)).eval()
    scales = [torch.randn(1, c, 32 // 2**j, 32 // 2**j) for j, c in enumerate((2, 3, 4))]
    fused = fusion(scales)
    assert [tuple(m.shape) for m in fused] == [(1, 5, 32, 32), (1, 6, 16, 16), (1, 7, 8, 8)]
    for k in range(3):  # silencing any scale changes all three
        changed = fusion([torch.zeros_like(m) if j == k else m for j, m in enumerate(scales)])
        assert not any(torch.equal(a, b) for a, b in zip(fused, changed, strict=True))


def test_what_rises_through_two_scales_is_as_if_it_rose_alone() -> None:
    """Sums on the way change nothing: f_31 is a convolution at its scale and two doublings."""
    fusion = Fusion((2, 3, 4), (5, 6, 7)).eval()
    scales = [torch.randn(1, c, 32 // 2**j, 32 // 2**j) for j, c in enumerate((2, 3, 4))]
    at = [up(scale) for up, scale in zip(fusion.up, scales, strict=True)]
    first = at[0] + double(at[1][:, :5]) + double(double(at[2][:, :5]))
    into_second = fusion.down[0](scales[0])
    second = at[1][:, 5:] + double(at[2][:, 5:11]) + into_second
    third = at[2][:, 11:] + fusion.down[1](scales[1]) + fusion.further[0](torch.relu(into_second))
    for found, wanted in zip(fusion(scales), (first, second, third), strict=True):
        torch.testing.assert_close(found, torch.relu(wanted), rtol=1e-4, atol=1e-5)


def test_several_numbers_of_pixels_are_joined_as_the_decision_joins_them() -> None:
    anomaly_map = torch.rand(2, 16, 16, generator=torch.Generator().manual_seed(1))
    wanted = [top_means(one.numpy(), (5, 60)) for one in anomaly_map]
    assert image_score(anomaly_map, (5, 60)).tolist() == pytest.approx(wanted, abs=1e-5)


def test_a_codebook_adds_its_own_evidence_to_the_heads() -> None:
    torch.manual_seed(0)
    book = learn([scale.float() for scale in maps(3)], 0, words=(4, 8, 8))
    network = PRN(Backbone(), book, Head(HeadForm(), residuals=book.channels), pixels=(5, 60)).eval()
    image = torch.randint(0, 256, (1, 128, 128, 3), dtype=torch.uint8)
    with torch.no_grad():
        anomaly_map, score, chosen = network(image)
        features = network.backbone(image.permute(0, 3, 1, 2).float())
        apart, _ = network.residuals(features)
        logits = network.head(features, apart) + evidence(apart[-1][:, -1:], (64, 64), HeadForm())
    assert chosen.shape == (1, 8 * 8)
    torch.testing.assert_close(anomaly_map, torch.sigmoid(logits)[:, 0])
    assert float(score) == pytest.approx(top_means(anomaly_map[0].numpy(), (5, 60)), abs=1e-5)
