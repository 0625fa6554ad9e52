"""Batches of normals and anomalies (PRN section 3.4): ``training.synthesis`` on the device.

    extended   E = (1 - M) N + (1 - beta) C + beta (M N)
    simulated  S = (1 - M) N + (1 - beta) (M A) + beta (M N)

Each anomaly is made _TRIES times at once and the first that can be seen is taken; the host form tries again only where none can be seen,
which here would have to wait for the device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from edge_inspector.geometry import PADDING
from edge_inspector.training.device.draws import Draws, each, seeded
from edge_inspector.training.device.operators import grown, inside, sampled
from edge_inspector.training.device.placing import place, softened
from edge_inspector.training.device.shapes import simulated_masks, size_of
from edge_inspector.training.device.stock import Seen, Stock
from edge_inspector.training.device.textures import Bases, sources
from edge_inspector.training.device.variation import lit, moved, moves
from edge_inspector.training.synthesis import AT_HOME, BETA_EXTENDED, BETA_SIMULATED, CROWDED, HARD_SHARE, VISIBLE, recipe

_TRIES = 4  # 83 % (plain grey discs) to 95 % (bottle) can be seen at the first try: hardly one of a thousand goes unlabelled


@dataclass(frozen=True)
class Made:
    """Images float32 (n, 3, H, W) of whole grey levels, continued beyond their windows (n, 4), and masks (n, 1, H, W), 0 outside them."""

    images: Tensor
    masks: Tensor
    windows: Tensor

    @property
    def canvases(self) -> Tensor:
        """The images as the network sees them, uint8 (n, 3, H, W)."""
        return torch.where(inside(self.windows, size_of(self.images)), self.images, PADDING).to(torch.uint8)


def make_batch(stock: Stock, size: int, seed: int, step: int) -> Made:
    """The samples of a step, ``size`` of them, by kind as ``training.synthesis.recipe`` counts them."""
    draws = seeded(seed, step, stock.device)
    counts = Counter(recipe(size, stock.seen is not None, stock.kinds, stock.making.simulated))
    made = [KINDS[kind](stock, count, draws) for kind, count in counts.items()]
    return Made(*(torch.cat([getattr(part, name) for part in made]) for name in ("images", "masks", "windows")))


def normal(stock: Stock, count: int, draws: Draws) -> Made:
    """Varied normals and empty masks."""
    bases = _varied(stock, _plain(stock, count, draws), draws)
    return Made(bases.images, torch.zeros_like(bases.images[:, :1]), bases.windows)


def recalled(stock: Stock, count: int, draws: Draws) -> Made:
    """Seen anomalies as they were seen, varied: extended anomalies whose normal is their own image."""
    seen = _seen(stock)
    chosen = seen.drawn(count, draws)
    windows = seen.windows[chosen]
    places = moves(windows, stock.size, draws, stock.variation)
    images = lit(moved(seen.images[chosen].float(), windows, places), draws, stock.variation)
    masks = sampled((seen.labels[chosen] > 0).float(), *places).clamp(0.0, 1.0)
    return Made(images, masks * inside(windows, stock.size), windows)


def extended(stock: Stock, count: int, draws: Draws) -> Made:
    """Seen anomalies, changed, on normals."""
    return _crowd(_bases(stock, count, draws), _with_seen, stock, draws)


def _with_seen(bases: Bases, stock: Stock, draws: Draws) -> Made:
    around = grown(bases.parts.float(), 9).repeat_interleave(_TRIES, 0)
    tries = bases.times(_TRIES)
    placed = place(_seen(stock), tries, around, draws, stock.making)
    home = each(draws.chance(len(tries), AT_HOME) & ~placed.of_light)
    region = torch.where(home, at_home(placed.regions, tries, placed.masks), placed.regions)
    blended = blend(tries.images, region, placed.masks, draws.beta(len(tries), BETA_EXTENDED, 0.5))
    return first_visible(bases, blended, placed.masks)


def simulated(stock: Stock, count: int, draws: Draws) -> Made:
    """Made-up anomalies on normals."""
    return _crowd(_bases(stock, count, draws), _with_simulated, stock, draws)


def _with_simulated(bases: Bases, stock: Stock, draws: Draws) -> Made:
    burrs = (grown(bases.parts.float(), 5) > 0) & inside(bases.windows, stock.size)  # they stick out of the edge
    tries = replace(bases, parts=burrs).times(_TRIES)
    masks = simulated_masks(tries.parts, tries.windows, draws, stock.making.areas)
    soft = softened(masks, draws.uniform(len(tries), 0.4, 1.2)) * inside(tries.windows, stock.size)
    masks = torch.where(each(draws.chance(len(tries), 0.3)), masks, soft)
    blended = blend(tries.images, sources(tries, masks, stock, draws), masks, draws.beta(len(tries), BETA_SIMULATED, 0.6))
    return first_visible(bases, blended, masks)


def _crowd(bases: Bases, put: Callable[[Bases, Stock, Draws], Made], stock: Stock, draws: Draws) -> Made:
    """What ``put`` makes of normals, done again as often as drawn for each, until CROWDED."""
    made = put(bases, stock, draws)
    if stock.making.crowd == 1:
        return made
    images, masks, area = made.images.clone(), made.masks.clone(), bases.windows[:, 2] * bases.windows[:, 3]
    more = draws.kinds.integers(stock.making.crowd, size=len(bases))  # on the host: how many are made must not wait for the device
    for number in range(int(more.max())):
        places = torch.from_numpy(np.flatnonzero(more > number)).to(stock.device)
        further = put(replace(bases[places], images=images[places]), stock, draws)
        taken = each(masks[places].sum((1, 2, 3)) <= CROWDED * area[places])
        images[places] = torch.where(taken, further.images, images[places])
        masks[places] = torch.where(taken, torch.maximum(masks[places], further.masks), masks[places])
    return Made(images, masks, made.windows)


KINDS: dict[str, Callable[[Stock, int, Draws], Made]] = {
    "normal": normal,
    "recalled": recalled,
    "extended": extended,
    "simulated": simulated,
}


def _bases(stock: Stock, count: int, draws: Draws) -> Bases:
    return _varied(stock, draws.one_of(len(stock.normals), count), draws)


def _plain(stock: Stock, count: int, draws: Draws) -> Tensor:
    """Numbers of normals to show without an anomaly, int64 (count,): HARD_SHARE of them hard ones, where some are known to be."""
    chosen = draws.one_of(len(stock.normals), count)
    if stock.hard is None:
        return chosen
    return torch.where(draws.chance(count, HARD_SHARE), stock.hard[draws.one_of(len(stock.hard), count)], chosen)


def _varied(stock: Stock, chosen: Tensor, draws: Draws) -> Bases:
    """Varied normals; where the part is moves with them."""
    windows = stock.windows[chosen]
    places = moves(windows, stock.size, draws, stock.variation)
    parts = moved(stock.parts[chosen].float(), windows, places) > 0
    images = lit(moved(stock.normals[chosen].float(), windows, places), draws, stock.variation)
    return Bases(images, windows, parts & inside(windows, stock.size))


def _seen(stock: Stock) -> Seen:
    if stock.seen is None:
        raise ValueError("no seen anomalies to make others from; only simulated ones can be made")
    return stock.seen


def blend(images: Tensor, source: Tensor, masks: Tensor, beta: Tensor) -> Tensor:
    """(1 - M) N + (1 - beta) (M A) + beta (M N) in whole grey levels; beta (n,). Where M is 0 this is N exactly."""
    weight = masks * each(1.0 - beta)
    return (images * (1.0 - weight) + source * weight + 0.5).clamp(0, 255).floor()


def visible(before: Tensor, after: Tensor, masks: Tensor) -> Tensor:
    """bool (n,): whether the change inside the mask can be seen, as ``training.synthesis.visible``."""
    marked = masks > 0.5
    count = marked.sum((1, 2, 3))
    change = _mean((before - after).abs().amax(1, keepdim=True), marked)
    return (count >= 3) & (change >= VISIBLE[0] + VISIBLE[1] * _mean(before, marked))


def at_home(regions: Tensor, bases: Bases, masks: Tensor) -> Tensor:
    """Each seen region's light brought to that of its new place: by the ratio of the two means in a ring around the mask."""
    core = masks > 0.1
    ring = (grown(core.float(), 13) > 0) & ~core & inside(bases.windows, size_of(masks))
    ratio = (_mean(bases.images, ring) + 4.0) / (_mean(regions, ring) + 4.0)
    ratio = torch.where(ring.any(3).any(2).any(1), ratio.clamp(0.3, 3.0), 1.0)
    return regions * each(ratio)


def first_visible(bases: Bases, blended: Tensor, masks: Tensor) -> Made:
    """Of each base's tries, one after the other in ``blended`` and ``masks``, the first that can be seen; the base alone where none can."""
    count = len(bases)
    tries = len(blended) // count
    shown = visible(bases.times(tries).images, blended, masks).view(count, tries)
    chosen = torch.arange(count, device=shown.device) * tries + shown.byte().argmax(1)
    found = each(shown.any(1))
    images = torch.where(found, blended[chosen], bases.images)
    return Made(images, masks[chosen] * found, bases.windows)


def _mean(images: Tensor, where: Tensor) -> Tensor:
    """Mean (n,) over the channels and the pixels that ``where`` (n, 1, H, W) marks; 0 where it marks none."""
    count = where.sum((1, 2, 3)) * images.shape[1]
    return (images * where).sum((1, 2, 3)) / count.clamp(min=1)
