"""What anomalies are made from, on the device: uploaded once, images as uint8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_inspector.geometry import Size, Window, whole
from edge_inspector.records import Mask
from edge_inspector.training.augment import Variation
from edge_inspector.training.device.draws import Draws
from edge_inspector.training.extended import SeenAnomaly
from edge_inspector.training.foreground import foreground
from edge_inspector.training.making import Making
from edge_inspector.training.synthesis import Sources
from edge_inspector.training.textures import covering


@dataclass(frozen=True)
class Light:
    """What the seen anomalies do to the light: ``ratios`` float32 (S, 3, H, W), 1 in the padding, and where they are ``known``."""

    ratios: Tensor
    known: Tensor


@dataclass(frozen=True)
class Seen:
    """The seen anomalies. ``images`` uint8 (S, 3, H, W); ``labels`` int16 (S, 1, H, W), 0 outside the masks, else the number of the piece.

    ``light`` is None where anomalies are not made of it.
    ``counts`` int64 (S,) are the numbers of pieces; ``centres`` float32 (S, P + 1, 2), x and y on the canvas, and ``areas`` float32
    (S, P + 1), pixels, are those of the whole mask and then of each piece. ``up_to`` float32 (S,) are the weights, added up.
    """

    images: Tensor
    labels: Tensor
    windows: Tensor
    counts: Tensor
    centres: Tensor
    areas: Tensor
    up_to: Tensor
    light: Light | None = None

    def drawn(self, count: int, draws: Draws) -> Tensor:
        """int64 (count,): seen anomalies by their weights."""
        found = torch.searchsorted(self.up_to, draws.uniform(count), right=True)
        return found.clamp(max=len(self.up_to) - 1)


@dataclass(frozen=True)
class Stock:
    """``training.synthesis.Sources`` on a device.

    ``normals`` uint8 (M, 3, H, W) with their foregrounds ``parts`` uint8 (M, 1, H, W), 0 in the padding, and ``windows`` float32 (M, 4);
    ``textures`` uint8 (T, 3, H, W), often none; ``hard`` int64 (n,) are the numbers of hard normals, None where none are known.
    """

    normals: Tensor
    parts: Tensor
    windows: Tensor
    textures: Tensor
    seen: Seen | None
    grey: bool
    variation: Variation
    kinds: tuple[str, ...]
    making: Making
    hard: Tensor | None = None

    @property
    def size(self) -> Size:
        """(H, W)."""
        return self.normals.shape[2], self.normals.shape[3]

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.normals.device


def uploaded(sources: Sources, device: torch.device) -> Stock:
    """The sources on a device. Raises ValueError where there is no normal, or the weights are not one a seen anomaly, summing to 1."""
    count = len(sources.normals)
    if not count:
        raise ValueError("no normals to make anomalies on; at least one is needed")
    size = (sources.normals.shape[1], sources.normals.shape[2])
    windows = [sources.window(number) for number in range(count)]
    parts = np.stack([windows[number].pad(foreground(sources.content(number)), False) for number in range(count)])
    textures = [covering(texture, *size) for texture in sources.textures]
    return Stock(
        normals=_images(sources.normals, device),
        parts=torch.from_numpy(parts[:, None].astype(np.uint8)).to(device),
        windows=_windows(windows, device),
        textures=_images(np.stack(textures) if textures else np.empty((0, *size, 3), np.uint8), device),
        seen=_seen(sources, device),
        grey=sources.grey,
        variation=sources.variation,
        kinds=sources.kinds,
        making=sources.making,
        hard=torch.tensor(sources.hard, device=device) if sources.hard else None,
    )


def with_seen(stock: Stock, sources: Sources) -> Stock:
    """The same normals and textures with the seen anomalies and kinds of other sources. Raises ValueError as ``uploaded``."""
    return replace(stock, seen=_seen(sources, stock.device), kinds=sources.kinds)


def _seen(sources: Sources, device: torch.device) -> Seen | None:
    if not sources.seen:
        return None
    pieces = [_pieces(seen.mask) for seen in sources.seen]
    most = max(len(areas) for _, _, areas in pieces)
    # Padded so that all have as many; what is padded is never drawn.
    centres = np.stack([np.pad(centres, ((0, most - len(centres)), (0, 0))) for _, centres, _ in pieces])
    areas = np.stack([np.pad(areas, (0, most - len(areas)), constant_values=1) for _, _, areas in pieces])
    return Seen(
        images=_images(np.stack([seen.image for seen in sources.seen]), device),
        labels=torch.from_numpy(np.stack([labels for labels, _, _ in pieces])[:, None]).to(device),
        windows=_windows([_window(seen) for seen in sources.seen], device),
        counts=torch.tensor([len(areas) - 1 for _, _, areas in pieces], device=device),
        centres=torch.from_numpy(centres).to(device),
        areas=torch.from_numpy(areas).to(device),
        up_to=torch.from_numpy(_up_to(sources)).to(device),
        light=_light(sources, device) if sources.making.light_only else None,
    )


def _light(sources: Sources, device: torch.device) -> Light:
    found = [(seen, seen.light) for seen in sources.seen]
    ratios = np.stack([np.ones(seen.image.shape, np.float32) if light is None else _window(seen).pad(light, 1.0) for seen, light in found])
    known = torch.tensor([light is not None for _, light in found], device=device)
    return Light(torch.from_numpy(np.ascontiguousarray(ratios.transpose(0, 3, 1, 2))).to(device), known)


def _pieces(mask: Mask) -> tuple[NDArray[np.int16], NDArray[np.float32], NDArray[np.float32]]:
    """Labels (H, W), and the centres (P + 1, 2) and areas (P + 1,) of the whole mask and of its connected pieces."""
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    ys, xs = np.nonzero(mask)
    areas = np.concatenate([[len(xs)], stats[1:, cv2.CC_STAT_AREA]])
    centres = np.vstack([[[xs.mean(), ys.mean()]], centres[1:]])
    return labels.astype(np.int16), centres.astype(np.float32), areas.astype(np.float32)


def _up_to(sources: Sources) -> NDArray[np.float32]:
    count = len(sources.seen)
    weights = np.array(sources.weights or [1.0 / count] * count, np.float64)
    if len(weights) != count or not np.isclose(weights.sum(), 1.0):
        raise ValueError(f"{len(weights)} weights that sum to {weights.sum():g} of {count} seen anomalies; give one each, summing to 1")
    up_to = np.cumsum(weights)
    return np.asarray(up_to / up_to[-1], np.float32)


def _window(seen: SeenAnomaly) -> Window:
    return seen.window or whole((seen.mask.shape[0], seen.mask.shape[1]))


def _images(stack: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 (n, H, W, 3) -> (n, 3, H, W) on the device."""
    return torch.from_numpy(np.ascontiguousarray(stack.transpose(0, 3, 1, 2))).to(device)


def _windows(windows: Sequence[Window], device: torch.device) -> Tensor:
    return torch.tensor([[w.x, w.y, w.w, w.h] for w in windows], dtype=torch.float32, device=device)
