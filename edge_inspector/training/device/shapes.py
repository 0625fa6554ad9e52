"""Masks M of simulated anomalies, for batches: ``training.shapes`` on the device.

``parts`` bool (n, 1, H, W) say where the part is, nowhere outside its window; masks are float32 (n, 1, H, W), 0 or 1, and 0 off the part.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from edge_inspector.geometry import Size
from edge_inspector.training.device.draws import Draws, each
from edge_inspector.training.device.noise import drawn_grid, perlin
from edge_inspector.training.device.operators import pixels, thick
from edge_inspector.training.shapes import AREA, CRACK, SCATTER

_BETWEEN = 8  # points drawn of a segment of four pixels: half a pixel apart, a line has no gaps


def simulated_masks(parts: Tensor, windows: Tensor, draws: Draws, areas: tuple[float, float] = AREA) -> Tensor:
    """Scattered pieces, cracks and single shapes by their shares; a mask may be empty where nothing fell on the part."""
    makers = ((SCATTER, scattered), (CRACK, crack), (1.0 - SCATTER - CRACK, partial(single, shares=areas)))
    return draws.mixed(len(parts), [(share, draws.by(make, parts, windows)) for share, make in makers])


def scattered(parts: Tensor, windows: Tensor, draws: Draws) -> Tensor:
    """Noise above half its peak over the whole part: several pieces of one make."""
    noise = perlin(*drawn_grid(windows, draws), windows, size_of(parts), draws)
    cut = draws.uniform(len(parts), 0.5, 0.8) * noise.amax((1, 2, 3))
    return ((noise > each(cut)) & parts).float()


def single(parts: Tensor, windows: Tensor, draws: Draws, shares: tuple[float, float] = AREA) -> Tensor:
    """One shape around a drawn point, of an area drawn from these ``shares`` of the part: noise minus a distance, cut to that area."""
    count, size = len(parts), size_of(parts)
    available = parts.sum((1, 2, 3)).float()
    share = torch.exp(draws.uniform(count, math.log(shares[0]), math.log(shares[1])))
    area = (share * available).clamp(min=4.0)
    radius = torch.sqrt(area / math.pi)
    cell = draws.uniform(count, 0.7, 3.0) * radius
    columns, rows = ((side / cell).floor().clamp(min=2) for side in windows[:, 2:].unbind(1))
    rows, columns = torch.minimum(rows, _finest(windows[:, 3])), torch.minimum(columns, _finest(windows[:, 2]))
    noise = each(draws.uniform(count, 0.3, 1.5)) * perlin(rows, columns, windows, size, draws)
    field = (noise - _distance(drawn_pixels(parts, draws), radius, size, draws)).masked_fill(~parts, -torch.inf)
    return (field > each(_level(field, torch.minimum(area.floor(), available - 1)))).float()


def crack(parts: Tensor, windows: Tensor, draws: Draws) -> Tensor:  # noqa: ARG001 - a crack is drawn without a grid
    """A thin line that wanders, up to half the part long, at times forked."""
    count, size = len(parts), size_of(parts)
    available = parts.sum((1, 2, 3)).float()
    length = torch.exp(draws.uniform(count) * torch.log((0.5 * available.sqrt() + 8.0) / 8.0) + math.log(8.0))
    heading, width = draws.uniform(count, 0.0, 2.0 * math.pi), 1 + draws.one_of(3, count)
    path, steps = _walk(drawn_pixels(parts, draws), heading, length, size, draws)
    lines = thick(_line(path, steps, size), width)
    middle = path[torch.arange(count, device=path.device), (steps + 1) // 2]
    branch, less = _walk(middle, heading + draws.uniform(count, -1.2, 1.2), 0.5 * length, size, draws)
    forked = thick(_line(branch, less, size), (width - 1).clamp(min=1)) * each(draws.chance(count, 0.3))
    return torch.maximum(lines, forked) * parts


def drawn_pixels(parts: Tensor, draws: Draws) -> Tensor:
    """x and y (n, 2) float32 of a pixel of each part, all alike likely."""
    lots = draws.uniform(parts.shape) * parts  # torch.multinomial would wait for the device to check its weights
    found = lots.flatten(1).argmax(1)
    return torch.stack([found % parts.shape[3], found // parts.shape[3]], 1).float()


def size_of(images: Tensor) -> Size:
    """(H, W) of (n, C, H, W)."""
    return images.shape[2], images.shape[3]


def _finest(sides: Tensor) -> Tensor:
    return (sides / 3).floor().clamp(min=2)


def _level(field: Tensor, counts: Tensor) -> Tensor:
    """The value (n,) that ``counts`` (n,) pixels of each field (n, 1, H, W) lie above."""
    ordered = field.flatten(1).sort(descending=True).values
    return ordered.gather(1, counts.long()[:, None])[:, 0]


def _distance(centres: Tensor, radius: Tensor, size: Size, draws: Draws) -> Tensor:
    """Elliptic distance (n, 1, H, W) from ``centres`` in radii; up to 25 times as long as wide, and bent, as in ``training.shapes``."""
    count = len(radius)
    aspect = torch.exp(draws.uniform(count, 0.0, math.log(25.0)) * draws.chance(count, 0.6))
    aspect = torch.minimum(aspect, (radius * radius).clamp(min=1.0))  # no thinner than two pixels
    root, angle = torch.sqrt(aspect), draws.uniform(count, 0.0, math.pi)
    x, y = pixels(size, radius.device)
    dx, dy = x - each(centres[:, 0]), y - each(centres[:, 1])
    cos, sin = each(torch.cos(angle)), each(torch.sin(angle))
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    across = across + each(draws.uniform(count, -0.3, 0.3) / (radius * root)) * along * along
    return torch.hypot(along / each(root), across * each(root)) / each(radius)


def _walk(start: Tensor, heading: Tensor, length: Tensor, size: Size, draws: Draws) -> tuple[Tensor, Tensor]:
    """Points (n, P + 1, 2) of lines in steps of four pixels that turn a little at each, and each line's own number of steps (n,)."""
    count, most = len(start), max(2, math.ceil((0.5 * math.sqrt(size[0] * size[1]) + 8.0) / 4.0))
    turns = draws.normal((count, most)) * draws.uniform((count, 1), 0.05, 0.45)
    headings = heading[:, None] + torch.cumsum(turns, 1)
    points = start[:, None] + 4.0 * torch.cumsum(torch.stack([torch.cos(headings), torch.sin(headings)], 2), 1)
    steps = torch.round(length / 4.0).clamp(2, most).long()
    return torch.cat([start[:, None], points], 1).round(), steps


def _line(path: Tensor, steps: Tensor, size: Size) -> Tensor:
    """The first ``steps`` segments of each path, one pixel wide: (n, 1, H, W), 0 or 1."""
    height, width = size
    share = torch.arange(_BETWEEN + 1, device=path.device) / _BETWEEN
    points = torch.lerp(path[:, :-1, None], path[:, 1:, None], share[:, None]).round().long()  # (n, P, _BETWEEN + 1, 2)
    x, y = points.unbind(3)
    drawn = torch.arange(path.shape[1] - 1, device=path.device)[None, :, None] < steps[:, None, None]
    drawn = drawn & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    index = torch.where(drawn, y * width + x, height * width).flatten(1)  # one place more, for what is not drawn
    canvas = torch.zeros(len(path), height * width + 1, device=path.device).scatter_(1, index, 1.0)
    return canvas[:, :-1].reshape(-1, 1, height, width)
