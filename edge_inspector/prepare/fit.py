"""Frames to the network's input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_inspector.geometry import on_canvas
from edge_inspector.records import Frame
from edge_inspector.settings.manifest import InputForm


def prepare(frames: tuple[Frame, ...], form: InputForm) -> NDArray[np.uint8]:
    """The batch uint8 (N, H, W, 3) RGB of one part's views, placed as in training (``geometry.on_canvas``).

    It may be the frame's own memory, which is read-only by convention.
    """
    canvases = [on_canvas(frame.image, form) for frame in frames]
    return canvases[0][np.newaxis] if len(canvases) == 1 else np.stack(canvases)  # most parts have one view: nothing to copy
