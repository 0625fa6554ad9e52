"""Which form of prototypes a product gets, and making them: whole maps where position tells the look, a codebook where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.geometry import Window
from edge_inspector.prn.backbone import STRIDES
from edge_inspector.prn.codebook import Codebook, covered, learn
from edge_inspector.prn.head import SCALES
from edge_inspector.prn.prototypes import Prototypes, cluster, prototype_count
from edge_inspector.training.fit import to_input

FormChoice = Literal["auto", "whole-map", "codebook"]
Form = Literal["whole-map", "codebook"]
# Share of the normals' variance that position explains, at stride 16, from which they count as aligned. Bottles that stand in one place
# reach 0.9, magnetic tiles of every size and kind 0.2 (tests/benchmarks/prototypes.py).
ALIGNED = 0.5
_FEW = 4  # normals below which the share is no more than chance
MOST = 1500  # normals that a codebook or clusters are made from, unless a number of whole maps is asked for; 0.4 MB each
_ANEW = "; made anew of "


@dataclass(frozen=True)
class Plan:
    """The form of the prototypes, K (words of the coarsest scale, of a codebook), and why."""

    form: Form
    k: int
    why: str


def renewed(before: Plan, made: Plan, normals: int) -> Plan:
    """The plan of prototypes ``made`` anew of so many ``normals`` in the form that those ``before`` have: why is theirs, and this."""
    now = "" if made.k == before.k else f": now K = {made.k}"
    return Plan(made.form, made.k, f"{before.why.partition(_ANEW)[0]}{_ANEW}{normals} normals{now}")


def gather(
    features: Callable[[Tensor], tuple[Tensor, ...]], normals: NDArray[np.uint8], device: torch.device, seed: int, most: int = MOST
) -> tuple[list[Tensor], NDArray[np.int64]]:
    """F_1..F_4 of up to ``most`` seeded normals as float16 on the CPU, and the numbers of these normals."""
    picked = np.sort(np.random.default_rng([seed, 23]).permutation(len(normals))[:most])
    collected: list[list[Tensor]] = [[] for _ in STRIDES]
    for start in range(0, len(picked), 16):
        maps = features(to_input(normals[picked[start : start + 16]], device))
        for scale, found in zip(collected, maps, strict=True):
            scale.append(found.to(torch.float16).cpu().contiguous())
    return [torch.cat(scale) for scale in collected], picked


def inside(windows: Sequence[Window], picked: NDArray[np.int64], size: tuple[int, int]) -> Tensor | None:
    """Where the parts are, bool (M, h, w) at a map's ``size``; None where no image is padded."""
    if not windows:
        return None
    masks = torch.stack([torch.from_numpy(windows[n].pad(np.ones((windows[n].h, windows[n].w), np.float32), 0.0)) for n in picked])
    return covered(masks, size)


def explained(maps: Tensor, places: Tensor | None) -> float:
    """The share of the variance of ``maps`` (M, c, h, w) that the place on the map explains, 0..1; ``places`` (M, h, w) count.

    1 - (variance around the mean of each place) / (variance around the mean of all), without bias, averaged over channels.
    """
    count = len(maps)
    weight = torch.ones(count, *maps.shape[-2:]) if places is None else places.float()
    seen = weight.sum(0)  # (h, w): normals a place
    total, common = seen.sum(), torch.zeros(maps.shape[1])
    for number in range(count):
        common += (maps[number].float() * weight[number]).sum((1, 2))
    around_all, around_place = torch.zeros_like(common), torch.zeros_like(common)
    here = sum((maps[n].float() * weight[n] for n in range(count)), torch.zeros_like(maps[0].float())) / seen.clamp(min=1)
    unbiased = seen / (seen - 1).clamp(min=1)
    for number in range(count):
        scale = maps[number].float()
        around_all += ((scale - (common / total)[:, None, None]).square() * weight[number]).sum((1, 2))
        around_place += ((scale - here).square() * weight[number] * unbiased).sum((1, 2))
    return float((1.0 - around_place / around_all.clamp(min=1e-6)).mean())


def choose(share: float, normals: int, wanted: FormChoice) -> tuple[Form, str]:
    """The form and why: as ``wanted``, or by the ``share`` that position explains."""
    if wanted != "auto":
        return wanted, "as asked"
    if normals < _FEW:
        return "whole-map", f"{normals} normals are too few to tell whether parts are aligned"
    told = f"position explains {share:.0%} of the variance of the normals' features"
    return ("whole-map", f"{told}: aligned") if share >= ALIGNED else ("codebook", f"{told}: not aligned, or textured")


def build(
    maps: list[Tensor], places: Tensor | None, wanted: FormChoice, ratio: float | None, k: int | None, seed: int
) -> tuple[Prototypes | Codebook, Plan]:
    """Of the normals' maps F_1..F_4; ``places`` (M, h_1, w_1) bool say where the parts are, ``ratio`` or ``k`` how many whole maps."""
    coarse = maps[SCALES - 1]
    there = None if places is None else covered(places, (coarse.shape[-2], coarse.shape[-1]))
    if wanted == "auto" and (k is not None or ratio is not None):
        wanted = "whole-map"  # a number of whole maps was asked for
    form, why = choose(explained(coarse, there) if wanted == "auto" else 0.0, len(coarse), wanted)
    if form == "codebook":
        book = learn(maps, seed, windows=places)
        return book, Plan(form, book.k, f"{why}; {book.k} words at the coarsest scale")
    number, reason = prototype_count(len(coarse), ratio, k)
    return Prototypes([cluster(scale, number, seed) for scale in maps[:SCALES]]), Plan(form, number, f"{why}; {reason}")
