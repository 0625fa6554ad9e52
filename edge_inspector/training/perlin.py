"""Perlin noise (Perlin 1985): smooth random fields to be thresholded into the shapes of anomalies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def perlin(height: int, width: int, rows: int, columns: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Gradient noise float32 (height, width), about -0.7..0.7 with mean 0, on a grid of ``rows`` x ``columns`` cells."""
    angles = rng.uniform(0.0, 2.0 * np.pi, (rows + 1, columns + 1)).astype(np.float32)
    along_y, along_x = np.sin(angles), np.cos(angles)
    row, v = _cells(height, rows)
    column, u = _cells(width, columns)

    def corner(down: int, right: int) -> NDArray[np.float32]:
        at = np.ix_(row + down, column + right)
        return np.asarray(along_y[at] * (v - down)[:, None] + along_x[at] * (u - right)[None, :], np.float32)

    fade_x = _fade(u)[None, :]
    top = corner(0, 0) * (1 - fade_x) + corner(0, 1) * fade_x
    bottom = corner(1, 0) * (1 - fade_x) + corner(1, 1) * fade_x
    fade_y = _fade(v)[:, None]
    return np.asarray(top * (1 - fade_y) + bottom * fade_y, np.float32)


def drawn_grid(height: int, width: int, rng: np.random.Generator) -> tuple[int, int]:
    """Rows and columns of cells, 2 to 32 along the shorter side each; along a longer one as many more as it is longer."""
    rows, columns = (int(2 ** rng.integers(1, 6)) for _ in range(2))
    return min(height, rows * max(1, round(height / width))), min(width, columns * max(1, round(width / height)))


def _cells(size: int, cells: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The cell of each pixel, and its place in the cell, 0..1."""
    at = (np.arange(size, dtype=np.float32) + 0.5) * (cells / size)
    cell = np.minimum(at.astype(np.int64), cells - 1)
    return cell, (at - cell).astype(np.float32)


def _fade(t: NDArray[np.float32]) -> NDArray[np.float32]:
    """Perlin's quintic, whose first and second derivatives vanish at the cell's borders (Perlin 2002)."""
    faded: NDArray[np.float32] = t * t * t * (t * (t * 6 - 15) + 10)
    return faded
