"""Random numbers of one step: of the pixels on the device, of the numbers of samples of a kind on the host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Maker = Callable[[Tensor], Tensor]  # places (k,) int64 among n samples -> what is made for them, (k, ...)


@dataclass(frozen=True)
class Draws:
    """Two generators. With the same ones the same is drawn, on the same device."""

    pixels: torch.Generator
    kinds: np.random.Generator

    @property
    def device(self) -> torch.device:
        """Where tensors are drawn."""
        return self.pixels.device

    def uniform(self, shape: int | Sequence[int], low: float = 0.0, high: float = 1.0) -> Tensor:
        """float32 of ``shape`` in low..high."""
        return torch.rand(_shape(shape), generator=self.pixels, device=self.device) * (high - low) + low

    def normal(self, shape: int | Sequence[int]) -> Tensor:
        """float32 of ``shape`` with mean 0 and standard deviation 1."""
        return torch.randn(_shape(shape), generator=self.pixels, device=self.device)

    def below(self, limits: Tensor) -> Tensor:
        """int64 (n,), each from 0 to its own of ``limits`` (n,), at least 1, less one."""
        drawn = (self.uniform(limits.shape) * limits).long()
        return torch.minimum(drawn, limits.long() - 1)

    def one_of(self, limit: int, count: int) -> Tensor:
        """int64 (count,) from 0 to ``limit`` - 1."""
        return self.below(torch.full((count,), limit, device=self.device))

    def chance(self, count: int, share: float) -> Tensor:
        """bool (count,), True for this share of all draws."""
        return self.uniform(count) < share

    def sign(self, count: int) -> Tensor:
        """float32 (count,), -1 or 1."""
        return self.chance(count, 0.5).float() * 2.0 - 1.0

    def beta(self, count: int, bounds: tuple[float, float], share: float) -> Tensor:
        """float32 (count,): how far the normal shows through, within ``bounds`` for this share, 0 for the others."""
        return self.uniform(count, *bounds) * self.chance(count, share)

    def by(self, way: Callable[..., Tensor], *inputs: Tensor) -> Maker:
        """A maker that gives ``way`` what the ``inputs`` (n, ...) hold at its places, and these draws."""
        return lambda places: way(*(values[places] for values in inputs), self)

    def mixed(self, count: int, makers: Sequence[tuple[float, Maker]]) -> Tensor:
        """(count, ...): each sample by one of ``makers``, chosen by their shares, which sum to 1.

        How many are made by which is drawn on the host, so that each maker's work is known without waiting for the device.
        """
        sizes = self.kinds.multinomial(count, [share for share, _ in makers]).tolist()
        turn = torch.argsort(self.uniform(count))
        parts = [make(places) for (_, make), places in zip(makers, torch.split(turn, sizes), strict=True) if len(places)]
        return torch.cat(parts)[torch.argsort(turn)]


def seeded(seed: int, step: int, device: torch.device) -> Draws:
    """The draws of a step, at least 0, of a run's seed, at least 0."""
    pixels, kinds = np.random.SeedSequence([seed, step]).spawn(2)
    number = int(pixels.generate_state(1, np.uint64)[0] >> np.uint64(1))  # torch takes int64
    return Draws(torch.Generator(device).manual_seed(number), np.random.default_rng(kinds))


def each(values: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1, 1): one value an image."""
    return values[:, None, None, None]


def _shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)
