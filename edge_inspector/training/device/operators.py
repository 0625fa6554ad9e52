"""Geometry, blur, morphology and gradient of batches, by kornia.

Its functions are called such that none waits for the device: ``gaussian_blur2d`` looks at each sigma on the host, ``spatial_gradient``
uploads its kernel at every call, ``remap`` its scale where it is given pixels.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from kornia.filters import filter2d, filter2d_separable, get_gaussian_kernel1d, get_spatial_gradient_kernel2d
from kornia.geometry.transform import remap
from kornia.morphology import dilation
from torch import Tensor

from edge_inspector.geometry import Size
from edge_inspector.training.device.draws import each

_DIAMOND = ((0, 0, 1, 0, 0), (0, 1, 1, 1, 0), (1, 1, 1, 1, 1), (0, 1, 1, 1, 0), (0, 0, 1, 0, 0))


def pixels(size: Size, device: torch.device) -> tuple[Tensor, Tensor]:
    """x (1, 1, 1, W) and y (1, 1, H, 1) of each pixel's centre; the first one's is 0."""
    y, x = (torch.arange(side, dtype=torch.float32, device=device) for side in size)
    return x[None, None, None, :], y[None, None, :, None]


def inside(windows: Tensor, size: Size) -> Tensor:
    """bool (n, 1, H, W): True within the windows."""
    x, y = pixels(size, windows.device)
    left, top, width, height = (each(column) for column in windows.unbind(1))
    return (x >= left) & (x < left + width) & (y >= top) & (y < top + height)


def sampled(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The images (n, C, h, w) at places x and y (n, 1, H, W), bilinear, 0 outside: float32 (n, C, H, W)."""
    height, width = images.shape[2:]
    x, y = (2.0 * x[:, 0] + 1.0) / width - 1.0, (2.0 * y[:, 0] + 1.0) / height - 1.0
    return remap(images, x, y, mode="bilinear", padding_mode="zeros", align_corners=False, normalized_coordinates=True)


def confined(x: Tensor, y: Tensor, windows: Tensor) -> tuple[Tensor, Tensor]:
    """Places (n, 1, H, W) with those outside the windows moved to the nearest inside: what is sampled there continues the border."""
    left, top, width, height = (each(column) for column in windows.unbind(1))
    return x.clamp(left, left + width - 1), y.clamp(top, top + height - 1)


def affine(linear: Tensor, source: Tensor, target: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """Where each pixel comes from, x and y (n, 1, H, W), when p goes to linear (p - source) + target.

    ``linear`` (n, 2, 2), not singular, ``source`` and ``target`` (n, 2) as x, y.
    """
    x, y = pixels(size, linear.device)
    x, y = x - each(target[:, 0]), y - each(target[:, 1])
    (a, b), (c, d) = (row.unbind(1) for row in linear.unbind(1))
    scale = 1.0 / (a * d - b * c)  # torch.linalg.inv would wait for the device to say whether it is singular
    return (
        each(d * scale) * x - each(b * scale) * y + each(source[:, 0]),
        each(a * scale) * y - each(c * scale) * x + each(source[:, 1]),
    )


def rotation(degrees: Tensor, scale: Tensor) -> Tensor:
    """Linear part (n, 2, 2) of a turn, counter-clockwise on the screen, and a scaling."""
    angle = torch.deg2rad(degrees)
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    return torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)


def blurred(images: Tensor, sigmas: Tensor, most: float) -> Tensor:
    """The images (n, C, H, W), each blurred by its own of ``sigmas`` (n,) in pixels, none above ``most``."""
    kernel = get_gaussian_kernel1d(2 * round(3.0 * most) + 1, sigmas[:, None])
    return filter2d_separable(images, kernel, kernel, border_type="replicate")


def slopes(images: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel derivatives of (n, C, H, W) along x and y, of the same shape."""
    along_x, along_y = _sobel(images.device)
    return filter2d(images, along_x[None], border_type="replicate"), filter2d(images, along_y[None], border_type="replicate")


def grown(masks: Tensor, side: int) -> Tensor:
    """The masks (n, 1, H, W), dilated by a square of ``side`` pixels, odd: by its row, then by its column."""
    row = torch.ones(1, side, device=masks.device)
    return dilation(dilation(masks, row), row.T)


def thick(lines: Tensor, widths: Tensor) -> Tensor:
    """Lines one pixel wide, masks (n, 1, H, W), as wide as OpenCV draws them for a thickness of ``widths`` (n,), 1 to 3."""
    widths = each(widths)
    wide = torch.where(widths == 2, grown(lines, 3), dilation(lines, _diamond(lines.device)))
    return torch.where(widths == 1, lines, wide)


@functools.cache
def _sobel(device: torch.device) -> Tensor:
    return get_spatial_gradient_kernel2d("sobel", 1).to(device)


@functools.cache
def _diamond(device: torch.device) -> Tensor:
    rows: Sequence[Sequence[int]] = _DIAMOND
    return torch.tensor(rows, dtype=torch.float32, device=device)
