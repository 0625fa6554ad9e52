"""A small data set (mvtec layout) that the small bundle of tests/bundles.py can tell apart: even grey parts, defects are bright squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_inspector import images

SIZE = 64


def good_part(seed: int) -> np.ndarray:
    """uint8 (64, 64, 3), near 128."""
    return np.random.default_rng(seed).integers(120, 137, (SIZE, SIZE, 3), np.uint8)


def bad_part(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same with a bright square, and its mask, uint8 (64, 64, 1)."""
    part, mask = good_part(seed), np.zeros((SIZE, SIZE, 1), np.uint8)
    y, x = np.random.default_rng(seed).integers(4, 44, 2) // 2 * 2
    part[y : y + 16, x : x + 16] = 250
    mask[y : y + 16, x : x + 16] = 255
    return part, mask


def write_parts(root: Path, good: int = 4, bad: int = 3) -> Path:
    """Two training images, ``good`` and ``bad`` test images."""
    for name in ("train/good", "test/good", "test/spot", "ground_truth/spot"):
        (root / name).mkdir(parents=True)
    for i in range(2):
        images.write_png(root / f"train/good/{i:03d}.png", good_part(i))
    for i in range(good):
        images.write_png(root / f"test/good/{i:03d}.png", good_part(10 + i))
    for i in range(bad):
        part, mask = bad_part(20 + i)
        images.write_png(root / f"test/spot/{i:03d}.png", part)
        images.write_png(root / f"ground_truth/spot/{i:03d}_mask.png", mask)
    return root
