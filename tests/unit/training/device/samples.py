"""Sources to make samples from, on the host and on a device."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from edge_inspector.geometry import Window
from edge_inspector.training.augment import Variation
from edge_inspector.training.device.draws import Draws, seeded
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.making import Making
from edge_inspector.training.synthesis import Sources
from tests.unit.training.parts import disc, stained

CPU = torch.device("cpu")
SIDE = 64
STILL = Variation(shift=0, turn_degrees=0, gain=0, offset=0, noise=0)


def discs(variation: Variation = STILL, grey: bool = True) -> Sources:
    """Six discs 64 x 64 and three stained ones: small, so that many samples take little time."""
    rng = np.random.default_rng(0)
    seen = tuple(SeenAnomaly(*stained(rng, SIDE)) for _ in range(3))
    return Sources(np.stack([disc(rng, SIDE) for _ in range(6)]), seen, grey=grey, variation=variation)


def strips() -> Sources:
    """Letterboxed texture on a canvas 128 x 256, in three windows; one seen anomaly that touches its window's corner."""
    rng = np.random.default_rng(1)
    windows = tuple(Window((128, 256), x, y, w, h) for x, y, w, h in ((0, 40, 256, 48), (96, 0, 64, 128), (10, 20, 200, 90)))
    normals = np.stack([window.pad(rng.integers(150, 220, (window.h, window.w, 3), np.uint8), 127) for window in windows])
    image, mask = normals[0].copy(), np.zeros((128, 256), np.uint8)
    cv2.rectangle(mask, (226, 70), (255, 87), 1, -1)
    image[mask > 0] = 10
    seen = SeenAnomaly(image, mask.astype(np.bool_), windows[0])
    return Sources(normals, (seen,), textures=(rng.integers(0, 256, (40, 300, 3), np.uint8),), windows=windows)


def specks(crowd: int) -> Sources:
    """Plain grey 96 x 96 with a seen dark square of 6 x 6: up to ``crowd`` of them on one normal."""
    plain = np.full((96, 96, 3), 150, np.uint8)
    image, mask = plain.copy(), np.zeros((96, 96), np.bool_)
    mask[40:46, 50:56] = True
    image[mask] = 60
    return Sources(plain[None], (SeenAnomaly(image, mask),), grey=True, variation=STILL, making=Making(crowd=crowd))


def only(sources: Sources, normal: int) -> Sources:
    """The sources with one of their normals."""
    return replace(sources, normals=sources.normals[normal : normal + 1], windows=sources.windows[normal : normal + 1])


def draws(step: int = 0) -> Draws:
    """Of one seed, on the CPU."""
    return seeded(7, step, CPU)


def images(*arrays: np.ndarray) -> Tensor:
    """(H, W, C) or (H, W) arrays -> float32 (n, C, H, W)."""
    stack = np.stack([array if array.ndim == 3 else array[:, :, None] for array in arrays])
    return torch.from_numpy(np.ascontiguousarray(stack.transpose(0, 3, 1, 2)).astype(np.float32))


def whole(count: int, height: int, width: int) -> Tensor:
    """Windows without padding."""
    return torch.tensor([[0.0, 0.0, width, height]]).expand(count, 4).contiguous()
