"""How an image lies on the network's input: stretched over the whole of it, or letterboxed, its aspect kept and grey padding around it.

The one place that says so, for training and run time. By the same window an anomaly map is cut back to the image, so that whatever
comes after the engine sees map pixels of the image alone, and the map's corners are the image's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_inspector.images import check_form, fit
from edge_inspector.records import AnomalyMap, Image
from edge_inspector.settings.manifest import InputForm

Size = tuple[int, int]  # (height, width)
PADDING = 127  # grey level; the default backbone's zero
_Value = TypeVar("_Value", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Window:
    """Where an image lies on a ``canvas`` (height, width), in canvas pixels; the rest is padding.

    On a canvas of even sides a window's edges are even too, so that a map of half the size is cut without a rest.
    """

    canvas: Size
    x: int
    y: int
    w: int
    h: int

    @property
    def whole(self) -> bool:
        """Whether there is no padding."""
        return (self.h, self.w) == self.canvas

    def cut(self, values: NDArray[_Value]) -> NDArray[_Value]:
        """What lies on the image: of (H, W, ...) at the canvas's or any other resolution, (h, w, ...), at least one pixel each way."""
        if self.whole:
            return values
        rows = _span(self.y, self.h, self.canvas[0], values.shape[0])
        return np.ascontiguousarray(values[rows, _span(self.x, self.w, self.canvas[1], values.shape[1])])

    def pad(self, content: NDArray[_Value], value: float) -> NDArray[_Value]:
        """``content`` (h, w, ...) of the window's size in its place on the canvas (H, W, ...), ``value`` around it."""
        if self.whole:
            return content
        canvas = np.full((*self.canvas, *content.shape[2:]), value, content.dtype)
        canvas[self.y : self.y + self.h, self.x : self.x + self.w] = content
        return canvas


def _span(start: int, length: int, canvas: int, pixels: int) -> slice:
    """Canvas pixels from ``start`` on, as pixels of a map that has ``pixels`` of them along this side."""
    low = min(round(start * pixels / canvas), pixels - 1)
    return slice(low, max(low + 1, round((start + length) * pixels / canvas)))


def whole(canvas: Size) -> Window:
    """The window without padding."""
    return Window(canvas, 0, 0, canvas[1], canvas[0])


def window_of(image: Size, form: InputForm) -> Window:
    """The window of an image (height, width), both at least 1: all of the input, or centred, by the one factor min(H / h, W / w)."""
    canvas = (form.height, form.width)
    return whole(canvas) if form.fit == "stretch" else _centred(image, canvas)


def _centred(image: Size, canvas: Size) -> Window:
    (height, width), (rows, columns) = image, canvas
    if columns * height <= rows * width:
        w, h = columns, _even(height * columns / width, rows)
    else:
        w, h = _even(width * rows / height, columns), rows
    return Window(canvas, (columns - w) // 4 * 2, (rows - h) // 4 * 2, w, h)


def _even(length: float, most: int) -> int:
    return most if round(length) >= most else min(most, max(2, 2 * round(length / 2)))


def on_canvas(image: Image, form: InputForm) -> Image:
    """The image as the network sees it: uint8 (H, W, 3) RGB of the input's size, padding PADDING. Raises ImageError as ``images.fit``."""
    check_form(image)
    window = window_of((image.shape[0], image.shape[1]), form)
    return window.pad(fit(image, window.h, window.w), PADDING)


def on_image(anomaly_map: AnomalyMap, image: Size, form: InputForm) -> AnomalyMap:
    """The part of the graph's map (h, w) that lies on an image (height, width)."""
    return window_of(image, form).cut(anomaly_map)
