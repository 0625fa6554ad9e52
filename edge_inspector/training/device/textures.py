"""Sources A of simulated anomalies, for batches: ``training.textures`` on the device. All are float32 (n, 3, H, W), about 0..255."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from edge_inspector.geometry import Size
from edge_inspector.training.device.draws import Draws, each
from edge_inspector.training.device.noise import octaves
from edge_inspector.training.device.operators import blurred, confined, pixels, sampled, slopes
from edge_inspector.training.device.shapes import size_of
from edge_inspector.training.device.stock import Stock


@dataclass(frozen=True)
class Bases:
    """What anomalies are put on: images (n, 3, H, W) continued beyond their windows (n, 4), and where the part is, bool (n, 1, H, W)."""

    images: Tensor
    windows: Tensor
    parts: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, places: Tensor) -> Bases:
        return Bases(self.images[places], self.windows[places], self.parts[places])

    def times(self, count: int) -> Bases:
        """Each of them ``count`` times, one after the other."""
        return Bases(*(part.repeat_interleave(count, 0) for part in (self.images, self.windows, self.parts)))


def sources(bases: Bases, masks: Tensor, stock: Stock, draws: Draws) -> Tensor:
    """A: an augmented texture, another image of the product, or the augmented normal itself; grey of a grey product."""
    borrowed_share, made_up = (0.15, 0.15) if len(stock.textures) else (0.0, 0.3)
    makers = (
        (borrowed_share, draws.by(partial(textured, stock), bases.windows)),
        (made_up, draws.by(partial(procedural, stock.size), bases.windows)),
        (0.1, draws.by(partial(other_normals, stock), bases.windows)),
        (0.15, draws.by(shaded, bases.images, masks)),
        (0.25, draws.by(lit, bases.images)),
        (0.2, draws.by(recolour, bases.images)),
    )
    made = draws.mixed(len(bases), makers)
    return made.mean(1, keepdim=True).expand_as(made) if stock.grey else made


def shaded(images: Tensor, masks: Tensor, draws: Draws) -> Tensor:
    """The normal itself, lit on one side of the mask and dark on the other: a dent, a bump, a scratch with a lip."""
    count = len(images)
    relief = blurred(masks, draws.uniform(count, 1.0, 5.0), 5.0)
    angle = each(draws.uniform(count, 0.0, 2.0 * math.pi))
    along_x, along_y = slopes(relief)
    slope = along_x * torch.cos(angle) + along_y * torch.sin(angle)
    slope = slope / (slope.abs().amax((1, 2, 3), keepdim=True) + 1e-6)
    return images + slope * each(draws.uniform(count, 40.0, 120.0)) + relief * each(draws.uniform(count, -40.0, 40.0))


def lit(images: Tensor, draws: Draws) -> Tensor:
    """The normal itself, darker (twice as often) or brighter by a factor, its texture kept, weakened or gone."""
    count = len(images)
    sign = torch.where(draws.chance(count, 2 / 3), -1.0, 1.0)
    factor = torch.exp(sign * draws.uniform(count, 0.08, 0.9))
    smooth = blurred(images, draws.uniform(count, 1.0, 5.0), 5.0)
    return torch.lerp(smooth, images, each(draws.uniform(count, 0.0, 1.3))) * each(factor)


def recolour(images: Tensor, draws: Draws) -> Tensor:
    """Inverted, posterised, blurred, or with other gain and offset."""
    ways = (_inverted, _posterised, _blurred, _contrasted)
    return draws.mixed(len(images), [(0.25, draws.by(way, images)) for way in ways])


def _inverted(images: Tensor, draws: Draws) -> Tensor:  # noqa: ARG001 - one form for all ways
    return 255.0 - images


def _posterised(images: Tensor, draws: Draws) -> Tensor:
    step = each(32.0 + draws.one_of(64, len(images)))
    return (images / step).floor() * step


def _blurred(images: Tensor, draws: Draws) -> Tensor:
    count = len(images)
    offset = draws.sign(count) * draws.uniform(count, 12.0, 60.0)
    return blurred(images, draws.uniform(count, 2.0, 6.0), 6.0) + each(offset)


def _contrasted(images: Tensor, draws: Draws) -> Tensor:
    count = len(images)
    offset = 128.0 + draws.sign(count) * draws.uniform(count, 12.0, 80.0)
    return (images - 128.0) * each(draws.uniform(count, 0.3, 1.7)) + each(offset)


# ------------------------------------------------------------------------------------------------- other images


def textured(stock: Stock, windows: Tensor, draws: Draws) -> Tensor:
    """The user's textures; what of one lies in a window is used, so that its scratches keep their form."""
    chosen = draws.one_of(len(stock.textures), len(windows))
    return recolour(rolled(stock.textures[chosen].float(), windows, windows, draws), draws)


