"""Each part of the method off or otherwise; and the default, which switches must not touch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from edge_inspector.prn.attention import MultiSizeAttention
from edge_inspector.prn.backbone import CHANNELS, STRIDES
from edge_inspector.prn.decoder import Decoder
from edge_inspector.prn.fusion import NoFusion
from edge_inspector.prn.head import SCALES, Head, HeadForm
from edge_inspector.prn.loss import EMPHASIS, GAMMA, LAMBDA, LossForm, emphasis, focal, prn_loss
from edge_inspector.prn.residual import nearest, residual

SIZE = 128


def maps(n: int) -> list[Tensor]:
    return [torch.randn(n, c, SIZE // s, SIZE // s) for c, s in zip(CHANNELS, STRIDES, strict=True)]


def parameters(form: HeadForm) -> int:
    return sum(parameter.numel() for parameter in Head(form).parameters())


DEFAULT = HeadForm()
FORMS = {  # form, whether it has fewer weights than the default
    "default": (DEFAULT, False),
    "no fusion": (replace(DEFAULT, fusion=False), True),
    "no second fusion": (replace(DEFAULT, second_fusion=False), True),
    "no attention": (replace(DEFAULT, attention=0), True),
    "no skips": (replace(DEFAULT, skips=False), False),  # they are added
    "scale root": (replace(DEFAULT, scale="root"), False),
    "nothing": (replace(DEFAULT, fusion=False, second_fusion=False, attention=0, skips=False), True),
}


@pytest.mark.parametrize(("form", "smaller"), FORMS.values(), ids=FORMS.keys())
def test_every_form_of_the_head_gives_a_map_and_learns(form: HeadForm, smaller: bool) -> None:
    head = Head(form)
    logits = head(maps(2), maps(2)[:SCALES])
    assert logits.shape == (2, 1, SIZE // 2, SIZE // 2)
    logits.square().mean().backward()
    idle = {name for name, parameter in head.named_parameters() if parameter.grad is None}
    assert bool(idle) != form.skips  # without skips the finer scales lead nowhere
    assert not any(name.startswith("decoder") for name in idle)
    assert (parameters(form) < parameters(DEFAULT)) == smaller


def test_a_head_without_attention_has_none() -> None:
    assert not any(isinstance(module, MultiSizeAttention) for module in Head(replace(DEFAULT, attention=0)).modules())


def test_without_fusion_each_scale_knows_only_itself() -> None:
    alone = NoFusion((2, 3, 4), (5, 6, 7)).eval()
    scales = [torch.randn(1, c, 32 // 2**j, 32 // 2**j) for j, c in enumerate((2, 3, 4))]
    before = alone(scales)
    for k in range(3):
        after = alone([torch.zeros_like(m) if j == k else m for j, m in enumerate(scales)])
        assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [j != k for j in range(3)]


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_the_decoder_takes_the_coarsest_skips(taken: int) -> None:
    torch.manual_seed(0)
    decoder = Decoder(6, (2, 3, 4), (15, 16, 17), 14, taken).eval()
    deep, skips = torch.randn(1, 6, 2, 2), [torch.randn(1, c, 16 // 2**j, 16 // 2**j) for j, c in enumerate((2, 3, 4))]
    before = decoder(deep, skips)
    seen = [not torch.equal(before, decoder(deep, [torch.zeros_like(m) if j == k else m for j, m in enumerate(skips)])) for k in range(3)]
    assert seen == [k >= 3 - taken for k in range(3)]


def test_without_residuals_the_features_stand_in_their_place() -> None:
    features, prototypes = torch.randn(3, 2, 4, 4), torch.randn(4, 2, 4, 4)
    given, chosen = residual(features, prototypes, "none")
    assert torch.equal(given, features)
    assert torch.equal(chosen, nearest(features, prototypes))  # the bundle tells it still


def pair() -> tuple[Tensor, Tensor]:
    return torch.randn(2, 1, 16, 16, requires_grad=True), (torch.rand(2, 1, 16, 16) > 0.9).float()


def smooth(logits: Tensor, target: Tensor) -> Tensor:
    return F.smooth_l1_loss(logits.sigmoid(), target)


def term(logits: Tensor, target: Tensor, gamma: float = GAMMA, most: float = EMPHASIS) -> Tensor:
    return LAMBDA * (focal(logits, target, gamma) * emphasis(target, most)).mean()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return smooth(logits, target) + LAMBDA * (each * emphasis(target)).mean()


LOSSES = {
    "default": (LossForm(), lambda x, t: smooth(x, t) + term(x, t)),
    "no smooth L1": (LossForm(smooth_l1=False), term),
    "no focal": (LossForm(weight=0.0), smooth),
    "cross-entropy": (LossForm(gamma=0.0), cross_entropy),
    "no emphasis": (LossForm(most=1.0), lambda x, t: smooth(x, t) + term(x, t, most=1.0)),
}


@pytest.mark.parametrize(("form", "formula"), LOSSES.values(), ids=LOSSES.keys())
def test_losses_and_their_gradients(form: LossForm, formula: Callable[[Tensor, Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    logits, target = pair()
    (found,) = torch.autograd.grad(prn_loss(logits, target, form), logits)
    (expected,) = torch.autograd.grad(formula(logits, target), logits)
    if form == LossForm():  # to the last bit: what is trained by default is what was trained before there were switches
        assert torch.equal(found, expected)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-9)


def test_the_default_head_has_the_weights_that_bundles_have() -> None:
    """Names, order and shapes decide what a seed draws and which bundles can be loaded."""
    listed = "\n".join(f"{name} {tuple(tensor.shape)}" for name, tensor in Head(DEFAULT).state_dict().items())
    assert hashlib.sha256(listed.encode()).hexdigest() == "c7be887308b618e092e7666eee3ed897100c082b25e77c4cfd7bb9d18493104b"
    assert [name for name, _ in Head(DEFAULT).named_children()] == [
        "fuse_features",
        "fuse_residuals",
        "attention",
        "fuse_joined",
        "decoder",
    ]
