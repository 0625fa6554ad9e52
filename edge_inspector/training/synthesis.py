"""Anomalies made from normals (PRN section 3.4).

    extended   E = (1 - M) N + (1 - beta) C + beta (M N)      C: the augmented region of a seen anomaly, or of N, lit as that was
    simulated  S = (1 - M) N + (1 - beta) (M A) + beta (M N)  M: thresholded Perlin noise, A: a texture or the changed normal itself

Images are uint8 (H, W, 3) RGB, masks float32 (H, W) in 0..1, soft where an edge is. Each sample draws from its own generator only, so that
a batch depends on seed and step alone. Anomalies are made on what lies inside a normal's window; padding is put around them last, as at
run time, so that it stays even and no mask reaches it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.geometry import PADDING, Window, whole
from edge_inspector.records import Image, Mask
from edge_inspector.training.augment import Variation, blurred, vary
from edge_inspector.training.extended import SeenAnomaly, place, place_light
from edge_inspector.training.foreground import foreground
from edge_inspector.training.making import WHOLE_PART, Making
from edge_inspector.training.shapes import simulated_mask
from edge_inspector.training.textures import borrowed, procedural, recolour

Field = NDArray[np.float32]
BETA_EXTENDED = (0.0, 0.4)  # a seen anomaly's look is the truth: kept mostly opaque
BETA_SIMULATED = (0.0, 0.7)  # the look is made up: see-through makes it blend in
VISIBLE = (3.0, 0.07)  # grey levels, and share of the local mean: a fainter change is drawn anew; a label on nothing teaches ghosts
AT_HOME = 0.6  # share of extended anomalies, put there with their look, whose light is brought to that of the place they are put in
HARD_SHARE = 0.5  # of the normals that are shown without an anomaly: of the hard ones, where some are known to be
CROWDED = 0.02  # of the image marked: no further anomaly is put on it
_TRIES = 5
MADE = ("recalled", "extended", "simulated")  # kinds of anomalies; any but the last need seen ones


@dataclass(frozen=True)
class Sources:
    """What anomalies are made from. ``normals`` (M, H, W, 3); ``textures`` are a user's own images of any size, often none.

    Of a ``grey`` product the made-up textures are grey too: colour would be too easy a hint. ``kinds`` are those of MADE that batches hold.
    ``weights`` is how often each seen one is drawn, summing to 1; empty: all alike. ``windows`` say where the normals lie on their
    canvases; none where no normal has padding. ``hard`` are numbers of normals that HARD_SHARE of the plain ones are drawn from; empty: all
    alike. Raises ValueError where the windows are not as many, or a number of ``hard`` is of no normal.
    """

    normals: NDArray[np.uint8]
    seen: tuple[SeenAnomaly, ...] = ()
    textures: tuple[Image, ...] = ()
    grey: bool = False
    variation: Variation = field(default_factory=Variation)
    kinds: tuple[str, ...] = MADE
    weights: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    making: Making = WHOLE_PART
    hard: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.windows and len(self.windows) != len(self.normals):
            raise ValueError(f"{len(self.windows)} windows of {len(self.normals)} normals; give each normal its own")
        if self.hard and not 0 <= min(self.hard) <= max(self.hard) < len(self.normals):
            raise ValueError(f"hard normals {min(self.hard)} to {max(self.hard)} of {len(self.normals)}; they count from 0")

    def window(self, number: int) -> Window:
        """Where normal ``number`` lies on its canvas."""
        return self.windows[number] if self.windows else whole((self.normals.shape[1], self.normals.shape[2]))

    def content(self, number: int) -> Image:
        """Normal ``number`` without padding, uint8 (h, w, 3)."""
        return self.window(number).cut(self.normals[number])


@dataclass(frozen=True)
class Made:
    """An image uint8 (h, w, 3) and its mask float32 (h, w), both without the padding around their ``window``."""

    image: Image
    mask: Field
    window: Window

    @property
    def canvas(self) -> Image:
        """The image as the network sees it, uint8 (H, W, 3)."""
        return self.window.pad(self.image, PADDING)

    @property
    def on_canvas(self) -> tuple[Image, Field]:
        """Image and mask as the network sees them, uint8 (H, W, 3) and float32 (H, W)."""
        return self.canvas, self.window.pad(self.mask, 0.0)


def varied(sources: Sources, number: int, rng: np.random.Generator) -> Made:
    """A variation of normal ``number``, with an empty mask; the padding does not move."""
    image = vary(sources.content(number), None, rng, sources.variation)[0]
    return Made(image, np.zeros(image.shape[:2], np.float32), sources.window(number))


def _normal(sources: Sources, rng: np.random.Generator) -> Made:
    return varied(sources, int(rng.integers(len(sources.normals))), rng)


def drawn(sources: Sources, rng: np.random.Generator) -> SeenAnomaly:
    """One of the seen anomalies, by their weights. Raises ValueError where those are not one each or do not sum to 1."""
    number = rng.choice(len(sources.seen), p=sources.weights) if sources.weights else rng.integers(len(sources.seen))
    return sources.seen[int(number)]


def _plain(sources: Sources, rng: np.random.Generator) -> Made:
    hard = sources.hard
    if hard and rng.random() < HARD_SHARE:
        return varied(sources, hard[int(rng.integers(len(hard)))], rng)
    return _normal(sources, rng)


def _recalled(sources: Sources, rng: np.random.Generator) -> Made:
    seen = drawn(sources, rng)
    image, marked = seen.content
    image, mask = vary(image, marked.astype(np.float32), rng, sources.variation)
    assert mask is not None  # one went in
    return Made(image, mask, seen.window or whole((image.shape[0], image.shape[1])))


def _extended(sources: Sources, rng: np.random.Generator) -> Made:
    base = _normal(sources, rng)
    return _crowd(base, foreground(base.image), _with_seen, sources, rng)


Put = Callable[[Image, Mask, Sources, np.random.Generator], tuple[Image, Field]]  # an anomaly on an image, and its mask


def _crowd(base: Made, part: Mask, put: Put, sources: Sources, rng: np.random.Generator) -> Made:
    """What ``put`` makes of a normal on its ``part``, done again as often as drawn, until CROWDED."""
    image, mask = put(base.image, part, sources, rng)
    for _ in range(int(rng.integers(sources.making.crowd)) if sources.making.crowd > 1 else 0):
        if mask.mean() > CROWDED:
            break
        image, further = put(image, part, sources, rng)
        mask = np.maximum(mask, further)
    return Made(image, mask, base.window)


def _with_seen(base: Image, part: Mask, sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    for _ in range(_TRIES):
        region, mask = _region(base, part, sources, rng)
        beta = rng.uniform(*BETA_EXTENDED) if rng.random() < 0.5 else 0.0
        blended = blend(base, region, mask, beta)
        if visible(base, blended, mask):
            return blended, mask
    return base, np.zeros_like(mask)


def _region(base: Image, part: Mask, sources: Sources, rng: np.random.Generator) -> tuple[Field, Field]:
    """C and M of a seen anomaly: its look, or its light alone."""
    seen, making = drawn(sources, rng), sources.making
    if making.light_only and rng.random() < making.light_only and seen.light is not None:
        return place_light(seen, seen.light, base, part, rng, making)
    region, mask = place(seen, part, rng, making)
    return (at_home(region, base, mask) if rng.random() < AT_HOME else region), mask


def _simulated(sources: Sources, rng: np.random.Generator) -> Made:
    base = _normal(sources, rng)
    part = cv2.dilate(foreground(base.image).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.bool_)  # burrs stick out of the edge
    return _crowd(base, part, _with_simulated, sources, rng)


def _with_simulated(base: Image, part: Mask, sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    for _ in range(_TRIES):
        mask = soften(simulated_mask(part, rng, sources.making.areas), rng)
        beta = rng.uniform(*BETA_SIMULATED) if rng.random() < 0.6 else 0.0
        source = _source(base, mask, sources, rng)
        blended = blend(base, source.mean(axis=2, keepdims=True) if sources.grey else source, mask, beta)
        if visible(base, blended, mask):
            return blended, mask
    return base, np.zeros(base.shape[:2], np.float32)


def _source(base: Image, mask: Field, sources: Sources, rng: np.random.Generator) -> Field:
    """A: an augmented texture, another image of the product, or the augmented normal itself, all of the size of ``base``."""
    size = (base.shape[0], base.shape[1])
    choice = rng.random()
    if choice < 0.3:
        if sources.textures and rng.random() < 0.5:
            return borrowed(sources.textures[int(rng.integers(len(sources.textures)))], size, rng)
        return procedural(*size, rng)
    if choice < 0.4:
        return borrowed(sources.content(int(rng.integers(len(sources.normals)))), size, rng)
    if choice < 0.55:
        return shaded(base, mask, rng)
    if choice < 0.8:
        return lit(base, rng)
    return recolour(base.astype(np.float32), rng)


def shaded(base: Image, mask: Field, rng: np.random.Generator) -> Field:
    """The normal itself, lit on one side of the mask and dark on the other: a dent, a bump, a scratch with a lip."""
    relief = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1.0, 5.0)))
    angle = rng.uniform(0, 2 * np.pi)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) * np.cos(angle) + cv2.Sobel(relief, cv2.CV_32F, 0, 1) * np.sin(angle)
    peak = float(np.abs(slope).max()) + 1e-6
    shade = slope / peak * rng.uniform(40, 120) + relief * rng.uniform(-40, 40)
    return np.asarray(base + shade[:, :, None], np.float32)


def lit(base: Image, rng: np.random.Generator) -> Field:
    """The normal itself, darker or brighter by a factor, its texture kept, weakened or gone: shadows, stains, cracks, worn patches.

    By a factor, because a crack in a dark part is as much darker than its surroundings as one in a bright part, not as many grey levels.
    """
    factor = np.exp(rng.choice((-1.0, -1.0, 1.0)) * rng.uniform(0.08, 0.9))
    smooth = cv2.GaussianBlur(base, (0, 0), float(rng.uniform(1.0, 5.0))).astype(np.float32)
    keep = rng.uniform(0.0, 1.3)
    return np.asarray((smooth + keep * (base - smooth)) * factor, np.float32)


def soften(mask: Mask, rng: np.random.Generator) -> Field:
    """A mask with edges as soft as optics make them, sometimes sharp."""
    soft = mask.astype(np.float32)
    return soft if rng.random() < 0.3 else blurred(soft, float(rng.uniform(0.4, 1.2)))


def blend(base: Image, source: Field, mask: Field, beta: float) -> Image:
    """(1 - M) N + (1 - beta) (M A) + beta (M N), uint8 (H, W, 3)."""
    weight = ((1.0 - beta) * mask)[:, :, None]
    return np.clip(base * (1.0 - weight) + source * weight + 0.5, 0, 255).astype(np.uint8)


def visible(before: Image, after: Image, mask: Field) -> bool:
    """Whether the change inside the mask can be seen: at least a few pixels, on average VISIBLE[0] grey levels and VISIBLE[1] of them."""
    inside = mask > 0.5
    if np.count_nonzero(inside) < 3:
        return False
    change = cv2.absdiff(before, after)[inside].max(axis=1)
    return float(change.mean()) >= VISIBLE[0] + VISIBLE[1] * float(before[inside].mean())


def at_home(region: Field, base: Image, mask: Field) -> Field:
    """A seen region's light brought to that of its new place: by the ratio of the two means in a ring around the mask.

    What made the defect stand out where it was seen is kept; that one image was brighter than the other is not.
    """
    core = (mask > 0.1).astype(np.uint8)
    ring = (cv2.dilate(core, np.ones((13, 13), np.uint8)) > 0) & (core == 0)
    if not ring.any():
        return region
    ratio = (float(base[ring].mean()) + 4.0) / (float(region[ring].mean()) + 4.0)
    return np.asarray(region * np.float32(np.clip(ratio, 0.3, 3.0)), np.float32)


_MAKERS = {"normal": _plain, "recalled": _recalled, "extended": _extended, "simulated": _simulated}


def made(kind: str, sources: Sources, rng: np.random.Generator) -> Made:
    """A sample of a kind of KINDS, with its window."""
    return _MAKERS[kind](sources, rng)


def normal(sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    """A varied normal and an empty mask."""
    return _plain(sources, rng).on_canvas


def recalled(sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    """A seen anomaly as it was seen, varied: the extended anomaly whose normal is its own image."""
    return _recalled(sources, rng).on_canvas


def extended(sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    """A seen anomaly, changed, on a normal."""
    return _extended(sources, rng).on_canvas


def simulated(sources: Sources, rng: np.random.Generator) -> tuple[Image, Field]:
    """A made-up anomaly on a normal."""
    return _simulated(sources, rng).on_canvas


KINDS = {"normal": normal, "recalled": recalled, "extended": extended, "simulated": simulated}


def recipe(batch: int, with_seen: bool, kinds: Sequence[str] = MADE, simulated: float = WHOLE_PART.simulated) -> Sequence[str]:
    """The kinds of a batch: 3/8 normals and, where there are seen anomalies, 1/8 recalled, 1/4 extended, 1/4 simulated.

    Where ``simulated`` is a smaller share than that, rounded up, recalled and extended ones get the difference. The places of those left
    out of ``kinds`` go to the others in turn (``possible`` says which those are); the normals stay as many.
    """
    left = possible(kinds, with_seen)
    found, others = list(_whole_recipe(batch, with_seen)), itertools.cycle(left)
    if with_seen and simulated < WHOLE_PART.simulated:
        spare, seen = found.count("simulated") - ceil(simulated * batch), itertools.cycle(("recalled", "extended", "extended"))
        for place in range(len(found) - spare, len(found)):
            found[place] = next(seen)
    return [kind if kind == "normal" or kind in left else next(others) for kind in found]


def possible(kinds: Sequence[str], with_seen: bool) -> tuple[str, ...]:
    """Those of ``kinds`` that can be made: without seen anomalies only simulated ones."""
    return tuple(kind for kind in MADE if kind in kinds and (with_seen or kind == "simulated"))


def _whole_recipe(batch: int, with_seen: bool) -> Sequence[str]:
    if not with_seen:
        normals = max(1, batch * 3 // 8)
        return ["normal"] * normals + ["simulated"] * (batch - normals)
    counts = {"recalled": max(1, batch // 8), "extended": max(1, batch // 4), "simulated": max(1, batch // 4)}
    counts["normal"] = max(1, batch - sum(counts.values()))
    return [kind for kind in KINDS for _ in range(counts[kind])]
