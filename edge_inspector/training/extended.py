"""Regions C of seen anomalies, placed on the part; region and mask undergo the same transform.

C is what was seen, cut out and changed, or the part itself, lit as the anomaly changed the light where it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_inspector.geometry import Size, Window
from edge_inspector.labels.shapes import Box, Click, Polygon, Scribble
from edge_inspector.records import Image, Mask
from edge_inspector.training.augment import blurred, shifted
from edge_inspector.training.making import WHOLE_PART, Making

Field = NDArray[np.float32]
FAINTER = (0.7, 1.1)  # power of a light ratio put elsewhere: rather a little fainter than it was seen
_RATIO_SIGMA = 2.0  # pixels that a light ratio is smoothed by
_AROUND = 12  # pixels around a mask that tell what light the place would have without the anomaly
_DARK = 4.0  # grey levels added to both sides of a ratio: in the dark it would be of noise
_RATIOS = (0.3, 3.0)  # beyond them the part's own texture would be lost
_CHANGED = 0.07  # mean log-ratio from which on an anomaly's light can be seen
IN_PLACE = 0.35  # share that stays where it was seen: an aligned part's broken rim makes sense at the rim only


@dataclass(frozen=True)
class SeenAnomaly:
    """A defective image uint8 (H, W, 3) and its mask bool (H, W), not empty; padding, if any, lies around ``window``.

    ``hints`` are the marks, in pixels of the image without padding, that the mask was proposed from; none where a person drew it.
    """

    image: Image
    mask: Mask
    window: Window | None = None
    hints: tuple[Polygon | Box | Scribble | Click, ...] = ()

    @property
    def content(self) -> tuple[Image, Mask]:
        """Image and mask without padding, (h, w, 3) and (h, w)."""
        return (self.image, self.mask) if self.window is None else (self.window.cut(self.image), self.window.cut(self.mask))

    @cached_property
    def light(self) -> Field | None:
        """``light_ratio`` of the content (h, w, 3); None where it tells nothing: no surroundings, or as bright as they are."""
        image, mask = self.content
        ratio = light_ratio(image, mask)
        return ratio if float(np.abs(np.log(ratio[mask])).mean()) >= _CHANGED else None


def place(seen: SeenAnomaly, part: Mask, rng: np.random.Generator, making: Making = WHOLE_PART) -> tuple[Field, Field]:
    """C and M at the part's size: float32 (H, W, 3) in 0..255 and float32 (H, W) in 0..1."""
    image, marked = seen.content
    region, mask = _moved(image, cv2.BORDER_REFLECT, marked, part, rng, making)
    return _relight(region, rng), mask


def place_light(
    seen: SeenAnomaly, light: Field, base: Image, part: Mask, rng: np.random.Generator, making: Making = WHOLE_PART
) -> tuple[Field, Field]:
    """The same of an anomaly's ``light`` alone: C is ``base`` (H, W, 3) with its own texture, lit as the anomaly's place was.

    A region of seen texture shows at its edge where the texture beside it does not go on; a stain, a shadow or a pore does not.
    """
    ratio, mask = _moved(light, cv2.BORDER_REPLICATE, seen.content[1], part, rng, making)
    return np.asarray(np.clip(base * ratio ** np.float32(rng.uniform(*FAINTER)), 0, 255), np.float32), mask


