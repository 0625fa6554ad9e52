"""Position-free prototypes: what normal looks like anywhere, as words of a codebook at each scale.

Whole-map prototypes assume that a part lies as its fellows lay. Where position says little of the look (texture, loose parts) each place of
a feature map is compared with K words instead, k-means centres of the normals' local features (Lloyd 1982, seeded as by Arthur and
Vassilvitskii 2007). A place is described by its own scale and the neighbouring scales, averaged over 3 x 3 places and standardised by
channel: z. How far normal places lie from a word differs from word to word: plain surface lies close, edges and rare marks lie far. So the
distance d to the nearest word is held against what is usual for that word (mean and deviation on other normal places): t = (d - m) / s.

Words lie in the span of the normals' first principal components B (r, c): p = w B. The search is then two small products, and the distance
is still that of the whole description, with what of z lies outside the span:

    ||z - p||^2 = ||z||^2 - 2 (B z . w - ||p||^2 / 2)

Words and B are stored as float16 and cast to float32 where they are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge_inspector.prn.residual import Difference

WORDS = (128, 512, 2048)  # at strides 4, 8, 16: the coarser, the more there is to tell apart and the fewer places there are to search
RANKS = (32, 64, 96)  # principal components at those strides
_PLACES = 100_000  # of the normals; two fifths make the words, the others say how far from a word is usual
_PER_WORD = 8  # places at least, or there are fewer words
_ROUNDS = 3  # of Lloyd's algorithm; more move hardly a word
_LEAST_DEVIATION = 1e-3  # of a channel; a constant one says nothing and must not be divided by nothing
_DOUBT = 5.0  # places that the common distance counts for in a word's own: a word of two places knows little
LEAST_UNUSUAL, MOST_UNUSUAL = -4.0, 24.0  # range of t: beyond it more makes no difference


def describe(maps: Sequence[Tensor], j: int) -> Tensor:
    """F_1.. -> (N, c, h_j, w_j) float32: scale j first, then the finer and the coarser one at its size; each the mean of 3 x 3 places."""
    size = maps[j].shape[-2:]
    around = [maps[j].float()]
    if j > 0:
        around.append(F.avg_pool2d(maps[j - 1].float(), 2))
    if j + 1 < len(maps):
        around.append(F.interpolate(maps[j + 1].float(), size=(size[0], size[1]), mode="bilinear", align_corners=False))
    return F.avg_pool2d(torch.cat(around, 1), 3, 1, 1, count_include_pad=False)


_SINGLE = ("mean", "deviation", "usual", "spread")  # what is kept in single precision


@dataclass(frozen=True)
class Words:
    """One scale: words (K, r) on the ``basis`` (r, c), mean and deviation of the channels (c,), and of the normals' distances to each word
    (K,)."""

    words: Tensor
    basis: Tensor
    mean: Tensor
    deviation: Tensor
    usual: Tensor
    spread: Tensor


class Codebook(nn.Module):
    """The words of all scales; ``scale0`` .. (K_j, r_j) and ``basis0`` .. (r_j, c) float16 in standardised units, other buffers float32."""

    form = "codebook"

    def __init__(self, scales: Sequence[Words], channels: Sequence[int]) -> None:
        super().__init__()
        self.scales = len(scales)
        self.own = tuple(channels)  # of the maps themselves, the first of each description
        for j, found in enumerate(scales):
            self.register_buffer(f"scale{j}", found.words.to(torch.float16))
            self.register_buffer(f"basis{j}", found.basis.to(torch.float16))
            for name in _SINGLE:
                self.register_buffer(f"{name}{j}", getattr(found, name).float())

    @classmethod
    def stored(cls, tensors: Mapping[str, Tensor], scales: int, channels: Sequence[int]) -> Codebook:
        """From its buffers by name. Raises KeyError naming one that is absent."""
        names = ("scale", "basis", *_SINGLE)
        return cls([Words(*(tensors[f"{name}{j}"] for name in names)) for j in range(scales)], channels)

    @property
    def k(self) -> int:
        """Words of the coarsest scale."""
        return int(self._stored(f"scale{self.scales - 1}").shape[0])

    @property
    def channels(self) -> tuple[int, ...]:
        """Of the residuals: those of the maps, and one of t."""
        return tuple(width + 1 for width in self.own[: self.scales])

    def _stored(self, name: str) -> Tensor:
        tensor: Tensor = getattr(self, name)
        return tensor

    def words(self, j: int) -> Tensor:
        """The prototypes p (K_j, c) of a scale, float32, in standardised units."""
        return self._stored(f"scale{j}").float() @ self._stored(f"basis{j}").float()

    def residual(self, j: int, maps: Sequence[Tensor], difference: Difference = "squared") -> tuple[Tensor, Tensor]:
        """F_1.. -> D (N, c_j + 1, h_j, w_j) float32, t last, and the nearest word of each place (N, h_j * w_j) int64."""
        own, words = self.own[j], self.words(j)
        z = (describe(maps, j) - self._stored(f"mean{j}")[:, None, None]) / self._stored(f"deviation{j}")[:, None, None]
        # Words last, as matrix products: a runtime finds the highest of neighbouring numbers faster than that of a convolution's channels.
        low = z.permute(0, 2, 3, 1) @ self._stored(f"basis{j}").float().t()  # (N, h, w, r)
        closeness, chosen = _closest(low @ self._stored(f"scale{j}").float().t() - 0.5 * words.square().sum(1))
        distance = (z.square().sum(1, keepdim=True) - 2.0 * closeness[:, None]).clamp(min=0.0).sqrt()  # (N, 1, h, w)
        of_word = torch.cat([words[:, :own], self._stored(f"usual{j}")[:, None], self._stored(f"spread{j}")[:, None]], 1)
        nearest = F.embedding(chosen, of_word).permute(0, 3, 1, 2)  # (N, own + 2, h, w)
        t = ((distance - nearest[:, own : own + 1]) / nearest[:, own + 1 :]).clamp(LEAST_UNUSUAL, MOST_UNUSUAL)
        if difference == "none":
            return torch.cat([maps[j].float(), t], 1), chosen.flatten(1)
        apart = z[:, :own] - nearest[:, :own]
        return torch.cat([apart.square() if difference == "squared" else apart.abs(), t], 1), chosen.flatten(1)


def _closest(closeness: Tensor) -> tuple[Tensor, Tensor]:
    """(N, h, w, K) -> the highest (N, h, w) and its number (N, h, w) int64, the lowest of equals.

    Two maxima instead of an argmax: runtimes take that for a sort, ten times as long. A place without a number (NaN) gets the last word.
    """
    k = closeness.shape[-1]
    highest = closeness.amax(-1)
    from_the_end = torch.arange(k, 0, -1, dtype=torch.float32, device=closeness.device)
    found = torch.where(closeness >= highest[..., None], from_the_end, torch.ones((), device=closeness.device)).amax(-1)
    return highest, (k - found).long()


def covered(places: Tensor, size: tuple[int, int]) -> Tensor:
    """Places (M, h, w) bool or 0..1 at another ``size``: bool, more than half covered; of a part too thin for that, those covered most."""
    share = F.interpolate(places[:, None].float(), size=size, mode="area")[:, 0]
    return (share > 0.5) | ((share > 0) & (share >= share.amax((1, 2), keepdim=True)))


def sample_places(maps: Sequence[Tensor], j: int, windows: Tensor | None, rng: np.random.Generator) -> Tensor:
    """Descriptions of up to _PLACES places of scale j, as many of each normal, where ``windows`` (M, h, w) bool is True: (P, c) float32."""
    count, _, height, width = maps[j].shape
    share = max(1, _PLACES // count)
    inside = None if windows is None else covered(windows, (height, width))
    found = []
    for number in range(count):
        places = np.arange(height * width) if inside is None else np.flatnonzero(inside[number].flatten().numpy())
        picked = torch.from_numpy(rng.permutation(places)[:share])
        found.append(describe([scale[number : number + 1] for scale in maps], j)[0].flatten(1)[:, picked].t())
    return torch.cat(found)[torch.from_numpy(rng.permutation(sum(len(part) for part in found)))]


def learn(
    maps: Sequence[Tensor],
    seed: int,
    words: Sequence[int] = WORDS,
    windows: Tensor | None = None,
    ranks: Sequence[int] = RANKS,
) -> Codebook:
    """The codebook of the normals' maps F_1.. [(M, c_j, h_j, w_j)] of any float type; ``windows`` as for ``sample_places``."""
    scales = []
    for j, (wanted, rank) in enumerate(zip(words, ranks, strict=True)):
        rng = np.random.default_rng([seed, 17, j])
        places = sample_places(maps, j, windows, rng)
        mean, deviation = places.mean(0), places.std(0).clamp(min=_LEAST_DEVIATION)
        places = (places - mean) / deviation
        k = min(wanted, max(1, len(places) // _PER_WORD))
        cut = max(k, len(places) * 2 // 5)  # two fifths make the words
        learnt, others = places[:cut], places[cut:] if cut < len(places) else places[:cut]
        basis = _components(learnt, rank)
        found = _words(learnt @ basis.t(), k, rng)
        scales.append(Words(found, basis, mean, deviation, *_usual(found, basis, others)))
    return Codebook(scales, [scale.shape[1] for scale in maps])


def _components(places: Tensor, rank: int) -> Tensor:
    """The first ``rank`` principal components of places (P, c), or all c: orthonormal rows (r, c) of float16 values."""
    _, vectors = torch.linalg.eigh((places.t() @ places).double())  # of ascending variance
    basis: Tensor = vectors[:, -rank:].flip(1).t().to(torch.float16).float()
    return basis


def _words(places: Tensor, k: int, rng: np.random.Generator) -> Tensor:
    """k-means centres (k, r), float16 values, of places (P, r)."""
    centres = _spread_out(places, k, rng)
    norms = centres.square().sum(1)
    for _ in range(_ROUNDS):
        nearest, _ = _nearest(places, centres, norms)
        counts = torch.bincount(nearest, minlength=k)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, nearest, places)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)  # a word that nothing is nearest to stays where it is
        norms = centres.square().sum(1)
    return centres.to(torch.float16).float()


def _spread_out(points: Tensor, k: int, rng: np.random.Generator) -> Tensor:
    """k of the points, each drawn with a probability that grows with its squared distance to those drawn before (k-means++)."""
    norms = points.square().sum(1)
    apart = torch.full((len(points),), torch.inf)
    picked = [int(rng.integers(len(points)))]
    while len(picked) < k:
        last = picked[-1]
        apart = torch.minimum(apart, (norms - 2.0 * (points @ points[last]) + norms[last]).clamp(min=0.0))
        cumulated = torch.cumsum(apart.double(), 0)
        picked.append(min(int(torch.searchsorted(cumulated, rng.random() * float(cumulated[-1]))), len(points) - 1))
    return points[torch.tensor(picked)].clone()


def _nearest(points: Tensor, words: Tensor, norms: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest word of each point (P, r), and its closeness z . p - ||p||^2 / 2; ``norms`` (K,) are ||p||^2."""
    parts = [(part @ words.t() - 0.5 * norms).max(1) for part in torch.split(points, 8192)]
    return torch.cat([part.indices for part in parts]), torch.cat([part.values for part in parts])


def _usual(words: Tensor, basis: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the normals' distances to each word (K,), drawn to the common ones where a word has few places."""
    nearest, closeness = _nearest(places @ basis.t(), words, (words @ basis).square().sum(1))
    distance = (places.square().sum(1) - 2.0 * closeness).clamp(min=0.0).sqrt()
    k = len(words)
    counts = torch.bincount(nearest, minlength=k).float() + _DOUBT
    usual = (torch.zeros(k).index_add_(0, nearest, distance) + _DOUBT * distance.mean()) / counts
    off = (distance - usual[nearest]).square()
    spread = ((torch.zeros(k).index_add_(0, nearest, off) + _DOUBT * off.mean()) / counts).sqrt()
    return usual, spread.clamp(min=_LEAST_DEVIATION)
