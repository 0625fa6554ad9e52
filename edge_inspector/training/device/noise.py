"""Perlin noise, one field a sample, each on a grid of its own: ``training.perlin`` for batches."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from edge_inspector.geometry import Size
from edge_inspector.training.device.draws import Draws, each
from edge_inspector.training.device.operators import pixels

_LATTICE = 128  # points each way: more than the cells of nearly every grid; a finer one shows the same gradients again, too far off to see


def perlin(rows: Tensor, columns: Tensor, windows: Tensor, size: Size, draws: Draws) -> Tensor:
    """Gradient noise float32 (n, 1, H, W), about -0.7..0.7 with mean 0, on ``rows`` x ``columns`` cells (n,) over each window."""
    angles = draws.uniform((len(rows), _LATTICE, _LATTICE), 0.0, 2.0 * math.pi)
    return gradient_noise(angles, rows, columns, windows, size)


def gradient_noise(angles: Tensor, rows: Tensor, columns: Tensor, windows: Tensor, size: Size) -> Tensor:
    """The noise with the gradients' ``angles`` (n, R, C) given, which begin anew where a grid has more lattice points than these."""
    x, y = pixels(size, angles.device)
    left, top, width, height = (each(column) for column in windows.unbind(1))
    row, v = _cells(y - top, height, each(rows))
    column, u = _cells(x - left, width, each(columns))
    gradients = torch.stack([torch.cos(angles), torch.sin(angles)], 1).flatten(2)  # (n, 2, lattice)
    points = angles.shape[1:]

    def corner(down: int, right: int) -> Tensor:
        index = ((row + down) % points[0] * points[1] + (column + right) % points[1]).flatten(2).expand(-1, 2, -1)
        along = gradients.gather(2, index).reshape(-1, 2, *size)
        return along[:, 1:] * (v - down) + along[:, :1] * (u - right)

    top_row = torch.lerp(corner(0, 0), corner(0, 1), _fade(u))
    return torch.lerp(top_row, torch.lerp(corner(1, 0), corner(1, 1), _fade(u)), _fade(v))


def drawn_grid(windows: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Rows and columns (n,) of cells, 2 to 32 along the shorter side each; along a longer one as many more as it is longer."""
    _, _, width, height = windows.unbind(1)
    rows, columns = (2.0 ** (1 + draws.one_of(5, len(windows))) for _ in range(2))
    rows = torch.minimum(height, rows * torch.round(height / width).clamp(min=1))
    return rows, torch.minimum(width, columns * torch.round(width / height).clamp(min=1))


def octaves(windows: Tensor, size: Size, draws: Draws) -> Tensor:
    """Noise and half as much of twice the cells, (n, 1, H, W)."""
    rows, columns = drawn_grid(windows, draws)
    return perlin(rows, columns, windows, size, draws) + 0.5 * perlin(2 * rows, 2 * columns, windows, size, draws)


def _cells(at: Tensor, side: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """The cell of each pixel, int64, and its place in the cell, 0..1."""
    place = ((at + 0.5) * (cells / side)).clamp(min=torch.zeros_like(cells), max=cells)
    cell = torch.minimum(place.floor(), cells - 1)
    return cell.long(), place - cell


def _fade(t: Tensor) -> Tensor:
    """Perlin's quintic, whose first and second derivatives vanish at the cell's borders (Perlin 2002)."""
    return t * t * t * (t * (t * 6 - 15) + 10)