def other_normals(stock: Stock, windows: Tensor, draws: Draws) -> Tensor:
    """Images of the product."""
    chosen = draws.one_of(len(stock.normals), len(windows))
    return recolour(rolled(stock.normals[chosen].float(), stock.windows[chosen], windows, draws), draws)


def rolled(images: Tensor, origins: Tensor, windows: Tensor, draws: Draws) -> Tensor:
    """What lies in the windows ``origins`` of images, fitted to ``windows``, turned and rolled."""
    count = len(images)
    left, top, width, height = (each(column) for column in windows.unbind(1))
    x, y = pixels(size_of(images), images.device)
    u = ((x - left + 0.5) / width - each(draws.uniform(count))) % 1.0
    v = ((y - top + 0.5) / height - each(draws.uniform(count))) % 1.0
    turn = each(torch.where(windows[:, 2] == windows[:, 3], draws.one_of(4, count), 2))  # a long one by a half turn only
    u, v = torch.where(turn % 2 == 1, v, u), torch.where(turn % 2 == 1, u, v)
    u, v = torch.where((turn == 2) | (turn == 3), 1.0 - u, u), torch.where((turn == 1) | (turn == 2), 1.0 - v, v)
    left, top, width, height = (each(column) for column in origins.unbind(1))
    places = confined(left + u * width - 0.5, top + v * height - 0.5, origins)
    return sampled(images, *places)


# -------------------------------------------------------------------------------------------------- procedural


def procedural(size: Size, windows: Tensor, draws: Draws) -> Tensor:
    """Flat colours, clouds, stripes, speckle."""
    ways = ((0.4, flat), (0.2, clouds), (0.2, stripes), (0.2, speckle))
    return draws.mixed(len(windows), [(share, draws.by(partial(way, size), windows)) for share, way in ways])


def flat(size: Size, windows: Tensor, draws: Draws) -> Tensor:
    """One colour with a little grain: stains, holes, missing material."""
    count = len(windows)
    return _colours(count, draws) + draws.normal((count, 1, *size)) * each(draws.uniform(count, 0.0, 12.0))


def clouds(size: Size, windows: Tensor, draws: Draws) -> Tensor:
    """Noise of several octaves between two colours: dirt, rust, fibres when the cells are uneven."""
    noise = octaves(windows, size, draws) * each(draws.uniform(len(windows), 0.7, 2.5))
    return _between((noise + 0.5).clamp(0.0, 1.0), draws)


def stripes(size: Size, windows: Tensor, draws: Draws) -> Tensor:
    """Waves between two colours at any angle: scratches, machining marks where none should be."""
    uniform = partial(draws.uniform, len(windows))
    angle, period, phase = each(uniform(0.0, math.pi)), each(uniform(3.0, 40.0)), each(uniform(0.0, 2.0 * math.pi))
    x, y = pixels(size, windows.device)
    wave = torch.sin((x * torch.cos(angle) + y * torch.sin(angle)) * (2.0 * math.pi / period) + phase)
    return _between(0.5 + 0.5 * (wave * each(uniform(1.0, 4.0))).clamp(-1.0, 1.0), draws)


def speckle(size: Size, windows: Tensor, draws: Draws) -> Tensor:
    """Coarse or fine random grain around a colour: corrosion, pores, chips."""
    count = len(windows)
    cell = each(1.0 + draws.one_of(8, count))
    x, y = pixels(size, windows.device)
    coarse_x, coarse_y = (((at + 0.5) / cell - 0.5).clamp(min=0.0) for at in (x, y))
    shape = (count, 1, *size)
    grain = sampled(draws.normal(shape), coarse_x.expand(shape), coarse_y.expand(shape))
    return grain * each(draws.uniform(count, 15.0, 60.0)) + _colours(count, draws)


def _between(mix: Tensor, draws: Draws) -> Tensor:
    count = len(mix)
    return mix * _colours(count, draws) + (1.0 - mix) * _colours(count, draws)


def _colours(count: int, draws: Draws) -> Tensor:
    """Colours (n, 3, 1, 1), mostly greyish: industrial defects seldom are vivid."""
    spread = torch.where(draws.chance(count, 0.5), 3.0, 40.0)
    grey = draws.uniform(count, 0.0, 255.0)
    return (grey[:, None] + draws.normal((count, 3)) * spread[:, None]).clamp(0, 255)[:, :, None, None]
