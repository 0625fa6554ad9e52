"""Natural variation of batches: ``training.augment`` on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_inspector.geometry import Size
from edge_inspector.training.augment import Variation
from edge_inspector.training.device.draws import Draws, each
from edge_inspector.training.device.operators import affine, confined, rotation, sampled

Places = tuple[Tensor, Tensor]  # x and y (n, 1, H, W): where each pixel comes from


def moves(windows: Tensor, size: Size, draws: Draws, variation: Variation) -> Places:
    """Small turns and shifts of what lies in the windows (n, 4)."""
    sides = windows[:, 2:]
    degrees = draws.uniform(len(windows), -1.0, 1.0) * (variation.turn_degrees * sides.amin(1) / sides.amax(1))
    centres = windows[:, :2] + sides / 2
    shifts = draws.uniform((len(windows), 2), -1.0, 1.0) * variation.shift * sides
    return affine(rotation(degrees, torch.ones_like(degrees)), centres, centres + shifts, size)


def moved(images: Tensor, windows: Tensor, places: Places) -> Tensor:
    """The images (n, 3, H, W) moved, rounded to whole grey levels, and continued beyond their windows."""
    return sampled(images, *confined(*places, windows)).round()


def lit(images: Tensor, draws: Draws, variation: Variation) -> Tensor:
    """The images (n, 3, H, W) with other gain and offset, and with noise."""
    count, _, height, width = images.shape
    gain = 1.0 + draws.uniform(count, -1.0, 1.0) * variation.gain
    offset = draws.uniform(count, -1.0, 1.0) * variation.offset
    grain = draws.normal((count, 1, height, width)) * each(draws.uniform(count, 0.0, variation.noise))
    return (images * each(gain) + each(offset) + grain).clamp(0, 255).floor()
