"""Regions C of seen anomalies, for batches: ``training.extended`` on the device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from edge_inspector.training.device.draws import Draws, each
from edge_inspector.training.device.operators import affine, blurred, confined, inside, rotation, sampled
from edge_inspector.training.device.shapes import drawn_pixels, size_of
from edge_inspector.training.device.stock import Seen
from edge_inspector.training.device.textures import Bases
from edge_inspector.training.extended import FAINTER, IN_PLACE
from edge_inspector.training.making import WHOLE_PART, Making


@dataclass(frozen=True)
class Cuttings:
    """Seen anomalies, or pieces of them, to be placed.

    ``chosen`` (n,) are their numbers, ``images`` (n, 3, H, W) with their ``windows`` (n, 4), ``masks`` (n, 1, H, W) of 0 and 1, their
    ``centres`` (n, 2) and ``areas`` (n,).
    """

    chosen: Tensor
    images: Tensor
    windows: Tensor
    masks: Tensor
    centres: Tensor
    areas: Tensor


def cut(seen: Seen, count: int, draws: Draws) -> Cuttings:
    """The whole mask of a seen anomaly, or one of its connected pieces."""
    chosen = seen.drawn(count, draws)
    pieces = seen.counts[chosen]
    piece = (1 + draws.below(pieces)) * (draws.chance(count, 0.5) & (pieces > 1))
    labels = seen.labels[chosen]
    masks = torch.where(each(piece) == 0, labels > 0, labels == each(piece))
    return Cuttings(
        chosen,
        seen.images[chosen].float(),
        seen.windows[chosen],
        masks.float(),
        seen.centres[chosen, piece],
        seen.areas[chosen, piece],
    )


@dataclass(frozen=True)
class Placed:
    """C and M at their places: ``regions`` float32 (n, 3, H, W) in 0..255, ``masks`` float32 (n, 1, H, W) in 0..1.

    ``of_light`` bool (n,): C is the base, lit as the anomaly's place was.
    """

    regions: Tensor
    masks: Tensor
    of_light: Tensor


def place(seen: Seen, bases: Bases, around: Tensor, draws: Draws, making: Making = WHOLE_PART) -> Placed:
    """Regions and masks by the same transform, masks inside the bases' windows only.

    What does not stay where it was is cut to ``around`` (n, 1, H, W): 1 on the part and a little beyond it, else 0.
    """
    count, size = len(bases), size_of(bases.images)
    cuttings = cut(seen, count, draws)
    in_place = draws.chance(count, IN_PLACE)
    here, there = nudged(cuttings, bases, draws), scattered(cuttings, bases, draws, making.scales)
    # A part that lies elsewhere has nothing in the place where the anomaly was.
    in_place &= (sampled(cuttings.masks, *affine(here[0], cuttings.centres, here[1], size)) * around).flatten(1).amax(1) > 0
    linear, target = (torch.where(in_place.view(-1, *[1] * (a.dim() - 1)), a, b) for a, b in zip(here, there, strict=True))
    places = affine(linear, cuttings.centres, target, size)
    confines = confined(*places, cuttings.windows)
    regions = relit(sampled(cuttings.images, *confines), draws)
    of_light = torch.zeros_like(in_place)
    if seen.light is not None:
        of_light = draws.chance(count, making.light_only) & seen.light.known[cuttings.chosen]
        lit = bases.images * sampled(seen.light.ratios[cuttings.chosen], *confines) ** each(draws.uniform(count, *FAINTER))
        regions = torch.where(each(of_light), lit.clamp(0, 255), regions)
    mask = sampled(cuttings.masks, *places)
    mask = mask * torch.maximum(around, each(in_place.float()))
    edged = softened(mask, torch.full((count,), making.soft, device=mask.device)) if making.soft else mask.clamp(0.0, 1.0)
    return Placed(regions, edged * inside(bases.windows, size), of_light)


def nudged(cuttings: Cuttings, bases: Bases, draws: Draws) -> tuple[Tensor, Tensor]:
    """Nearly where it was, by linear part (n, 2, 2) and new centre (n, 2): a few degrees, a few per cent."""
    count = len(bases)
    degrees, scale = draws.uniform(count, -8.0, 8.0), draws.uniform(count, 0.85, 1.15)
    share = (cuttings.centres - cuttings.windows[:, :2]) / cuttings.windows[:, 2:] + draws.uniform((count, 2), -0.03, 0.03)
    return rotation(degrees, scale), bases.windows[:, :2] + share * bases.windows[:, 2:]


def scattered(cuttings: Cuttings, bases: Bases, draws: Draws, scales: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Anywhere on the part, turned, perhaps mirrored, smaller or larger, by linear part (n, 2, 2) and new centre (n, 2)."""
    count = len(bases)
    scale = torch.exp(draws.uniform(count, math.log(scales[0]), math.log(scales[1])))
    scale = torch.maximum(scale, torch.sqrt(9.0 / cuttings.areas).clamp(max=1.0))  # leave at least nine pixels
    stretch, mirror = torch.exp(draws.uniform(count, -0.25, 0.25)), draws.sign(count)
    turn = rotation(draws.uniform(count, 0.0, 360.0), torch.ones_like(scale))
    return turn * torch.stack([scale * stretch * mirror, scale / stretch], 1)[:, None, :], drawn_pixels(bases.parts, draws)


def relit(regions: Tensor, draws: Draws) -> Tensor:
    """Regions with a little other gain and offset."""
    count = len(regions)
    gain, offset = draws.uniform(count, 0.85, 1.15), 128.0 + draws.uniform(count, -15.0, 15.0)
    return ((regions - 128.0) * each(gain) + each(offset)).clamp(0, 255)


def softened(masks: Tensor, sigmas: Tensor) -> Tensor:
    """Masks with softer edges, each by its own of ``sigmas`` (n,), at most 1.2 pixels; still in 0..1."""
    return blurred(masks, sigmas, 1.2).clamp(0.0, 1.0)