def light_ratio(image: Image, mask: Mask) -> Field:
    """What an anomaly does to the light: the image uint8 (H, W, 3) over what its place would be without it; float32 (H, W, 3), about 1.

    What the place would be is continued from around the mask bool (H, W) (Telea, J. Graphics Tools 9, 2004). Of a texture finer than the
    mask that tells little more than the mean: there the ratio errs, and is smoothed. From three pixels beyond the mask on it is 1.
    """
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    near = tuple(slice(max(0, int(at[0]) - _AROUND), int(at[-1]) + 1 + _AROUND) for at in (rows, columns))
    seen, marked = np.ascontiguousarray(image[near]), mask[near].astype(np.uint8)
    without = cv2.inpaint(seen, marked, 3.0, cv2.INPAINT_TELEA)
    change = np.log((seen.astype(np.float32) + _DARK) / (without.astype(np.float32) + _DARK))
    weight = cv2.GaussianBlur(marked.astype(np.float32), (0, 0), _RATIO_SIGMA)[:, :, None] + 1e-3
    smooth = cv2.GaussianBlur(change * marked[:, :, None], (0, 0), _RATIO_SIGMA) / weight
    ratio = np.ones(image.shape, np.float32)
    grown = cv2.dilate(marked, np.ones((5, 5), np.uint8)) > 0  # a little beyond: interpolated, the edge would be half of it
    ratio[near][grown] = np.exp(smooth)[grown].clip(*_RATIOS)
    return ratio


def _moved(
    content: Image | Field, border: int, marked: Mask, part: Mask, rng: np.random.Generator, making: Making
) -> tuple[NDArray[np.generic], Field]:
    """What a seen image holds, and the mask or a piece of it, at their new place on the part."""
    mask = _piece(marked, rng)
    height, width = part.shape
    around = cv2.dilate(part.astype(np.uint8), np.ones((9, 9), np.uint8))
    in_place = rng.random() < IN_PLACE
    matrix = _nudge(mask, (height, width), rng) if in_place else _scatter(mask, part, rng, making.scales)
    moved = cv2.warpAffine(mask.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR)
    if in_place and not (moved * around).any():  # the part lies elsewhere: nothing of it is in that place
        in_place, matrix = False, _scatter(mask, part, rng, making.scales)
        moved = cv2.warpAffine(mask.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR)
    moved = moved if in_place else moved * around
    region = cv2.warpAffine(content, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    whole = np.asarray(moved, np.float32)
    return region, blurred(whole, making.soft) if making.soft else np.clip(whole, 0.0, 1.0)


def _piece(mask: Mask, rng: np.random.Generator) -> Mask:
    """The whole mask, or one of its connected pieces."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    if count <= 2 or rng.random() < 0.5:
        return mask
    return np.asarray(labels == int(rng.integers(1, count)))


def _nudge(mask: Mask, size: Size, rng: np.random.Generator) -> NDArray[np.float64]:
    """Nearly where it was: a few degrees, a few per cent. On a part of another ``size`` (h, w) that is the same share of the way."""
    x, y = _centre(mask)
    matrix = cv2.getRotationMatrix2D((x, y), rng.uniform(-8, 8), rng.uniform(0.85, 1.15))
    moved = np.array([x * (size[1] / mask.shape[1] - 1.0), y * (size[0] / mask.shape[0] - 1.0)])
    return shifted(matrix, rng.uniform(-0.03, 0.03, 2) * size[::-1] + moved)


def _scatter(mask: Mask, part: Mask, rng: np.random.Generator, scales: tuple[float, float]) -> NDArray[np.float64]:
    """Anywhere on the part, turned, perhaps mirrored, smaller or larger."""
    x, y = _centre(mask)
    inside = np.flatnonzero(part)
    to_y, to_x = divmod(int(inside[rng.integers(inside.size)]), part.shape[1])
    scale = float(np.exp(rng.uniform(np.log(scales[0]), np.log(scales[1]))))
    scale = max(scale, min(1.0, np.sqrt(9.0 / max(1, int(mask.sum())))))  # leave at least nine pixels
    stretch = float(np.exp(rng.uniform(-0.25, 0.25)))
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    linear = turn @ np.diag([scale * stretch * mirror, scale / stretch])
    offset = np.array([to_x, to_y]) - linear @ np.array([x, y])
    return np.hstack([linear, offset[:, None]])


def _centre(mask: Mask) -> tuple[float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.mean()), float(ys.mean())


def _relight(region: NDArray[np.generic], rng: np.random.Generator) -> Field:
    changed = (region.astype(np.float32) - 128) * np.float32(rng.uniform(0.85, 1.15)) + np.float32(128 + rng.uniform(-15, 15))
    return np.asarray(np.clip(changed, 0, 255), np.float32)
