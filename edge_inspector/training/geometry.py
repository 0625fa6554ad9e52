"""The network's input, chosen from the sizes of the training normals: how large it is, whether the aspect is kept, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from edge_inspector.geometry import Size
from edge_inspector.settings.manifest import Fit, InputForm

FitChoice = Literal["auto", "stretch", "letterbox"]
FIT_CHOICES: tuple[FitChoice, ...] = ("auto", "stretch", "letterbox")
STEP = 128  # sides are multiples of it: strides go to 32, and attention halves the scale of stride 16 thrice
SQUARE: Size = (256, 256)
_MOST = 2 * 256 * 256  # pixels: twice the square's time for a step and for a part, not more
_LONG = 1.6  # long side by short side from which a square wastes more of itself than a longer input costs
_ONE_WAY = 0.9  # share of the images that must be longer on the same side
_SAME = 0.03  # aspects and scales that differ by less are taken as equal


def choose_input(sizes: Sequence[Size], size: Size | None, fit: FitChoice) -> InputForm:
    """The input for images of ``sizes`` (height, width), at least one; what is asked for (``size``, ``fit``) is taken as it is."""
    (height, width), size_why = (size, "size as asked") if size else _size_for(sizes)
    chosen, fit_why = (fit, "fit as asked") if fit != "auto" else _fit_for(sizes, (height, width))
    return InputForm(height=height, width=width, fit=chosen, why=f"{size_why}; {fit_why}")


def _size_for(sizes: Sequence[Size]) -> tuple[Size, str]:
    """The square, or for long images the input that shows the median image largest."""
    sides = np.array(sizes, np.float64)
    aspect = float(np.median(sides.max(axis=1) / sides.min(axis=1)))
    if aspect <= _LONG:
        return SQUARE, f"the square, for images {aspect:.2f} times as long as wide"
    high, wide = sides[:, 0] > sides[:, 1], sides[:, 1] > sides[:, 0]
    if max(high.mean(), wide.mean()) < _ONE_WAY:
        return SQUARE, "the square, for long images that lie both ways"
    median = np.median(sides[high if high.mean() > wide.mean() else wide], axis=0)
    found = _largest((float(median[0]), float(median[1])))
    return found, f"a long input, for images {aspect:.2f} times as long as wide"


def _largest(image: tuple[float, float]) -> Size:
    """Of the inputs with sides in STEP and at most _MOST pixels, the one with the greatest scale; of nearly equal ones the smallest."""
    most = _MOST // STEP**2
    inputs = [(STEP * rows, STEP * columns) for rows in range(1, most + 1) for columns in range(1, most // rows + 1)]
    scales = {size: _scale(image, size) for size in inputs}
    best = max(scales.values())
    near = [size for size in inputs if scales[size] >= best * (1 - _SAME)]
    return min(near, key=lambda size: (size[0] * size[1], -scales[size]))


def _scale(image: tuple[float, float], size: Size) -> float:
    """Input pixels an image pixel, letterboxed; more than 1 shows nothing new."""
    return min(size[0] / image[0], size[1] / image[1], 1.0)


def _fit_for(sizes: Sequence[Size], size: Size) -> tuple[Fit, str]:
    """Stretch where all images have the input's aspect, else letterbox."""
    own = size[1] / size[0]
    others = sum(abs(np.log(width / height / own)) > np.log1p(_SAME) for height, width in sizes)
    if not others:
        return "stretch", "all normals have its aspect"
    return "letterbox", f"aspect kept, as {others} of {len(sizes)} normals have another"
