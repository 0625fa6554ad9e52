"""Which form of prototypes a product gets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_inspector.geometry import Window
from edge_inspector.prn.codebook import Codebook
from edge_inspector.prn.prototypes import Prototypes
from edge_inspector.training.normality import FormChoice, Plan, build, choose, explained, gather, inside, renewed

CHANNELS = (3, 4, 5, 6)


def maps(count: int, aligned: float) -> list[torch.Tensor]:
    """F_1..F_4: noise, and ``aligned`` times a pattern that all share."""
    generator = torch.Generator().manual_seed(3)
    shapes = [(c, 32 >> j, 32 >> j) for j, c in enumerate(CHANNELS)]
    return [torch.randn(count, *s, generator=generator) + aligned * torch.randn(s, generator=generator) for s in shapes]


def test_position_explains_what_it_was_made_to_explain() -> None:
    scale = maps(200, 2.0)[2]  # pattern variance 4, noise variance 1
    assert explained(scale, None) == pytest.approx(0.8, abs=0.03)
    assert explained(maps(200, 0.0)[2], None) == pytest.approx(0.0, abs=0.02)


def test_few_normals_do_not_look_aligned_by_chance() -> None:
    assert explained(maps(4, 0.0)[2], None) < 0.1


def test_padding_explains_nothing() -> None:
    scale, places = maps(60, 0.0)[2], torch.ones(60, 8, 8, dtype=torch.bool)
    scale[:, :, :3] = 50.0
    places[:, :3] = False
    assert explained(scale, None) > 0.9
    assert explained(scale, places) < 0.1


CASES: dict[str, tuple[float, int, FormChoice, str, str]] = {
    "aligned": (0.92, 200, "auto", "whole-map", "position explains 92 % of the variance of the normals' features: aligned"),
    "texture": (0.19, 700, "auto", "codebook", "position explains 19 % of the variance of the normals' features: not aligned, or textured"),
    "few": (0.0, 3, "auto", "whole-map", "3 normals are too few to tell whether parts are aligned"),
    "asked": (0.92, 200, "codebook", "codebook", "as asked"),
}


@pytest.mark.parametrize(("share", "normals", "wanted", "form", "why"), CASES.values(), ids=CASES.keys())
def test_the_form_follows_the_share(share: float, normals: int, wanted: FormChoice, form: str, why: str) -> None:
    assert choose(share, normals, wanted) == (form, why.replace(" %", "%"))


def test_texture_gets_a_codebook_and_aligned_parts_whole_maps() -> None:
    textured, plan = build(maps(8, 0.0), None, "auto", None, None, 0)
    assert isinstance(textured, Codebook)
    assert (plan.form, plan.k) == ("codebook", textured.k)
    aligned, plan = build(maps(8, 5.0), None, "auto", None, None, 0)
    assert isinstance(aligned, Prototypes)
    assert (plan.form, plan.k) == ("whole-map", 1)
    assert plan.why.endswith("aligned; 10% of 8 normals")


def test_a_number_of_whole_maps_asks_for_whole_maps() -> None:
    found, plan = build(maps(8, 0.0), None, "auto", None, 2, 0)
    assert isinstance(found, Prototypes)
    assert (plan.k, found.k) == (2, 2)


def test_the_places_of_the_parts_are_those_of_their_windows() -> None:
    windows = (Window((64, 64), 0, 16, 64, 32), Window((64, 64), 16, 0, 32, 64))
    places = inside(windows, np.array([0, 1]), (16, 16))
    assert places is not None
    assert places[0].sum() == places[1].sum() == 8 * 16
    assert bool(places[0, 4:12].all())
    assert inside((), np.array([0]), (16, 16)) is None


@pytest.mark.parametrize("wanted", ["auto", "codebook"])
def test_parts_thinner_than_a_place_are_learnt_from(wanted: FormChoice) -> None:
    windows = tuple(Window((128, 128), 0, 58, 128, 12) for _ in range(8))  # two places of stride 16, three eighths of each
    places = inside(windows, np.arange(8), (32, 32))
    assert places is not None
    found, plan = build(maps(8, 0.0), places, wanted, None, None, 0)
    assert isinstance(found, Codebook)
    assert plan.form == "codebook"
    assert "nan" not in plan.why
    assert all(bool(tensor.isfinite().all()) for tensor in found.buffers())


@pytest.mark.parametrize(("most", "count"), {"some": (5, 5), "all": (40, 40), "more than there are": (99, 40)}.values())
def test_so_many_normals_are_gathered_each_once_and_in_order(most: int, count: int) -> None:
    normals = np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 4, 4, 3)).copy()
    found, picked = gather(lambda images: (images, images, images, images), normals, torch.device("cpu"), 0, most)
    assert len(found) == 4
    assert found[0].shape == (count, 3, 4, 4)
    assert found[3][:, 0, 0, 0].tolist() == picked.tolist() == sorted(set(picked.tolist()))


WHY = "position explains 92% of the variance of the normals' features: aligned; 10% of 120 normals"
RENEWED = {  # before, made -> k and why
    "as many": (Plan("whole-map", 12, WHY), Plan("whole-map", 12, "as asked"), 12, f"{WHY}; made anew of 9 normals"),
    "fewer normals": (Plan("whole-map", 12, WHY), Plan("whole-map", 9, ""), 9, f"{WHY}; made anew of 9 normals: now K = 9"),
    "words": (Plan("codebook", 512, "textured"), Plan("codebook", 300, "as asked"), 300, "textured; made anew of 9 normals: now K = 300"),
    "a second time": (
        Plan("codebook", 5, "textured; made anew of 7 normals"),
        Plan("codebook", 5, ""),
        5,
        "textured; made anew of 9 normals",
    ),
}


@pytest.mark.parametrize(("before", "made", "k", "why"), RENEWED.values(), ids=RENEWED.keys())
def test_prototypes_made_anew_keep_the_reason_of_their_form(before: Plan, made: Plan, k: int, why: str) -> None:
    assert renewed(before, made, 9) == Plan(made.form, k, why)
